//! Carries the outputs of the cores out, as the bindings do in a browser.

use std::iter;

use tokenward::core::{
    Admission, CrossTabMessage, ErrorCode, Failure, Input, Millis, Output, RequestId, TIMER_MAX, TokenId,
};

use super::mutation::Mutation;
use super::network::Kind;
use super::simulation::{CONFIG, MESSAGE_DELAY, MINUTE, SECOND, SimEvent, Simulation};
use super::trace::Note;

impl Simulation {
    /// Hands the core an input and carries the outputs out, as the bindings do.
    pub fn handle(&mut self, tab: usize, input: Input) -> Option<Admission> {
        if !matches!(input, Input::RequestToken { .. }) {
            self.note(tab, Note::Input(input));
        }
        let now = self.now + self.tabs[tab].ahead;
        let admission = self.tabs[tab].core.handle(input, now);
        let outputs: Vec<_> = iter::from_fn(|| self.tabs[tab].core.poll()).collect();
        let mut released = Vec::new();
        for output in outputs {
            if self.trace.keep_all {
                self.note(tab, Note::Output(output));
            }
            self.carry_out(tab, output, &mut released);
        }
        // Promises settle after the outputs are carried out.
        for (since, second) in released {
            match self.tabs[tab].present {
                Some(_) => self.send(tab, second),
                None => self.note(tab, Note::AdmittedLate(since)),
            }
        }
        admission
    }

    fn carry_out(&mut self, tab: usize, output: Output, released: &mut Vec<(Millis, bool)>) {
        match output {
            // (Every tab of the simulation sees what another one wrote at once.)
            Output::RequestLock(request) | Output::RequestSettledLock(request) => {
                let claim = (tab, self.tabs[tab].page, request);
                self.browser.queue.push_back(claim);
                if let Some(next) = self.browser.next_holder(self.now) {
                    self.grant_lock(next);
                }
            }
            Output::StealLock(request) => self.steal_lock(tab, request),
            Output::ReleaseLock => {
                if let Some(next) = self.browser.release(tab, self.now) {
                    self.grant_lock(next);
                }
            }
            Output::SendRefresh(request) | Output::SendLogin(request) | Output::SendRevocation { request, .. }
                if self.tabs[tab].never_sent == Some(request) => {}
            Output::SendRefresh(request) => self.send_request(tab, request, Kind::Refresh),
            Output::SendLogin(request) => {
                let user = self.tabs[tab].login_as;
                self.send_request(tab, request, Kind::Login(user));
            }
            Output::SendRevocation { request, .. } => self.send_request(tab, request, Kind::Logout),
            Output::AbortAuthRequest => self.cancel(tab),
            Output::SetToken { token, fresh_for } => self.adopt(tab, token, fresh_for),
            Output::BlockCalls => self.tabs[tab].fresh_until = 0,
            Output::ClearTokens if self.faults.mutation == Some(Mutation::KeepTokenAtLogout) => {}
            Output::ClearTokens => {
                self.tabs[tab].present = None;
                self.tabs[tab].fresh_until = 0;
            }
            Output::StoreNewKey
            | Output::RemoveKey
            | Output::ReplaceIdempotencyKey
            | Output::AdoptStoredKey
            | Output::UseProbeKey
            | Output::StorePendingRevocation
            | Output::ClearPendingRevocation
            | Output::StoreNotBefore(_)
            | Output::ClearNotBefore => self.write_storage(tab, output),
            Output::Broadcast(message) => self.broadcast(tab, message),
            Output::SetTimer(after) => self.set_timer(tab, after),
            Output::SettleWaiters(result) => released.extend(self.settle(tab, result)),
            Output::Notify(event) => self.notified(tab, event),
            Output::SettleLogin(Ok(())) => self.login_settled(tab),
            Output::SettleLogin(Err(_)) => self.tabs[tab].login_since = None,
            Output::AbortCalls | Output::DiscardToken(_) | Output::SettleLogout { .. } => {}
        }
    }

    fn steal_lock(&mut self, tab: usize, request: RequestId) {
        if self.faults.mutation == Some(Mutation::WaitForLockForever) {
            self.tabs[tab].never_sent = Some(request);
            return;
        }
        self.stolen_locks += 1;
        self.check_lost(tab);
        if let Some((holder, _, lost)) = self.browser.holder.filter(|holder| holder.0 < self.tabs.len()) {
            self.tabs[holder].stolen_for = Some(lost); // This tab no longer holds it.
        }
        self.tabs[tab].stolen_for = Some(request);
        self.browser.queue.retain(|claim| claim.0 != tab);
        let claim = (tab, self.tabs[tab].page, request);
        self.browser.holder = Some(claim);
        self.grant_lock(claim);
    }

