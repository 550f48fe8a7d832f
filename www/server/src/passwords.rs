//! Hashes and verifies passwords with argon2id, on blocking threads: at most one per core at a time, with a bounded queue.

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use tokio::sync::Semaphore;

use crate::error::ApiError;

/// The number of logins that may wait for each core. At some 30 ms each, the last one waits for two seconds.
const QUEUE_PER_CORE: usize = 64;

/// Verifies passwords.
pub struct Passwords {
    queue: Arc<Semaphore>,
    cores: Arc<Semaphore>,
    /// The hash that is verified for an unknown user, so that the answer takes as long as for a known one.
    decoy_hash: String,
}

impl Passwords {
    pub fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let queue = Arc::new(Semaphore::new(cores * QUEUE_PER_CORE));
        Self { queue, cores: Arc::new(Semaphore::new(cores)), decoy_hash: hash("") }
    }

    /// Whether the password matches the hash; always false for `None`, which stands for an unknown user.
    pub async fn verify(&self, password: String, hash: Option<String>) -> Result<bool, ApiError> {
        let busy = ApiError::RateLimited(Duration::from_secs(1));
        let _queue_place = self.queue.try_acquire().map_err(|_| busy)?;
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.decoy_hash.clone());
        let _core = self.cores.acquire().await.map_err(|_| ApiError::Internal)?;
        let work = tokio::task::spawn_blocking(move || verify(&password, &hash));
        Ok(work.await.map_err(|_| ApiError::Internal)? && known)
    }
}

/// OWASP's first choice for argon2id (Password Storage Cheat Sheet): 19 MiB, 2 iterations, 1 lane.
fn argon2() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(19 * 1024, 2, 1, None).expect("valid parameters"))
}

/// Hashes a password; returns a PHC string. Takes some 30 ms of a core.
pub fn hash(password: &str) -> String {
    argon2().hash_password(password.as_bytes()).expect("hashing fails only without memory").to_string()
}

fn verify(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| argon2().verify_password(password.as_bytes(), &hash).is_ok())
}
