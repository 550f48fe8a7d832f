//! The client: its async methods, and the loop that carries the core's outputs out with the browser's own means.
//!
//! | module | owns |
//! | --- | --- |
//! | `builder` | the options |
//! | `session` | what the app may know, and the events |
//! | `fetch` | API calls |
//! | `error`, `diagnostics` | the errors, and the log for bug reports |
//! | `platform` | what is JavaScript: the tokens, their requests, the storage, the lock and the channel of the tabs |
//! | `sign_in` | the sign-in at an identity provider |
//! | `idle` | idle sign-out |
//! | `decode` | JSON as a type of the app |
//! | `lifecycle` | when the page is hidden and when it resumes |

mod builder;
mod decode;
mod diagnostics;
mod error;
mod fetch;
#[cfg(feature = "idle")]
mod idle;
#[cfg(feature = "js")]
mod js;
mod lifecycle;
mod platform;
mod session;
#[cfg(feature = "sign-in")]
mod sign_in;

use std::cell::{Cell, RefCell};
use std::num::NonZeroU32;
use std::rc::{Rc, Weak};
use std::time::Duration;

use futures_channel::{mpsc, oneshot};
use futures_util::future::{FutureExt, Shared};
use futures_util::stream::{Stream, StreamExt};
use gloo_timers::callback::Timeout;
use js_sys::{Function, Promise};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, future_to_promise, spawn_local};

pub use builder::{AuthClientBuilder, Protocol, Remember, Transport};
pub use diagnostics::{LogEntry, LogLevel};
pub use error::AuthError;
pub use fetch::{ApiRequest, IntoApiRequest, Response};
#[cfg(feature = "js")]
pub use js::JsAuthClient;
pub use session::{AuthEvent, Session, SessionSnapshot, SessionStatus};
#[cfg(feature = "sign-in")]
pub use sign_in::{Display, Prompt, SignInError, SignInOptions};

use crate::clock::Clock;
use crate::core::{
    self, Admission, Attempt, AuthResponse, Config, Core, CrossTabMessage, ErrorCode, Event, Failure, HttpResponse,
    Input, IssuedToken, LogoutScope, Millis, Output, Place, RequestId, SessionState, StorageSnapshot, Subject,
    SubjectId, TokenId, lifetime, login_outcome, refresh_outcome, revocation_outcome,
};
use crate::names::{self, Endpoint, MessageType, RequestFailure, SessionRelation, SignedOutReason};
use fetch::AbortOnDrop;
use lifecycle::PageLifecycle;
use platform::{LoginRequest, Outcome, Platform, PlatformOptions};

/// Where the key of a client with proofs of possession (RFC 9449) is.
#[cfg(feature = "dpop")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dpop {
    /// In `IndexedDB`, for all tabs; in memory with [`Transport::Body`], unless
    /// [`remember`](AuthClientBuilder::remember) keeps the refresh token for another page.
    Stored,
    /// In memory: the session ends with its page.
    InMemory,
}

/// Whether the server confirmed a logout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogoutOutcome {
    /// If not, the client tells the server when the page is online again or at the next start, before the next login.
    pub revoked: bool,
}

/// The auth client of a single-page app. Clones are the same client; it is disposed of when the last clone is dropped.
///
/// ```no_run
/// # use tokenward::{AuthClient, AuthError, Session};
/// # #[derive(serde::Serialize)] struct Credentials { email: String, password: String }
/// # #[derive(serde::Deserialize)] struct User { email: String }
/// # async fn example(email: String, password: String) -> Result<(), AuthError> {
/// let auth = AuthClient::builder().build()?;
/// auth.login(&Credentials { email, password }).await?;
/// let me: User = auth.fetch("/api/me").await?.json().await?;
/// if let Session::SignedIn { user, .. } = auth.session::<User>()? {
///     assert_eq!(user.email, me.email);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct AuthClient(Option<Rc<Inner>>);

/// Clones of one client are equal.
impl PartialEq for AuthClient {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(one), Some(other)) => Rc::ptr_eq(one, other),
            (None, None) => true,
            _ => false,
        }
    }
}

/// One wait that many share: the refresh that any number of callers await is this future.
struct Waiters {
    settle: oneshot::Sender<Result<(), Failure>>,
    settled: Settled,
    /// The same wait, for the API calls that JavaScript sends.
    promise: Option<Promise>,
}

type Settled = Shared<oneshot::Receiver<Result<(), Failure>>>;

impl Waiters {
    fn new() -> Self {
        let (settle, settled) = oneshot::channel();
        Self { settle, settled: settled.shared(), promise: None }
    }
}

/// A caller that waits for its login.
struct LoginWaiter {
    request: LoginRequest,
    signal: Option<web_sys::AbortSignal>,
    settle: oneshot::Sender<Result<(), AuthError>>,
}

/// What a listener receives: an event, and the session if it changed.
type Notice = (Option<AuthEvent>, Option<SessionSnapshot>);