    /// The storage of the origin, as `js/browser/persisted-state.ts` writes it.
    fn write_storage(&mut self, tab: usize, output: Output) {
        match output {
            Output::StoreNewKey => self.tabs[tab].known_key = self.browser.store_new_key(),
            Output::RemoveKey => self.browser.remove_key(&mut self.tabs[tab].known_key),
            Output::ReplaceIdempotencyKey if self.faults.mutation == Some(Mutation::ConstantKey) => {}
            Output::ReplaceIdempotencyKey => {
                // Another tab may have begun the next rotation with the key that is stored now.
                let replaces_any = self.faults.mutation == Some(Mutation::ReplacesAnyKey);
                if replaces_any || self.browser.idempotency_key == self.tabs[tab].sent_key {
                    self.browser.replace_idempotency_key();
                }
            }
            Output::AdoptStoredKey => {
                self.browser.probe_key = None;
                self.browser.key = self.browser.key.or(self.tabs[tab].known_key);
                self.tabs[tab].known_key = self.browser.key.or_else(|| self.browser.store_new_key());
            }
            Output::UseProbeKey => {
                let known = self.tabs[tab].known_key.or(self.browser.probe_key);
                self.browser.probe_key = known.or_else(|| Some(self.browser.new_key()));
                self.tabs[tab].known_key = self.browser.probe_key;
            }
            Output::StorePendingRevocation => self.browser.pending_revocation = true,
            Output::ClearPendingRevocation => self.browser.pending_revocation = false,
            Output::StoreNotBefore(wait) => {
                self.browser.not_before = self.browser.not_before.max(self.now + wait);
            }
            Output::ClearNotBefore => self.browser.not_before = 0,
            _ => {}
        }
    }

    fn login_settled(&mut self, tab: usize) {
        let id = self.tabs[tab].present;
        self.tabs[tab].login_since = None;
        self.expected_session = id.map(|id| self.tabs[tab].tokens[&id].0);
        if let Some(sid) = self.expected_session {
            self.sign_ins.insert(sid, self.now);
        }
        self.user_acted_at = self.now;
        self.ambiguous = self.signed_out_at > 0 && self.signed_out_at + CONFIG.timeout > self.now;
    }

    pub fn grant_lock(&mut self, (tab, page, request): (usize, u32, RequestId)) {
        self.plan(1, SimEvent::LockGranted { tab, page, request: request.0 });
    }

    pub fn broadcast(&mut self, tab: usize, message: CrossTabMessage) {
        let key = match &message {
            CrossTabMessage::SignedOut { .. } => self.tabs[tab].known_key,
            _ => self.browser.key,
        };
        self.messages_of_tabs.push((message, key));
        for other in (0..self.tabs.len()).filter(|other| *other != tab) {
            let way = 1 + self.random.below(MESSAGE_DELAY);
            let (page, message) = (self.tabs[other].page, self.messages_of_tabs.len() - 1);
            self.plan(way, SimEvent::Receives { tab: other, page, message });
        }
    }

    pub fn adopt(&mut self, tab: usize, token: TokenId, fresh_for: Option<Millis>) {
        let Some((_, ends_at)) = self.tabs[tab].tokens.get(&token).copied() else {
            return self.fail(format!("{token:?} was set but never arrived"));
        };
        if fresh_for.is_some_and(|span| span > 0 && self.now + span > ends_at) {
            self.fail(format!("{token:?} is used beyond its lifetime"));
        }
        let late = if self.faults.mutation == Some(Mutation::NegativeMargin) { MINUTE } else { 0 };
        self.tabs[tab].present = Some(token);
        self.tabs[tab].fresh_until = self.now.saturating_add(fresh_for.unwrap_or(u64::MAX)).saturating_add(late);
    }

    pub fn set_timer(&mut self, tab: usize, after: Option<Millis>) {
        self.tabs[tab].timer = None;
        if let Some(mut after) = after {
            if after > TIMER_MAX {
                self.fail(format!("a timer of {after} ms"));
            }
            if after == TIMER_MAX && self.faults.mutation == Some(Mutation::TimerOverflow) {
                after = 0;
            }
            self.timers += 1;
            self.tabs[tab].timer = Some(self.timers);
            let page = self.tabs[tab].page;
            self.plan(after, SimEvent::Timer { tab, page, number: self.timers });
        }
    }

    /// Settles the calls that wait. Returns those that are sent.
    pub fn settle(&mut self, tab: usize, result: Result<(), Failure>) -> Vec<(Millis, bool)> {
        self.tabs[tab].settles += 1;
        if self.faults.mutation == Some(Mutation::LoseWaiters) && self.tabs[tab].settles.is_multiple_of(10) {
            return Vec::new();
        }
        let waiting = std::mem::take(&mut self.tabs[tab].waiting);
        let undisturbed_since = self.tabs[tab].disturbed_at;
        for (since, _) in &waiting {
            let waited = self.now - since;
            if waited > CONFIG.timeout + SECOND && undisturbed_since < *since {
                self.fail(format!("a call waited for {waited} ms"));
            }
            if let Err(failure) = result {
                self.unanswered(tab, failure);
            }
        }
        if result.is_ok() { waiting } else { Vec::new() }
    }

    pub fn unanswered(&mut self, tab: usize, failure: Failure) {
        if failure.code == ErrorCode::RefreshUnavailable {
            self.unanswered += 1;
            let now = self.now;
            self.tabs[tab].without_token_since.get_or_insert(now);
        }
    }
}
