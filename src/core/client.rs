//! The core: one state change for each input, then the outputs in the order in which the caller carries them out.

use super::cross_tab::Claim;
use super::futile::FutileRefreshes;
use super::output::OutputQueue;
use super::request::{AuthRequest, PurposeKind};
use super::retry::Retry;
use super::revocation::Revocation;
use super::{
    Admission, Config, Evidence, HintState, Input, Millis, Output, Random, SessionState, StorageSnapshot, TIMER_MAX,
};

/// The state of the client, and the rules by which it changes.
#[derive(Debug)]
pub struct Core {
    pub(super) config: Config,
    pub(super) random: Random,
    pub(super) session: SessionState,
    /// The auth request that waits for the lock or is in flight.
    pub(super) request: Option<AuthRequest>,
    pub(super) request_count: u32,
    pub(super) revocation: Revocation,
    pub(super) retry: Retry,
    pub(super) futile: FutileRefreshes,
    pub(super) claim: Claim,
    /// Since when at least one call waits for a token.
    pub(super) waiters_since: Option<Millis>,
    pub(super) visibility: Visibility,
    /// The moment for which the timer is set.
    pub(super) timer_at: Option<Millis>,
    outputs: OutputQueue,
}

/// Whether the user can see the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Visibility {
    Visible,
    /// Only calls that wait for a token set a timer.
    Hidden,
}

impl Core {
    /// A client before its start. The seed spreads its renewals and retries, so each client needs a different seed.
    pub fn new(config: Config, seed: u64) -> Self {
        Self {
            config,
            random: Random::new(seed),
            session: SessionState::Restoring { evidence: Evidence::None, previous: None },
            request: None,
            request_count: 0,
            revocation: Revocation::None,
            retry: Retry::default(),
            futile: FutileRefreshes::default(),
            claim: Claim::None,
            waiters_since: None,
            visibility: Visibility::Visible,
            timer_at: None,
            outputs: OutputQueue::default(),
        }
    }

    /// The session state.
    pub fn session(&self) -> &SessionState {
        &self.session
    }

    /// Takes what happened and when. Returns an [`Admission`] for the inputs that ask for one. [`Core::poll`] returns what
    /// to do.
    pub fn handle(&mut self, input: Input, now: Millis) -> Option<Admission> {
        let mut admission = None;
        match input {
            Input::Start { storage } => admission = Some(self.start(storage, now)),
            Input::RequestToken { min_validity } => admission = Some(self.request_token(min_validity, now)),
            Input::Refresh => admission = Some(self.refresh_now(now)),
            Input::Restore => admission = Some(self.restore_now(now)),
            Input::TokenRejected { token, place, attempt } => {
                admission = Some(self.token_rejected(token, place, attempt, now));
            }
            Input::Login => self.login(now),
            Input::Logout { scope } => self.logout(scope, now),
            Input::LockGranted { request, storage } => self.lock_granted(request, self.observe(storage), now),
            Input::RefreshCompleted { request, outcome } => self.refresh_completed(request, outcome, now),
            Input::LoginCompleted { request, outcome } => self.login_completed(request, outcome, now),
            Input::RevocationCompleted { request, outcome } => self.revocation_completed(request, outcome, now),
            Input::MessageReceived { message, relation } => self.message_received(message, relation, now),
            Input::Hidden => self.visibility = Visibility::Hidden,
            Input::TimerElapsed => self.timer_elapsed(now),
            Input::Resumed { storage } => self.resumed(self.observe(storage), now),
        }
        if self.request.is_none() && self.refresh_due_at().is_some_and(|due| due <= now) {
            self.request_auth(PurposeKind::Refresh, now);
        }
        self.update_timer(now);
        admission
    }

    /// The next thing to do. The caller does them in this order.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop()
    }

    /// Drops every output that was not polled.
    pub fn discard_outputs(&mut self) {
        self.outputs.clear();
    }

    /// Queues an output. (Not inlined: it has some fifty callers, and each copy would contain the growth of the queue.)
    #[inline(never)]
    pub(super) fn emit(&mut self, output: Output) {
        self.outputs.push(output);
    }

    /// The snapshot that the client uses: with `cross_tab` off, it ignores changes of the hint after the start.
    fn observe(&self, storage: StorageSnapshot) -> StorageSnapshot {
        if self.config.cross_tab { storage } else { StorageSnapshot { hint: HintState::Same, ..storage } }
    }

    pub(super) fn timer_elapsed(&mut self, now: Millis) {
        self.timer_at = None;
        if self.request_deadline().is_some_and(|deadline| deadline <= now) {
            self.request_overdue(now);
        }
        if self.waiter_deadline().is_some_and(|deadline| deadline <= now) {
            self.reject_waiters(now);
        }
    }

    /// Whether the page is hidden and no call waits: the next call, or the return of the user, renews what is due.
    pub(super) fn is_dormant(&self) -> bool {
        self.visibility == Visibility::Hidden && self.waiters_since.is_none()
    }

    fn update_timer(&mut self, now: Millis) {
        let due = if self.request.is_some() {
            self.request_deadline()
        } else {
            self.refresh_due_at().filter(|_| !self.is_dormant())
        };
        let at = due.into_iter().chain(self.waiter_deadline()).min();
        if at != self.timer_at {
            self.timer_at = at;
            self.emit(Output::SetTimer(at.map(|at| at.saturating_sub(now).min(TIMER_MAX))));
        }
    }
}
