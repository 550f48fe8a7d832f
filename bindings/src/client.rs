//! What JavaScript calls, and the loop that carries the core's outputs out.

use std::cell::{Cell, RefCell};
use std::num::NonZeroU32;

use tokenward::core::{
    self, Admission, Attempt, AuthResponse, Config, Core, CrossTabMessage, Event, Failure, HttpResponse, Input,
    IssuedToken, LogoutScope, Millis, Output, Place, RequestId, SessionState, StorageSnapshot, Subject, SubjectId,
    TokenId, lifetime, login_outcome, refresh_outcome, revocation_outcome,
};
use wasm_bindgen::prelude::*;

use crate::host::{Admitted, Host};
use tokenward::clock::Clock;
use tokenward::names::{
    AuthEvent, Endpoint, MessageType, RequestFailure, RestoreMode, SessionErrorCode, SessionRelation, SessionStatus,
    SignedOutReason,
};

/// The auth client of one page or worker. The TypeScript class `AuthClient` is its public face; the host has the tokens.
#[wasm_bindgen]
pub struct Client {
    host: Host,
    core: RefCell<Core>,
    clock: Clock,
    /// Whether outputs are being carried out. An output may call the app, which may call back: its input is handled afterwards.
    draining: Cell<bool>,
    disposed: Cell<bool>,
}

#[wasm_bindgen]
impl Client {
    /// A client before its start; it sends nothing yet. Durations are milliseconds. The seed is any random number: it
    /// spreads renewals and retries.
    #[wasm_bindgen(constructor)]
    pub fn new(host: Host, renew_before: f64, timeout: f64, restore: RestoreMode, cross_tab: bool, seed: u32) -> Self {
        let (renew_before, timeout) = (renew_before as Millis, timeout as Millis);
        let config = Config { renew_before, timeout, restore: restore.into(), cross_tab };
        Self {
            host,
            core: RefCell::new(Core::new(config, u64::from(seed))),
            clock: Clock::start(),
            draining: Cell::new(false),
            disposed: Cell::new(false),
        }
    }

    /// Starts, and restores the session if the options say so. The promise settles when the restore has completed, or
    /// when the app has waited for `timeout`.
    pub fn start(&self) -> Admitted {
        self.ask(Input::Start { storage: self.storage() })
    }

    /// Asks for a token that is valid for `min_validity` ms. Resolves when the call may be sent; rejects with an
    /// `AuthError`.
    #[wasm_bindgen(js_name = requestToken)]
    pub fn request_token(&self, min_validity: f64) -> Admitted {
        self.ask(Input::RequestToken { min_validity: min_validity as Millis })
    }

    /// An API answered 401 to the first attempt of a call. `place` is a number of its URL without the query. Resolves with `true` if the call is to be sent again, with
    /// `false` if the caller gets the 401; rejects with an `AuthError`.
    #[wasm_bindgen(js_name = tokenRejected)]
    pub fn token_rejected(&self, token: u32, place: u32) -> Admitted {
        self.ask(Input::TokenRejected { token: TokenId(token), place: Place(place), attempt: Attempt::First })
    }

    /// An API answered 401 to the second attempt, which carried this token. Resolves with `false`: the caller gets the 401;
    /// rejects with an `AuthError` if the session ended meanwhile.
    #[wasm_bindgen(js_name = retryRejected)]
    pub fn retry_rejected(&self, token: u32, place: u32) -> Admitted {
        self.ask(Input::TokenRejected { token: TokenId(token), place: Place(place), attempt: Attempt::Retry })
    }

    /// Renews now. Resolves when there is a new token.
    pub fn refresh(&self) -> Admitted {
        self.ask(Input::Refresh)
    }

    /// Asks the server whether it has a session, also after a logout. Resolves when there is a token.
    pub fn restore(&self) -> Admitted {
        self.ask(Input::Restore)
    }

    /// Signs in with the credentials that the host holds. The host settles the login.
    pub fn login(&self) {
        if self.disposed.get() {
            return self.settle_login(Err(Failure::of(core::ErrorCode::Disposed)));
        }
        self.handle(Input::Login);
    }