pub(crate) struct Inner {
    this: Weak<Inner>,
    platform: Platform,
    core: RefCell<Core>,
    clock: Clock,
    /// Whether outputs are being carried out. An output may bring the next input, which waits its turn.
    draining: Cell<bool>,
    disposed: Cell<bool>,
    timer: Cell<Option<Timeout>>,
    lifecycle: Cell<Option<PageLifecycle>>,
    waiters: RefCell<Option<Waiters>>,
    login: RefCell<Option<LoginWaiter>>,
    logouts: RefCell<Vec<oneshot::Sender<bool>>>,
    /// Which request the last login and the last refresh failed with, and how, for people; with the answer to the login.
    login_details: RefCell<String>,
    login_body: RefCell<String>,
    refresh_details: RefCell<String>,
    session: RefCell<SessionSnapshot>,
    /// The last session that is not `Restoring`, and the one before the last sign-in, for [`AuthEvent::AccountChanged`].
    last_user: RefCell<SessionSnapshot>,
    previous_user: RefCell<SessionSnapshot>,
    listeners: RefCell<Vec<mpsc::UnboundedSender<Notice>>>,
    restored: RefCell<Option<Settled>>,
    /// Whether the page revokes the session by a navigation: the server needs the cookie until then.
    revoked_by_page: Cell<bool>,
    #[cfg(feature = "sign-in")]
    sign_in: RefCell<Option<platform::RustSignIn>>,
    #[cfg(feature = "idle")]
    idle: RefCell<Option<platform::IdleWatch>>,
    /// While a warning is due: when the idle user will be signed out, in milliseconds since the epoch.
    #[cfg(feature = "idle")]
    idle_sign_out_at: Cell<Option<f64>>,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuthClient").finish_non_exhaustive()
    }
}

impl AuthClient {
    /// The options, each with a default.
    pub fn builder() -> AuthClientBuilder {
        AuthClientBuilder::default()
    }

    pub(crate) fn outside_of_a_browser() -> Self {
        Self(None)
    }

    fn start(config: Config, options: &PlatformOptions, prover: Option<Promise>) -> Self {
        #[cfg(feature = "sign-in")]
        let mut config = config;
        #[cfg(feature = "sign-in")]
        let mark = sign_in::take_mark(&mut config, options);
        let inner = Rc::new_cyclic(|this: &Weak<Inner>| {
            connect(options, this);
            let seed = js_sys::Math::random() * f64::from(u32::MAX);
            Inner {
                this: this.clone(),
                platform: platform::create_platform(options, prover),
                core: RefCell::new(Core::new(config, seed as u64)),
                clock: Clock::start(),
                draining: Cell::new(false),
                disposed: Cell::new(false),
                timer: Cell::new(None),
                lifecycle: Cell::new(None),
                waiters: RefCell::default(),
                login: RefCell::default(),
                logouts: RefCell::default(),
                login_details: RefCell::default(),
                login_body: RefCell::default(),
                refresh_details: RefCell::default(),
                session: RefCell::new(SessionSnapshot::RESTORING),
                last_user: RefCell::new(SessionSnapshot::RESTORING),
                previous_user: RefCell::new(SessionSnapshot::RESTORING),
                listeners: RefCell::default(),
                restored: RefCell::default(),
                revoked_by_page: Cell::new(false),
                #[cfg(feature = "sign-in")]
                sign_in: RefCell::default(),
                #[cfg(feature = "idle")]
                idle: RefCell::default(),
                #[cfg(feature = "idle")]
                idle_sign_out_at: Cell::default(),
            }
        });
        #[cfg(feature = "sign-in")]
        let settle = inner.connect_sign_in(options, mark.as_ref());
        if inner.take(Input::Start { storage: inner.storage() }) == Admission::Wait {
            *inner.restored.borrow_mut() = Some(inner.waiting());
        }
        inner.drain();
        inner.lifecycle.set(Some(PageLifecycle::observe(&inner.this)));
        #[cfg(feature = "idle")]
        inner.watch_idle(options);
        let client = Self(Some(inner));
        #[cfg(feature = "sign-in")]
        client.settle_sign_in(settle.as_ref());
        client
    }

    fn inner(&self) -> Result<&Rc<Inner>, AuthError> {
        self.0.as_ref().ok_or(AuthError::NoBrowser)
    }

    /// The session when the first restore is settled. If the server does not respond within
    /// [`timeout`](AuthClientBuilder::timeout), the status is still `Restoring`, and the attempts continue.
    pub async fn ready(&self) -> SessionSnapshot {
        if let Ok(inner) = self.inner() {
            let restored = inner.restored.borrow().clone();
            if let Some(restored) = restored {
                // A failed restore is a state of the session.
                let _ = restored.await;
            }
        }
        self.snapshot()
    }

    /// The session now, with the user as the app's own type.
    ///
    /// # Errors
    /// [`AuthError::Json`] if the server's user does not fit the type.
    pub fn session<U: DeserializeOwned>(&self) -> Result<Session<U>, AuthError> {
        self.snapshot().decode()
    }

    /// The session now.
    pub fn snapshot(&self) -> SessionSnapshot {
        self.0.as_ref().map_or(SessionSnapshot::RESTORING, |inner| inner.session.borrow().clone())
    }

