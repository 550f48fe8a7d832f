//! The list of revoked sessions and access tokens, in memory, because every API request asks it.
//!
//! Every server polls the store's log of revocations, so it knows the revocations of the other servers within [`POLL`]. A
//! server that has not read the log for too long must not accept tokens: it answers `STORE_UNAVAILABLE`.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::store::{Cursor, Revocation, SessionStore, StoreError};

/// How often the server reads the log.
pub const POLL: Duration = Duration::from_millis(250);
/// The number of entries in memory. While there are more, sessions are looked up in the store.
pub const CAPACITY: usize = 1_000_000;

/// The revoked `sid`s and `jti`s whose access tokens may still be unexpired.
pub struct Revocations {
    state: RwLock<State>,
    started: Instant,
    /// When the log was last read to its end: milliseconds after `started`, plus one; 0 for never.
    read_at: AtomicU64,
    capacity: usize,
}

#[derive(Default)]
struct State {
    /// Each id with the second (since the epoch) until which it matters.
    until: HashMap<[u8; 16], u64>,
    /// The second until which an entry matters that did not fit.
    incomplete_until: u64,
    cursor: Cursor,
}

/// What the list knows of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevocationStatus {
    NotRevoked,
    Revoked,
    /// The list was full and may lack the entry; the store has it.
    AskStore,
}

impl Revocations {
    pub fn new(capacity: usize) -> Self {
        Self { state: RwLock::default(), started: Instant::now(), read_at: AtomicU64::new(0), capacity }
    }

    pub fn status(&self, sid: &str, jti: &str, now: u64) -> RevocationStatus {
        let state = self.read();
        let revoked = |text| decode_id(text).is_some_and(|id| state.until.contains_key(&id));
        if !state.until.is_empty() && (revoked(sid) || revoked(jti)) {
            RevocationStatus::Revoked
        } else if now < state.incomplete_until {
            RevocationStatus::AskStore
        } else {
            RevocationStatus::NotRevoked
        }
    }

    /// Adds entries. This server's own revocations are added here at once, before it reads them from the log.
    pub fn add(&self, revocations: impl IntoIterator<Item = Revocation>) {
        let mut state = self.write();
        for revocation in revocations {
            let Some(id) = decode_id(&revocation.id) else { continue };
            if state.until.len() < self.capacity {
                state.until.insert(id, revocation.until);
            } else {
                state.incomplete_until = state.incomplete_until.max(revocation.until);
            }
        }
    }

    /// Reads the log from the last position to its end.
    pub async fn read_log(&self, store: &dyn SessionStore) -> Result<(), StoreError> {
        let started_at = self.started.elapsed();
        let cursor = self.read().cursor.clone();
        let (entries, cursor) = store.revocations(&cursor).await?;
        self.add(entries);
        self.write().cursor = cursor;
        self.read_at.store(started_at.as_millis() as u64 + 1, Ordering::Relaxed);
        Ok(())
    }

    /// The time since the log was last read to its end; `None` if it never was.
    pub fn lag(&self) -> Option<Duration> {
        let read_at = self.read_at.load(Ordering::Relaxed).checked_sub(1)?;
        Some(self.started.elapsed().saturating_sub(Duration::from_millis(read_at)))
    }

    pub fn forget_expired(&self, now: u64) {
        self.write().until.retain(|_, until| *until > now);
    }

    pub fn len(&self) -> usize {
        self.read().until.len()
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The 128 random bits of a `sid` or `jti`.
fn decode_id(text: &str) -> Option<[u8; 16]> {
    let mut bytes = [0; 16];
    let length = BASE64_URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
    (length == bytes.len()).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::refresh::RefreshTokens;

    #[test]
    fn a_full_list_refers_to_the_store_until_the_missing_entry_expires() {
        let list = Revocations::new(2);
        let sids: Vec<_> = (0..3).map(|_| RefreshTokens::new_sid()).collect();
        list.add(sids.iter().map(|sid| Revocation { id: sid.clone(), until: 100 }));
        assert_eq!(list.status(&sids[0], &sids[0], 99), RevocationStatus::Revoked);
        assert_eq!(list.status(&sids[2], &sids[2], 99), RevocationStatus::AskStore);
        list.forget_expired(100);
        assert_eq!(list.len(), 0);
        assert_eq!(list.status(&sids[2], &sids[2], 100), RevocationStatus::NotRevoked);
    }
}