    /// Signs out of this session. The host settles the logout.
    pub fn logout(&self) {
        self.sign_out(LogoutScope::Session);
    }

    /// Signs out of every session of the user. The host settles the logout.
    #[wasm_bindgen(js_name = logoutAll)]
    pub fn logout_all(&self) {
        self.sign_out(LogoutScope::Global);
    }

    /// Whether a page must note a logout in the storage before it hands the logout to the worker of this client.
    #[wasm_bindgen(js_name = mustStoreLogout)]
    pub fn must_store_logout(&self) -> bool {
        self.core.borrow().must_store_logout()
    }

    /// The reason in the tabs that did not call `logout` themselves.
    #[wasm_bindgen(js_name = reasonInOtherTabs)]
    pub fn reason_in_other_tabs(reason: SignedOutReason) -> SignedOutReason {
        core::SignedOutReason::from(reason).in_other_tabs().into()
    }

    /// An auth request has an HTTP response. `retry_after` is in ms (0: none). `token` is the number of the access token in
    /// the body (0: none), the two lifetimes are in seconds (NaN: not stated), and `subject` is the number of the user (0:
    /// not named). `renewable`: whether a refresh token or a cookie can renew the token.
    #[expect(clippy::too_many_arguments, reason = "an object with one getter per field costs 200 bytes (brotli) more")]
    pub fn completed(
        &self,
        endpoint: Endpoint,
        request: u32,
        status: u16,
        code: Option<SessionErrorCode>,
        retry_after: f64,
        token: u32,
        expires_in: f64,
        jwt_lifetime: f64,
        subject: u32,
        renewable: bool,
    ) {
        let token = (token > 0).then(|| IssuedToken {
            id: TokenId(token),
            lifetime: lifetime(expires_in, jwt_lifetime),
            subject: subject_of(subject),
            renewable,
        });
        let retry_after = (retry_after > 0.0).then_some(retry_after as Millis);
        let response = HttpResponse { status, code: code.map(Into::into), retry_after, token };
        self.responded(endpoint, RequestId(request), AuthResponse::Http(response));
    }

    /// An auth request has no HTTP response.
    pub fn failed(&self, endpoint: Endpoint, request: u32, failure: RequestFailure) {
        let response = match failure {
            RequestFailure::NotSent => AuthResponse::NotSent,
            _ => AuthResponse::NetworkError,
        };
        self.responded(endpoint, RequestId(request), response);
    }

    /// The delay of `Host.setTimer` is over.
    #[wasm_bindgen(js_name = timerElapsed)]
    pub fn timer_elapsed(&self) {
        self.handle(Input::TimerElapsed);
    }

    /// The lock was granted for this auth request.
    #[wasm_bindgen(js_name = lockGranted)]
    pub fn lock_granted(&self, request: u32) {
        self.handle(Input::LockGranted { request: RequestId(request), storage: self.storage() });
    }

    /// Another tab sent a message.
    #[wasm_bindgen(js_name = messageReceived)]
    pub fn message_received(
        &self,
        relation: SessionRelation,
        message: MessageType,
        subject: u32,
        reason: Option<SignedOutReason>,
        wait: f64,
        failures: u32,
    ) {
        let subject = subject_of(subject);
        let message = match message {
            MessageType::SignedIn => CrossTabMessage::SignedIn { subject },
            MessageType::SignedOut => {
                CrossTabMessage::SignedOut { reason: reason.map_or(core::SignedOutReason::Expired, Into::into) }
            }
            MessageType::Refreshed => CrossTabMessage::Refreshed { subject },
            MessageType::RefreshFailed => CrossTabMessage::RefreshFailed { wait: wait as Millis, failures },
            _ => CrossTabMessage::LockStolen,
        };
        self.handle(Input::MessageReceived { message, relation: relation.into() });
    }

    /// The page is visible again, came back from the back-forward cache, or the browser is online again.
    pub fn resumed(&self) {
        self.handle(Input::Resumed { storage: self.storage() });
    }

    /// The page is hidden, until `resumed`.
    pub fn hidden(&self) {
        self.handle(Input::Hidden);
    }

