//! The `#[wasm_bindgen]` surface, and the loop that carries the core's outputs out.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use futures_channel::oneshot;
use futures_util::FutureExt;
use futures_util::future::{LocalBoxFuture, Shared};
use gloo_timers::callback::Timeout;
use js_sys::{Object, Promise};
use serde::Serialize;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{future_to_promise, spawn_local};
use web_sys::{AbortController, AbortSignal};

use super::auth_call::{AuthCall, Came, send};
use super::clock::Clock;
use super::host::{Answer, Host};
use super::snapshot::{Profile, snapshot, to_js};
use crate::core::{
    Code, Config, Core, Event, Failure, FlightId, Input, LoginOutcome, Millis, Outcome, Output, Restore, TokenId,
    Verdict, login_outcome, refresh_outcome,
};

/// What everyone who waits for the same thing shares: one future, however many there are.
type Settled = Shared<oneshot::Receiver<Result<(), Failure>>>;
type Settle = oneshot::Sender<Result<(), Failure>>;

/// The auth client of one page or worker. TypeScript's `AuthClient` is its face; the tokens are with its host.
#[wasm_bindgen]
pub struct Client(Rc<Shell>);

struct Shell {
    host: Host,
    core: RefCell<Core>,
    /// How long one auth call may take, in milliseconds.
    timeout: u32,
    clock: Clock,
    /// Outputs still to be carried out. Doing one may call the app, which may call back: what that brings queues up.
    outputs: RefCell<VecDeque<Output>>,
    draining: Cell<bool>,
    timer: RefCell<Option<Timeout>>,
    /// Aborts the auth call under way.
    abort: RefCell<Option<AbortController>>,
    waiting: RefCell<Option<(Settle, Settled)>>,
    /// The sign-out call under way; a login waits for it, lest its answer clear the new cookie.
    revoking: RefCell<Option<Settled>>,
    /// What came with the last token, until the core says what it means.
    arrived: RefCell<Profile>,
    profile: RefCell<Profile>,
    /// Whether the sign-out that is asked for shall end every session of the user.
    everywhere: Cell<bool>,
    disposed: Cell<bool>,
}

#[wasm_bindgen]
impl Client {
    /// A client that has not started; nothing is sent yet. Times are milliseconds, `restore` is as in the options, and
    /// the seed is any random number: it spreads renewals and retries.
    #[wasm_bindgen(constructor)]
    pub fn new(host: Host, renew_before: f64, timeout: f64, restore: &str, seed: u32) -> Self {
        let config = Config {
            renew_before: renew_before as Millis,
            timeout: timeout as Millis,
            restore: match restore {
                "always" => Restore::Always,
                "never" => Restore::Never,
                _ => Restore::Auto,
            },
        };
        let shell = Rc::new(Shell {
            core: RefCell::new(Core::new(config, u64::from(seed))),
            timeout: config.timeout as u32,
            clock: Clock::start(),
            host,
            outputs: RefCell::default(),
            draining: Cell::new(false),
            timer: RefCell::default(),
            abort: RefCell::default(),
            waiting: RefCell::default(),
            revoking: RefCell::default(),
            arrived: RefCell::new(Profile::NOBODY),
            profile: RefCell::new(Profile::NOBODY),
            everywhere: Cell::new(false),
            disposed: Cell::new(false),
        });
        Self(shell)
    }

    /// Starts, with a restore where one is called for. Settles when that is settled, or when the app has waited for it
    /// long enough.
    pub fn start(&self) -> Promise {
        self.0.ask(Input::Start { marked: self.0.host.marked() })
    }

    /// May a call go out? Resolves when it may; rejects with an `AuthError`.
    pub fn admit(&self, min_validity: f64) -> Promise {
        self.0.ask(Input::Want { min_validity: min_validity as Millis })
    }

    /// An API refused a call that went out with this token. Resolves with `true` when the call should be sent once
    /// more, with `false` when the refusal is the caller's to see; rejects with an `AuthError`.
    pub fn rejected(&self, token: u32, replayed: bool) -> Promise {
        self.0.ask(Input::Rejected { token: TokenId(token), replayed })
    }

    /// Renews now. Resolves when there is a new token.
    pub fn refresh(&self) -> Promise {
        self.0.ask(Input::Renew)
    }

    /// Signs in with these credentials (JSON). Resolves when signed in; rejects with an `AuthError`, or as `fetch` does
    /// when aborted.
    pub fn login(&self, credentials: String, caller: Option<AbortSignal>) -> Promise {
        let shell = self.0.clone();
        promise(async move { shell.login(credentials, caller.as_ref()).await })
    }

