// Keys of this browser in IndexedDB, which every tab of the origin can use and no script can read: they are not extractable.

/** The key that all tabs share: the stored one, or the first that one of them stores. Undefined if IndexedDB is blocked. */
export async function loadOrCreateKey<Key extends CryptoKey | CryptoKeyPair>(
  name: string,
  create: () => Promise<Key>,
): Promise<Key | undefined> {
  try {
    const created = await create();
    const database = await settled<IDBDatabase>(indexedDB.open('tokenward', 1), (request) => {
      request.onupgradeneeded = () => request.result.createObjectStore('keys');
    });
    const keys = database.transaction('keys', 'readwrite').objectStore('keys');
    const stored = await settled<Key | undefined>(keys.get(name));
    if (!stored) await settled(keys.put(created, name));
    database.close();
    return stored ?? created;
  } catch {
    return undefined;
  }
}

function settled<T>(request: IDBRequest, prepare?: (request: IDBOpenDBRequest) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    prepare?.(request as IDBOpenDBRequest);
  });
}
