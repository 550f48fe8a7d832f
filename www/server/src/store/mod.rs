//! Where sessions and users are kept.

mod redis;
mod sqlite;

use async_trait::async_trait;

pub use self::redis::RedisStore;
pub use self::sqlite::SqliteStore;

/// Somebody who can sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Unchanging; the claim `sub`.
    pub id: String,
    /// Unique, compared without regard to ASCII case.
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
    /// When it was last rotated.
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

impl NewSession {
    fn begin(self, now: u64) -> Session {
        Session {
            sid: self.sid,
            user_id: self.user_id,
            generation: 0,
            created_at: now,
            last_used_at: now,
            idle_expires_at: now + self.idle_ttl.min(self.absolute_ttl),
            absolute_expires_at: now + self.absolute_ttl,
            user_agent: self.user_agent,
        }
    }
}

/// What is known of a request's `Idempotency-Key`: the first 128 bits of its SHA-256.
pub type KeyHash = [u8; 16];

/// A refresh token that was presented, and by what rules.
#[derive(Debug, Clone)]
pub struct Rotate {
    /// The token's session.
    pub sid: String,
    /// The token's generation.
    pub presented: u32,
    /// Of the request's `Idempotency-Key`, if it had one.
    pub key: Option<KeyHash>,
    /// Seconds that the session lives on.
    pub idle_ttl: u64,
    /// Seconds within which a request without a key may repeat a rotation without one.
    pub grace: u64,
    /// Seconds for which access tokens that are out may still be good: how long a revocation must be remembered.
    pub remember: u64,
}

/// What a rotation came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rotation {
    /// The current generation was presented: there is a new one.
    Rotated(Session),
    /// The previous one, by who rotated it: nothing changed, the same successor is to be given again.
    Repeated(Session),
    /// The previous one by somebody else, or an older one: the session has been ended. It was this user's.
    Reused(String),
    /// No such session, or it has expired.
    Unknown,
}

/// A session (`sid`) or an access token (`jti`) whose tokens are good no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// `sid` or `jti`.
    pub id: String,
    /// When all tokens in question have expired by themselves, in seconds since the epoch.
    pub until: u64,
}

/// A place in the log of revocations; each store has its own kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cursor(pub(crate) String);

/// Why a store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It does not answer, or not as it should; it may later.
    #[error("{0}")]
    Unavailable(String),
    /// Id or email belong to another user.
    #[error("there is a user with this id or email already")]
    Taken,
}

/// Keeps sessions. What every implementation promises:
///
/// - **Atomic**: of two `rotate` calls with the same generation at the same time, exactly one rotates.
/// - **Durable**: what was answered is there after a crash of the server. A store may forget its last moments in a crash
///   of its own; therefore a genuine token that is *newer* than what the store knows is taken for the current one.
/// - **Honest about time**: a session whose idle or absolute time is over is not found, whether or not it has been
///   cleared away; `now` (seconds since the epoch) comes from the caller.
/// - **Heard**: whatever ends a session also appends to the log of revocations, where every server reads it.
/// - **No secrets**: no token, and nothing from which one could be made, is handed to it.
#[async_trait]
pub trait SessionStore: Send + Sync {
    /// Begins a session at generation 0.
    async fn create(&self, session: NewSession, now: u64) -> Result<Session, StoreError>;
    /// The session, if it lives.
    async fn find(&self, sid: &str, now: u64) -> Result<Option<Session>, StoreError>;
    /// The user's sessions, the latest first.
    async fn sessions_of(&self, user_id: &str, now: u64) -> Result<Vec<Session>, StoreError>;
    /// Decides and carries out a rotation in one step.
    async fn rotate(&self, rotate: Rotate, now: u64) -> Result<Rotation, StoreError>;
    /// Ends a session, and revokes its access tokens until `until`; true if there was one.
    async fn end(&self, sid: &str, until: u64) -> Result<bool, StoreError>;
    /// Ends all sessions of a user; their ids.
    async fn end_all(&self, user_id: &str, until: u64) -> Result<Vec<String>, StoreError>;
    /// Revokes one access token.
    async fn revoke(&self, revocation: Revocation) -> Result<(), StoreError>;
    /// What was revoked after this place in the log, and the place after that.
    async fn revocations(&self, after: &Cursor) -> Result<(Vec<Revocation>, Cursor), StoreError>;
    /// Clears away what has expired.
    async fn purge(&self, now: u64) -> Result<(), StoreError>;
    /// Whether the store answers.
    async fn ping(&self) -> Result<(), StoreError>;
}

/// Keeps users.
#[async_trait]
pub trait UserStore: Send + Sync {
    /// By email, without regard to ASCII case.
    async fn user_by_email(&self, email: &str) -> Result<Option<User>, StoreError>;
    /// By id.
    async fn user(&self, id: &str) -> Result<Option<User>, StoreError>;
    /// A new user; [`StoreError::Taken`] where id or email is taken.
    async fn add_user(&self, user: User) -> Result<(), StoreError>;
    /// Changes a user's role and password; false if there is none with this id.
    async fn change_user(&self, user: User) -> Result<bool, StoreError>;
    /// Takes a user away; false if there was none with this id. Sessions are not touched.
    async fn remove_user(&self, id: &str) -> Result<bool, StoreError>;
}

/// Both; what a server needs.
pub trait Store: SessionStore + UserStore {}
impl<T: SessionStore + UserStore> Store for T {}
