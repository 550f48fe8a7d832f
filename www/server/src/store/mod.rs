//! The store of sessions and users: its types, and the contract that every implementation keeps.

mod redis;
mod sqlite;

use async_trait::async_trait;

pub use self::redis::{RedisOptions, RedisStore, WaitFor};
pub use self::sqlite::SqliteStore;

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Never changes; the claim `sub`.
    pub id: String,
    /// Unique among the users with a password, compared without regard to ASCII case.
    pub email: String,
    /// What the user may do.
    pub role: String,
    /// PHC string; empty for a user who signs in at an identity provider.
    pub password_hash: String,
    /// Changes with the password, and with a sign-out of all sessions. A session of another version has ended.
    pub credential_version: u64,
}

/// One sign-in of a user, with all refresh tokens that follow from it. Times are seconds since the epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Random, unique.
    pub sid: String,
    /// The user who signed in.
    pub user_id: String,
    /// The number of rotations; the refresh token of this generation is the current one.
    pub generation: u32,
    /// When the user signed in.
    pub created_at: u64,
    /// When the session was last rotated.
    pub last_used_at: u64,
    /// When the session ends unless it is refreshed before.
    pub idle_expires_at: u64,
    /// When the session ends at the latest.
    pub absolute_expires_at: u64,
    /// The header `User-Agent` of the sign-in.
    pub user_agent: String,
    /// The number of refreshes that repeated an earlier one.
    pub repeats: u32,
    /// The user's [`User::credential_version`] at the sign-in.
    pub credential_version: u64,
}

/// The values of a session that is about to begin.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Random, unique.
    pub sid: String,
    /// The user who signs in.
    pub user_id: String,
    /// The user's credential version when the password was verified.
    pub credential_version: u64,
    /// The header `User-Agent` of the sign-in.
    pub user_agent: String,
    /// Seconds until the session ends unless it is refreshed before.
    pub idle_ttl: u64,
    /// Seconds until the session ends at the latest.
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
            repeats: 0,
            credential_version: self.credential_version,
        }
    }
}

/// The first 128 bits of the SHA-256 of a request's `Idempotency-Key`.
pub type KeyHash = [u8; 16];

/// A request to rotate a session.
#[derive(Debug, Clone)]
pub struct Rotate {
    /// The session of the presented refresh token.
    pub sid: String,
    /// The generation of the presented refresh token.
    pub presented: u32,
    /// The hash of the request's `Idempotency-Key`, if it had one.
    pub key: Option<KeyHash>,
    /// Seconds until the session ends unless it is refreshed again.
    pub idle_ttl: u64,
    /// Seconds after a rotation within which a request with its key is answered with the same successor again.
    pub repeat_window: u64,
    /// Seconds within which a request without a key may repeat a rotation that had no key.
    pub grace: u64,
    /// Seconds for which a revocation is kept: the longest remaining life of an access token.
    pub revocation_ttl: u64,
}

/// The outcome of a rotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rotation {
    /// The request presented the current generation: there is a new one.
    Rotated(Session),
    /// The request presented the generation that the last rotation replaced, with the key of that rotation, within the
    /// repeat window: the same successor is issued again. Holds the seconds since the rotation.
    Repeated(Session, u64),
    /// The same after the repeat window: there is a new generation, and the successor that was issued before is old from
    /// now on. Holds the seconds since the rotation.
    RepeatedLate(Session, u64),
    /// The request presented the replaced generation with another key, or an older generation, or an earlier request did
    /// so and its alarm is not settled: the session has ended. Holds the id of its user.
    Reused(String),
    /// There is no such session, or it has expired.
    Unknown,
}

/// The outcome of ending a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// There is no such session.
    Unknown,
    /// The session existed and has ended.
    Ended,
    /// The session had ended by reuse, and its alarm is not settled. Holds the id of its user.
    Reused(String),
}

/// A revoked session (`sid`) or access token (`jti`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// `sid` or `jti`.
    pub id: String,
    /// When all access tokens that it concerns have expired, in seconds since the epoch.
    pub until: u64,
}

/// A position in the log of revocations: that of an entry, and the entry's id. Each store has its own format.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cursor(pub(crate) String);

/// Settings of a store with which it may lose data.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Risks {
    /// The store deletes records when its memory is full.
    pub evicts: bool,
    /// The store does not write every change to a disk.
    pub is_volatile: bool,
}

/// Why an operation of a store failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store does not answer, or not as expected. A later attempt may succeed.
    #[error("{0}")]
    Unavailable(String),
    /// Another user has the id or the email.
    #[error("a user with this id or email exists already")]
    Taken,
    /// The user's credential version is another one, or the user does not exist any more.
    #[error("the user's password has changed, or the user was removed")]
    CredentialsChanged,
}

