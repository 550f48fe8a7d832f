//! The `#[wasm_bindgen]` surface, and the loop that carries the core's outputs out.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use futures_channel::oneshot;
use futures_util::FutureExt;
use futures_util::future::{LocalBoxFuture, Shared};
use gloo_timers::callback::Timeout;
use js_sys::Promise;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{future_to_promise, spawn_local};
use web_sys::AbortSignal;

use super::auth_call::{Came, answer};
use super::clock::Clock;
use super::host::Host;
use super::news;
use crate::core::{
    About, Code, Config, Core, Event, Failure, FlightId, Input, Mark, Memory, Millis, Output, Restore, RevokeOutcome,
    Session, TokenId, Verdict, login_outcome, refresh_outcome, revoke_outcome,
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
    clock: Clock,
    /// Outputs still to be carried out. Doing one may call the app, which may call back: what that brings queues up.
    outputs: RefCell<VecDeque<Output>>,
    draining: Cell<bool>,
    timer: RefCell<Option<Timeout>>,
    waiting: RefCell<Option<(Settle, Settled)>>,
    /// The login that the app asked for last; one that came before finds its other end dropped.
    login: RefCell<Option<Login>>,
    /// Who waits to hear whether the server has heard of the sign-out.
    logouts: RefCell<Vec<oneshot::Sender<bool>>>,
    /// Whether the sign-out that is asked for shall end every session of the user.
    everywhere: Cell<bool>,
    /// What the server said to the last login, for people.
    said: RefCell<Option<String>>,
    disposed: Cell<bool>,
}

struct Login {
    credentials: String,
    caller: Option<AbortSignal>,
    done: Settle,
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
        Self(Rc::new(Shell {
            core: RefCell::new(Core::new(config, u64::from(seed))),
            clock: Clock::start(),
            host,
            outputs: RefCell::default(),
            draining: Cell::new(false),
            timer: RefCell::default(),
            waiting: RefCell::default(),
            login: RefCell::default(),
            logouts: RefCell::default(),
            everywhere: Cell::new(false),
            said: RefCell::default(),
            disposed: Cell::new(false),
        }))
    }

    /// Starts, with a restore where one is called for. Settles when that is settled, or when the app has waited for it
    /// long enough.
    pub fn start(&self) -> Promise {
        self.0.ask(Input::Start { memory: self.0.memory() })
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

    /// Signs in with these credentials (JSON). Resolves when signed in; rejects with an `AuthError`, or with
    /// `undefined` when a later login or a logout took its place.
    pub fn login(&self, credentials: String, caller: Option<AbortSignal>) -> Promise {
        let shell = self.0.clone();
        let (done, settled) = oneshot::channel();
        if !shell.disposed.get() {
            shell.login.replace(Some(Login { credentials, caller, done }));
        }
        shell.handle(Input::Login);
        promise(async move {
            match settled.await {
                Ok(Ok(())) => Ok(JsValue::UNDEFINED),
                Ok(Err(failure)) => Err(shell.error(failure, shell.said.take())),
                Err(_) if shell.disposed.get() => Err(shell.error(Failure::of(Code::Disposed), None)),
                Err(_) => Err(JsValue::UNDEFINED),
            }
        })
    }

    /// Signs out at once. Resolves with whether the server has heard.
    pub fn logout(&self, everywhere: bool) -> Promise {
        let shell = self.0.clone();
        let (done, heard) = oneshot::channel();
        shell.logouts.borrow_mut().push(done);
        shell.everywhere.set(everywhere);
        shell.handle(Input::Logout);
        promise(async move { Ok(JsValue::from_bool(heard.await == Ok(true))) })
    }

    /// The lock that this auth call waited for is ours.
    pub fn locked(&self, flight: u32) {
        self.0.handle(Input::Locked { flight: FlightId(flight), memory: self.0.memory() });
    }

    /// Another tab has news; `about` is 0 for the sign-in that we know, 1 for the present one, 2 for one that is over.
    pub fn heard(&self, about: u32, kind: u32, text: Option<String>, wait: f64, failures: u32) {
        let about = match about {
            0 => About::Ours,
            1 => About::Current,
            _ => About::Past,
        };
        if let Some(news) = news::read(kind, text, wait, failures) {
            self.0.handle(Input::Heard { news, about });
        }
    }

    /// The page is seen again, shown again from the back-forward cache, or online again.
    pub fn woke(&self) {
        self.0.handle(Input::Woke { memory: self.0.memory() });
    }

    /// Stops everything; whoever waits is told.
    pub fn dispose(&self) {
        let shell = &self.0;
        shell.disposed.set(true);
        shell.timer.replace(None);
        shell.outputs.borrow_mut().clear();
        shell.waiting.replace(None);
        shell.login.replace(None);
        shell.logouts.borrow_mut().clear();
        shell.host.cancel();
        shell.host.unlock();
        shell.host.wipe();
    }
}

impl Shell {
    /// Hands the core an input; returns its word and, where that is to wait, what to wait for.
    fn handle(self: &Rc<Self>, input: Input) -> (Option<Verdict>, Option<Settled>) {
        if self.disposed.get() {
            return (Some(Verdict::Refuse(Failure::of(Code::Disposed))), None);
        }
        let mut verdict = None;
        for output in self.core.borrow_mut().handle(input, self.clock.now()) {
            match output {
                Output::Reply(reply) => verdict = Some(reply),
                other => self.outputs.borrow_mut().push_back(other),
            }
        }
        let settled = (verdict == Some(Verdict::Wait)).then(|| self.settled());
        if !self.draining.replace(true) {
            while let Some(output) = self.next_output() {
                self.carry_out(output);
            }
            self.draining.set(false);
        }
        (verdict, settled)
    }

