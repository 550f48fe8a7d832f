//! The `#[wasm_bindgen]` surface, and the loop that carries the core's outputs out.

use std::cell::{Cell, RefCell};

use wasm_bindgen::prelude::*;

use super::clock::Clock;
use super::host::Host;
use super::news;
use super::numbers::{details, session_code, span, subject};
use crate::core::{
    About, Answer, Code, Config, Core, Event, Failure, FlightId, Grant, Input, Mark, Memory, Millis, Output, Reply,
    Restore, RevokeOutcome, Session, TokenId, Verdict, lifetime, login_outcome, refresh_outcome, revoke_outcome,
};

/// Whom an auth call is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Endpoint {
    /// A new access token for the refresh token.
    Refresh,
    /// A sign-in.
    Login,
    /// The end of this session.
    Logout,
    /// The end of every session of the user.
    LogoutAll,
}

/// A status that no server answers with: nothing came.
const UNREACHABLE: u16 = 0;
/// As said, because it could not even be sent.
const UNSENDABLE: u16 = 1;

/// Who waits.
const FOR_TOKEN: u32 = 0;
const FOR_LOGIN: u32 = 1;
/// In the place of an error's code: there was none.
const WELL: i32 = -1;

/// The auth client of one page or worker. TypeScript's `AuthClient` is its face; the tokens are with its host.
#[wasm_bindgen]
pub struct Client {
    host: Host,
    core: RefCell<Core>,
    clock: Clock,
    /// Whether outputs are being carried out. Doing one may call the app, which may call back: what that brings queues up.
    draining: Cell<bool>,
    /// Whether the sign-out that is asked for shall end every session of the user.
    everywhere: Cell<bool>,
    disposed: Cell<bool>,
}

#[wasm_bindgen]
impl Client {
    /// A client that has not started; nothing is sent yet. Times are milliseconds, `restore` is 0 for never, 1 for
    /// always, 2 for auto, and the seed is any random number: it spreads renewals and retries.
    #[wasm_bindgen(constructor)]
    pub fn new(host: Host, renew_before: f64, timeout: f64, restore: u32, seed: u32) -> Self {
        let config = Config {
            renew_before: renew_before as Millis,
            timeout: timeout as Millis,
            restore: match restore {
                0 => Restore::Never,
                1 => Restore::Always,
                _ => Restore::Auto,
            },
        };
        Self {
            host,
            core: RefCell::new(Core::new(config, u64::from(seed))),
            clock: Clock::start(),
            draining: Cell::new(false),
            everywhere: Cell::new(false),
            disposed: Cell::new(false),
        }
    }

    /// Starts, with a restore where one is called for. `Host::wait`, `answer` or `refuse` gives the promise, of this and
    /// of the next three; it settles when the restore is settled, or when the app has waited for it long enough.
    pub fn start(&self) {
        self.ask(Input::Start { memory: self.memory() });
    }

    /// May a call go out? Resolves when it may; rejects with an `AuthError`.
    pub fn admit(&self, min_validity: f64) {
        self.ask(Input::Want { min_validity: min_validity as Millis });
    }

    /// An API refused a call that went out with this token. Resolves with `true` when the call should be sent once
    /// more, with `false` when the refusal is the caller's to see; rejects with an `AuthError`.
    pub fn rejected(&self, token: u32, replayed: bool) {
        self.ask(Input::Rejected { token: TokenId(token), replayed });
    }

    /// Renews now. Resolves when there is a new token.
    pub fn refresh(&self) {
        self.ask(Input::Renew);
    }

    /// Signs in, with what the host keeps for it. `Host::settle` tells what came of it.
    pub fn login(&self) {
        if self.disposed.get() {
            return self.settle(FOR_LOGIN, Err(Failure::of(Code::Disposed)));
        }
        self.handle(Input::Login);
    }

    /// Signs out at once. `Host::settle_logout` tells whether the server has heard.
    pub fn logout(&self, everywhere: bool) {
        if self.disposed.get() {
            return self.host.settle_logout(false);
        }
        self.everywhere.set(everywhere);
        self.handle(Input::Logout);
    }

    /// What came of an auth call: the HTTP status (0: no answer, 1: it could not be sent), what its code says of the
    /// session (0: nothing, 1: it is over, 2: reused, 3: revoked), the milliseconds of `Retry-After` (0: none), and of
    /// the access token its number (0: there was none), its two lifetimes in seconds (NaN: not said) and its user's
    /// number.
    #[expect(clippy::too_many_arguments, reason = "an object with a getter for each would be 200 bytes (brotli) more")]
    pub fn answered(
        &self,
        endpoint: u32,
        flight: u32,
        status: u16,
        code: u32,
        retry_after: f64,
        token: u32,
        expires_in: f64,
        jwt_life: f64,
        user: u32,
    ) {
        let grant = Grant { token: TokenId(token), life: lifetime(expires_in, jwt_life), subject: subject(user) };
        let reply = match status {
            UNREACHABLE => Reply::Unreachable,
            UNSENDABLE => Reply::Unsendable,
            _ => Reply::Answered(Answer {
                status,
                code: session_code(code),
                retry_after: span(retry_after),
                grant: (token != 0).then_some(grant),
            }),
        };
        let flight = FlightId(flight);
        self.handle(if endpoint == Endpoint::Refresh as u32 {
            Input::Refreshed { flight, outcome: refresh_outcome(reply) }
        } else if endpoint == Endpoint::Login as u32 {
            Input::LoggedIn { flight, outcome: login_outcome(reply) }
        } else {
            let outcome = match revoke_outcome(&reply) {
                // Without a good token the server cannot be asked to end all; this session it has still to hear of.
                RevokeOutcome::Refused if endpoint == Endpoint::LogoutAll as u32 => RevokeOutcome::Later,
                outcome => outcome,
            };
            Input::Revoked { flight, outcome }
        });
    }

