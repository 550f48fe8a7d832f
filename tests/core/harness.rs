//! A core with a simulated browser around it: storage, a lock, and the outputs of the last input.

pub use std::iter;
use std::num::NonZeroU32;

pub use tokenward::core::{
    Admission, Attempt, Config, Core, CrossTabMessage, ErrorCode, Event, Failure, HintState, Input, IssuedToken,
    LoginOutcome, LogoutScope, MIN_RENEWAL_GAP, Millis, Output, Place, RefreshOutcome, RequestId, Restore,
    RevocationOutcome, SessionRelation, SessionState, SignedOutReason, StorageSnapshot, Subject, SubjectId, TIMER_MAX,
    TokenId,
};

pub const CONFIG: Config = Config { renew_before: 60_000, timeout: 10_000, restore: Restore::Auto, cross_tab: true };
pub const LIFETIME: Millis = 900_000;
/// The storage holds what the client knows.
pub const SAME: StorageSnapshot = StorageSnapshot { hint: HintState::Same, pending_revocation: false, wait: 0 };
pub const OTHER: StorageSnapshot = StorageSnapshot { hint: HintState::Other, ..SAME };
pub const REMOVED: StorageSnapshot = StorageSnapshot { hint: HintState::Removed, ..SAME };
pub const RESUMED: Input = Input::Resumed { storage: SAME };
pub const LOGOUT: Input = Input::Logout { scope: LogoutScope::Session };
pub const LOGOUT_MESSAGE: CrossTabMessage = CrossTabMessage::SignedOut { reason: SignedOutReason::Logout };

/// The number of a user, as the token store would give it.
pub fn subject_of(user: &str) -> Subject {
    NonZeroU32::new(user.bytes().map(u32::from).sum()).map(SubjectId)
}

pub fn signed_in_as(user: &str) -> CrossTabMessage {
    CrossTabMessage::SignedIn { subject: subject_of(user) }
}

pub fn refreshed_for(user: &str) -> CrossTabMessage {
    CrossTabMessage::Refreshed { subject: subject_of(user) }
}

pub fn outputs(core: &mut Core) -> Vec<Output> {
    iter::from_fn(|| core.poll()).collect()
}

/// A core and the outputs of the last input.
pub struct Harness {
    pub core: Core,
    pub now: Millis,
    pub admission: Option<Admission>,
    pub out: Vec<Output>,
    pub tokens: u32,
    /// Whether the lock is granted as soon as it is requested. If not, a test grants it.
    pub lock_is_free: bool,
    /// Whether the storage notes a sign-out that the server has not confirmed.
    pending_revocation: bool,
}

impl Harness {
    /// A client that starts in a browser with or without a session hint.
    pub fn new(config: Config, hint: bool) -> Self {
        Self::starting(config, if hint { OTHER } else { SAME })
    }

    pub fn starting(config: Config, storage: StorageSnapshot) -> Self {
        let mut client = Self {
            core: Core::new(config, 42),
            now: 0,
            admission: None,
            out: Vec::new(),
            tokens: 0,
            lock_is_free: true,
            pending_revocation: false,
        };
        client.handle(Input::Start { storage });
        client
    }

    /// Signed in, with a token of 900 s.
    pub fn signed_in() -> Self {
        let mut client = Self::new(CONFIG, false);
        client.log_in("ada", Some(LIFETIME));
        client
    }

    /// Signed in, the token expired, a refresh waits for the lock.
    pub fn awaiting_lock() -> (Self, RequestId) {
        let mut client = Self::signed_in();
        client.lock_is_free = false;
        client.at(LIFETIME).request_token();
        let request = client.requested_lock().expect("the client requests the lock");
        (client, request)
    }

    /// Nine refreshes failed in a row; the next one follows after a long backoff.
    pub fn backing_off() -> Self {
        let mut client = Self::signed_in();
        client.at(LIFETIME).request_token();
        let mut request = client.expect_refresh();
        for _ in 0..8 {
            client.refresh_fails(request, None);
            client.handle(RESUMED);
            request = client.expect_refresh();
        }
        client.refresh_fails(request, None);
        client
    }

