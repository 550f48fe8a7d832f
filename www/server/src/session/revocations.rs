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

use crate::store::{Cursor, SessionStore, StoreError};

/// How often the server reads the log.
pub const POLL: Duration = Duration::from_millis(250);
/// The number of entries in memory. While there are more, sessions are looked up in the store.
pub const CAPACITY: usize = 1_000_000;

/// The longest difference between the clocks of two servers for which revocations are kept long enough, in seconds.
pub const MAX_CLOCK_DIFFERENCE: u64 = 300;

/// The revoked `sid`s and `jti`s whose access tokens may still be unexpired.
///
/// An entry is kept for a fixed time after this server learned of it, measured by this server. The clock of the server that
/// wrote the entry does not matter.
pub struct Revocations {
    state: RwLock<State>,
    started: Instant,
    /// When the log was last read to its end: milliseconds after `started`, plus one; 0 for never.
    read_at: AtomicU64,
    capacity: usize,
    /// The seconds for which an entry is kept.
    keep: u64,
}

#[derive(Default)]
struct State {
    /// Each id with the time until which it matters, in seconds after `started`.
    until: HashMap<[u8; 16], u64>,
    /// The time until which an entry matters that did not fit.
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
    /// `keep` in seconds: the longest remaining life of an access token, by the clock of any server.
    pub fn new(capacity: usize, keep: u64) -> Self {
        Self { state: RwLock::default(), started: Instant::now(), read_at: AtomicU64::new(0), capacity, keep }
    }

    pub fn status(&self, sid: &str, jti: &str) -> RevocationStatus {
        self.status_at(sid, jti, self.started.elapsed().as_secs())
    }

    fn status_at(&self, sid: &str, jti: &str, now: u64) -> RevocationStatus {
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
    pub fn add(&self, ids: impl IntoIterator<Item = String>) {
        self.add_at(ids, self.started.elapsed().as_secs());
    }

    fn add_at(&self, ids: impl IntoIterator<Item = String>, now: u64) {
        let until = now + self.keep;
        let mut state = self.write();
        for id in ids {
            let Some(id) = decode_id(&id) else { continue };
            if state.until.len() < self.capacity || state.until.contains_key(&id) {
                state.until.insert(id, until);
            } else {
                state.incomplete_until = state.incomplete_until.max(until);
            }
        }
    }

    /// Reads the log from the last position to its end. If it fails, the next call continues where it stopped.
    pub async fn read_log(&self, store: &dyn SessionStore) -> Result<(), StoreError> {
        loop {
            let started_at = self.started.elapsed();
            let cursor = self.read().cursor.clone();
            let (entries, cursor) = store.revocations(&cursor).await?;
            let is_end = entries.is_empty();
            self.add(entries.into_iter().map(|entry| entry.id));
            self.write().cursor = cursor;
            if is_end {
                self.read_at.store(started_at.as_millis() as u64 + 1, Ordering::Relaxed);
                return Ok(());
            }
        }
    }

    /// The time since the log was last read to its end; `None` if it never was.
    pub fn lag(&self) -> Option<Duration> {
        let read_at = self.read_at.load(Ordering::Relaxed).checked_sub(1)?;
        Some(self.started.elapsed().saturating_sub(Duration::from_millis(read_at)))
    }

    pub fn forget_expired(&self) {
        self.forget_expired_at(self.started.elapsed().as_secs());
    }

    fn forget_expired_at(&self, now: u64) {
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
    use std::sync::atomic::AtomicUsize;

    use async_trait::async_trait;

    use super::*;
    use crate::store::{End, NewSession, Revocation, Risks, Rotate, Rotation, Session};
    use crate::token::refresh::RefreshTokens;

    /// A log of single entries, each of which matters until the same second. Every second call fails.
    struct UnreliableLog {
        ids: Vec<String>,
        until: u64,
        calls: AtomicUsize,
    }

    #[async_trait]
    #[rustfmt::skip]
    impl SessionStore for UnreliableLog {
        async fn revocations(&self, after: &Cursor) -> Result<(Vec<Revocation>, Cursor), StoreError> {
            if self.calls.fetch_add(1, Ordering::Relaxed) % 2 == 1 {
                return Err(StoreError::Unavailable("timeout".into()));
            }
            let at: usize = after.0.parse().unwrap_or(0);
            let entries = self.ids.get(at).map(|id| Revocation { id: id.clone(), until: self.until });
            let next = at + usize::from(entries.is_some());
            Ok((entries.into_iter().collect(), Cursor(next.to_string())))
        }
        async fn create(&self, _: NewSession, _: u64) -> Result<Session, StoreError> { unimplemented!() }
        async fn find(&self, _: &str, _: u64) -> Result<Option<Session>, StoreError> { unimplemented!() }
        async fn sessions_of(&self, _: &str, _: u64) -> Result<Vec<Session>, StoreError> { unimplemented!() }
        async fn oldest_sessions(&self, _: &str, _: &str, _: usize) -> Result<Vec<String>, StoreError> { unimplemented!() }
        async fn time(&self) -> Result<Option<u64>, StoreError> { unimplemented!() }
        async fn rotate(&self, _: Rotate, _: u64) -> Result<Rotation, StoreError> { unimplemented!() }
        async fn end(&self, _: &str, _: u64) -> Result<End, StoreError> { unimplemented!() }
        async fn settle(&self, _: &str, _: u64) -> Result<(), StoreError> { unimplemented!() }
        async fn end_all(&self, _: &str, _: u64) -> Result<Vec<String>, StoreError> { unimplemented!() }
        async fn revoke(&self, _: Revocation) -> Result<(), StoreError> { unimplemented!() }
        async fn purge(&self, _: u64) -> Result<(), StoreError> { unimplemented!() }
        async fn confirm(&self) -> Result<(), StoreError> { unimplemented!() }
        async fn ping(&self) -> Result<(), StoreError> { unimplemented!() }
        async fn check_writable(&self) -> Result<(), StoreError> { unimplemented!() }
        async fn risks(&self) -> Result<Risks, StoreError> { unimplemented!() }
    }

    /// The log was written by a server whose clock is slow: by the clock of this server, its entries are over.
    #[tokio::test]
    async fn a_long_log_is_read_to_its_end_although_the_store_fails_in_between() {
        let ids: Vec<_> = (0..5).map(|_| RefreshTokens::new_sid()).collect();
        let log = UnreliableLog { ids: ids.clone(), until: 1, calls: AtomicUsize::new(0) };
        let list = Revocations::new(10, 90);
        let mut failures = 0;
        while list.read_log(&log).await.is_err() {
            assert!(list.lag().is_none(), "the log is not read to its end");
            failures += 1;
            assert!(failures < 10, "each attempt starts over");
        }
        list.forget_expired_at(89);
        for id in &ids {
            assert_eq!(list.status_at(id, id, 89), RevocationStatus::Revoked);
        }
    }

    #[test]
    fn a_full_list_refers_to_the_store_until_the_missing_entry_expires() {
        let list = Revocations::new(2, 90);
        let sids: Vec<_> = (0..3).map(|_| RefreshTokens::new_sid()).collect();
        list.add_at(sids.clone(), 10);
        assert_eq!(list.status_at(&sids[0], &sids[0], 99), RevocationStatus::Revoked);
        assert_eq!(list.status_at(&sids[2], &sids[2], 99), RevocationStatus::AskStore);
        list.forget_expired_at(99);
        assert_eq!(list.len(), 2);
        list.forget_expired_at(100);
        assert_eq!(list.len(), 0);
        assert_eq!(list.status_at(&sids[2], &sids[2], 100), RevocationStatus::NotRevoked);
    }
}
