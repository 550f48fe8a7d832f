//! Sessions: begins, rotates, ends and checks them. Combines the store, the list of revocations and the settings.

mod alarms;
pub mod revocations;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};

use crate::clock::Clock;
use crate::config::{Config, ReuseRevokes};
use crate::error::ApiError;
use crate::session::alarms::Alarms;
use crate::session::revocations::{CAPACITY, MAX_CLOCK_DIFFERENCE, RevocationStatus, Revocations};
use crate::store::{End, NewSession, Revocation, Rotate, Rotation, Session, Store, StoreError, User};
use crate::telemetry::{AuthEvent, Telemetry};
use crate::token::access::Claims;
use crate::token::refresh::{RefreshTokens, VerifiedRefreshToken};

/// The longest user agent that is stored, in characters.
const MAX_USER_AGENT_LENGTH: usize = 200;

/// Begins, rotates, ends and checks sessions.
pub struct Sessions {
    pub store: Arc<dyn Store>,
    pub revocations: Revocations,
    idle_ttl: u64,
    absolute_ttl: u64,
    repeat_window: u64,
    grace: u64,
    reuse_revokes: ReuseRevokes,
    alarms: Arc<Alarms>,
    telemetry: Arc<Telemetry>,
    /// The ids of users who cannot sign in, and whose sessions and tokens are not valid.
    blocked_users: &'static [&'static str],
    /// See [`revocation_ttl`].
    revocation_ttl: u64,
    max_lag: Duration,
    max_per_user: usize,
    clock: Arc<Clock>,
    follows_store: AtomicBool,
}

/// The outcome of a refresh.
pub enum RefreshOutcome {
    /// The session continues; its current generation is issued.
    Refreshed(Box<(User, Session)>),
    /// The token was used before: the session has been ended, and these other sessions of the user.
    Reused(Vec<String>),
    /// There is no such session.
    Unknown,
}

