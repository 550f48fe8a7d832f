//! The state machine: one mutation per input, then the outputs, in the order in which they are to be done.

use super::session::Standing;
use super::{
    Code, Config, Failure, Grant, LoginOutcome, Millis, Outcome, Random, Restore, Session, SignedOutReason, TIMER_MAX,
    Token, TokenId, renewal,
};

/// A server may ask for patience, but not for ever: `Retry-After` counts up to a day.
const RETRY_AFTER_MAX: Millis = 86_400_000;

/// The number of an auth call. An answer to any but the present one is too late and changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlightId(u32);

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// The client starts; `marked` tells whether this browser was signed in when it was last seen.
    Start {
        /// Whether the mark of an earlier sign-in was found.
        marked: bool,
    },
    /// A call needs a token that lives for at least so long.
    Want {
        /// How long the token must still live.
        min_validity: Millis,
    },
    /// The app asks for a renewal now.
    Renew,
    /// An API refused a call.
    Rejected {
        /// The token the call was sent with.
        token: TokenId,
        /// Whether it was the second try of that call.
        replayed: bool,
    },
    /// What a refresh came to.
    Refreshed {
        /// Which refresh.
        flight: FlightId,
        /// What it came to.
        outcome: Outcome,
    },
    /// The app is about to log in.
    Login,
    /// What a login came to.
    LoggedIn {
        /// Which login.
        flight: FlightId,
        /// What it came to.
        outcome: LoginOutcome,
    },
    /// The app signs out.
    Logout,
    /// The timer that was asked for rang.
    Timer,
    /// The page is seen again, shown again from the back-forward cache, or online again.
    Woke,
}

/// What is to be done. `Notify` comes last: the app may call back at once, and what it asks then is settled by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// The answer to the input itself.
    Reply(Verdict),
    /// Send a refresh and report what it came to.
    Refresh(FlightId),
    /// Send the login and report what it came to.
    Login(FlightId),
    /// Abort the auth call that is under way; nobody wants its answer any more.
    Cancel,
    /// Tell the server that the session is over.
    Revoke,
    /// From now on, calls go out with this token without asking, for so long (`None`: until an API refuses it).
    Adopt {
        /// The token.
        token: TokenId,
        /// How long it may be used without asking.
        fresh_for: Option<Millis>,
    },
    /// No call goes out without asking until the next `Adopt`.
    Hold,
    /// Forget every token.
    Wipe,
    /// Forget this one, which was never adopted.
    Discard(TokenId),
    /// Leave a new mark in this browser that somebody signed in, or take it away.
    Mark(bool),
    /// Ring after so long; `None` takes the timer back.
    Timer(Option<Millis>),
    /// Everyone who waits may go on, or must give up.
    Settle(Result<(), Failure>),
    /// Tell the app.
    Notify(Event),
}

/// What a call may do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Go out, with the present token.
    Go,
    /// Wait for the next `Settle`.
    Wait,
    /// Hand the 401 to the caller: nothing we can do would change it.
    HandThrough,
    /// Give up.
    Refuse(Failure),
}

/// What the app is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// Somebody is signed in now, by login or by restore.
    SignedIn,
    /// The session goes on with a new token.
    Refreshed,
    /// The session is over.
    SignedOut,
    /// There was no session to resume. Nobody was signed out, so only the snapshot changes.
    NothingToRestore,
    /// A refresh failed in a way that does not end the session.
    RefreshFailed {
        /// Why.
        failure: Failure,
        /// When it is tried again; `None` where nothing is scheduled.
        retry_at: Option<Millis>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Refresh,
    Login,
}

/// The auth call under way. There is never more than one.
#[derive(Debug, Clone, Copy)]
struct Flight {
    id: FlightId,
    purpose: Purpose,
    sent_at: Millis,
}