    /// The session now, and after each change. The stream ends when the client is disposed of.
    pub fn subscribe(&self) -> impl Stream<Item = SessionSnapshot> + Unpin + use<> {
        let now = self.snapshot();
        futures_util::stream::once(std::future::ready(now)).chain(self.changes())
    }

    fn changes(&self) -> impl Stream<Item = SessionSnapshot> + Unpin + use<> {
        self.notices().filter_map(|(_, session)| std::future::ready(session))
    }

    /// Each event from now on. The stream ends when the client is disposed of.
    pub fn events(&self) -> impl Stream<Item = AuthEvent> + Unpin + use<> {
        self.notices().filter_map(|(event, _)| std::future::ready(event))
    }

    fn notices(&self) -> mpsc::UnboundedReceiver<Notice> {
        let (sender, receiver) = mpsc::unbounded();
        if let Some(inner) = self.0.as_ref().filter(|inner| !inner.disposed.get()) {
            inner.listeners.borrow_mut().push(sender);
        }
        receiver
    }

    /// Signs in: `credentials` go to the login endpoint as JSON (with [`Protocol::OAuth2`] as a form, with
    /// `grant_type=password`), or as [`server`](AuthClientBuilder::server) says. Of several concurrent logins only the last
    /// counts. A failure keeps the present session. Dropping the future aborts the login.
    ///
    /// # Errors
    /// [`AuthError::Auth`] with `InvalidCredentials`, `LoginStepRequired`, `RateLimited`, `Offline`, …;
    /// [`AuthError::Superseded`]; [`AuthError::Json`] for credentials that cannot be written as JSON; and
    /// [`AuthError::InvalidOption`] for credentials that a form cannot hold.
    pub async fn login(&self, credentials: &(impl Serialize + ?Sized)) -> Result<SessionSnapshot, AuthError> {
        self.inner()?;
        self.log_in(platform::create_login(&fetch::to_json(credentials)?, None)).await
    }