impl Sessions {
    pub fn new(
        store: Arc<dyn Store>,
        config: &Config,
        telemetry: Arc<Telemetry>,
        blocked_users: &'static [&'static str],
    ) -> Self {
        let revocation_ttl = revocation_ttl(config);
        Self {
            store,
            revocations: Revocations::new(CAPACITY, revocation_ttl),
            idle_ttl: config.refresh_idle_ttl,
            absolute_ttl: config.refresh_absolute_ttl,
            repeat_window: config.repeat_window,
            grace: config.rotation_grace,
            reuse_revokes: config.reuse_revokes,
            alarms: Arc::default(),
            telemetry,
            blocked_users,
            revocation_ttl,
            max_lag: Duration::from_secs(config.revocation_max_lag),
            max_per_user: config.max_sessions,
            clock: Arc::new(Clock::new(crate::now())),
            follows_store: AtomicBool::new(false),
        }
    }

    /// Begins a session of the user as it was when the password was verified.
    pub async fn begin(&self, user: &User, user_agent: &str) -> Result<Session, StoreError> {
        let new = NewSession {
            sid: RefreshTokens::new_sid(),
            user_id: user.id.clone(),
            credential_version: user.credential_version,
            user_agent: user_agent.chars().take(MAX_USER_AGENT_LENGTH).collect(),
            idle_ttl: self.idle_ttl,
            absolute_ttl: self.absolute_ttl,
        };
        let session = self.store.create(new, self.certain_now()?).await?;
        for sid in self.store.oldest_sessions(&user.id, &session.sid, self.max_per_user - 1).await? {
            self.end(&sid).await?;
        }
        Ok(session)
    }

    /// The time by which sessions begin and expire, in seconds since the epoch.
    pub fn now(&self) -> u64 {
        self.clock.now()
    }

    /// The same, unless the clock has jumped.
    fn certain_now(&self) -> Result<u64, StoreError> {
        if self.clock.in_doubt() {
            return Err(StoreError::Unavailable(
                "the clock has jumped; the server waits until it is right again".into(),
            ));
        }
        Ok(self.now())
    }

    /// Reads the clock of the store or, if it has none, of this machine. Returns by how many seconds the two differ.
    pub async fn read_clock(&self) -> Result<u64, StoreError> {
        let reading = self.store.time().await?;
        let wall = crate::now();
        match reading {
            Some(reading) if !self.follows_store.swap(true, Ordering::Relaxed) => self.clock.follow(reading),
            reading => self.clock.observe(reading.unwrap_or(wall)),
        }
        Ok(reading.map_or(0, |reading| reading.abs_diff(wall)))
    }

    /// Rotates the session of a refresh token. Records the event before it waits for anything after the decision.
    pub async fn refresh(
        &self,
        token: &VerifiedRefreshToken,
        idempotency_key: Option<&[u8]>,
    ) -> Result<RefreshOutcome, StoreError> {
        // A store that has lost its last changes may have forgotten an end that this server remembers.
        if self.revocations.status(&token.sid, "") == RevocationStatus::Revoked {
            return Ok(match self.end_session(&token.sid).await? {
                End::Reused(_) => RefreshOutcome::Reused(Vec::new()),
                End::Ended | End::Unknown => RefreshOutcome::Unknown,
            });
        }
        let hash = |key| digest(&SHA256, key).as_ref()[..16].try_into().expect("a SHA-256 has 32 bytes");
        let rotate = Rotate {
            sid: token.sid.clone(),
            presented: token.generation,
            key: idempotency_key.map(hash),
            idle_ttl: self.idle_ttl,
            repeat_window: self.repeat_window,
            grace: self.grace,
            revocation_ttl: self.revocation_ttl,
        };
        let session = match self.store.rotate(rotate, self.certain_now()?).await? {
            Rotation::Rotated(session) => {
                self.telemetry.record(AuthEvent::RefreshRotated, &session.sid);
                session
            }
            Rotation::Repeated(session, age) => {
                self.telemetry.record_repeat(&session, age, false);
                session
            }
            Rotation::RepeatedLate(session, age) => {
                self.telemetry.record_repeat(&session, age, true);
                session
            }
            Rotation::Reused(user_id) => {
                let others = self.raise_alarm(&token.sid, &user_id).await;
                return Ok(RefreshOutcome::Reused(others));
            }
            Rotation::Unknown => return Ok(RefreshOutcome::Unknown),
        };
        // The user is read for each refresh, so that a changed role is in the next access token.
        // A session of another credential version has escaped the end of all sessions.
        let user = self.store.user(&session.user_id).await?;
        let is_valid =
            |user: &User| user.credential_version == session.credential_version && !self.is_blocked(&user.id);
        let Some(user) = user.filter(is_valid) else {
            self.end(&session.sid).await?;
            return Ok(RefreshOutcome::Unknown);
        };
        Ok(RefreshOutcome::Refreshed(Box::new((user, session))))
    }

    /// Ends a session; returns whether it existed.
    pub async fn end(&self, sid: &str) -> Result<bool, StoreError> {
        Ok(self.end_session(sid).await? == End::Ended)
    }

    async fn end_session(&self, sid: &str) -> Result<End, StoreError> {
        let end = self.store.end(sid, self.now() + self.revocation_ttl).await?;
        match &end {
            End::Unknown => {}
            End::Ended => self.revocations.add([sid.to_owned()]),
            End::Reused(user_id) => {
                self.raise_alarm(sid, user_id).await;
            }
        }
        self.store.confirm().await?;
        Ok(end)
    }

    /// Ends all sessions of a user, also those that are beginning. Returns their ids.
    pub async fn end_all(&self, user_id: &str) -> Result<Vec<String>, StoreError> {
        self.store.renew_credentials(user_id).await?;
        let ended = self.store.end_all(user_id, self.now() + self.revocation_ttl).await?;
        self.revocations.add(ended.clone());
        self.store.confirm().await?;
        Ok(ended)
    }

    /// Revokes one access token; its session continues. A token that is revoked already is not logged again.
    pub async fn revoke(&self, claims: &Claims) -> Result<(), StoreError> {
        if self.revocations.status(&claims.sid, &claims.jti) == RevocationStatus::Revoked {
            return self.store.confirm().await;
        }
        let revocation = Revocation { id: claims.jti.clone(), until: self.now() + self.revocation_ttl };
        self.store.revoke(revocation).await?;
        self.revocations.add([claims.jti.clone()]);
        self.store.confirm().await
    }

    /// Checks that neither the token nor its session is revoked, by this server or by another.
    pub async fn check(&self, claims: &Claims) -> Result<(), ApiError> {
        if self.is_blocked(&claims.sub) {
            return Err(ApiError::TokenRevoked);
        }
        match self.revocations.status(&claims.sid, &claims.jti) {
            RevocationStatus::Revoked => return Err(ApiError::TokenRevoked),
            RevocationStatus::AskStore if self.store.find(&claims.sid, self.now()).await?.is_none() => {
                return Err(ApiError::TokenRevoked);
            }
            RevocationStatus::AskStore | RevocationStatus::NotRevoked => {}
        }
        if self.up_to_date() { Ok(()) } else { Err(ApiError::StoreUnavailable) }
    }

    pub fn is_blocked(&self, user_id: &str) -> bool {
        self.blocked_users.contains(&user_id)
    }

    /// Reads the revocations of the other servers.
    pub async fn read_revocations(&self) -> Result<(), StoreError> {
        self.revocations.read_log(&*self.store).await
    }

    /// Deletes expired sessions and revocations.
    pub async fn purge(&self) -> Result<(), StoreError> {
        self.revocations.forget_expired();
        self.store.purge(self.certain_now()?).await
    }

    /// Whether this server has read the revocation log within `REVOCATION_MAX_LAG`, and knows the time.
    pub fn up_to_date(&self) -> bool {
        !self.clock.in_doubt() && self.revocations.lag().is_some_and(|lag| lag < self.max_lag)
    }
}

