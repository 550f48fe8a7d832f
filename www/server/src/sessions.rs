//! Sessions as the endpoints see them: the store, what has been revoked, and the settings that decide on both.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};

use crate::config::{Config, ReuseRevokes};
use crate::error::ApiError;
use crate::now;
use crate::refresh_token::{Presented, RefreshTokens};
use crate::revocations::{CAPACITY, Revocations, Verdict};
use crate::store::{NewSession, Revocation, Rotate, Rotation, Session, Store, StoreError, User};
use crate::tokens::Claims;

/// How often an end that could not be carried out is tried again, once a second.
const LATER: u32 = 600;

/// Begins, rotates, ends and checks sessions.
pub struct Sessions {
    pub store: Arc<dyn Store>,
    pub revocations: Revocations,
    idle_ttl: u64,
    absolute_ttl: u64,
    grace: u64,
    reuse_revokes: ReuseRevokes,
    /// How long an access token that is out may be good.
    remember: u64,
    max_lag: Duration,
}

/// What a refresh came to.
pub enum Refreshed {
    Rotated(User, Session),
    Repeated(User, Session),
    Reused,
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
            remember: config.access_ttl + config.leeway,
            max_lag: Duration::from_secs(config.revocation_max_lag),
        }
    }

    pub async fn begin(&self, user: &User, user_agent: &str) -> Result<Session, StoreError> {
        let new = NewSession {
            sid: RefreshTokens::new_sid(),
            user_id: user.id.clone(),
            user_agent: user_agent.chars().take(200).collect(),
            idle_ttl: self.idle_ttl,
            absolute_ttl: self.absolute_ttl,
        };
        self.store.create(new, now()).await
    }

    pub async fn refresh(&self, token: &Presented, idempotency_key: Option<&[u8]>) -> Result<Refreshed, StoreError> {
        let hash = |key| digest(&SHA256, key).as_ref()[..16].try_into().expect("a hash has more than 16 bytes");
        let rotate = Rotate {
            sid: token.sid.clone(),
            presented: token.generation,
            key: idempotency_key.map(hash),
            idle_ttl: self.idle_ttl,
            grace: self.grace,
            remember: self.remember,
        };
        let rotation = self.store.rotate(rotate, now()).await?;
        let session = match &rotation {
            Rotation::Rotated(session) | Rotation::Repeated(session) => session.clone(),
            Rotation::Reused(user_id) => {
                self.revoked([token.sid.clone()]);
                if self.reuse_revokes == ReuseRevokes::User && self.end_all(user_id).await.is_err() {
                    // Nobody will ask again: the session that could is over.
                    tokio::spawn(end_all_later(self.store.clone(), user_id.clone(), self.remember));
                }
                return Ok(Refreshed::Reused);
            }
            Rotation::Unknown => return Ok(Refreshed::Unknown),
        };
        // Read again each time: a role that was taken away is gone with the next token.
        let Some(user) = self.store.user(&session.user_id).await? else {
            self.end(&session.sid).await?;
            return Ok(Refreshed::Unknown);
        };
        Ok(match rotation {
            Rotation::Rotated(_) => Refreshed::Rotated(user, session),
            _ => Refreshed::Repeated(user, session),
        })
    }

    pub async fn end(&self, sid: &str) -> Result<bool, StoreError> {
        let there_was = self.store.end(sid, now() + self.remember).await?;
        if there_was {
            self.revoked([sid.to_owned()]);
        }
        Ok(there_was)
    }

    pub async fn end_all(&self, user_id: &str) -> Result<(), StoreError> {
        self.revoked(self.store.end_all(user_id, now() + self.remember).await?);
        Ok(())
    }

    /// Revokes one access token; its session goes on.
    pub async fn revoke(&self, claims: &Claims) -> Result<(), StoreError> {
        let revocation = Revocation { id: claims.jti.clone(), until: now() + self.remember };
        self.store.revoke(revocation.clone()).await?;
        self.revocations.add([revocation]);
        Ok(())
    }

    /// Whether the token may be believed: neither it nor its session has been revoked, here or by another server.
    pub async fn check(&self, claims: &Claims) -> Result<(), ApiError> {
        let now = now();
        match self.revocations.verdict(&claims.sid, &claims.jti, now) {
            Verdict::Revoked => return Err(ApiError::TokenRevoked),
            Verdict::AskStore if self.store.find(&claims.sid, now).await?.is_none() => {
                return Err(ApiError::TokenRevoked);
            }
            Verdict::AskStore | Verdict::Good => {}
        }
        if self.up_to_date() { Ok(()) } else { Err(ApiError::StoreUnavailable) }
    }

    /// Hears what the other servers revoked.
    pub async fn follow(&self) -> Result<(), StoreError> {
        self.revocations.follow(&*self.store).await
    }

    /// Clears away what is over.
    pub async fn clean(&self) -> Result<(), StoreError> {
        self.revocations.forget_expired(now());
        self.store.purge(now()).await
    }

    /// Whether what the other servers revoked has been heard lately.
    pub fn up_to_date(&self) -> bool {
        self.revocations.lag().is_some_and(|lag| lag < self.max_lag)
    }

    fn revoked(&self, sids: impl IntoIterator<Item = String>) {
        let until = now() + self.remember;
        self.revocations.add(sids.into_iter().map(|id| Revocation { id, until }));
    }
}

/// Ends all sessions of a user when the store is back; the log tells this server of it as it tells the others.
async fn end_all_later(store: Arc<dyn Store>, user_id: String, remember: u64) {
    for _ in 0..LATER {
        tokio::time::sleep(Duration::from_secs(1)).await;
        if store.end_all(&user_id, now() + remember).await.is_ok() {
            return;
        }
    }
    tracing::error!("the store did not come back: sessions of a user whose refresh token was reused are still there");
}