    /// The time that `Host::timer` was asked for is over.
    pub fn elapsed(&self) {
        self.handle(Input::Timer);
    }

    /// The lock that this auth call waited for is ours.
    pub fn locked(&self, flight: u32) {
        self.handle(Input::Locked { flight: FlightId(flight), memory: self.memory() });
    }

    /// Another tab has news; `about` is 0 for the sign-in that we know, 1 for the present one, 2 for one that is over.
    pub fn heard(&self, about: u32, kind: u32, number: u32, wait: f64) {
        let about = match about {
            0 => About::Ours,
            1 => About::Current,
            _ => About::Past,
        };
        if let Some(news) = news::read(kind, number, wait) {
            self.handle(Input::Heard { news, about });
        }
    }

    /// The page is seen again, shown again from the back-forward cache, or online again.
    pub fn woke(&self) {
        self.handle(Input::Woke { memory: self.memory() });
    }

    /// Nobody sees the page any more; `woke` tells when that is over.
    pub fn hid(&self) {
        self.handle(Input::Hid);
    }

    /// Stops everything; whoever waits is told.
    pub fn dispose(&self) {
        self.disposed.set(true);
        self.core.borrow_mut().cancel();
        let host = &self.host;
        host.timer(f64::INFINITY);
        for whose in [FOR_TOKEN, FOR_LOGIN] {
            self.settle(whose, Err(Failure::of(Code::Disposed)));
        }
        host.settle_logout(false);
        host.cancel();
        host.unlock();
        host.wipe();
    }
}

impl Client {
    /// Hands the core an input, and whoever asks the promise of its answer.
    fn ask(&self, input: Input) {
        match self.take(input) {
            Verdict::Wait => self.host.wait(),
            Verdict::Refuse(failure) => {
                let (retryable, status, retry_after) = details(failure);
                self.host.refuse(failure.code as u32, retryable, status, retry_after);
            }
            verdict => self.host.answer(verdict == Verdict::Go),
        }
        self.drain();
    }

    fn handle(&self, input: Input) {
        self.take(input);
        self.drain();
    }

    /// Hands the core an input; returns its word, where it was asked for one.
    fn take(&self, input: Input) -> Verdict {
        if self.disposed.get() {
            return Verdict::Refuse(Failure::of(Code::Disposed));
        }
        self.core.borrow_mut().handle(input, self.clock.now()).unwrap_or(Verdict::Go)
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
            Output::Lock(flight) => host.lock(flight.0, false),
            Output::Steal(flight) => host.lock(flight.0, true),
            Output::Unlock => host.unlock(),
            Output::Refresh(flight) => host.call(Endpoint::Refresh as u32, flight.0),
            Output::Login(flight) => host.call(Endpoint::Login as u32, flight.0),
            Output::Revoke(flight) => {
                let endpoint = if self.everywhere.take() { Endpoint::LogoutAll } else { Endpoint::Logout };
                host.call(endpoint as u32, flight.0);
            }
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
            Output::Tell(news) => news::tell(host, news),
            Output::Timer(after) => host.timer(after.map_or(f64::INFINITY, |after| after as f64)),
            Output::Settle(result) => self.settle(FOR_TOKEN, result),
            Output::SettleLogin(result) => self.settle(FOR_LOGIN, result),
            Output::SettleLogout(heard) => host.settle_logout(heard),
            Output::Notify(event) => self.notify(event),
        }
    }

    fn settle(&self, whose: u32, result: Result<(), Failure>) {
        match result {
            Ok(()) => self.host.settle(whose, WELL, false, 0, 0.0),
            Err(failure) => {
                let (retryable, status, retry_after) = details(failure);
                self.host.settle(whose, failure.code as i32, retryable, status, retry_after);
            }
        }
    }

    fn notify(&self, event: Event) {
        if let Event::RefreshFailed { failure, retry_at } = event {
            let (retryable, status, retry_after) = details(failure);
            let retry_at = self.wall(retry_at);
            return self.host.refresh_failed(failure.code as u32, retryable, status, retry_after, retry_at);
        }
        let event = match event {
            Event::Changed | Event::RefreshFailed { .. } => 0,
            Event::SignedIn => 1,
            Event::AccountChanged => 2,
            Event::Refreshed => 3,
            Event::SignedOut => 4,
        };
        let (status, expires_at, reason) = match self.core.borrow().session() {
            Session::Restoring => (0, None, 0),
            Session::SignedIn { token, .. } => (1, token.expires_at, 0),
            Session::SignedOut(reason) => (2, None, *reason as u32),
        };
        self.host.notify(event, status, self.wall(expires_at), reason);
    }

    /// A moment by the wall clock; NaN where there is none.
    fn wall(&self, at: Option<Millis>) -> f64 {
        at.map_or(f64::NAN, |at| self.clock.wall(at))
    }

    fn memory(&self) -> Memory {
        let bits = self.host.memory();
        let mark = match bits & 3 {
            0 => Mark::Same,
            1 => Mark::Gone,
            _ => Mark::Other,
        };
        Memory { mark, owed: bits & 4 != 0, wait: self.host.silence() as Millis }
    }
}