    /// Stops everything. Promises that are pending reject with `DISPOSED`.
    pub fn dispose(&self) {
        self.disposed.set(true);
        self.core.borrow_mut().discard_outputs();
        let disposed = Err(Failure::of(core::ErrorCode::Disposed));
        self.host.set_timer(f64::INFINITY);
        self.settle_waiters(disposed);
        self.settle_login(disposed);
        self.host.settle_logout(false);
        self.host.abort_auth_request();
        self.host.release_lock();
        self.host.clear_tokens();
    }
}

impl Client {
    /// Hands the core an input, and returns the promise of its admission.
    fn ask(&self, input: Input) -> Admitted {
        let host = &self.host;
        let admitted = match self.take(input) {
            Admission::Proceed => host.proceed(),
            Admission::PassThrough => host.pass_through(),
            Admission::Wait => host.wait_for_token(),
            Admission::Reject(failure) => {
                let (code, retryable, status, retry_after) = details(failure);
                host.reject(code, retryable, status, retry_after)
            }
        };
        self.drain();
        admitted
    }

    fn handle(&self, input: Input) {
        self.take(input);
        self.drain();
    }

    /// Hands the core an input. Inputs that ask for no admission get `Proceed`.
    fn take(&self, input: Input) -> Admission {
        if self.disposed.get() {
            return Admission::Reject(Failure::of(core::ErrorCode::Disposed));
        }
        self.core.borrow_mut().handle(input, self.clock.now()).unwrap_or(Admission::Proceed)
    }

    fn sign_out(&self, scope: LogoutScope) {
        if self.disposed.get() {
            return self.host.settle_logout(false);
        }
        self.handle(Input::Logout { scope });
    }

    fn responded(&self, endpoint: Endpoint, request: RequestId, response: AuthResponse) {
        self.handle(match endpoint {
            Endpoint::Refresh => Input::RefreshCompleted { request, outcome: refresh_outcome(response) },
            Endpoint::Login => Input::LoginCompleted { request, outcome: login_outcome(response) },
            _ => Input::RevocationCompleted { request, outcome: revocation_outcome(&response) },
        });
    }

    fn drain(&self) {
        if self.draining.replace(true) {
            return;
        }
        while let Some(output) = self.next_output() {
            self.carry_out(output);
        }
        self.draining.set(false);
    }

    fn next_output(&self) -> Option<Output> {
        self.core.borrow_mut().poll()
    }

    fn carry_out(&self, output: Output) {
        let host = &self.host;
        match output {
            Output::RequestLock(request) => host.request_lock(request.0),
            Output::RequestSettledLock(request) => host.request_settled_lock(request.0),
            Output::StealLock(request) => host.steal_lock(request.0),
            Output::ReleaseLock => host.release_lock(),
            Output::SendRefresh(request) => host.send_auth_request(Endpoint::Refresh, request.0),
            Output::SendLogin(request) => host.send_auth_request(Endpoint::Login, request.0),
            Output::SendRevocation { request, scope: LogoutScope::Session } => {
                host.send_auth_request(Endpoint::Logout, request.0);
            }
            Output::SendRevocation { request, scope: LogoutScope::Global } => {
                host.send_auth_request(Endpoint::LogoutAll, request.0);
            }
            Output::AbortAuthRequest => host.abort_auth_request(),
            Output::SetToken { token, fresh_for } => {
                host.set_token(token.0, fresh_for.map_or(f64::INFINITY, |duration| duration as f64));
            }
            Output::BlockCalls => host.block_calls(),
            Output::ClearTokens => host.clear_tokens(),
            Output::AbortCalls => host.abort_calls(),
            Output::DiscardToken(token) => host.discard_token(token.0),
            Output::StoreNewKey => host.store_new_key(),
            Output::AdoptStoredKey => host.adopt_stored_key(),
            Output::UseProbeKey => host.use_probe_key(),
            Output::RemoveKey => host.remove_key(),
            Output::ReplaceIdempotencyKey => host.replace_idempotency_key(),
            Output::StorePendingRevocation => host.store_pending_revocation(),
            Output::ClearPendingRevocation => host.clear_pending_revocation(),
            Output::StoreNotBefore(wait) => host.store_not_before(wait as f64),
            Output::ClearNotBefore => host.clear_not_before(),
            Output::Broadcast(message) => self.broadcast(message),
            Output::SetTimer(delay) => host.set_timer(delay.map_or(f64::INFINITY, |delay| delay as f64)),
            Output::SettleWaiters(result) => self.settle_waiters(result),
            Output::SettleLogin(result) => self.settle_login(result),
            Output::SettleLogout { revoked } => host.settle_logout(revoked),
            Output::Notify(event) => self.notify(event),
        }
    }