    /// Signs in as [`AuthClient::login`] does, with another call: one of the `calls` of
    /// [`server`](AuthClientBuilder::server). It is for a further step of a login, or for another way to sign in.
    ///
    /// ```no_run
    /// # use serde_json::json;
    /// # use tokenward::{AuthClient, AuthError, ErrorCode};
    /// # async fn example(auth: AuthClient, password: &str, code: &str) -> Result<(), AuthError> {
    /// // .server(&json!({ "calls": { "mfa": { "path": "/mfa" } }, "answer": { "step": "mfaToken" } }))
    /// match auth.login(&json!({ "password": password })).await {
    ///     Err(AuthError::Auth { code: ErrorCode::LoginStepRequired, .. }) => {
    ///         auth.login_with_call("mfa", &json!({ "code": code })).await?;
    ///     }
    ///     other => {
    ///         other?;
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`AuthClient::login`]; [`AuthError::InvalidOption`] for a name that `calls` does not have. Then nothing is sent.
    pub async fn login_with_call(
        &self,
        call: &str,
        credentials: &(impl Serialize + ?Sized),
    ) -> Result<SessionSnapshot, AuthError> {
        self.inner()?;
        self.log_in(platform::create_login(&fetch::to_json(credentials)?, Some(call))).await
    }

    /// Signs in with an answer of the auth server that the app got elsewhere: from server-side rendering, a native shell or a
    /// vendor's SDK. It has the members of the answer to a login.
    ///
    /// ```no_run
    /// # use tokenward::{AuthClient, AuthError};
    /// #[derive(serde::Serialize)]
    /// #[serde(rename_all = "camelCase")]
    /// struct Answer {
    ///     access_token: String,
    ///     expires_in: u32,
    /// }
    ///
    /// # async fn example(auth: AuthClient, access_token: String) -> Result<(), AuthError> {
    /// auth.adopt(&Answer { access_token, expires_in: 900 }).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Dropping the future does not undo it: the user may be signed in afterwards.
    ///
    /// # Errors
    /// [`AuthError::Auth`] with `MalformedResponse` if the answer has no access token; [`AuthError::Superseded`]; and
    /// [`AuthError::Json`] for an answer that cannot be written as JSON.
    pub async fn adopt(&self, answer: &(impl Serialize + ?Sized)) -> Result<SessionSnapshot, AuthError> {
        self.inner()?;
        self.log_in(platform::create_adoption(&fetch::to_json(answer)?)).await
    }

    async fn log_in(&self, request: LoginRequest) -> Result<SessionSnapshot, AuthError> {
        let inner = self.inner()?;
        match inner.platform.wrong_argument(&request) {
            Some(argument) if argument == "call" => {
                let received = builder::quoted(&request.call().unwrap_or_default());
                return Err(AuthError::invalid_option("call", "a name of server.calls", received));
            }
            // (What came may be a password.)
            Some(_) => {
                let expected = "an object of strings, such as {username, password}";
                return Err(AuthError::invalid_option("credentials", expected, "other JSON".into()));
            }
            None => {}
        }
        #[cfg(feature = "sign-in")]
        inner.end_sign_in();
        let abort = AbortOnDrop::new();
        let (settle, settled) = oneshot::channel();
        // The waiter before is dropped: its login is superseded.
        inner.login.replace(Some(LoginWaiter { request, signal: abort.signal(), settle }));
        inner.login();
        let result = settled.await.unwrap_or(Err(AuthError::Superseded));
        abort.done();
        result.map(|()| self.snapshot())
    }

    /// Renews the access token now; any number of callers share one request.
    ///
    /// # Errors
    /// [`AuthError::Auth`] with `SignedOut`, `SessionEnded` or `RefreshUnavailable`.
    pub async fn refresh(&self) -> Result<SessionSnapshot, AuthError> {
        self.renew(Input::Refresh).await
    }

    /// Asks the server whether there is a session, also after a logout: another page, a native shell or the app's own request
    /// may have signed in. Returns the session, signed in or signed out.
    ///
    /// ```no_run
    /// # use tokenward::{AuthClient, AuthError};
    /// # async fn example(auth: AuthClient) -> Result<(), AuthError> {
    /// // After a popup in which the user signed in with another provider:
    /// if auth.restore().await?.is_signed_in() { /* … */ }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`AuthError::Auth`] with `RefreshUnavailable` if the server does not answer.
    pub async fn restore(&self) -> Result<SessionSnapshot, AuthError> {
        match self.renew(Input::Restore).await {
            Err(AuthError::Auth { code: ErrorCode::SignedOut | ErrorCode::SessionEnded, .. }) => Ok(self.snapshot()),
            result => result,
        }
    }

    async fn renew(&self, input: Input) -> Result<SessionSnapshot, AuthError> {
        let inner = self.inner()?;
        let explain = |failure| AuthError::with_answer(failure, inner.details_of(failure), String::new());
        if let Some(settled) = inner.ask(input).map_err(explain)? {
            settled.await.unwrap_or(Err(Failure::of(ErrorCode::Disposed))).map_err(explain)?;
        }
        Ok(self.snapshot())
    }

    /// Ends the session here and in the other tabs at once, also without a network.
    pub async fn logout(&self) -> LogoutOutcome {
        self.end_session(LogoutScope::Session).await
    }

    /// As [`AuthClient::logout`], and ends every other session of the user too.
    pub async fn logout_all(&self) -> LogoutOutcome {
        self.end_session(LogoutScope::Global).await
    }

    async fn end_session(&self, scope: LogoutScope) -> LogoutOutcome {
        #[cfg(feature = "sign-in")]
        if let Ok(inner) = self.inner() {
            inner.end_sign_in();
        }
        self.sign_out(scope).await
    }

    async fn sign_out(&self, scope: LogoutScope) -> LogoutOutcome {
        let Ok(inner) = self.inner() else { return LogoutOutcome { revoked: false } };
        let (settle, settled) = oneshot::channel();
        inner.logouts.borrow_mut().push(settle);
        inner.sign_out(scope);
        LogoutOutcome { revoked: settled.await.unwrap_or(false) }
    }

    /// Counts as activity of the user, for [`idle_timeout`](AuthClientBuilder::idle_timeout): the app calls it for what is no input
    /// on the page, such as a video that plays.
    #[cfg(feature = "idle")]
    pub fn stay_active(&self) {
        if let Some(inner) = &self.0 {
            inner.stay_active();
        }
    }

    /// The access token, for a WebSocket, an `EventSource` or the like: valid for at least `min_validity` (at most a day) if
    /// the server issues tokens of that lifetime.
    ///
    /// # Errors
    /// As [`AuthClient::fetch`]; [`AuthError::TokenNotExposed`] without
    /// [`expose_token`](AuthClientBuilder::expose_token); [`AuthError::TokenInCookie`] if the server keeps it in a cookie.
    pub async fn access_token(&self, min_validity: Duration) -> Result<String, AuthError> {
        let inner = self.inner()?;
        if min_validity > Duration::from_secs(86_400) {
            let received = format!("{} s", min_validity.as_secs());
            return Err(AuthError::invalid_option("min_validity", "at most a day", received));
        }
        let token = JsFuture::from(inner.platform.access_token(min_validity.as_millis() as f64)).await;
        token.map(|token| token.as_string().unwrap_or_default()).map_err(AuthError::from_js)
    }

    /// The last 100 diagnostic entries, oldest first, without secrets: why a user was signed out, what was attempted, when
    /// the next attempt is. For bug reports; [`on_log`](AuthClientBuilder::on_log) receives each entry at once.
    pub fn diagnostics(&self) -> Vec<LogEntry> {
        let Some(inner) = &self.0 else { return Vec::new() };
        inner.platform.diagnostics().iter().map(|entry| LogEntry::from_js(entry.unchecked_ref())).collect()
    }

    /// Stops timers, listeners, channel and lock, and forgets the token; the session on the server continues. Pending calls
    /// fail with [`ErrorCode::Disposed`]. Dropping the last clone does the same.
    pub fn dispose(&self) {
        if let Some(inner) = &self.0 {
            inner.dispose();
        }
    }
}

