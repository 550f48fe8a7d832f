// zone.js (Angular) waits for the timers, requests and listeners of the code that it runs. An app would never be stable with
// those of a client, so the client works in the root zone.
interface ZoneGlobal {
  readonly root: { run<T>(work: () => T): T };
  readonly current: { wrap<F>(callback: F, source: string): F };
}

const zone = () => (globalThis as { Zone?: Partial<ZoneGlobal> }).Zone;

export const outsideZone = <T>(work: () => T): T => {
  const root = zone()?.root;
  return root?.run ? root.run(work) : work();
};

/** The callback, which will run in the zone of the caller, as a listener of an event does. */
export const inThisZone = <F>(callback: F): F => {
  const current = zone()?.current;
  return current?.wrap ? current.wrap(callback, 'tokenward') : callback;
};