/// How long a revocation matters, in seconds: the longest remaining life of an access token, by the clock of any server.
pub fn revocation_ttl(config: &Config) -> u64 {
    config.access_ttl + config.leeway + MAX_CLOCK_DIFFERENCE
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{SqliteStore, User};

    const DAY: u64 = 86_400;

    /// the clock jumps ahead by more than the lifetime of a session, then back to the right time.
    #[tokio::test]
    async fn a_clock_that_jumps_ends_no_session() {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(&folder.path().join("t.db")).await.unwrap());
        let user = User {
            id: "u".into(),
            email: "u@example.com".into(),
            role: "user".into(),
            password_hash: String::new(),
            credential_version: 0,
        };
        crate::store::UserStore::add_user(&*store, user.clone()).await.unwrap();
        let config = Config::from_env(|_| None).unwrap();
        let sessions = Sessions::new(store, &config, Arc::new(Telemetry::new()), &[]);
        let session = sessions.begin(&user, "").await.unwrap();
        sessions.read_revocations().await.unwrap();
        assert!(sessions.up_to_date());
        let start = crate::now();
        for jump in [40 * DAY, 400 * DAY] {
            sessions.clock.observe(start + jump);
            let token = VerifiedRefreshToken { sid: session.sid.clone(), generation: 0, jkt: None };
            assert!(sessions.refresh(&token, None).await.is_err(), "503, not 401");
            assert!(sessions.begin(&user, "").await.is_err());
            assert!(sessions.purge().await.is_err());
            assert!(!sessions.up_to_date());
            sessions.clock.observe(start);
            sessions.purge().await.unwrap();
            assert!(sessions.store.find(&session.sid, sessions.now()).await.unwrap().is_some());
        }
        let token = VerifiedRefreshToken { sid: session.sid, generation: 0, jkt: None };
        assert!(matches!(sessions.refresh(&token, None).await, Ok(RefreshOutcome::Refreshed(_))));
    }
}