/// Gives the platform the functions by which it asks the client.
fn connect(options: &PlatformOptions, this: &Weak<Inner>) {
    let admitted = |this: &Weak<Inner>, input| match this.upgrade() {
        Some(inner) => inner.admission(input),
        None => Promise::reject(&AuthError::to_js(Failure::of(ErrorCode::Disposed), "")),
    };
    let client = this.clone();
    let request = Closure::<dyn Fn(f64) -> Promise>::new(move |min_validity| {
        admitted(&client, Input::RequestToken { min_validity: min_validity as Millis })
    });
    options.set_request_token(request.into_js_value().unchecked_ref());
    let rejected = |attempt| -> Function {
        let client = this.clone();
        let call = Closure::<dyn Fn(u32, u32) -> Promise>::new(move |token, place| {
            admitted(&client, Input::TokenRejected { token: TokenId(token), place: Place(place), attempt })
        });
        call.into_js_value().unchecked_into()
    };
    options.set_token_rejected(&rejected(Attempt::First));
    options.set_retry_rejected(&rejected(Attempt::Retry));
    let client = this.clone();
    let granted = Closure::<dyn Fn(u32)>::new(move |request| {
        with(&client, |inner| {
            inner.handle(Input::LockGranted { request: RequestId(request), storage: inner.storage() });
        });
    });
    options.set_lock_granted(granted.into_js_value().unchecked_ref());
    let client = this.clone();
    let received = Closure::<dyn Fn(SessionRelation, MessageType, u32, Option<SignedOutReason>, f64, u32)>::new(
        move |relation: SessionRelation, message, subject, reason, wait, failures| {
            let message = message_of(message, subject, reason, wait, failures);
            with(&client, |inner| inner.handle(Input::MessageReceived { message, relation: relation.into() }));
        },
    );
    options.set_message_received(received.into_js_value().unchecked_ref());
    let client = this.clone();
    let step_up = Closure::<dyn Fn(web_sys::Response)>::new(move |response| {
        with(&client, |inner| inner.send_notice(Some(AuthEvent::StepUpRequired(response)), None));
    });
    options.set_on_step_up(step_up.into_js_value().unchecked_ref());
}

/// Sets a member of a new object, which cannot fail.
#[cfg(any(feature = "idle", feature = "js", feature = "sign-in"))]
fn set_member(object: &JsValue, name: &str, value: &JsValue) {
    let _ = js_sys::Reflect::set(object, &name.into(), value);
}

/// Calls the client, if it is still there.
fn with(client: &Weak<Inner>, call: impl FnOnce(&Inner)) {
    if let Some(inner) = client.upgrade() {
        call(&inner);
    }
}

impl Inner {
    /// Hands the core an input, and returns what to wait for, if anything.
    fn ask(&self, input: Input) -> Result<Option<Settled>, Failure> {
        let admission = self.take(input);
        let waiting = (admission == Admission::Wait).then(|| self.waiting());
        self.drain();
        match admission {
            Admission::Reject(failure) => Err(failure),
            _ => Ok(waiting),
        }
    }

    /// Hands the core an input, and returns the promise of its admission: `true` to send the call, `false` to return the 401
    /// to the caller.
    fn admission(&self, input: Input) -> Promise {
        let admission = self.take(input);
        let promise = match admission {
            Admission::Proceed => Promise::resolve(&JsValue::TRUE),
            Admission::PassThrough => Promise::resolve(&JsValue::FALSE),
            Admission::Reject(failure) => Promise::reject(&AuthError::to_js(failure, &self.details_of(failure))),
            Admission::Wait => self.waiting_promise(),
        };
        self.drain();
        promise
    }

    /// A call that gets no token learns why the last refresh failed.
    fn details_of(&self, failure: Failure) -> String {
        if failure.code == ErrorCode::RefreshUnavailable {
            self.refresh_details.borrow().clone()
        } else {
            String::new()
        }
    }

    fn waiting(&self) -> Settled {
        self.waiters.borrow_mut().get_or_insert_with(Waiters::new).settled.clone()
    }

    fn waiting_promise(&self) -> Promise {
        let mut waiters = self.waiters.borrow_mut();
        let waiters = waiters.get_or_insert_with(Waiters::new);
        let settled = &waiters.settled;
        waiters
            .promise
            .get_or_insert_with(|| {
                let settled = settled.clone();
                let client = self.this.clone();
                future_to_promise(async move {
                    match settled.await.unwrap_or(Err(Failure::of(ErrorCode::Disposed))) {
                        Ok(()) => Ok(JsValue::TRUE),
                        Err(failure) => {
                            let details = client.upgrade().map(|inner| inner.details_of(failure));
                            Err(AuthError::to_js(failure, &details.unwrap_or_default()))
                        }
                    }
                })
            })
            .clone()
    }

    fn handle(&self, input: Input) {
        self.take(input);
        self.drain();
    }