    /// Signed out, and the server has not confirmed the revocation.
    pub fn signed_out_offline() -> Self {
        let mut client = Self::signed_in();
        client.handle(LOGOUT).revocation_completes(RevocationOutcome::Retry);
        client
    }

    /// A page that four answers of a captive portal signed out.
    pub fn restore_failed() -> Self {
        let mut client = Self::new(CONFIG, true);
        let mut request = client.expect_refresh();
        loop {
            client.portal_answers(request);
            if client.signed_out_reason().is_some() {
                return client;
            }
            let now = client.now + client.timer().expect("the client asks again");
            request = client.at(now).handle(Input::TimerElapsed).expect_refresh();
        }
    }

    /// A captive portal answers a refresh with its own page, status 200.
    pub fn portal_answers(&mut self, request: RequestId) -> &mut Self {
        let failure = Failure { code: ErrorCode::MalformedResponse, status: Some(200), retry_after: None };
        self.handle(Input::RefreshCompleted { request, outcome: RefreshOutcome::Retry(failure) })
    }

    /// Hands the core an input, and grants the locks that it requests, if the lock is free, and those that it steals.
    pub fn handle(&mut self, input: Input) -> &mut Self {
        if let Input::Start { storage } | Input::LockGranted { storage, .. } | Input::Resumed { storage } = input {
            self.pending_revocation |= storage.pending_revocation;
        }
        self.admission = self.core.handle(input, self.now);
        self.out = self.take_outputs();
        let mut granted = 0;
        while granted < self.out.len() {
            let request = match self.out[granted] {
                Output::RequestLock(request) | Output::RequestSettledLock(request) if self.lock_is_free => {
                    self.out.remove(granted);
                    request
                }
                Output::StealLock(request) => {
                    granted += 1;
                    request
                }
                _ => {
                    granted += 1;
                    continue;
                }
            };
            let storage = StorageSnapshot { pending_revocation: self.pending_revocation, ..SAME };
            self.core.handle(Input::LockGranted { request, storage }, self.now);
            let more = self.take_outputs();
            self.out.extend(more);
        }
        self
    }

    fn take_outputs(&mut self) -> Vec<Output> {
        let outputs = outputs(&mut self.core);
        for output in &outputs {
            match output {
                Output::StorePendingRevocation => self.pending_revocation = true,
                Output::ClearPendingRevocation => self.pending_revocation = false,
                _ => {}
            }
        }
        outputs
    }

    pub fn at(&mut self, now: Millis) -> &mut Self {
        self.now = now;
        self
    }

    pub fn issue(&mut self, user: &str, lifetime: Option<Millis>) -> IssuedToken {
        self.tokens += 1;
        IssuedToken { id: TokenId(self.tokens), lifetime, subject: subject_of(user), renewable: true }
    }

    pub fn log_in(&mut self, user: &str, lifetime: Option<Millis>) -> &mut Self {
        self.handle(Input::Login);
        let request = self.expect_login();
        let outcome = LoginOutcome::SignedIn(self.issue(user, lifetime));
        self.handle(Input::LoginCompleted { request, outcome })
    }

    pub fn refresh_succeeds(&mut self, request: RequestId, lifetime: Option<Millis>) -> &mut Self {
        let outcome = RefreshOutcome::Renewed(self.issue("ada", lifetime));
        self.handle(Input::RefreshCompleted { request, outcome })
    }

    /// The server answers 503.
    pub fn refresh_fails(&mut self, request: RequestId, retry_after: Option<Millis>) -> &mut Self {
        let failure = Failure { code: ErrorCode::ServerError, status: Some(503), retry_after };
        self.handle(Input::RefreshCompleted { request, outcome: RefreshOutcome::Retry(failure) })
    }