/// The client's state, and the rules by which it changes.
#[derive(Debug)]
pub struct Core {
    config: Config,
    random: Random,
    session: Session,
    flight: Option<Flight>,
    flights: u32,
    /// Whether the browser holds the mark of this sign-in.
    marked: bool,
    /// Since when somebody waits for a token.
    waiting_since: Option<Millis>,
    /// Refreshes that failed in a row, and when the next one is due.
    failures: u32,
    retry_at: Option<Millis>,
    /// The server asked for silence until then.
    hold_until: Millis,
    /// The moment for which the timer was last asked.
    timer_at: Option<Millis>,
}

impl Core {
    /// A client that knows nothing yet. The seed spreads its renewals and retries; give each client another.
    pub fn new(config: Config, seed: u64) -> Self {
        Self {
            config,
            random: Random::new(seed),
            session: Session::Restoring,
            flight: None,
            flights: 0,
            marked: false,
            waiting_since: None,
            failures: 0,
            retry_at: None,
            hold_until: 0,
            timer_at: None,
        }
    }

    /// What is known of the user.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Takes what happened and when, and returns what is to be done, in order.
    pub fn handle(&mut self, input: Input, now: Millis) -> Vec<Output> {
        let mut out = Vec::new();
        match input {
            Input::Start { marked } => {
                let verdict = self.start(marked, now, &mut out);
                out.push(Output::Reply(verdict));
            }
            Input::Want { min_validity } => {
                let verdict = self.want(min_validity, now, &mut out);
                out.push(Output::Reply(verdict));
            }
            Input::Renew => {
                let verdict = self.renew(now, &mut out);
                out.push(Output::Reply(verdict));
            }
            Input::Rejected { token, replayed } => {
                let verdict = self.rejected(token, replayed, now, &mut out);
                out.push(Output::Reply(verdict));
            }
            Input::Refreshed { flight, outcome } => self.refreshed(flight, outcome, now, &mut out),
            Input::Login => self.login(now, &mut out),
            Input::LoggedIn { flight, outcome } => self.logged_in(flight, outcome, now, &mut out),
            Input::Logout => self.logout(&mut out),
            Input::Timer => self.timer(now, &mut out),
            Input::Woke => self.woke(now, &mut out),
        }
        self.set_timer(now, &mut out);
        out
    }

    fn start(&mut self, marked: bool, now: Millis, out: &mut Vec<Output>) -> Verdict {
        self.marked = marked;
        let restore = match self.config.restore {
            Restore::Always => true,
            Restore::Auto => marked,
            Restore::Never => false,
        };
        if self.session != Session::Restoring || self.flight.is_some() {
            return Verdict::Go; // the app was quicker: a login is under way or done
        }
        if restore {
            return self.wait(now, now, out);
        }
        self.session = Session::SignedOut(SignedOutReason::Never);
        out.push(Output::Notify(Event::NothingToRestore));
        Verdict::Go
    }

    fn want(&mut self, min_validity: Millis, now: Millis, out: &mut Vec<Output>) -> Verdict {
        match &self.session {
            Session::SignedOut(_) => Verdict::Refuse(Failure::of(Code::SignedOut)),
            Session::SignedIn { token, .. } if token.usable_for(min_validity, now) => Verdict::Go,
            _ => self.wait(self.next_try(now), now, out),
        }
    }

    fn renew(&mut self, now: Millis, out: &mut Vec<Output>) -> Verdict {
        // After a logout only a login starts a session again. In the other cases the server may know better than we
        // (a sign-in on another page of the site set the cookie), so it is asked.
        if self.session == Session::SignedOut(SignedOutReason::Logout) {
            return Verdict::Refuse(Failure::of(Code::SignedOut));
        }
        // The app's own wish beats our backoff, but not the server's.
        self.wait(self.hold_until.max(now), now, out)
    }