    /// Hands the core an input. Inputs that ask for no admission get `Proceed`.
    fn take(&self, input: Input) -> Admission {
        if self.disposed.get() {
            return Admission::Reject(Failure::of(ErrorCode::Disposed));
        }
        self.core.borrow_mut().handle(input, self.clock.now()).unwrap_or(Admission::Proceed)
    }

    fn login(&self) {
        if self.disposed.get() {
            return self.settle_login(Err(Failure::of(ErrorCode::Disposed)));
        }
        self.handle(Input::Login);
    }

    /// A login that waits is superseded.
    fn sign_out(&self, scope: LogoutScope) {
        self.login.take();
        if self.disposed.get() {
            return self.settle_logout(false);
        }
        self.handle(Input::Logout { scope });
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
        let platform = &self.platform;
        match output {
            Output::RequestLock(request) => platform.request_lock(request.0),
            Output::RequestSettledLock(request) => platform.request_settled_lock(request.0),
            Output::StealLock(request) => platform.steal_lock(request.0),
            Output::ReleaseLock => platform.release_lock(),
            Output::SendRefresh(request) => self.send(Endpoint::Refresh, request),
            Output::SendLogin(request) => self.send(Endpoint::Login, request),
            Output::SendRevocation { request, scope: LogoutScope::Session } => self.send(Endpoint::Logout, request),
            Output::SendRevocation { request, scope: LogoutScope::Global } => self.send(Endpoint::LogoutAll, request),
            Output::AbortAuthRequest => platform.abort_auth_request(),
            Output::SetToken { token, fresh_for } => {
                platform.set_token(token.0, fresh_for.map_or(f64::INFINITY, |duration| duration as f64));
            }
            Output::BlockCalls => platform.block_calls(),
            Output::ClearTokens => platform.clear_tokens(),
            Output::AbortCalls => platform.abort_calls(),
            Output::DiscardToken(token) => platform.discard_token(token.0),
            Output::StoreNewKey => platform.store_new_key(),
            Output::AdoptStoredKey => platform.adopt_stored_key(),
            Output::UseProbeKey => platform.use_probe_key(),
            Output::RemoveKey => platform.remove_key(),
            Output::ReplaceIdempotencyKey => platform.replace_idempotency_key(),
            Output::StorePendingRevocation => platform.store_pending_revocation(),
            Output::ClearPendingRevocation => platform.clear_pending_revocation(),
            Output::StoreNotBefore(wait) => platform.store_not_before(wait as f64),
            Output::ClearNotBefore => platform.clear_not_before(),
            Output::Broadcast(message) => self.broadcast(message),
            Output::SetTimer(delay) => self.set_timer(delay),
            Output::SettleWaiters(result) => self.settle_waiters(result),
            Output::SettleLogin(result) => self.settle_login(result),
            Output::SettleLogout { revoked } => self.settle_logout(revoked),
            Output::Notify(event) => self.notify(event),
        }
    }

    /// Sends an auth request, and tells the core the outcome.
    fn send(&self, endpoint: Endpoint, request: RequestId) {
        if endpoint == Endpoint::Logout && self.revoked_by_page.get() {
            // (The core handles it after the present outputs.)
            return self.handle(Input::RevocationCompleted { request, outcome: core::RevocationOutcome::Retry });
        }
        // (The options `auth_headers` may call the client.)
        let (login_request, signal) = {
            let login = self.login.borrow();
            let login = login.as_ref().filter(|_| endpoint == Endpoint::Login);
            login.map(|login| (login.request.clone(), login.signal.clone())).unzip()
        };
        let promise = self.platform.send_auth_request(endpoint, login_request, signal.flatten());
        match endpoint {
            Endpoint::Refresh => self.refresh_details.borrow_mut().clear(),
            Endpoint::Login => {
                self.login_details.borrow_mut().clear();
                self.login_body.borrow_mut().clear();
            }
            _ => {}
        }
        let client = self.this.clone();
        spawn_local(async move {
            let Ok(outcome) = JsFuture::from(promise).await else { return };
            let outcome: Outcome = outcome.unchecked_into();
            let response = auth_response(&outcome);
            with(&client, |inner| {
                match endpoint {
                    Endpoint::Refresh => *inner.refresh_details.borrow_mut() = outcome.details(),
                    Endpoint::Login => {
                        *inner.login_details.borrow_mut() = outcome.details();
                        *inner.login_body.borrow_mut() = outcome.body();
                    }
                    _ => {}
                }
                inner.handle(match endpoint {
                    Endpoint::Refresh => Input::RefreshCompleted { request, outcome: refresh_outcome(response) },
                    Endpoint::Login => Input::LoginCompleted { request, outcome: login_outcome(response) },
                    _ => Input::RevocationCompleted { request, outcome: revocation_outcome(&response) },
                });
            });
        });
    }

    fn set_timer(&self, delay: Option<Millis>) {
        let client = self.this.clone();
        self.timer.set(
            delay.map(|delay| {
                Timeout::new(delay as u32, move || with(&client, |inner| inner.handle(Input::TimerElapsed)))
            }),
        );
    }

