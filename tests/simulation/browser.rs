//! What the tabs of a browser share: the cookie jar, the storage, the lock.

use std::collections::VecDeque;

use tokenward::core::{FlightId, Mark, Memory, Millis};

use super::server::Cookie;

/// Who asks for the lock: the tab, how often it was loaded, the auth call.
pub type Claim = (usize, u32, FlightId);

#[derive(Debug, Default)]
pub struct Browser {
    pub cookie: Option<Cookie>,
    pub mark: Option<u32>,
    /// The key of a refresh that asked whether there is a session.
    pub tried: Option<u32>,
    pub owed: bool,
    /// The server asked every tab to wait until then.
    pub wait_until: Millis,
    pub holder: Option<Claim>,
    pub held_since: Millis,
    pub queue: VecDeque<Claim>,
    marks: u32,
}

impl Browser {
    /// What a tab that knows this mark finds in the storage.
    pub fn memory(&self, known: Option<u32>, now: Millis) -> Memory {
        let mark = match self.mark {
            mark if mark == known => Mark::Same,
            None => Mark::Gone,
            Some(_) => Mark::Other,
        };
        Memory { mark, owed: self.owed, wait: self.wait_until.saturating_sub(now) }
    }

    pub fn new_key(&mut self) -> u32 {
        self.marks += 1;
        self.marks
    }

    pub fn new_mark(&mut self) -> Option<u32> {
        self.mark = Some(self.new_key());
        self.mark
    }

    /// Gives the lock back or leaves the queue; the next one in line is the new holder.
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