/// Stores sessions. Every implementation guarantees:
///
/// - **Atomic**: of two simultaneous `rotate` calls with the same generation, exactly one rotates.
/// - **Durable**: an answered change survives a crash of the server. A crash of the store itself may lose the last
///   changes; therefore a valid token that is *newer* than the stored session counts as the current one.
/// - **Exact about time**: a session whose idle or absolute lifetime is over is not found, whether or not it has been
///   deleted. The caller passes `now` (seconds since the epoch).
/// - **Logged**: every operation that ends a session also appends to the log of revocations, which every server reads.
/// - **Alarms last**: a session that ends by reuse keeps a record of it until `settle`. Until then, every `rotate` and
///   `end` of the session returns `Reused`, so that the alarm is raised even if a server or a connection failed.
/// - **Free of secrets**: the store receives no token, and nothing from which a token could be made.
#[async_trait]
pub trait SessionStore: Send + Sync {
    /// Begins a session at generation 0, if the user still has the credential version;
    /// [`StoreError::CredentialsChanged`] otherwise. A change of the version followed by `end_all` leaves no session of the
    /// old version, also none that begins meanwhile.
    async fn create(&self, session: NewSession, now: u64) -> Result<Session, StoreError>;
    /// The session, if it exists and has not expired.
    async fn find(&self, sid: &str, now: u64) -> Result<Option<Session>, StoreError>;
    /// The user's sessions, the latest first.
    async fn sessions_of(&self, user_id: &str, now: u64) -> Result<Vec<Session>, StoreError>;
    /// At most a hundred of the user's sessions other than `except`: the oldest, beyond the latest `keep`.
    async fn oldest_sessions(&self, user_id: &str, except: &str, keep: usize) -> Result<Vec<String>, StoreError>;
    /// Decides on a rotation and carries it out, in one atomic step.
    async fn rotate(&self, rotate: Rotate, now: u64) -> Result<Rotation, StoreError>;
    /// Ends a session, and revokes its access tokens until `until`.
    async fn end(&self, sid: &str, until: u64) -> Result<End, StoreError>;
    /// Deletes the record of a session that ended by reuse, after its access tokens are revoked until `until`.
    async fn settle(&self, sid: &str, until: u64) -> Result<(), StoreError>;
    /// Ends all sessions of a user; returns their ids. An alarm that is not settled remains.
    async fn end_all(&self, user_id: &str, until: u64) -> Result<Vec<String>, StoreError>;
    /// Revokes one access token.
    async fn revoke(&self, revocation: Revocation) -> Result<(), StoreError>;
    /// The next log entries after the cursor, at most a batch, and the cursor after the last of them; none at the end of the
    /// log. If the entry at the cursor is not in the log any more, the log was purged or has lost entries: it is read from
    /// its start again.
    async fn revocations(&self, after: &Cursor) -> Result<(Vec<Revocation>, Cursor), StoreError>;
    /// Deletes what has expired.
    async fn purge(&self, now: u64) -> Result<(), StoreError>;
    /// Waits until the changes so far are as durable as the settings require.
    async fn confirm(&self) -> Result<(), StoreError>;
    /// Checks that the store answers.
    async fn ping(&self) -> Result<(), StoreError>;
    /// Checks that the store accepts changes.
    async fn check_writable(&self) -> Result<(), StoreError>;
    /// The time of the store's clock in seconds since the epoch, if its servers may have other clocks.
    async fn time(&self) -> Result<Option<u64>, StoreError>;
    /// Whether the store may lose data on its own.
    async fn risks(&self) -> Result<Risks, StoreError>;
}

/// Stores users.
#[async_trait]
pub trait UserStore: Send + Sync {
    /// Finds the user with a password and this email, without regard to ASCII case.
    async fn user_by_email(&self, email: &str) -> Result<Option<User>, StoreError>;
    /// Finds a user by id.
    async fn user(&self, id: &str) -> Result<Option<User>, StoreError>;
    /// Adds a user; [`StoreError::Taken`] if another user has the id, or a password and the email.
    async fn add_user(&self, user: User) -> Result<(), StoreError>;
    /// Changes the email of a user without a password; returns whether the user existed.
    async fn change_email(&self, id: &str, email: &str) -> Result<bool, StoreError>;
    /// Changes a user's role; returns whether the user existed.
    async fn change_role(&self, id: &str, role: &str) -> Result<bool, StoreError>;
    /// Changes a user's password, and with it the credential version; returns whether the user existed.
    async fn change_password(&self, id: &str, password_hash: &str) -> Result<bool, StoreError>;
    /// Changes a user's credential version; returns whether the user existed.
    async fn renew_credentials(&self, id: &str) -> Result<bool, StoreError>;
    /// Removes a user, but not the user's sessions; returns whether the user existed.
    async fn remove_user(&self, id: &str) -> Result<bool, StoreError>;
}

/// Stores records that expire: what servers that share a store have to know of sign-ins at identity providers.
#[async_trait]
pub trait RecordStore: Send + Sync {
    /// Stores a record until a time, unless there is one with this key; returns whether it did. Of several simultaneous
    /// calls, exactly one does. Times are seconds since the epoch.
    async fn add_record(&self, key: &str, value: &str, until: u64, now: u64) -> Result<bool, StoreError>;
    /// Stores a record until a time, and replaces the one with this key.
    async fn set_record(&self, key: &str, value: &str, until: u64, now: u64) -> Result<(), StoreError>;
    /// Replaces a record if its value is `expected`; returns whether it did. Of several simultaneous calls, exactly one does.
    async fn replace_record(
        &self,
        key: &str,
        expected: &str,
        value: &str,
        until: u64,
        now: u64,
    ) -> Result<bool, StoreError>;
    /// The value of a record that has not expired.
    async fn record(&self, key: &str, now: u64) -> Result<Option<String>, StoreError>;
    /// Deletes a record that has not expired; returns its value. Of several simultaneous calls, exactly one receives it.
    async fn take_record(&self, key: &str, now: u64) -> Result<Option<String>, StoreError>;
}

/// A store of all of these, which is what a server needs.
pub trait Store: SessionStore + UserStore + RecordStore {}
impl<T: SessionStore + UserStore + RecordStore> Store for T {}