    fn settle_waiters(&self, result: Result<(), Failure>) {
        if let Some(waiters) = self.waiters.take() {
            // Each caller may have dropped its future.
            let _ = waiters.settle.send(result);
        }
    }

    fn settle_login(&self, result: Result<(), Failure>) {
        if let Some(login) = self.login.take() {
            let (details, body) = (self.login_details.take(), self.login_body.take());
            let _ = login.settle.send(result.map_err(|failure| AuthError::with_answer(failure, details, body)));
        }
    }

    fn settle_logout(&self, revoked: bool) {
        for settle in self.logouts.take() {
            let _ = settle.send(revoked);
        }
    }

    fn broadcast(&self, message: CrossTabMessage) {
        let platform = &self.platform;
        match message {
            CrossTabMessage::SignedIn { subject } => {
                platform.broadcast(MessageType::SignedIn, number_of(subject), None, 0.0, 0);
            }
            CrossTabMessage::SignedOut { reason } => {
                platform.broadcast(MessageType::SignedOut, 0, Some(reason.into()), 0.0, 0);
            }
            CrossTabMessage::Refreshed { subject } => {
                platform.broadcast(MessageType::Refreshed, number_of(subject), None, 0.0, 0);
            }
            CrossTabMessage::RefreshFailed { wait, failures } => {
                platform.broadcast(MessageType::RefreshFailed, 0, None, wait as f64, failures);
            }
            CrossTabMessage::LockStolen => platform.broadcast(MessageType::LockStolen, 0, None, 0.0, 0),
        }
    }

    fn notify(&self, event: Event) {
        let name = match event {
            Event::SignedIn => names::AuthEvent::SignedIn,
            Event::AccountChanged => names::AuthEvent::AccountChanged,
            Event::Refreshed => names::AuthEvent::Refreshed,
            Event::SignedOut => names::AuthEvent::SignedOut,
            Event::SessionUpdated => names::AuthEvent::SessionUpdated,
            Event::RefreshFailed { failure, retry_at } => {
                let retry_at = retry_at.map(|at| self.clock.epoch(at));
                self.platform.log_refresh_failed(failure.code.as_str(), failure.status, retry_at);
                let error = AuthError::with_answer(failure, self.refresh_details.borrow().clone(), String::new());
                let session = self.session.borrow().unavailable(error.clone(), retry_at);
                self.session.replace(session.clone());
                return self.send_notice(Some(AuthEvent::RefreshFailed { error, retry_at }), Some(session));
            }
        };
        let session = self.read_session();
        #[cfg(feature = "idle")]
        let session = self.with_idle_reason(session);
        let (status, reason) = match session.status {
            SessionStatus::Restoring => (names::SessionStatus::Restoring, None),
            SessionStatus::SignedIn { .. } => (names::SessionStatus::SignedIn, None),
            SessionStatus::SignedOut { reason } => (names::SessionStatus::SignedOut, Some(reason)),
        };
        self.platform.log_event(name, status, reason.map(core::SignedOutReason::as_str));
        self.session.replace(session.clone());
        if event == Event::SignedIn {
            self.previous_user.replace(self.last_user.borrow().clone());
        }
        if session.status != SessionStatus::Restoring {
            self.last_user.replace(session.clone());
        }
        let event = match (event, reason) {
            (Event::SignedIn, _) => Some(AuthEvent::SignedIn(session.clone())),
            (Event::AccountChanged, _) => {
                Some(AuthEvent::AccountChanged { from: self.previous_user.borrow().clone(), to: session.clone() })
            }
            (Event::Refreshed, _) => Some(AuthEvent::Refreshed(session.clone())),
            (Event::SignedOut, Some(reason)) => Some(AuthEvent::SignedOut { reason }),
            _ => None,
        };
        self.send_notice(event, Some(session));
    }

    fn read_session(&self) -> SessionSnapshot {
        let status = match self.core.borrow().session() {
            SessionState::Restoring { .. } => SessionStatus::Restoring,
            SessionState::SignedIn { token, .. } => {
                SessionStatus::SignedIn { expires_at: token.expires_at.map(|at| self.clock.epoch(at)) }
            }
            SessionState::RestoreFailed { .. } => {
                SessionStatus::SignedOut { reason: crate::core::SignedOutReason::RestoreFailed }
            }
            SessionState::SignedOut { reason } => SessionStatus::SignedOut { reason: *reason },
        };
        // A restore that failed is signed out with the error of its last attempt.
        let unavailable = match self.core.borrow().session() {
            SessionState::RestoreFailed { .. } => self.session.borrow().unavailable.clone(),
            SessionState::Restoring { .. } | SessionState::SignedIn { .. } | SessionState::SignedOut { .. } => None,
        };
        let user = Some(self.platform.user()).filter(|user| !user.is_null());
        SessionSnapshot { status, user, payload: self.platform.jwt_payload(), unavailable }
    }

    /// The listeners' tasks run after the client has finished its work and released its lock.
    fn send_notice(&self, event: Option<AuthEvent>, session: Option<SessionSnapshot>) {
        let notice = (event, session);
        self.listeners.borrow_mut().retain(|listener| listener.unbounded_send(notice.clone()).is_ok());
    }