    fn rejected(&mut self, refused: TokenId, replayed: bool, now: Millis, out: &mut Vec<Output>) -> Verdict {
        let (token, since) = match &mut self.session {
            Session::SignedIn { token, since, .. } => (token, *since),
            Session::SignedOut(_) => return Verdict::Refuse(Failure::of(Code::SessionEnded)),
            Session::Restoring => return Verdict::HandThrough,
        };
        if refused < since {
            return Verdict::Refuse(Failure::of(Code::SessionEnded)); // the call of a user who has left
        }
        if replayed {
            if refused == token.id {
                token.standing = Standing::Futile;
            }
            return Verdict::HandThrough;
        }
        if refused < token.id {
            return self.want(0, now, out); // sent with an older token: the present one may do
        }
        match token.standing {
            Standing::Futile => return Verdict::HandThrough,
            Standing::Good => {
                token.standing = Standing::Rejected;
                out.push(Output::Hold);
            }
            Standing::Rejected | Standing::Doubted => {}
        }
        let verdict = self.wait(self.next_try(now), now, out);
        if matches!(verdict, Verdict::Refuse(_)) {
            self.doubt(now, out);
        }
        verdict
    }

    fn refreshed(&mut self, flight: FlightId, outcome: Outcome, now: Millis, out: &mut Vec<Output>) {
        let Some(sent_at) = self.land(flight) else {
            if let Outcome::Renewed(grant) = outcome {
                out.push(Output::Discard(grant.token));
                if matches!(self.session, Session::SignedOut(_)) {
                    out.push(Output::Revoke); // the late answer brought the cookie back to life
                }
            }
            return;
        };
        match outcome {
            Outcome::Renewed(grant) => self.adopt(grant, sent_at, now, out),
            Outcome::Refused(reason) => {
                let reason = match self.session {
                    Session::Restoring if !self.marked => SignedOutReason::Never,
                    Session::SignedOut(before) => before,
                    _ => reason,
                };
                self.end(reason, out);
            }
            Outcome::Later(failure) => self.postpone(failure, now, out),
        }
    }

    fn login(&mut self, now: Millis, out: &mut Vec<Output>) {
        self.cancel(now, out);
        let id = self.take_off(Purpose::Login, now);
        out.push(Output::Login(id));
    }

    fn logged_in(&mut self, flight: FlightId, outcome: LoginOutcome, now: Millis, out: &mut Vec<Output>) {
        let Some(sent_at) = self.land(flight) else {
            if let LoginOutcome::Granted(grant) = outcome {
                out.push(Output::Discard(grant.token));
            }
            return; // no reply: a later login or a logout has taken its place
        };
        match outcome {
            LoginOutcome::Granted(grant) => {
                if matches!(self.session, Session::SignedIn { .. }) {
                    // Whoever still waits was called for the user who has just been replaced.
                    self.settle(Err(Failure::of(Code::SessionEnded)), out);
                    self.session = Session::Restoring;
                }
                self.marked = false; // a new sign-in gets a new mark
                self.adopt(grant, sent_at, now, out);
                out.push(Output::Reply(Verdict::Go));
            }
            LoginOutcome::Failed(failure) => {
                out.push(Output::Reply(Verdict::Refuse(failure)));
                if self.waiting_since.is_some() && self.hold_until <= now {
                    self.send_refresh(now, out);
                }
            }
        }
    }

    fn logout(&mut self, out: &mut Vec<Output>) {
        if self.flight.take().is_some() {
            out.push(Output::Cancel);
        }
        out.push(Output::Revoke); // before the wipe: "everywhere" is asked for with the token
        self.end(SignedOutReason::Logout, out);
    }

    fn timer(&mut self, now: Millis, out: &mut Vec<Output>) {
        self.timer_at = None;
        if self.patience_ends().is_some_and(|end| end <= now) {
            self.give_up(now, out);
        }
        if self.flight.is_none() && self.due_at().is_some_and(|due| due <= now) {
            self.send_refresh(now, out);
        }
    }