    /// Signs out at once. Resolves with whether the server has heard.
    pub fn logout(&self, everywhere: bool) -> Promise {
        let shell = self.0.clone();
        shell.everywhere.set(everywhere);
        shell.handle(Input::Logout);
        promise(async move {
            // Looked at here, a moment later: called by a listener, the sign-out is carried out when that returns.
            let heard = shell.revoking.borrow().clone();
            let heard = match heard {
                Some(heard) => matches!(heard.await, Ok(Ok(()))),
                None => false,
            };
            Ok(JsValue::from_bool(heard))
        })
    }

    /// The page is seen again, shown again from the back-forward cache, or online again.
    pub fn woke(&self) {
        self.0.handle(Input::Woke);
    }

    /// Stops everything; whoever waits is told.
    pub fn dispose(&self) {
        let shell = &self.0;
        shell.disposed.set(true);
        shell.timer.replace(None);
        shell.outputs.borrow_mut().clear();
        if let Some(abort) = shell.abort.take() {
            abort.abort();
        }
        shell.waiting.replace(None);
        shell.host.wipe();
    }
}

/// What `handle` answers directly.
#[derive(Default)]
struct Replied {
    verdict: Option<Verdict>,
    login: Option<FlightId>,
    /// What to wait for, where the verdict is to wait.
    settled: Option<Settled>,
}

impl Shell {
    fn handle(self: &Rc<Self>, input: Input) -> Replied {
        let mut replied = Replied::default();
        if self.disposed.get() {
            replied.verdict = Some(Verdict::Refuse(Failure::of(Code::Disposed)));
            return replied;
        }
        for output in self.core.borrow_mut().handle(input, self.clock.now()) {
            match output {
                Output::Reply(verdict) => replied.verdict = Some(verdict),
                Output::Login(flight) => replied.login = Some(flight),
                other => self.outputs.borrow_mut().push_back(other),
            }
        }
        if replied.verdict == Some(Verdict::Wait) {
            replied.settled = Some(self.settled());
        }
        if !self.draining.replace(true) {
            while let Some(output) = self.next_output() {
                self.carry_out(output);
            }
            self.draining.set(false);
        }
        replied
    }

    fn next_output(&self) -> Option<Output> {
        self.outputs.borrow_mut().pop_front()
    }

    #[expect(clippy::needless_pass_by_value, reason = "an output is done once")]
    fn carry_out(self: &Rc<Self>, output: Output) {
        match output {
            Output::Refresh(flight) => self.refresh(flight),
            Output::Cancel => {
                if let Some(abort) = self.abort.take() {
                    abort.abort();
                }
            }
            Output::Revoke => self.revoke(),
            Output::Adopt { token, fresh_for } => {
                self.host.adopt(token.0, fresh_for.map_or(f64::INFINITY, |span| span as f64));
            }
            Output::Hold => self.host.hold(),
            Output::Wipe => self.host.wipe(),
            Output::Discard(token) => self.host.discard(token.0),
            Output::Mark(on) => self.host.mark(on),
            Output::Timer(after) => {
                let weak = Rc::downgrade(self);
                self.timer.replace(after.map(|after| {
                    Timeout::new(after as u32, move || {
                        if let Some(shell) = weak.upgrade() {
                            shell.handle(Input::Timer);
                        }
                    })
                }));
            }
            Output::Settle(result) => {
                if let Some((sender, _)) = self.waiting.take() {
                    let _ = sender.send(result);
                }
            }
            Output::Notify(event) => self.notify(event),
            Output::Reply(_) | Output::Login(_) => {} // answered where they were asked
        }
    }

    /// The future that everyone who waits shares; made by the first, settled by the core.
    fn settled(&self) -> Settled {
        let mut waiting = self.waiting.borrow_mut();
        let (_, settled) = waiting.get_or_insert_with(|| {
            let (sender, receiver) = oneshot::channel();
            (sender, receiver.shared())
        });
        settled.clone()
    }

    fn ask(self: &Rc<Self>, input: Input) -> Promise {
        let Replied { verdict, settled, .. } = self.handle(input);
        let shell = self.clone();
        promise(async move {
            let result = match (verdict, settled) {
                (_, Some(settled)) => settled.await.unwrap_or(Err(Failure::of(Code::Disposed))).map(|()| true),
                (Some(Verdict::Refuse(failure)), _) => Err(failure),
                (verdict, _) => Ok(verdict == Some(Verdict::Go)),
            };
            result.map(JsValue::from_bool).map_err(|failure| shell.error(failure, None))
        })
    }

    fn refresh(self: &Rc<Self>, flight: FlightId) {
        let shell = self.clone();
        let abort = self.new_abort();
        spawn(async move {
            let came = send(&shell.host, &AuthCall::to("refresh"), &abort, shell.timeout).await;
            let outcome = refresh_outcome(came.reply);
            if matches!(outcome, Outcome::Renewed(_)) {
                shell.arrived.replace(came.profile);
            }
            shell.handle(Input::Refreshed { flight, outcome });
        });
    }

