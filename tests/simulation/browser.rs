//! What the tabs of a browser share: the cookie jar, the storage, the lock.

use std::collections::VecDeque;

use tokenward::core::{HintState, Millis, RequestId, StorageSnapshot};

use super::server::Cookie;

/// A request for the lock: the tab, how often it was loaded, the auth request.
pub type Claim = (usize, u32, RequestId);

#[derive(Debug, Default)]
pub struct Browser {
    pub cookie: Option<Cookie>,
    /// The sign-in key.
    pub key: Option<u32>,
    /// The key of the next rotation.
    pub idempotency_key: Option<u32>,
    /// The key of a refresh that only asks for a session.
    pub probe_key: Option<u32>,
    pub pending_revocation: bool,
    /// No tab may send a refresh before this moment.
    pub not_before: Millis,
    pub holder: Option<Claim>,
    pub held_since: Millis,
    pub queue: VecDeque<Claim>,
    keys: u32,
}

impl Browser {
    /// The storage, as a tab that knows this key reads it.
    pub fn snapshot(&self, known: Option<u32>, now: Millis) -> StorageSnapshot {
        let hint = match self.key {
            stored if stored == known => HintState::Same,
            None => HintState::Removed,
            Some(_) => HintState::Other,
        };
        StorageSnapshot { hint, pending_revocation: self.pending_revocation, wait: self.not_before.saturating_sub(now) }
    }

    pub fn new_key(&mut self) -> u32 {
        self.keys += 1;
        self.keys
    }

    pub fn store_new_key(&mut self) -> Option<u32> {
        self.key = Some(self.new_key());
        self.replace_idempotency_key();
        self.key
    }

    pub fn replace_idempotency_key(&mut self) {
        self.idempotency_key = Some(self.new_key());
    }

    /// The key that a refresh carries.
    pub fn sent_key(&mut self) -> Option<u32> {
        if self.idempotency_key.is_none() {
            self.replace_idempotency_key();
        }
        self.idempotency_key
    }

    /// A page never removes the key of a newer sign-in.
    pub fn remove_key(&mut self, known: &mut Option<u32>) {
        let known = known.take();
        if self.key.is_none() || known == self.key {
            self.key = None;
            self.idempotency_key = None;
        }
    }

    /// Releases the lock or leaves the queue; the next one in the queue is the new holder.
    pub fn release(&mut self, tab: usize, now: Millis) -> Option<Claim> {
        self.queue.retain(|claim| claim.0 != tab);
        if self.holder.is_some_and(|claim| claim.0 == tab) {
            self.holder = None;
        }
        self.next_holder(now)
    }

    pub fn next_holder(&mut self, now: Millis) -> Option<Claim> {
        if self.holder.is_some() {
            return None;
        }
        self.holder = self.queue.pop_front();
        self.held_since = now;
        self.holder
    }
}
