//! argon2id off the async threads, and never more at once than there are cores to do it.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use tokio::sync::Semaphore;

/// Hashes and verifies passwords.
pub struct Passwords {
    at_once: Arc<Semaphore>,
    /// The hash of a password nobody has: unknown users cost the same time as known ones.
    nobody: String,
}

impl Passwords {
    pub fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Self { at_once: Arc::new(Semaphore::new(cores)), nobody: hash("") }
    }

    pub async fn hash(&self, password: String) -> String {
        self.off_thread(move || hash(&password)).await
    }

    /// Whether the password is the one of the hash; `None` stands for a user who does not exist.
    pub async fn verify(&self, password: String, hash: Option<String>) -> bool {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.nobody.clone());
        self.off_thread(move || verify(&password, &hash)).await && known
    }

    async fn off_thread<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        let _place = self.at_once.acquire().await.expect("the semaphore is never closed");
        tokio::task::spawn_blocking(work).await.expect("hashing does not panic")
    }
}

/// OWASP's first choice for argon2id (Password Storage Cheat Sheet): 19 MiB, 2 iterations, 1 lane.
fn argon2() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(19 * 1024, 2, 1, None).expect("valid parameters"))
}

fn hash(password: &str) -> String {
    argon2().hash_password(password.as_bytes()).expect("hashing needs only memory").to_string()
}

fn verify(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| argon2().verify_password(password.as_bytes(), &hash).is_ok())
}
