//! A thief who copies what opens a session and uses it from another machine. R-39: the server detects the theft within one
//! renewal of the owner.

use std::collections::BTreeSet;

use super::server::{Cookie, Refresh};
use super::simulation::{HOUR, MINUTE, SECOND, SimEvent, Simulation};
use super::trace::Note;

/// What the thief copies, and how the thief uses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theft {
    /// The cookie only.
    Cookie,
    /// The cookie, and the key of the next rotation from the storage.
    CookieAndKey,
    /// A refresh request as it leaves. The thief replays it up to three hours later.
    Request,
    /// A refresh request as it leaves. The thief sends one refresh right after each renewal of the owner.
    Lockstep,
}

/// What the thief has of one session.
#[derive(Debug, Clone, Copy)]
pub struct Loot {
    token: Cookie,
    /// The copied key.
    key: Option<u32>,
    /// How often the owner had renewed when the server first granted the thief a refresh.
    first_grant: Option<u64>,
    /// The thief replayed a rotation that the server no longer repeats: the generation that was presented.
    late_replay_of: Option<u32>,
}

#[derive(Debug, Default)]
pub struct Thief {
    pub loot: Option<Loot>,
    /// The sessions that the thief used. An alarm of one of them is right.
    pub robbed: BTreeSet<u32>,
    /// How often the owner has renewed the session of the loot.
    renewals: u64,
    keys: u32,
    /// Refreshes that the server granted to the thief.
    pub grants: u64,
    /// Thefts that the server detected.
    pub caught: u64,
}

impl Simulation {
    pub fn plan_theft(&mut self) {
        let pause = self.random_up_to(12 * HOUR);
        self.plan(1 + pause, SimEvent::Thief);
    }

    /// The thief steals, or uses what was stolen before.
    pub fn act_as_thief(&mut self) {
        let Some(theft) = self.faults.theft else { return };
        if self.thief.loot.is_some() {
            return self.use_loot(theft);
        }
        match (theft, self.browser.cookie.filter(|(sid, _)| self.server.alive(*sid))) {
            (Theft::Cookie, Some(token)) => self.steal(token, None),
            (Theft::CookieAndKey, Some(token)) => {
                let key = self.browser.sent_key();
                self.steal(token, key);
            }
            // The thief of a request waits for one: see `record_request`.
            (Theft::Request | Theft::Lockstep, _) => {}
            (_, None) => self.plan_theft(),
        }
    }

    /// A refresh leaves the browser; the thief of requests records it.
    pub fn record_request(&mut self, cookie: Option<Cookie>, key: Option<u32>) {
        let records = matches!(self.faults.theft, Some(Theft::Request | Theft::Lockstep));
        if let Some(token) = cookie.filter(|_| records && self.thief.loot.is_none())
            && self.server.alive(token.0)
            && self.chance(20)
        {
            self.steal(token, key);
        }
    }

    fn steal(&mut self, token: Cookie, key: Option<u32>) {
        self.note(0, Note::Text("a thief copies the session"));
        self.thief.loot = Some(Loot { token, key, first_grant: None, late_replay_of: None });
        self.thief.renewals = 0;
        if self.faults.theft != Some(Theft::Lockstep) {
            self.plan_use();
        }
    }

    fn plan_use(&mut self) {
        let longest = if self.faults.theft == Some(Theft::Request) { 3 * HOUR } else { 40 * MINUTE };
        let pause = self.random_up_to(longest);
        self.plan(1 + pause, SimEvent::Thief);
    }

    /// The browser of the owner has received a refresh token.
    pub fn owner_renewed(&mut self, (sid, generation): Cookie) {
        let renewed = self.browser.cookie.is_none_or(|before| before != (sid, generation));
        if self.thief.loot.is_none_or(|loot| loot.token.0 != sid) || !renewed {
            return;
        }
        self.thief.renewals += 1;
        if self.faults.theft == Some(Theft::Lockstep) {
            let pause = self.random_up_to(30 * SECOND);
            self.plan(1 + pause, SimEvent::Thief);
        }
    }

    /// The server granted the owner a refresh with this token.
    pub fn check_theft(&mut self, (sid, presented): Cookie) {
        let Some(loot) = self.thief.loot.as_mut().filter(|loot| loot.token.0 == sid) else { return };
        // (An owner who presents the same token has never received its successor. The thief's is then the one that is old.)
        if loot.late_replay_of.take().is_some_and(|replayed| replayed != presented) {
            self.fail("the owner renewed after a late replay, and the server raised no alarm".into());
        }
    }

    fn use_loot(&mut self, theft: Theft) {
        let Some(mut loot) = self.thief.loot.take() else { return };
        let (sid, presented) = loot.token;
        if !self.server.alive(sid) {
            self.thief.caught += u64::from(self.server.sessions[sid as usize].alarm && loot.first_grant.is_some());
            return self.plan_theft();
        }
        self.thief.robbed.insert(sid);
        let key = self.key_of_thief(theft, loot);
        let is_late = self.server.is_late_repeat(loot.token, key, self.now);
        let Refresh::Granted(next) = self.server.refresh(Some(loot.token), key, self.now) else {
            self.note(0, Note::Text("the thief raises the alarm"));
            self.thief.caught += 1;
            return self.plan_theft();
        };
        self.note(0, Note::Text("the server grants the thief a refresh"));
        self.thief.grants += 1;
        let first = *loot.first_grant.get_or_insert(self.thief.renewals);
        let unseen = self.thief.renewals - first;
        if unseen > 1 {
            self.fail(format!("a thief is undetected after {unseen} renewals of the owner"));
        }
        loot.late_replay_of = is_late.then_some(presented);
        loot.token = next;
        self.thief.loot = Some(loot);
        if theft != Theft::Lockstep {
            self.plan_use();
        }
    }

    /// The thief begins with the copied key, and later tries that one and new ones.
    fn key_of_thief(&mut self, theft: Theft, loot: Loot) -> Option<u32> {
        let copied = loot.key.is_some() && (loot.first_grant.is_none() || theft == Theft::Lockstep);
        if copied || (loot.key.is_some() && self.random.below(2) == 0) {
            return loot.key;
        }
        self.thief.keys += 1;
        Some(1_000_000 + self.thief.keys)
    }
}