    fn storage(&self) -> StorageSnapshot {
        StorageSnapshot {
            hint: self.platform.hint_state().into(),
            pending_revocation: self.platform.is_revocation_pending(),
            wait: self.platform.not_before_wait() as Millis,
        }
    }

    fn dispose(&self) {
        if self.disposed.replace(true) {
            return;
        }
        self.core.borrow_mut().discard_outputs();
        let disposed = Err(Failure::of(ErrorCode::Disposed));
        #[cfg(feature = "sign-in")]
        self.end_sign_in();
        #[cfg(feature = "idle")]
        self.stop_idle();
        self.timer.take();
        self.lifecycle.take();
        self.settle_waiters(disposed);
        self.settle_login(disposed);
        self.settle_logout(false);
        self.platform.abort_auth_request();
        self.platform.close();
        self.platform.clear_tokens();
        self.listeners.borrow_mut().clear();
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.dispose();
    }
}

/// The outcome of an auth request, reduced to what the core decides with.
fn auth_response(outcome: &Outcome) -> AuthResponse {
    match outcome.failure() {
        Some(RequestFailure::NotSent) => return AuthResponse::NotSent,
        Some(_) => return AuthResponse::NetworkError,
        None => {}
    }
    let retry_after = outcome.retry_after_ms();
    let token = outcome.token();
    AuthResponse::Http(HttpResponse {
        status: outcome.status(),
        code: outcome.code().map(Into::into),
        retry_after: (retry_after > 0.0).then_some(retry_after as Millis),
        token: (token > 0).then(|| IssuedToken {
            id: TokenId(token),
            lifetime: lifetime(outcome.expires_in(), outcome.jwt_lifetime()),
            subject: subject_of(outcome.subject()),
            renewable: outcome.renewable(),
        }),
    })
}

fn message_of(
    message: MessageType,
    subject: u32,
    reason: Option<SignedOutReason>,
    wait: f64,
    failures: u32,
) -> CrossTabMessage {
    let subject = subject_of(subject);
    match message {
        MessageType::SignedIn => CrossTabMessage::SignedIn { subject },
        MessageType::SignedOut => {
            CrossTabMessage::SignedOut { reason: reason.map_or(core::SignedOutReason::Expired, Into::into) }
        }
        MessageType::Refreshed => CrossTabMessage::Refreshed { subject },
        MessageType::RefreshFailed => CrossTabMessage::RefreshFailed { wait: wait as Millis, failures },
        _ => CrossTabMessage::LockStolen,
    }
}

fn number_of(subject: Subject) -> u32 {
    subject.map_or(0, |subject| subject.0.get())
}

fn subject_of(number: u32) -> Subject {
    NonZeroU32::new(number).map(SubjectId)
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;

    #[test]
    fn outside_of_a_browser_the_client_does_nothing() {
        let builder = AuthClient::builder().name("server-side rendering").server(&()).remember(Remember::Tab);
        let builder = builder.auth_headers(Vec::new).should_refresh(|_| true).on_log(|_| {});
        let auth = builder.build().unwrap();
        let calls = async {
            assert_eq!(auth.ready().await.status(), SessionStatus::Restoring);
            assert_eq!(auth.login(&[("email", "ada@example.com")]).await, Err(AuthError::NoBrowser));
            assert_eq!(auth.login_with_call("mfa", "1").await, Err(AuthError::NoBrowser));
            assert_eq!(auth.adopt("answer").await, Err(AuthError::NoBrowser));
            assert_eq!(auth.refresh().await, Err(AuthError::NoBrowser));
            assert_eq!(auth.restore().await, Err(AuthError::NoBrowser));
            assert_eq!(auth.fetch("/api/me").await.err(), Some(AuthError::NoBrowser));
            let note = ApiRequest::post("/api/notes").json("note").unwrap().header("x-id", "1").unwrap();
            assert_eq!(auth.fetch(note.with_init(|_| {})).await.err(), Some(AuthError::NoBrowser));
            assert_eq!(auth.access_token(Duration::ZERO).await, Err(AuthError::NoBrowser));
            assert!(!auth.logout().await.revoked && !auth.logout_all().await.revoked);
            #[cfg(feature = "sign-in")]
            {
                assert_eq!(auth.sign_in(&SignInOptions::default()).await, Err(AuthError::NoBrowser));
                assert_eq!(auth.logout_at_provider(None).await, Err(AuthError::NoBrowser));
            }
            assert_eq!(auth.subscribe().collect::<Vec<_>>().await, [SessionSnapshot::RESTORING]);
            assert_eq!(auth.events().count().await, 0);
        };
        calls.now_or_never().expect("no call waits");
        assert_eq!(auth.session::<String>(), Ok(Session::Restoring));
        assert!(!auth.snapshot().has_role("admin") && auth.snapshot().claims::<String>() == Ok(None));
        assert_eq!(auth.diagnostics(), []);
        auth.dispose();
    }
}
