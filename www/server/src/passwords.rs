//! Hashes and verifies passwords with argon2id, on blocking threads: at most one per core at a time, with a bounded queue.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Block, Params, PasswordHasher, Version};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::ApiError;

/// The number of logins that may wait for each core. At some 30 ms each, the last one waits for two seconds.
const QUEUE_PER_CORE: usize = 64;
/// The part of the queue that the logins of one address may fill.
const ADDRESS_SHARE: usize = 4;

/// Verifies passwords.
///
/// A verification that has begun cannot be stopped. So it owns its places, and gives them back when it ends, not when the
/// client closes the connection.
pub struct Passwords {
    queue: Arc<Semaphore>,
    cores: Arc<Semaphore>,
    addresses: Arc<Addresses>,
    /// One for each core. They are reused, because freed memory of this size often remains with the process.
    buffers: Arc<Mutex<Vec<Vec<Block>>>>,
}

/// The hash that is verified for an unknown user, so that the answer takes as long as for a known one. It has the parameters of
/// [`hash`]; no password of a user is compared with it.
const DECOY_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$TExOZDETT9uE9P5vmndhmg$VyOzxetewO+mDBoh2T3HAazztS+P0yJeWL6zb2RdCYo";

impl Passwords {
    pub fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let queue = cores * QUEUE_PER_CORE;
        let addresses = Addresses { capacity: queue / ADDRESS_SHARE, logins: Mutex::default() };
        Self {
            queue: Arc::new(Semaphore::new(queue)),
            cores: Arc::new(Semaphore::new(cores)),
            addresses: Arc::new(addresses),
            buffers: Arc::default(),
        }
    }

    /// Whether the password matches the hash; always false for `None`, which stands for an unknown user. `address` is the
    /// client's, for its share of the queue.
    pub async fn verify(&self, address: IpAddr, password: String, hash: Option<String>) -> Result<bool, ApiError> {
        let busy = || ApiError::RateLimited(Duration::from_secs(1));
        let of_address = Addresses::enter(&self.addresses, address).ok_or_else(busy)?;
        let in_queue = self.queue.clone().try_acquire_owned().map_err(|_| busy())?;
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| DECOY_HASH.to_owned());
        let core = self.cores.clone().acquire_owned().await.map_err(|_| ApiError::Internal)?;
        let places = Places { _core: core, _in_queue: in_queue, _of_address: of_address };
        let buffers = self.buffers.clone();
        let work = tokio::task::spawn_blocking(move || {
            let _places = places;
            let mut buffer = lock(&buffers).pop().unwrap_or_default();
            let matches = verify(&password, &hash, &mut buffer);
            lock(&buffers).push(buffer);
            matches
        });
        Ok(work.await.map_err(|_| ApiError::Internal)? && known)
    }
}

/// The places of a verification.
struct Places {
    _core: OwnedSemaphorePermit,
    _in_queue: OwnedSemaphorePermit,
    _of_address: OfAddress,
}

/// The number of logins of each address that wait or are being verified.
struct Addresses {
    capacity: usize,
    logins: Mutex<HashMap<IpAddr, usize>>,
}

/// A login of an address.
struct OfAddress {
    addresses: Arc<Addresses>,
    address: IpAddr,
}

impl Addresses {
    /// `None` if too many logins of the address wait already.
    fn enter(addresses: &Arc<Self>, address: IpAddr) -> Option<OfAddress> {
        let mut logins = lock(&addresses.logins);
        let count = logins.entry(address).or_default();
        if *count >= addresses.capacity {
            return None;
        }
        *count += 1;
        Some(OfAddress { addresses: addresses.clone(), address })
    }
}

impl Drop for OfAddress {
    fn drop(&mut self) {
        let mut logins = lock(&self.addresses.logins);
        if let Some(count) = logins.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                logins.remove(&self.address);
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// OWASP's first choice for argon2id (Password Storage Cheat Sheet): 19 MiB, 2 iterations, 1 lane.
fn argon2() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(19 * 1024, 2, 1, None).expect("valid parameters"))
}

/// Hashes a password; returns a PHC string. Takes some 30 ms of a core.
pub fn hash(password: &str) -> String {
    argon2().hash_password(password.as_bytes()).expect("hashing fails only without memory").to_string()
}

/// Whether the password matches the PHC string. Works in `memory`, which grows to what the parameters of the hash require.
fn verify(password: &str, hash: &str, memory: &mut Vec<Block>) -> bool {
    let mut matches = || {
        let hash = PasswordHash::new(hash).ok()?;
        let params = Params::try_from(&hash).ok()?;
        let algorithm = Algorithm::try_from(hash.algorithm.as_str()).ok()?;
        let version = hash.version.map_or(Some(Version::default()), |version| Version::try_from(version).ok())?;
        let (salt, expected) = (hash.salt?, hash.hash?);
        let blocks = params.block_count();
        if memory.len() < blocks {
            memory.resize(blocks, Block::default());
        }
        let mut actual = vec![0; expected.len()];
        let argon2 = Argon2::new(algorithm, version, params);
        argon2.hash_password_into_with_memory(password.as_bytes(), &salt, &mut actual, &mut memory[..blocks]).ok()?;
        verify_slices_are_equal(&actual, expected.as_bytes()).ok()
    };
    matches().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reused_buffer_verifies_hashes_of_all_parameters() {
        let mut buffer = Vec::new();
        let small = Argon2::new(Algorithm::Argon2i, Version::V0x10, Params::new(64, 1, 2, None).unwrap());
        let small = small.hash_password(b"correct").unwrap().to_string();
        for hash in [hash("correct"), small, hash("correct")] {
            assert!(verify("correct", &hash, &mut buffer), "{hash}");
            assert!(!verify("wrong", &hash, &mut buffer), "{hash}");
        }
        for malformed in ["", "correct", "$argon2id$v=19$m=19456,t=2,p=1", "$scrypt$ln=16,r=8,p=1$c2FsdHNhbHQ$aGFzaA"] {
            assert!(!verify("correct", malformed, &mut buffer), "{malformed}");
        }
    }

    #[test]
    fn the_decoy_has_the_parameters_of_a_hash() {
        let parameters = |hash: &str| hash.rsplitn(3, '$').nth(2).unwrap().to_owned();
        let hash = hash("correct");
        assert_eq!((parameters(DECOY_HASH), DECOY_HASH.len()), (parameters(&hash), hash.len()));
        assert!(!verify("correct", DECOY_HASH, &mut Vec::new()));
    }

    #[test]
    fn an_address_gets_its_places_back() {
        let addresses = Arc::new(Addresses { capacity: 2, logins: Mutex::default() });
        let enter = |last: u8| Addresses::enter(&addresses, IpAddr::from([10, 0, 0, last]));
        let first = enter(1);
        let second = enter(1);
        assert!(first.is_some() && second.is_some() && enter(1).is_none() && enter(2).is_some());
        drop(first);
        assert!(enter(1).is_some());
        drop(second);
        assert!(lock(&addresses.logins).is_empty());
    }
}
