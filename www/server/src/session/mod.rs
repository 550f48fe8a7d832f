//! Sessions: begins, rotates, ends and checks them. Combines the store, the list of revocations and the settings.

pub mod revocations;

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};

use crate::config::{Config, ReuseRevokes};
use crate::error::ApiError;
use crate::now;
use crate::session::revocations::{CAPACITY, RevocationStatus, Revocations};
use crate::store::{NewSession, Revocation, Rotate, Rotation, Session, Store, StoreError, User};
use crate::token::access::Claims;
use crate::token::refresh::{RefreshTokens, VerifiedRefreshToken};

/// How many times, once a second, [`end_all_with_retries`] tries to end the sessions of a user.
const END_ALL_ATTEMPTS: u32 = 600;
/// The longest user agent that is stored, in characters.
const MAX_USER_AGENT_LENGTH: usize = 200;

/// Begins, rotates, ends and checks sessions.
pub struct Sessions {
    pub store: Arc<dyn Store>,
    pub revocations: Revocations,
    idle_ttl: u64,
    absolute_ttl: u64,
    grace: u64,
    reuse_revokes: ReuseRevokes,
    /// How long a revocation matters, in seconds: the longest remaining life of an access token.
    revocation_ttl: u64,
    max_lag: Duration,
}

/// The outcome of a refresh.
pub enum RefreshOutcome {
    /// There is a new generation.
    Rotated(User, Session),
    /// A repeated request: the same generation is issued again.
    Repeated(User, Session),
    /// The token was used before: the session has been ended.
    Reused,
    /// There is no such session.
    Unknown,
}

impl Sessions {
    pub fn new(store: Arc<dyn Store>, config: &Config) -> Self {
        Self {
            store,
            revocations: Revocations::new(CAPACITY),
            idle_ttl: config.refresh_idle_ttl,
            absolute_ttl: config.refresh_absolute_ttl,
            grace: config.rotation_grace,
            reuse_revokes: config.reuse_revokes,
            revocation_ttl: config.access_ttl + config.leeway,
            max_lag: Duration::from_secs(config.revocation_max_lag),
        }
    }

    pub async fn begin(&self, user: &User, user_agent: &str) -> Result<Session, StoreError> {
        let new = NewSession {
            sid: RefreshTokens::new_sid(),
            user_id: user.id.clone(),
            user_agent: user_agent.chars().take(MAX_USER_AGENT_LENGTH).collect(),
            idle_ttl: self.idle_ttl,
            absolute_ttl: self.absolute_ttl,
        };
        self.store.create(new, now()).await
    }

    pub async fn refresh(
        &self,
        token: &VerifiedRefreshToken,
        idempotency_key: Option<&[u8]>,
    ) -> Result<RefreshOutcome, StoreError> {
        let hash = |key| digest(&SHA256, key).as_ref()[..16].try_into().expect("a SHA-256 has 32 bytes");
        let rotate = Rotate {
            sid: token.sid.clone(),
            presented: token.generation,
            key: idempotency_key.map(hash),
            idle_ttl: self.idle_ttl,
            grace: self.grace,
            revocation_ttl: self.revocation_ttl,
        };
        let rotation = self.store.rotate(rotate, now()).await?;
        let session = match &rotation {
            Rotation::Rotated(session) | Rotation::Repeated(session) => session.clone(),
            Rotation::Reused(user_id) => {
                self.end_after_reuse(&token.sid, user_id).await;
                return Ok(RefreshOutcome::Reused);
            }
            Rotation::Unknown => return Ok(RefreshOutcome::Unknown),
        };
        // The user is read for each refresh, so that a changed role is in the next access token.
        let Some(user) = self.store.user(&session.user_id).await? else {
            self.end(&session.sid).await?;
            return Ok(RefreshOutcome::Unknown);
        };
        Ok(match rotation {
            Rotation::Rotated(_) => RefreshOutcome::Rotated(user, session),
            _ => RefreshOutcome::Repeated(user, session),
        })
    }

    /// The store has ended the session already; ends the user's other sessions if `REUSE_REVOKES=user`.
    async fn end_after_reuse(&self, sid: &str, user_id: &str) {
        self.add_revocations([sid.to_owned()]);
        if self.reuse_revokes == ReuseRevokes::User && self.end_all(user_id).await.is_err() {
            // The session is ended, so no later request would repeat this work.
            tokio::spawn(end_all_with_retries(self.store.clone(), user_id.to_owned(), self.revocation_ttl));
        }
    }

    /// Ends a session; returns whether it existed.
    pub async fn end(&self, sid: &str) -> Result<bool, StoreError> {
        let existed = self.store.end(sid, now() + self.revocation_ttl).await?;
        if existed {
            self.add_revocations([sid.to_owned()]);
        }
        Ok(existed)
    }

    pub async fn end_all(&self, user_id: &str) -> Result<(), StoreError> {
        self.add_revocations(self.store.end_all(user_id, now() + self.revocation_ttl).await?);
        Ok(())
    }

    /// Revokes one access token; its session continues.
    pub async fn revoke(&self, claims: &Claims) -> Result<(), StoreError> {
        let revocation = Revocation { id: claims.jti.clone(), until: now() + self.revocation_ttl };
        self.store.revoke(revocation.clone()).await?;
        self.revocations.add([revocation]);
        Ok(())
    }

    /// Checks that neither the token nor its session is revoked, by this server or by another.
    pub async fn check(&self, claims: &Claims) -> Result<(), ApiError> {
        let now = now();
        match self.revocations.status(&claims.sid, &claims.jti, now) {
            RevocationStatus::Revoked => return Err(ApiError::TokenRevoked),
            RevocationStatus::AskStore if self.store.find(&claims.sid, now).await?.is_none() => {
                return Err(ApiError::TokenRevoked);
            }
            RevocationStatus::AskStore | RevocationStatus::NotRevoked => {}
        }
        if self.up_to_date() { Ok(()) } else { Err(ApiError::StoreUnavailable) }
    }

    /// Reads the revocations of the other servers.
    pub async fn read_revocations(&self) -> Result<(), StoreError> {
        self.revocations.read_log(&*self.store).await
    }

    /// Deletes expired sessions and revocations.
    pub async fn purge(&self) -> Result<(), StoreError> {
        self.revocations.forget_expired(now());
        self.store.purge(now()).await
    }

    /// Whether this server has read the revocation log within `REVOCATION_MAX_LAG`.
    pub fn up_to_date(&self) -> bool {
        self.revocations.lag().is_some_and(|lag| lag < self.max_lag)
    }

    fn add_revocations(&self, sids: impl IntoIterator<Item = String>) {
        let until = now() + self.revocation_ttl;
        self.revocations.add(sids.into_iter().map(|id| Revocation { id, until }));
    }
}

/// Ends all sessions of a user as soon as the store is available again. This server reads the revocations from the log.
async fn end_all_with_retries(store: Arc<dyn Store>, user_id: String, revocation_ttl: u64) {
    for _ in 0..END_ALL_ATTEMPTS {
        tokio::time::sleep(Duration::from_secs(1)).await;
        if store.end_all(&user_id, now() + revocation_ttl).await.is_ok() {
            return;
        }
    }
    tracing::error!("the store was unavailable too long: the sessions of a user with a reused refresh token remain");
}