    async fn login(self: Rc<Self>, credentials: String, caller: Option<&AbortSignal>) -> Result<JsValue, JsValue> {
        let revoking = self.revoking.borrow().clone();
        if let Some(revoking) = revoking {
            let _ = revoking.await;
        }
        let Some(flight) = self.handle(Input::Login).login else {
            return Err(self.error(Failure::of(Code::Disposed), None));
        };
        let abort = self.new_abort();
        let call = AuthCall { body: Some(&credentials), caller, ..AuthCall::to("login") };
        let Came { reply, profile, answer } = send(&self.host, &call, &abort, self.timeout).await;
        let outcome = login_outcome(reply);
        if matches!(outcome, LoginOutcome::Granted(_)) {
            self.arrived.replace(profile);
        }
        match self.handle(Input::LoggedIn { flight, outcome }).verdict {
            Some(Verdict::Go) => Ok(JsValue::UNDEFINED),
            Some(Verdict::Refuse(failure)) => match caller.filter(|caller| caller.aborted()) {
                Some(caller) => Err(caller.reason()),
                None => Err(self.error(failure, answer.as_ref())),
            },
            // A later login or a logout took its place and aborted it.
            _ => Err(abort.signal().reason()),
        }
    }

    /// Tells the server that the session is over, and remembers whether it has heard.
    fn revoke(self: &Rc<Self>) {
        let (sender, receiver) = oneshot::channel();
        self.revoking.replace(Some(receiver.shared()));
        let everywhere = self.everywhere.take();
        let shell = self.clone();
        // The request is made now, while the vault still has the token; only its answer is waited for.
        let endpoint = if everywhere { "logoutAll" } else { "logout" };
        let came = send(&self.host, &AuthCall::to(endpoint), &new_abort(), self.timeout);
        spawn(async move {
            let heard = came.await.succeeded();
            if everywhere && !heard {
                // Without a good token the server cannot be asked to end all; this session at least it can end.
                send(&shell.host, &AuthCall::to("logout"), &new_abort(), shell.timeout).await;
            }
            shell.revoking.replace(None);
            let _ = sender.send(if heard { Ok(()) } else { Err(Failure::of(Code::Offline)) });
        });
    }

    fn notify(&self, event: Event) {
        let name = match event {
            Event::SignedIn => {
                self.profile.replace(self.arrived.replace(Profile::NOBODY));
                "signed-in"
            }
            Event::Refreshed => {
                let arrived = self.arrived.replace(Profile::NOBODY);
                let mut profile = self.profile.borrow_mut();
                profile.claims = arrived.claims;
                if arrived.user.is_object() {
                    profile.user = arrived.user; // not every server repeats the user on a refresh
                }
                "refreshed"
            }
            Event::SignedOut | Event::NothingToRestore => {
                self.profile.replace(Profile::NOBODY);
                if event == Event::SignedOut { "signed-out" } else { "changed" }
            }
            Event::RefreshFailed { .. } => "refresh-failed",
        };
        let detail = match event {
            Event::RefreshFailed { failure, retry_at } => {
                let detail = to_js(&RefreshFailed { retry_at: retry_at.map(|at| self.clock.wall(at)) });
                let _ = js_sys::Reflect::set(&detail, &"error".into(), &self.error(failure, None));
                detail
            }
            _ => JsValue::UNDEFINED,
        };
        self.host.notify(name, &detail, &self.snapshot());
    }

    fn snapshot(&self) -> Object {
        snapshot(self.core.borrow().session(), &self.profile.borrow(), &self.clock)
    }

    fn error(&self, failure: Failure, answer: Option<&Answer>) -> JsValue {
        let Failure { code, status, retry_after } = failure;
        let seconds = retry_after.map(|span| span.div_ceil(1_000) as f64);
        self.host.error(code.as_str(), code.retryable(), status, seconds, answer)
    }

    fn new_abort(&self) -> AbortController {
        let abort = new_abort();
        self.abort.replace(Some(abort.clone()));
        abort
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RefreshFailed {
    retry_at: Option<f64>,
}

/// One boxed type of future for all promises: each other one would bring a copy of the machinery (0.5 KB brotli).
fn promise(future: impl Future<Output = Result<JsValue, JsValue>> + 'static) -> Promise {
    let boxed: LocalBoxFuture<'static, Result<JsValue, JsValue>> = Box::pin(future);
    future_to_promise(boxed)
}

fn spawn(future: impl Future<Output = ()> + 'static) {
    let boxed: LocalBoxFuture<'static, ()> = Box::pin(future);
    spawn_local(boxed);
}

fn new_abort() -> AbortController {
    AbortController::new().unwrap_throw() // every browser that runs wasm has it
}
