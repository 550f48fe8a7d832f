//! What has been revoked, as far as tokens are still out that it concerns: asked on each request, so it is in memory.
//!
//! Every server follows the store's log of revocations and so hears of what others revoked within [`POLL`]. A server that
//! has not heard anything for too long must not go on believing tokens: it answers that the store is away.

use std::collections::HashMap;
use std::sync::RwLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::store::{Cursor, Revocation, SessionStore, StoreError};

/// How often the log is asked for news.
pub const POLL: Duration = Duration::from_millis(250);
/// Entries that are kept. Where there are more, sessions are looked up in the store until there are fewer.
pub const CAPACITY: usize = 1_000_000;

/// `sid`s and `jti`s of tokens that are good no more.
pub struct Revocations {
    state: RwLock<State>,
    started: Instant,
    /// Milliseconds after the start at which the log was last read to its end, plus one; 0 for never.
    read_at: AtomicU64,
    capacity: usize,
}

#[derive(Default)]
struct State {
    /// With the second until which each matters.
    until: HashMap<[u8; 16], u64>,
    /// Until when something is missing that found no place.
    incomplete_until: u64,
    cursor: Cursor,
}

/// What the list says of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Good,
    Revoked,
    /// The list was full: the store knows.
    AskStore,
}

impl Revocations {
    pub fn new(capacity: usize) -> Self {
        Self { state: RwLock::default(), started: Instant::now(), read_at: AtomicU64::new(0), capacity }
    }

    pub fn verdict(&self, sid: &str, jti: &str, now: u64) -> Verdict {
        let state = self.state.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        let revoked = |text| id(text).is_some_and(|id| state.until.contains_key(&id));
        if !state.until.is_empty() && (revoked(sid) || revoked(jti)) {
            Verdict::Revoked
        } else if now < state.incomplete_until {
            Verdict::AskStore
        } else {
            Verdict::Good
        }
    }

    /// What this server itself revoked counts at once.
    pub fn add(&self, revocations: impl IntoIterator<Item = Revocation>) {
        let mut state = self.state.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        for revocation in revocations {
            let Some(id) = id(&revocation.id) else { continue };
            if state.until.len() < self.capacity {
                state.until.insert(id, revocation.until);
            } else {
                state.incomplete_until = state.incomplete_until.max(revocation.until);
            }
        }
    }

    /// Reads the log from where it was left.
    pub async fn follow(&self, store: &dyn SessionStore) -> Result<(), StoreError> {
        let asked = self.started.elapsed();
        let cursor = self.state.read().unwrap_or_else(std::sync::PoisonError::into_inner).cursor.clone();
        let (news, cursor) = store.revocations(&cursor).await?;
        self.add(news);
        self.state.write().unwrap_or_else(std::sync::PoisonError::into_inner).cursor = cursor;
        self.read_at.store(asked.as_millis() as u64 + 1, Ordering::Relaxed);
        Ok(())
    }

    /// How long ago the log was read to its end; `None` for never.
    pub fn lag(&self) -> Option<Duration> {
        let read = self.read_at.load(Ordering::Relaxed).checked_sub(1)?;
        Some(self.started.elapsed().saturating_sub(Duration::from_millis(read)))
    }

    pub fn forget_expired(&self, now: u64) {
        let mut state = self.state.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        state.until.retain(|_, until| *until > now);
    }

    pub fn len(&self) -> usize {
        self.state.read().unwrap_or_else(std::sync::PoisonError::into_inner).until.len()
    }
}

/// `sid`s and `jti`s are 128 random bits.
fn id(text: &str) -> Option<[u8; 16]> {
    let mut bytes = [0; 16];
    let length = BASE64_URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
    (length == bytes.len()).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refresh_token::RefreshTokens;

    #[test]
    fn a_full_list_sends_to_the_store_until_what_it_missed_is_over() {
        let list = Revocations::new(2);
        let sids: Vec<_> = (0..3).map(|_| RefreshTokens::new_sid()).collect();
        list.add(sids.iter().map(|sid| Revocation { id: sid.clone(), until: 100 }));
        assert_eq!(list.verdict(&sids[0], &sids[0], 99), Verdict::Revoked);
        assert_eq!(list.verdict(&sids[2], &sids[2], 99), Verdict::AskStore);
        list.forget_expired(100);
        assert_eq!(list.len(), 0);
        assert_eq!(list.verdict(&sids[2], &sids[2], 100), Verdict::Good);
    }
}