    fn settle_waiters(&self, result: Result<(), Failure>) {
        match result.map_err(details) {
            Ok(()) => self.host.resolve_waiters(),
            Err((code, retryable, status, after)) => self.host.reject_waiters(code, retryable, status, after),
        }
    }

    fn settle_login(&self, result: Result<(), Failure>) {
        match result.map_err(details) {
            Ok(()) => self.host.resolve_login(),
            Err((code, retryable, status, after)) => self.host.reject_login(code, retryable, status, after),
        }
    }

    fn broadcast(&self, message: CrossTabMessage) {
        let host = &self.host;
        match message {
            CrossTabMessage::SignedIn { subject } => {
                host.broadcast(MessageType::SignedIn, number_of(subject), None, 0.0, 0);
            }
            CrossTabMessage::SignedOut { reason } => {
                host.broadcast(MessageType::SignedOut, 0, Some(reason.into()), 0.0, 0);
            }
            CrossTabMessage::Refreshed { subject } => {
                host.broadcast(MessageType::Refreshed, number_of(subject), None, 0.0, 0);
            }
            CrossTabMessage::RefreshFailed { wait, failures } => {
                host.broadcast(MessageType::RefreshFailed, 0, None, wait as f64, failures);
            }
            CrossTabMessage::LockStolen => host.broadcast(MessageType::LockStolen, 0, None, 0.0, 0),
        }
    }

    fn notify(&self, event: Event) {
        let event = match event {
            Event::SignedIn => AuthEvent::SignedIn,
            Event::AccountChanged => AuthEvent::AccountChanged,
            Event::Refreshed => AuthEvent::Refreshed,
            Event::SignedOut => AuthEvent::SignedOut,
            Event::SessionUpdated => AuthEvent::SessionUpdated,
            Event::RefreshFailed { failure, retry_at } => {
                let (code, retryable, status, after) = details(failure);
                return self.host.refresh_failed(code, retryable, status, after, self.epoch(retry_at));
            }
        };
        let (status, expires_at, reason) = match self.core.borrow().session() {
            SessionState::Restoring { .. } => (SessionStatus::Restoring, None, None),
            SessionState::SignedIn { token, .. } => (SessionStatus::SignedIn, token.expires_at, None),
            SessionState::RestoreFailed { .. } => {
                (SessionStatus::SignedOut, None, Some(SignedOutReason::RestoreFailed))
            }
            SessionState::SignedOut { reason } => (SessionStatus::SignedOut, None, Some((*reason).into())),
        };
        self.host.notify(event, status, self.epoch(expires_at), reason);
    }

    /// A moment as an epoch time by this browser's clock; NaN where there is none.
    fn epoch(&self, at: Option<Millis>) -> f64 {
        at.map_or(f64::NAN, |at| self.clock.epoch(at))
    }

    fn storage(&self) -> StorageSnapshot {
        StorageSnapshot {
            hint: self.host.hint_state().into(),
            pending_revocation: self.host.is_revocation_pending(),
            wait: self.host.not_before_wait() as Millis,
        }
    }
}

fn number_of(subject: Subject) -> u32 {
    subject.map_or(0, |subject| subject.0.get())
}

fn subject_of(number: u32) -> Subject {
    NonZeroU32::new(number).map(SubjectId)
}

/// The code, whether a later attempt may succeed, the HTTP status (0: no response), and the seconds to wait (0: unknown).
fn details(failure: Failure) -> (tokenward::names::ErrorCode, bool, u32, f64) {
    let seconds = failure.retry_after.map_or(0, |wait| wait.div_ceil(1_000));
    (failure.code.into(), failure.retryable(), u32::from(failure.status.unwrap_or(0)), seconds as f64)
}
