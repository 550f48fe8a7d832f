//! What must hold, whatever happens. A violation is kept with the trace that led to it.

use tokenward::core::{Event, RequestId, SessionState, SignedOutReason};

use super::network::Kind;
use super::simulation::{CONFIG, HOUR, MINUTE, SECOND, Simulation, count_recent, number};
use super::trace::Note;

impl Simulation {
    /// After the quiet period, every tab and the server agree on the session.
    pub fn check_convergence(&mut self) {
        let expected_session =
            self.expected_session.filter(|sid| self.server.alive(*sid)).map(|sid| self.server.user(sid));
        for tab in 0..self.tabs.len() {
            let shown = match self.tabs[tab].core.session() {
                SessionState::SignedIn { subject, .. } => Some(*subject),
                SessionState::SignedOut { .. } => Some(None),
                SessionState::Restoring { .. } | SessionState::RestoreFailed { .. } => None,
            };
            if shown != Some(expected_session.and_then(number)) {
                self.fail(format!("tab {tab} shows {shown:?}, the session is {expected_session:?}"));
            }
        }
        if let (None, Some((sid, _))) = (self.expected_session, self.browser.cookie)
            && self.server.alive(sid)
        {
            self.fail(format!("the user signed out, but session {sid} is alive and the browser has its cookie"));
        }
    }

    pub fn notified(&mut self, tab: usize, event: Event) {
        if event != Event::SignedOut {
            return;
        }
        let Some(reason) = self.tabs[tab].core.session().signed_out_reason() else { return };
        self.note(tab, Note::SignedOut(reason));
        match reason {
            // (After `RestoreFailed` the keys stay in the storage, and the client asks again.)
            SignedOutReason::Logout | SignedOutReason::NoSession | SignedOutReason::RestoreFailed => {}
            SignedOutReason::OtherTab => {
                if self.user_acted_at == 0 {
                    self.fail("signed out by another tab, but no tab did anything".into());
                }
            }
            // A session ends only if it is over on the server.
            _ => {
                let asked = self.tabs[tab].asked_for.is_some_and(|sid| self.server.alive(sid));
                // (A tab that slept while the storage was cleared may trust a stale message.)
                let remembered = |sid: &u32| self.server.born_at(*sid) >= self.cleared_at;
                let true_one = self.expected_session.filter(remembered).is_some_and(|sid| self.server.alive(sid));
                // (The cookie is that of another sign-in of this user, which a thief used.)
                let alarm = self.tabs[tab].asked_for.is_some_and(|sid| self.server.sessions[sid as usize].alarm);
                // (A user who signs in and out in two tabs at the same moment may end up signed out.)
                if (asked || true_one) && !alarm && !self.ambiguous {
                    self.fail(format!("signed out ({reason:?}) of a session that is alive"));
                }
                // The user learns that the session is over, and may sign in again.
                self.expected_session = self.expected_session.filter(|sid| !alarm && self.server.alive(*sid));
            }
        }
    }

    /// a revocation leaves only with the cookie of a sign-in that the user has ended.
    pub fn check_revocation(&mut self) {
        let newer =
            self.browser.cookie.filter(|(sid, _)| self.server.alive(*sid)).filter(|(sid, _)| {
                self.sign_ins.get(sid).is_some_and(|signed_in_at| *signed_in_at > self.signed_out_at)
            });
        if let Some((sid, _)) = newer {
            self.fail(format!("a revocation left with the cookie of session {sid}, which is newer than the logout"));
        }
    }

    /// A tab steals the lock only from a holder that is lost, or that stole it.
    pub fn check_lost(&mut self, tab: usize) {
        let Some((holder, page, request)) = self.browser.holder else { return };
        let Some(it) = self.tabs.get(holder) else { return };
        // (A tab that has held the lock for a moment only got it from a tab that crashed.)
        let long = self.browser.held_since + CONFIG.timeout <= self.now;
        let lives = long && !it.asleep && it.page == page && it.stolen_for != Some(request);
        let undisturbed = it.disturbed_at.max(self.tabs[tab].disturbed_at) + 2 * CONFIG.timeout < self.now;
        if lives && undisturbed {
            self.fail(format!("tab {tab} stole the lock from tab {holder}, which is alive"));
        }
    }

    /// Two refreshes are never in flight at once, unless the lock was lost.
    pub fn check_alone(&mut self, tab: usize, request: RequestId) {
        if self.tabs[tab].stolen_for == Some(request) {
            return;
        }
        let alone_since = self.tabs[tab].disturbed_at;
        let other = self.tabs.iter().enumerate().find(|(other, it)| {
            let refresh = it.message.map(|message| &self.messages[&message]);
            *other != tab
                && !it.asleep
                && refresh.is_some_and(|message| {
                    !message.over
                        && it.stolen_for != Some(message.request)
                        && message.kind == Kind::Refresh
                        && it.disturbed_at < message.sent_at
                        && alone_since < message.sent_at
                })
        });
        if let Some((other, _)) = other {
            self.fail(format!("tabs {tab} and {other} refresh at once"));
        }
    }

    /// every call and every login settles, and a tab that can have a token has one.
    pub fn check_liveness(&mut self) {
        let calm = self.faults.is_calm();
        for tab in 0..self.tabs.len() {
            if self.tabs[tab].core.session().signed_out_reason().is_some() {
                self.tabs[tab].without_token_since = None;
            }
            let it = &self.tabs[tab];
            let awake_since = it.disturbed_at;
            if it.asleep || awake_since + 20 * SECOND > self.now {
                continue;
            }
            let login_since = it.login_since.map(|since| since.max(awake_since));
            if login_since.is_some_and(|since| since + 2 * MINUTE < self.now) {
                self.fail(format!("tab {tab}: a login was never settled"));
            }
            let it = &self.tabs[tab];
            let oldest = it.waiting.iter().map(|(since, _)| *since).min().map(|since| since.max(awake_since));
            if let Some(since) = oldest.filter(|since| since + CONFIG.timeout + SECOND < self.now) {
                self.fail(format!("tab {tab}: a call has waited for {} ms and still waits", self.now - since));
            }
            let without = self.tabs[tab].without_token_since.map(|since| since.max(awake_since));
            if let Some(since) = without.filter(|since| calm && since + 3 * HOUR < self.now) {
                self.fail(format!("tab {tab} has had no token for {} min", (self.now - since) / MINUTE));
            }
        }
        let old = self.message_count.saturating_sub(500);
        self.messages = self.messages.split_off(&old);
    }

    pub fn count_timer(&mut self, tab: usize) {
        if count_recent(&mut self.tabs[tab].timer_times, self.now, SECOND) > 50 {
            self.fail("a timer fires again and again".into());
        }
    }
}
