//! Where sessions and users are kept.

mod sqlite;

use async_trait::async_trait;

pub use sqlite::SqliteStore;

/// Somebody who can sign in.
#[derive(Debug, Clone)]
pub struct User {
    /// Unchanging; the claim `sub`.
    pub id: String,
    /// Unique, compared without regard to case.
    pub email: String,
    /// What the user may do.
    pub role: String,
    /// PHC string.
    pub password_hash: String,
}

/// One sign-in of a user: a token family. Times are seconds since the epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Random, unique.
    pub sid: String,
    /// Whose it is.
    pub user_id: String,
    /// How often it was rotated; the refresh token of this generation is the good one.
    pub generation: u32,
    /// When it began.
    pub created_at: u64,
    /// When it was last refreshed.
    pub last_used_at: u64,
    /// When it ends unless it is refreshed before.
    pub idle_expires_at: u64,
    /// When it ends in any case.
    pub absolute_expires_at: u64,
    /// What the browser called itself.
    pub user_agent: String,
}

/// A session to be.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Random, unique.
    pub sid: String,
    /// Whose it is.
    pub user_id: String,
    /// What the browser called itself.
    pub user_agent: String,
    /// Seconds until it ends unless it is refreshed before.
    pub idle_ttl: u64,
    /// Seconds until it ends in any case.
    pub absolute_ttl: u64,
}

/// What a rotation came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rotation {
    /// The current generation was presented: there is a new one.
    Rotated(Session),
    /// The previous one, by who rotated it: nothing changed, the same successor is to be given again.
    Repeated(Session),
    /// The previous one by somebody else, or an older one: the session has been ended.
    Reused,
    /// No such session, or it has expired.
    Unknown,
}

/// The store does not answer, or not as it should.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StoreError(pub String);

/// Keeps sessions. What every implementation promises:
///
/// - **Atomic**: of two `rotate` calls with the same generation at the same time, exactly one rotates.
/// - **Durable**: what was answered is there after a crash.
/// - **Honest about time**: a session whose idle or absolute time is over is not found, whether or not it has been
///   cleared away; `now` (seconds since the epoch) comes from the caller.
/// - **No secrets**: no token, and nothing from which one could be made, is handed to it.
#[async_trait]
pub trait SessionStore: Send + Sync {
    /// Begins a session at generation 0.
    async fn create(&self, session: NewSession, now: u64) -> Result<Session, StoreError>;
    /// The session, if it lives.
    async fn find(&self, sid: &str, now: u64) -> Result<Option<Session>, StoreError>;
    /// Decides and carries out a rotation in one step. `key` is the hash of the request's `Idempotency-Key`.
    async fn rotate(
        &self,
        sid: &str,
        presented: u32,
        key: Option<[u8; 32]>,
        idle_ttl: u64,
        now: u64,
    ) -> Result<Rotation, StoreError>;
    /// Ends a session; true if there was one.
    async fn end(&self, sid: &str) -> Result<bool, StoreError>;
    /// Ends all sessions of a user; how many there were.
    async fn end_all(&self, user_id: &str) -> Result<usize, StoreError>;
}

/// Keeps users.
#[async_trait]
pub trait UserStore: Send + Sync {
    /// By email, without regard to case.
    async fn user_by_email(&self, email: &str) -> Result<Option<User>, StoreError>;
    /// By id.
    async fn user(&self, id: &str) -> Result<Option<User>, StoreError>;
    /// A new user; an error where id or email is taken.
    async fn add_user(&self, user: User) -> Result<(), StoreError>;
}
