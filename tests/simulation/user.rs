//! What users, apps and machines do: calls, logins, reloads, sleep, clock jumps.

use tokenward::core::{Admission, Attempt, Config, Core, Input, LogoutScope, Place, SessionState};

use super::faults::Naming;
use super::mutation::Mutation;
use super::simulation::{CONFIG, HOUR, SECOND, SimEvent, Simulation, USERS, number};
use super::trace::Note;

impl Simulation {
    /// The app makes a call, or the user does something else.
    pub fn app(&mut self, tab: usize) {
        if self.quiet {
            return;
        }
        let pause = self.random_up_to(600 * SECOND);
        self.plan(1 + pause, SimEvent::App { tab });
        if self.chance(self.faults.clock_jumps) {
            self.jump_clock(tab);
        }
        if self.chance(self.faults.clears) {
            self.note(tab, Note::Text("the storage is cleared"));
            self.browser.key = None;
            self.browser.idempotency_key = None;
            (self.user_acted_at, self.cleared_at) = (self.now, self.now);
        }
        let signed_in = matches!(self.tabs[tab].core.session(), SessionState::SignedIn { .. });
        let signed_out = self.tabs[tab].core.session().signed_out_reason().is_some();
        if signed_in && self.chance(self.faults.switches) {
            self.switches += 1;
            let user = USERS[self.random.below(2) as usize];
            return self.log_in(tab, user);
        }
        match self.random.below(100) {
            0 => self.reload(tab),
            action if signed_in && (action == 1 || self.chance(self.faults.sign_outs)) => {
                self.note(tab, Note::Text("signs out"));
                self.expected_session = None;
                (self.user_acted_at, self.signed_out_at) = (self.now, self.now);
                self.tabs[tab].login_since = None;
                self.handle(tab, Input::Logout { scope: LogoutScope::Session });
            }
            2 | 3 => self.sleep(tab),
            4 => {
                self.handle(tab, Input::Refresh);
            }
            _ if signed_out && self.expected_session.is_none() && self.random.below(2) == 0 => {
                let users = if self.faults.sign_outs > 0 { 2 } else { 1 };
                let user = USERS[self.random.below(users) as usize];
                self.log_in(tab, user);
            }
            _ => self.call(tab),
        }
    }

    pub fn log_in(&mut self, tab: usize, user: &'static str) {
        let now = self.now;
        self.tabs[tab].login_since = Some(now);
        self.tabs[tab].login_as = user;
        self.handle(tab, Input::Login);
    }

    /// The wall clock jumps ahead in every tab. (A jump back does not change the elapsed time.)
    pub fn jump_clock(&mut self, tab: usize) {
        let by = self.random_up_to(24 * HOUR);
        self.note(tab, Note::ClockJump(by));
        for it in &mut self.tabs {
            it.ahead += by;
            it.disturbed_at = self.now;
        }
    }

    pub fn sleep(&mut self, tab: usize) {
        let hours = 1 + self.random.below(10);
        self.note(tab, Note::Text("falls asleep"));
        self.tabs[tab].asleep = true;
        self.tabs[tab].disturbed_at = self.now;
        self.plan(hours * HOUR, SimEvent::Resumes { tab });
    }

    pub fn resume(&mut self, tab: usize) {
        self.note(tab, Note::Text("resumes"));
        if std::mem::take(&mut self.tabs[tab].asleep) {
            self.tabs[tab].disturbed_at = self.now;
            self.tabs[tab].without_token_since = None;
        }
        let storage = self.browser.snapshot(self.tabs[tab].known_key, self.now);
        self.handle(tab, Input::Resumed { storage });
        while let Some(missed) = self.tabs[tab].pending.pop_front() {
            let soon = self.random_up_to(20);
            self.plan(soon, missed);
        }
    }

    pub fn call(&mut self, tab: usize) {
        self.calls += 1;
        // While the token is fresh, a call needs no admission.
        if self.now < self.tabs[tab].fresh_until {
            return self.send(tab, false);
        }
        self.request_token(tab, false);
    }

    pub fn request_token(&mut self, tab: usize, second: bool) {
        let admission = self.handle(tab, Input::RequestToken { min_validity: 0 });
        self.continue_call(tab, admission, second);
    }

    /// Carries an admission out.
    pub fn continue_call(&mut self, tab: usize, admission: Option<Admission>, second: bool) {
        match admission {
            Some(Admission::Proceed) => self.send(tab, second),
            Some(Admission::Wait) => {
                let now = self.now;
                self.tabs[tab].waiting.push((now, second));
            }
            Some(Admission::Reject(failure)) => self.unanswered(tab, failure),
            Some(Admission::PassThrough) => {}
            None => self.fail("a call got no admission".into()),
        }
    }

    /// Sends a call with the present token. The API may respond 401.
    pub fn send(&mut self, tab: usize, second: bool) {
        let Some(id) = self.tabs[tab].present else {
            return self.fail("a call was admitted without a token".into());
        };
        let (sid, ends_at) = self.tabs[tab].tokens[&id];
        // (A token may expire before its response arrives; then there is no better one.)
        if self.now > ends_at && !self.short_lived {
            self.fail(format!("a token was used {} ms after its expiry", self.now - ends_at));
        }
        match self.tabs[tab].core.session() {
            SessionState::SignedIn { subject, .. }
                if *subject == number(self.server.user(sid)) || self.faults.naming != Naming::ByUser => {}
            other => {
                let report =
                    format!("a call left with the token of {}, while the session is {other:?}", self.server.user(sid));
                self.fail(report);
            }
        }
        self.tabs[tab].without_token_since = None;
        let refused = !self.server.alive(sid) || self.chance(2) || self.chance(self.faults.always_401);
        if !refused {
            return;
        }
        let is_retry = second && self.faults.mutation != Some(Mutation::RetryLoop);
        let attempt = if is_retry { Attempt::Retry } else { Attempt::First };
        let place = Place(self.random.below(3) as u32);
        let admission = self.handle(tab, Input::TokenRejected { token: id, place, attempt });
        self.continue_call(tab, admission, true);
    }

    /// Loads the page again. Only the cookie jar, the storage and the lock queue remain.
    pub fn reload(&mut self, tab: usize) {
        self.note(tab, Note::Text("reloads"));
        let seed = self.random.below(u64::MAX);
        let it = &mut self.tabs[tab];
        it.core = Core::new(Config { restore: self.faults.restore, ..CONFIG }, seed);
        it.page += 1;
        (it.timer, it.message, it.stolen_for, it.present, it.fresh_until) = (None, None, None, None, 0);
        (it.asleep, it.disturbed_at, it.without_token_since) = (false, self.now, None);
        it.tokens.clear();
        it.waiting.clear();
        it.refreshes.clear();
        (it.known_key, it.sent_key, it.login_since) = (None, None, None);
        if let Some(next) = self.browser.release(tab, self.now) {
            self.grant_lock(next);
        }
        self.start(tab);
    }

    pub fn start(&mut self, tab: usize) {
        let storage = self.browser.snapshot(None, self.now);
        self.handle(tab, Input::Start { storage });
    }
}