    fn woke(&mut self, now: Millis, out: &mut Vec<Output>) {
        // A sleep makes backoff meaningless: what failed then may well work now. The server's wish still counts.
        self.retry_at = self.retry_at.map(|_| now);
        self.timer(now, out);
    }

    /// A token arrived: the session begins or goes on with it.
    fn adopt(&mut self, grant: Grant, sent_at: Millis, now: Millis, out: &mut Vec<Output>) {
        let Grant { token: id, life, subject } = grant;
        let random = &mut self.random;
        let token = Token {
            id,
            // Counted from the request, not from the answer: the server's clock started somewhere in between.
            expires_at: life.map(|life| sent_at.saturating_add(life)),
            renew_at: life.map(|life| renewal::renew_at(sent_at, life, self.config.renew_before, random)),
            standing: Standing::Good,
        };
        let (event, since, subject) = match &self.session {
            Session::SignedIn { subject: present, since, .. } => {
                if present.is_some() && subject.is_some() && *present != subject {
                    (Event::SignedIn, id, subject)
                } else {
                    (Event::Refreshed, *since, subject.or_else(|| present.clone()))
                }
            }
            _ => (Event::SignedIn, id, subject),
        };
        if event == Event::SignedIn && matches!(self.session, Session::SignedIn { .. }) {
            self.settle(Err(Failure::of(Code::SessionEnded)), out);
        }
        out.push(Output::Adopt { token: id, fresh_for: token.left(now) });
        self.session = Session::SignedIn { token, since, subject };
        self.failures = 0;
        self.retry_at = None;
        self.hold_until = 0;
        if !self.marked {
            self.marked = true;
            out.push(Output::Mark(true));
        }
        self.settle(Ok(()), out);
        out.push(Output::Notify(event));
    }

    /// The session is over.
    fn end(&mut self, reason: SignedOutReason, out: &mut Vec<Output>) {
        let before = std::mem::replace(&mut self.session, Session::SignedOut(reason));
        self.retry_at = None;
        self.failures = 0;
        out.push(Output::Wipe);
        if self.marked {
            self.marked = false;
            out.push(Output::Mark(false));
        }
        let code = if matches!(before, Session::SignedIn { .. }) { Code::SessionEnded } else { Code::SignedOut };
        self.settle(Err(Failure::of(code)), out);
        match (&before, reason) {
            (Session::SignedOut(same), _) if *same == reason => {}
            (Session::Restoring, SignedOutReason::Never) => out.push(Output::Notify(Event::NothingToRestore)),
            _ => out.push(Output::Notify(Event::SignedOut)),
        }
    }

    /// A refresh came to nothing: the session is as it was, the next try comes later.
    fn postpone(&mut self, failure: Failure, now: Millis, out: &mut Vec<Output>) {
        let delay = renewal::backoff(self.failures, &mut self.random);
        self.failures = self.failures.saturating_add(1);
        self.hold_until = now + failure.retry_after.unwrap_or(0).min(RETRY_AFTER_MAX);
        self.retry_at = match self.session {
            Session::SignedOut(_) => None, // only the app asked; it is told, and may ask again
            _ => Some(self.hold_until.saturating_add(delay)),
        };
        self.doubt(now, out);
        let in_time = match (self.retry_at, self.patience_ends()) {
            (Some(retry_at), Some(end)) => retry_at < end,
            _ => false,
        };
        if !in_time {
            self.give_up(now, out);
        }
        out.push(Output::Notify(Event::RefreshFailed { failure, retry_at: self.retry_at }));
    }

    /// A refused token that cannot be replaced for now is used again: other APIs may still take it.
    fn doubt(&mut self, now: Millis, out: &mut Vec<Output>) {
        if let Session::SignedIn { token, .. } = &mut self.session
            && token.standing == Standing::Rejected
        {
            token.standing = Standing::Doubted;
            out.push(Output::Adopt { token: token.id, fresh_for: token.left(now) });
        }
    }