    fn next_output(&self) -> Option<Output> {
        self.outputs.borrow_mut().pop_front()
    }

    fn carry_out(self: &Rc<Self>, output: Output) {
        let host = &self.host;
        match output {
            Output::Lock(flight) => host.lock(flight.0, false),
            Output::Steal(flight) => host.lock(flight.0, true),
            Output::Unlock => host.unlock(),
            Output::Refresh(flight) => self.refresh(flight),
            Output::Login(flight) => self.send_login(flight),
            Output::Revoke(flight) => self.revoke(flight),
            Output::Cancel => host.cancel(),
            Output::Adopt { token, fresh_for } => {
                host.adopt(token.0, fresh_for.map_or(f64::INFINITY, |span| span as f64));
            }
            Output::Hold => host.hold(),
            Output::Wipe => host.wipe(),
            Output::Abandon => host.abandon(),
            Output::Discard(token) => host.discard(token.0),
            Output::Mark(on) => host.mark(on),
            Output::Share => host.share(),
            Output::Try => host.attempt(),
            Output::Owe(on) => host.owe(on),
            Output::Tell(news) => news::tell(host, &news),
            Output::Timer(after) => self.set_timer(after),
            Output::Settle(result) => {
                if let Some((sender, _)) = self.waiting.take() {
                    let _ = sender.send(result);
                }
            }
            Output::SettleLogin(result) => {
                if let Some(login) = self.login.take() {
                    let _ = login.done.send(result);
                }
            }
            Output::SettleLogout(heard) => {
                for done in self.logouts.take() {
                    let _ = done.send(heard);
                }
            }
            Output::Notify(event) => self.notify(event),
            Output::Reply(_) => {} // answered where it was asked
        }
    }

    fn set_timer(self: &Rc<Self>, after: Option<Millis>) {
        let weak = Rc::downgrade(self);
        self.timer.replace(after.map(|after| {
            Timeout::new(after as u32, move || {
                if let Some(shell) = weak.upgrade() {
                    shell.handle(Input::Timer);
                }
            })
        }));
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
        let (verdict, settled) = self.handle(input);
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
        let sent = self.host.call("refresh", None, None);
        self.report(Some(sent), move |came| Input::Refreshed { flight, outcome: refresh_outcome(came.reply) });
    }

    fn send_login(self: &Rc<Self>, flight: FlightId) {
        let login = self.login.borrow();
        let sent = login.as_ref().map(|login| self.host.call("login", Some(&login.credentials), login.caller.as_ref()));
        drop(login);
        let shell = self.clone();
        self.report(sent, move |came| {
            shell.said.replace(came.said);
            Input::LoggedIn { flight, outcome: login_outcome(came.reply) }
        });
    }

    fn revoke(self: &Rc<Self>, flight: FlightId) {
        let everywhere = self.everywhere.take();
        let sent = self.host.call(if everywhere { "logoutAll" } else { "logout" }, None, None);
        self.report(Some(sent), move |came| {
            let outcome = match revoke_outcome(&came.reply) {
                // Without a good token the server cannot be asked to end all; this session it has still to hear of.
                RevokeOutcome::Refused if everywhere => RevokeOutcome::Later,
                outcome => outcome,
            };
            Input::Revoked { flight, outcome }
        });
    }

    /// Tells the core what becomes of a call.
    fn report(self: &Rc<Self>, sent: Option<Promise>, input: impl FnOnce(Came) -> Input + 'static) {
        let shell = self.clone();
        spawn(async move {
            let came = answer(sent).await;
            shell.handle(input(came));
        });
    }

    fn notify(&self, event: Event) {
        let name = match event {
            Event::SignedIn => "signed-in",
            Event::AccountChanged => "account-changed",
            Event::Refreshed => "refreshed",
            Event::SignedOut => "signed-out",
            Event::Changed => "changed",
            Event::RefreshFailed { failure, retry_at } => {
                let retry_at = retry_at.map_or(f64::NAN, |at| self.clock.wall(at));
                return self.host.refresh_failed(&self.error(failure, None), retry_at);
            }
        };
        let (status, expires_at, reason) = match self.core.borrow().session() {
            Session::Restoring => ("restoring", None, None),
            Session::SignedIn { token, .. } => ("signed-in", token.expires_at, None),
            Session::SignedOut(reason) => ("signed-out", None, Some(reason.as_str())),
        };
        self.host.notify(name, status, expires_at.map_or(f64::NAN, |at| self.clock.wall(at)), reason);
    }

    fn memory(&self) -> Memory {
        let bits = self.host.memory();
        let mark = match bits & 3 {
            0 => Mark::Same,
            1 => Mark::Gone,
            _ => Mark::Other,
        };
        Memory { mark, owed: bits & 4 != 0, wait: self.host.wait() as Millis }
    }

    fn error(&self, failure: Failure, said: Option<String>) -> JsValue {
        let Failure { code, status, retry_after } = failure;
        let seconds = retry_after.map(|span| span.div_ceil(1_000) as f64);
        self.host.error(code.as_str(), code.retryable(), status, seconds, said)
    }
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