    pub fn revocation_completes(&mut self, outcome: RevocationOutcome) -> &mut Self {
        let request = self.sent_revocation().expect("a revocation is sent");
        self.handle(Input::RevocationCompleted { request, outcome })
    }

    pub fn receive(&mut self, message: CrossTabMessage, relation: SessionRelation) -> &mut Self {
        self.handle(Input::MessageReceived { message, relation })
    }

    pub fn grant_lock(&mut self, request: RequestId, storage: StorageSnapshot) -> &mut Self {
        self.handle(Input::LockGranted { request, storage })
    }

    pub fn request_token(&mut self) -> Admission {
        self.handle(Input::RequestToken { min_validity: 0 });
        self.admission()
    }

    pub fn token_rejected(&mut self, token: u32, attempt: Attempt) -> Admission {
        self.token_rejected_at(Place(0), token, attempt)
    }

    pub fn token_rejected_at(&mut self, place: Place, token: u32, attempt: Attempt) -> Admission {
        self.handle(Input::TokenRejected { token: TokenId(token), place, attempt });
        self.admission()
    }

    fn find<T>(&self, pick: impl Fn(&Output) -> Option<T>) -> Option<T> {
        self.out.iter().find_map(pick)
    }

    pub fn requested_lock(&self) -> Option<RequestId> {
        self.find(|output| match output {
            Output::RequestLock(request) | Output::RequestSettledLock(request) => Some(*request),
            _ => None,
        })
    }

    pub fn sent_refresh(&self) -> Option<RequestId> {
        self.find(|output| if let Output::SendRefresh(request) = output { Some(*request) } else { None })
    }

    pub fn expect_refresh(&self) -> RequestId {
        self.sent_refresh().expect("a refresh is sent")
    }

    pub fn sent_login(&self) -> Option<RequestId> {
        self.find(|output| if let Output::SendLogin(request) = output { Some(*request) } else { None })
    }

    pub fn expect_login(&self) -> RequestId {
        self.sent_login().expect("a login is sent")
    }

    pub fn sent_revocation(&self) -> Option<RequestId> {
        self.find(|output| if let Output::SendRevocation { request, .. } = output { Some(*request) } else { None })
    }

    pub fn login_result(&self) -> Option<Result<(), ErrorCode>> {
        self.find(|output| match output {
            Output::SettleLogin(result) => Some(result.map_err(|failure| failure.code)),
            _ => None,
        })
    }

    pub fn waiters_result(&self) -> Option<Result<(), ErrorCode>> {
        self.find(|output| match output {
            Output::SettleWaiters(result) => Some(result.map_err(|failure| failure.code)),
            _ => None,
        })
    }

    pub fn refresh_failure(&self) -> Option<(Failure, Option<Millis>)> {
        self.find(|output| match output {
            Output::Notify(Event::RefreshFailed { failure, retry_at }) => Some((*failure, *retry_at)),
            _ => None,
        })
    }

    pub fn broadcast(&self) -> Option<CrossTabMessage> {
        self.find(|output| if let Output::Broadcast(message) = output { Some(*message) } else { None })
    }

    pub fn admission(&self) -> Admission {
        self.admission.expect("an admission")
    }

    pub fn rejection(&self) -> Option<ErrorCode> {
        match self.admission() {
            Admission::Reject(failure) => Some(failure.code),
            _ => None,
        }
    }

    /// The delay of the timer that was set last.
    pub fn timer(&self) -> Option<Millis> {
        self.out.iter().rev().find_map(|output| match output {
            Output::SetTimer(after) => Some(*after),
            _ => None,
        })?
    }

    pub fn emitted(&self, output: &Output) -> bool {
        self.out.contains(output)
    }

    pub fn signed_out_reason(&self) -> Option<SignedOutReason> {
        self.core.session().signed_out_reason()
    }

    pub fn is_signed_in(&self) -> bool {
        matches!(self.core.session(), SessionState::SignedIn { .. })
    }

    pub fn is_restoring(&self) -> bool {
        matches!(self.core.session(), SessionState::Restoring { .. })
    }
}