    /// Waits for a refresh that can go out at `at`, if that is within the callers' patience.
    fn wait(&mut self, at: Millis, now: Millis, out: &mut Vec<Output>) -> Verdict {
        if self.flight.is_none() && at <= now {
            self.send_refresh(now, out);
        }
        let since = self.waiting_since.unwrap_or(now);
        if self.flight.is_none() && at >= since + self.config.timeout {
            return Verdict::Refuse(self.unavailable(now));
        }
        self.waiting_since = Some(since);
        Verdict::Wait
    }

    /// The first moment at which the next refresh may be sent.
    fn next_try(&self, now: Millis) -> Millis {
        self.retry_at.unwrap_or(now).max(self.hold_until).max(now)
    }

    /// When a refresh is due by itself.
    fn due_at(&self) -> Option<Millis> {
        let due = match &self.session {
            Session::SignedIn { token, .. } => self.retry_at.or(token.renew_at),
            Session::Restoring => self.retry_at,
            Session::SignedOut(_) => None,
        };
        // Whoever waits although nothing is scheduled (the server asked for silence first) is served when it is over.
        let waited_for = self.waiting_since.filter(|_| self.retry_at.is_none()).map(|_| self.hold_until);
        due.into_iter().chain(waited_for).min().map(|at| at.max(self.hold_until))
    }

    fn patience_ends(&self) -> Option<Millis> {
        Some(self.waiting_since?.saturating_add(self.config.timeout))
    }

    fn unavailable(&self, now: Millis) -> Failure {
        let wait = self.next_try(now) - now;
        Failure { code: Code::RefreshUnavailable, status: None, retry_after: (wait > 0).then_some(wait) }
    }

    fn give_up(&mut self, now: Millis, out: &mut Vec<Output>) {
        self.settle(Err(self.unavailable(now)), out);
    }

    fn settle(&mut self, result: Result<(), Failure>, out: &mut Vec<Output>) {
        if self.waiting_since.take().is_some() {
            out.push(Output::Settle(result));
        }
    }

    fn take_off(&mut self, purpose: Purpose, now: Millis) -> FlightId {
        self.flights += 1;
        let id = FlightId(self.flights);
        self.flight = Some(Flight { id, purpose, sent_at: now });
        id
    }

    fn send_refresh(&mut self, now: Millis, out: &mut Vec<Output>) {
        self.retry_at = None;
        let id = self.take_off(Purpose::Refresh, now);
        out.push(Output::Refresh(id));
    }

    /// Ends the present auth call if it is this one, and tells when it was sent.
    fn land(&mut self, id: FlightId) -> Option<Millis> {
        let flight = self.flight.filter(|flight| flight.id == id)?;
        self.flight = None;
        Some(flight.sent_at)
    }

    fn cancel(&mut self, now: Millis, out: &mut Vec<Output>) {
        if let Some(flight) = self.flight.take() {
            out.push(Output::Cancel);
            if flight.purpose == Purpose::Refresh {
                self.retry_at = Some(now); // still due, should the login fail
            }
        }
    }

    fn set_timer(&mut self, now: Millis, out: &mut Vec<Output>) {
        let due = if self.flight.is_some() { None } else { self.due_at() };
        let at = due.into_iter().chain(self.patience_ends()).min();
        if at != self.timer_at {
            self.timer_at = at;
            out.push(Output::Timer(at.map(|at| at.saturating_sub(now).min(TIMER_MAX))));
        }
    }
}

impl Token {
    fn left(&self, now: Millis) -> Option<Millis> {
        self.expires_at.map(|end| end.saturating_sub(now))
    }

    fn usable_for(&self, span: Millis, now: Millis) -> bool {
        self.standing != Standing::Rejected && self.left(now).is_none_or(|left| left > 0 && left >= span)
    }
}
