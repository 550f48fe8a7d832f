//! argon2id off the async threads, never more at once than there are cores to do it, and no endless queue before it.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use tokio::sync::Semaphore;

use crate::error::ApiError;

/// Logins that may wait for each core. At some 30 ms each, whoever waits has an answer within two seconds.
const QUEUE: usize = 64;

/// Hashes and verifies passwords.
pub struct Passwords {
    queue: Arc<Semaphore>,
    at_once: Arc<Semaphore>,
    /// The hash of a password nobody has: unknown users cost the same time as known ones.
    nobody: String,
}

impl Passwords {
    pub fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let queue = Arc::new(Semaphore::new(cores * QUEUE));
        Self { queue, at_once: Arc::new(Semaphore::new(cores)), nobody: hash("") }
    }

    /// Whether the password is the one of the hash; `None` stands for a user who does not exist.
    pub async fn verify(&self, password: String, hash: Option<String>) -> Result<bool, ApiError> {
        let busy = ApiError::RateLimited(std::time::Duration::from_secs(1));
        let _queued = self.queue.try_acquire().map_err(|_| busy)?;
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.nobody.clone());
        let _place = self.at_once.acquire().await.map_err(|_| ApiError::Internal)?;
        let work = tokio::task::spawn_blocking(move || verify(&password, &hash));
        Ok(work.await.map_err(|_| ApiError::Internal)? && known)
    }
}

/// OWASP's first choice for argon2id (Password Storage Cheat Sheet): 19 MiB, 2 iterations, 1 lane.
fn argon2() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(19 * 1024, 2, 1, None).expect("valid parameters"))
}

/// A PHC string; takes some 30 ms of a core.
pub fn hash(password: &str) -> String {
    argon2().hash_password(password.as_bytes()).expect("hashing needs only memory").to_string()
}

fn verify(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| argon2().verify_password(password.as_bytes(), &hash).is_ok())
}
