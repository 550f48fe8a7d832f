//! The state machine: one mutation per input, then the outputs, in the order in which they are to be done.

mod flight;
mod io;
mod tabs;

pub use io::{About, Event, FlightId, Input, Mark, Memory, News, Output, Verdict};

use std::collections::VecDeque;

use flight::{Flight, Purpose, Stage};

use super::session::Standing;
use super::{
    Code, Config, Failure, Grant, LoginOutcome, Millis, Outcome, Random, Restore, RevokeOutcome, Session,
    SignedOutReason, Subject, TIMER_MAX, Token, TokenId, renewal,
};

/// A server may ask for patience, but not for ever: `Retry-After` counts up to a day.
const RETRY_AFTER_MAX: Millis = 86_400_000;

/// The client's state, and the rules by which it changes.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own; together they make no state")]
pub struct Core {
    config: Config,
    random: Random,
    session: Session,
    flight: Option<Flight>,
    flights: u32,
    /// Whether a login waits for a sign-out to be heard, lest that one's answer clear the new cookie.
    login_waits: bool,
    /// Whether somebody signed in while the refresh was under way: a no to it may be meant for the one before.
    overtaken: bool,
    /// Whether our mark was gone when we looked: then a no means that another tab signed out.
    lost: bool,
    /// Whether the browser holds the mark of this sign-in.
    marked: bool,
    /// Whether there was a sign of a session, so that its end is news.
    expected: bool,
    /// Whether the server has still to hear of a sign-out.
    owed: bool,
    /// Whether a late answer may have set the cookie again while the server was told.
    revived: bool,
    /// Whether nobody sees the page: then no timer runs but for those who wait.
    hidden: bool,
    /// Who was signed in before we lost sight of who is.
    former: Subject,
    /// Since when somebody waits for a token.
    waiting_since: Option<Millis>,
    /// Refreshes that failed in a row, and when the next one is due.
    failures: u32,
    retry_at: Option<Millis>,
    /// The server asked for silence until then.
    hold_until: Millis,
    /// The moment for which the timer was last asked.
    timer_at: Option<Millis>,
    /// What is still to be done. Doing it may bring the next input before the queue is empty.
    outputs: VecDeque<Output>,
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
            login_waits: false,
            overtaken: false,
            lost: false,
            marked: false,
            expected: false,
            owed: false,
            revived: false,
            hidden: false,
            former: None,
            waiting_since: None,
            failures: 0,
            retry_at: None,
            hold_until: 0,
            timer_at: None,
            outputs: VecDeque::new(),
        }
    }

    /// What is known of the user.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Takes what happened and when; returns the answer, where something was asked. What is to be done is queued, and
    /// [`Core::poll`] hands it out.
    pub fn handle(&mut self, input: Input, now: Millis) -> Option<Verdict> {
        let verdict = match input {
            Input::Start { memory } => Some(self.start(memory, now)),
            Input::Want { min_validity } => Some(self.want(min_validity, now)),
            Input::Renew => Some(self.renew(now)),
            Input::Rejected { token, replayed } => Some(self.rejected(token, replayed, now)),
            other => {
                self.happened(other, now);
                None
            }
        };
        if self.flight.is_none() && self.due_at().is_some_and(|due| due <= now) {
            self.request(Purpose::Refresh, now);
        }
        self.set_timer(now);
        verdict
    }

    /// The next thing to do; they are to be done in this order.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Forgets what is still to be done.
    pub fn cancel(&mut self) {
        self.outputs.clear();
    }

    /// (Not inlined: there are 44 callers, and each would bring the growing of the queue.)
    #[inline(never)]
    fn emit(&mut self, output: Output) {
        self.outputs.push_back(output);
    }

    fn happened(&mut self, input: Input, now: Millis) {
        match input {
            Input::Login => self.login(now),
            Input::Logout => self.logout(now),
            Input::Locked { flight, memory } => self.locked(flight, memory, now),
            Input::Refreshed { flight, outcome } => self.refreshed(flight, outcome, now),
            Input::LoggedIn { flight, outcome } => self.logged_in(flight, outcome, now),
            Input::Revoked { flight, outcome } => {
                if self.land(flight).is_some() {
                    self.revoke_ended(outcome, now);
                }
            }
            Input::Heard { news, about } => self.heard(news, about, now),
            Input::Woke { memory } => self.woke(memory, now),
            Input::Hid => self.hidden = true,
            _ => self.timer(now),
        }
    }

    fn start(&mut self, memory: Memory, now: Millis) -> Verdict {
        self.hold_for(memory.wait, now);
        self.marked = memory.mark == Mark::Other;
        self.expected = self.marked;
        self.owed = memory.owed && !self.marked;
        if self.session != Session::Restoring || self.flight.is_some() {
            return Verdict::Go; // the app was quicker: a login is under way or done
        }
        let restore = match self.config.restore {
            Restore::Always => true,
            Restore::Auto => self.marked,
            Restore::Never => false,
        };
        if self.marked {
            self.emit(Output::Share);
        }
        if restore && !self.owed {
            return self.wait(self.hold_until, now);
        }
        self.session = Session::SignedOut(if self.owed { SignedOutReason::Logout } else { SignedOutReason::Never });
        self.emit(Output::Notify(Event::Changed));
        self.pay(now);
        Verdict::Go
    }

    fn want(&mut self, min_validity: Millis, now: Millis) -> Verdict {
        match &self.session {
            Session::SignedOut(_) => Verdict::Refuse(Failure::of(Code::SignedOut)),
            Session::SignedIn { token, .. } if token.usable_for(min_validity, now) => Verdict::Go,
            _ => self.wait(self.next_try(now), now),
        }
    }

    fn renew(&mut self, now: Millis) -> Verdict {
        // After a logout only a login starts a session again. In the other cases the server may know better than we
        // (a sign-in on another page of the site set the cookie), so it is asked.
        if self.owed || self.session == Session::SignedOut(SignedOutReason::Logout) {
            return Verdict::Refuse(Failure::of(Code::SignedOut));
        }
        // The app's own wish beats our backoff, but not the server's.
        self.wait(self.hold_until.max(now), now)
    }

    fn rejected(&mut self, refused: TokenId, replayed: bool, now: Millis) -> Verdict {
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
            return self.want(0, now); // sent with an older token: the present one may do
        }
        match token.standing {
            Standing::Futile => return Verdict::HandThrough,
            Standing::Good => {
                token.standing = Standing::Rejected;
                self.emit(Output::Hold);
            }
            Standing::Rejected | Standing::Doubted => {}
        }
        let verdict = self.wait(self.next_try(now), now);
        if matches!(verdict, Verdict::Refuse(_)) {
            self.doubt(now);
        }
        verdict
    }

    fn locked(&mut self, flight: FlightId, memory: Memory, now: Millis) {
        let purpose = match self.flight {
            Some(Flight { id, purpose, stage: Stage::Queued { .. } }) if id == flight => purpose,
            _ => return,
        };
        match purpose {
            Purpose::Refresh => {
                self.recall(memory, now);
                if memory.owed && memory.mark != Mark::Other && !self.marked {
                    // The cookie is that of somebody who has signed out, of which the server has still to hear.
                    let reason = match self.session {
                        Session::SignedOut(reason) => reason,
                        _ => SignedOutReason::OtherTab,
                    };
                    self.end_silently(reason);
                    self.owed = true;
                    return self.pay(now);
                }
            }
            Purpose::Revoke if memory.mark == Mark::Other => {
                // Somebody has signed in since; the cookie is theirs.
                self.owed = false;
                self.drop_flight(Purpose::Revoke);
            }
            Purpose::Login if memory.owed && !self.owed && memory.mark != Mark::Other => {
                // Another tab's sign-out has still to be heard, while the cookie is the one it was.
                self.owed = true;
                self.login_waits = true;
                self.flight = Some(Flight { id: flight, purpose: Purpose::Revoke, stage: Stage::Sent { at: now } });
            }
            _ => {}
        }
        if !self.silenced(now) && self.flight.is_some() {
            self.send(now);
        }
    }

    fn refreshed(&mut self, flight: FlightId, outcome: Outcome, now: Millis) {
        let Some(sent_at) = self.land(flight) else {
            if let Outcome::Renewed(grant) = outcome {
                self.emit(Output::Discard(grant.token));
                if matches!(self.session, Session::SignedOut(_)) {
                    // The late answer brought the cookie back to life, perhaps after the server heard of the sign-out.
                    self.revived = true;
                    self.owe(true);
                    self.pay(now);
                }
            }
            return;
        };
        let overtaken = std::mem::take(&mut self.overtaken);
        match outcome {
            Outcome::Renewed(grant) => self.adopt(Purpose::Refresh, grant, sent_at, now),
            Outcome::Refused(_) if overtaken => self.retry_at = Some(now),
            Outcome::Refused(reason) => match self.session {
                // The app asked while signed out: nothing has changed.
                Session::SignedOut(before) => self.end_silently(before),
                Session::Restoring if !self.expected => self.end_silently(SignedOutReason::Never),
                _ => self.end(if self.lost { SignedOutReason::OtherTab } else { reason }),
            },
            Outcome::Later(failure) => self.failed(failure, now),
        }
    }

    fn login(&mut self, now: Millis) {
        self.drop_flight(Purpose::Login);
        if self.drop_flight(Purpose::Refresh) {
            self.retry_at = Some(now); // still due, should the login fail
        }
        self.pay(now);
        if self.flight.is_some() {
            self.login_waits = true;
        } else {
            self.request(Purpose::Login, now);
        }
    }

    fn logged_in(&mut self, flight: FlightId, outcome: LoginOutcome, now: Millis) {
        let Some(sent_at) = self.land(flight) else {
            if let LoginOutcome::Granted(grant) = outcome {
                self.emit(Output::Discard(grant.token));
            }
            return; // a later login or a logout has taken its place
        };
        match outcome {
            LoginOutcome::Granted(grant) => {
                if let Session::SignedIn { subject, .. } = &self.session {
                    // Whoever still waits was called for the user who has just been replaced.
                    self.former = *subject;
                    self.emit(Output::Abandon);
                    self.settle(Err(Failure::of(Code::SessionEnded)));
                    self.session = Session::Restoring;
                }
                self.marked = false; // a new sign-in gets a new mark
                self.adopt(Purpose::Login, grant, sent_at, now);
                self.emit(Output::SettleLogin(Ok(())));
            }
            LoginOutcome::Failed(failure) => self.emit(Output::SettleLogin(Err(failure))),
        }
    }

    fn logout(&mut self, now: Millis) {
        self.login_waits = false;
        self.drop_flight(Purpose::Login);
        self.drop_flight(Purpose::Refresh);
        if self.is_queued(Purpose::Revoke) {
            self.drop_flight(Purpose::Revoke);
        }
        self.owe(true);
        if self.flight.is_none() {
            // Sent at once, lock or no lock, and before the wipe: "everywhere" is asked for with the token. The lock
            // keeps logins of other tabs from the cookie that the answer clears.
            let id = self.take_off(Purpose::Revoke, Stage::Sent { at: now });
            self.emit(Output::Lock(id));
            self.emit(Output::Revoke(id));
        }
        self.end(SignedOutReason::Logout);
    }

    /// What became of telling the server.
    fn revoke_ended(&mut self, outcome: RevokeOutcome, now: Millis) {
        self.emit(Output::SettleLogout(outcome == RevokeOutcome::Heard));
        if outcome != RevokeOutcome::Later {
            if std::mem::take(&mut self.revived) {
                return self.pay(now);
            }
            self.owe(false);
        }
        if std::mem::take(&mut self.login_waits) {
            self.request(Purpose::Login, now);
        }
    }

    fn owe(&mut self, owed: bool) {
        self.owed = owed;
        self.emit(Output::Owe(owed));
    }

    /// Tells the server of a sign-out that it has not heard of.
    fn pay(&mut self, now: Millis) {
        if self.owed && self.flight.is_none() {
            self.request(Purpose::Revoke, now);
        }
    }

    fn timer(&mut self, now: Millis) {
        self.timer_at = None;
        if self.flight_ends().is_some_and(|end| end <= now) {
            self.overdue(now);
        }
        if self.patience_ends().is_some_and(|end| end <= now) {
            self.give_up(now);
        }
    }

    fn woke(&mut self, memory: Memory, now: Millis) {
        self.hidden = false;
        self.recall(memory, now);
        if memory.mark == Mark::Gone && self.expected && self.flight.is_none_or(|_| self.is_queued(Purpose::Refresh)) {
            // What we knew may be long over; its key must not be taken for that of whoever is here now.
            self.emit(Output::Mark(false));
        }
        self.lock_lives(now); // that it did not come while we slept says nothing
        if self.timer_at.is_some_and(|at| at <= now) {
            self.timer(now); // it was missed
        }
        // A sleep makes backoff meaningless: what failed then may well work now. The server's wish still counts.
        self.retry_at = self.retry_at.map(|_| now);
        self.owed |= memory.owed && matches!(self.session, Session::SignedOut(_));
        self.pay(now);
    }

    /// A token arrived: the session begins or goes on with it.
    fn adopt(&mut self, by: Purpose, grant: Grant, sent_at: Millis, now: Millis) {
        let mut refreshed = by == Purpose::Refresh;
        let Grant { token: id, life, subject } = grant;
        let random = &mut self.random;
        let token = Token {
            id,
            // Counted from the request, not from the answer: the server's clock started somewhere in between.
            expires_at: life.map(|life| sent_at.saturating_add(life)),
            renew_at: life.map(|life| renewal::renew_at(sent_at, life, self.config.renew_before, random)),
            standing: Standing::Good,
        };
        let fresh_for = token.left(now);
        let changed = self.is_another(subject);
        let mut event = Event::SignedIn;
        let (mut since, mut named) = (id, subject);
        if let Session::SignedIn { subject: present, since: first, .. } = &self.session {
            if changed {
                self.emit(Output::Abandon);
                self.settle(Err(Failure::of(Code::SessionEnded)));
                self.marked = false; // another user is another sign-in
                refreshed = false;
            } else {
                event = Event::Refreshed;
                (since, named) = (*first, subject.or(*present));
            }
        }
        self.emit(Output::Adopt { token: id, fresh_for });
        self.session = Session::SignedIn { token, since, subject: named };
        self.former = None;
        (self.expected, self.lost) = (true, false);
        self.failures = 0;
        self.retry_at = None;
        self.hold_until = 0;
        if self.owed {
            self.owe(false);
        }
        let news = if self.marked {
            News::Refreshed { subject: named }
        } else {
            self.marked = true;
            // A login gets a new mark; a refresh keeps the key that it was sent with.
            self.emit(if refreshed { Output::Share } else { Output::Mark(true) });
            News::SignedIn { subject: named }
        };
        self.emit(Output::Tell(news));
        self.settle(Ok(()));
        self.emit(Output::Notify(event));
        if changed {
            self.emit(Output::Notify(Event::AccountChanged));
        }
    }

    /// The session is over, and the other tabs are told.
    fn end(&mut self, reason: SignedOutReason) {
        if !matches!(self.session, Session::SignedOut(_)) {
            self.emit(Output::Tell(News::SignedOut { reason }));
        }
        self.end_silently(reason);
    }

    /// The session is over here.
    fn end_silently(&mut self, reason: SignedOutReason) {
        self.drop_flight(Purpose::Refresh);
        let before = std::mem::replace(&mut self.session, Session::SignedOut(reason));
        self.retry_at = None;
        self.failures = 0;
        self.former = None;
        self.lost = false;
        self.emit(Output::Wipe);
        if self.marked || !self.expected {
            self.marked = false;
            self.emit(Output::Mark(false));
        }
        self.expected = false;
        let code = if matches!(before, Session::SignedIn { .. }) { Code::SessionEnded } else { Code::SignedOut };
        self.settle(Err(Failure::of(code)));
        match (&before, reason) {
            (Session::SignedOut(same), _) if *same == reason => {}
            (Session::Restoring, SignedOutReason::Never) => self.emit(Output::Notify(Event::Changed)),
            _ => self.emit(Output::Notify(Event::SignedOut)),
        }
    }

    /// A refresh came to nothing, which the other tabs should know before they try the same.
    fn failed(&mut self, failure: Failure, now: Millis) {
        let wait = failure.retry_after.unwrap_or(0);
        self.emit(Output::Tell(News::Failed { wait, failures: self.failures }));
        self.postpone(failure, now);
    }

    /// Another tab's try came to nothing, which is as good as one of our own.
    fn share_failure(&mut self, wait: Millis, now: Millis) {
        let retry_after = (wait > 0).then_some(wait);
        self.postpone(Failure { retry_after, ..Failure::of(Code::RefreshUnavailable) }, now);
    }

    /// The session is as it was, the next try comes later.
    fn postpone(&mut self, failure: Failure, now: Millis) {
        let delay = renewal::backoff(self.failures, &mut self.random);
        self.failures = self.failures.saturating_add(1);
        self.hold_for(failure.retry_after.unwrap_or(0), now);
        self.retry_at = match self.session {
            Session::SignedOut(_) => None, // only the app asked; it is told, and may ask again
            _ => Some(self.hold_until.max(now).saturating_add(delay)),
        };
        self.doubt(now);
        let in_time = match (self.retry_at, self.patience_ends()) {
            (Some(retry_at), Some(end)) => retry_at < end,
            _ => false,
        };
        if !in_time {
            self.give_up(now);
        }
        self.emit(Output::Notify(Event::RefreshFailed { failure, retry_at: self.retry_at }));
    }

    /// A refused token that cannot be replaced for now is used again: other APIs may still take it.
    fn doubt(&mut self, now: Millis) {
        if let Session::SignedIn { token, .. } = &mut self.session
            && token.standing == Standing::Rejected
        {
            token.standing = Standing::Doubted;
            let again = Output::Adopt { token: token.id, fresh_for: token.left(now) };
            self.emit(again);
        }
    }

    /// Waits for a refresh that can go out at `at`, if that is within the callers' patience.
    fn wait(&mut self, at: Millis, now: Millis) -> Verdict {
        if self.flight.is_none() && at <= now {
            self.request(Purpose::Refresh, now);
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
            Session::SignedIn { token, .. } => self.retry_at.or(token.renew_at).filter(|_| !self.idles()),
            Session::Restoring => Some(self.retry_at.unwrap_or(0)), // until it is known who is here, we ask
            Session::SignedOut(_) => None,
        };
        // Whoever waits although nothing is scheduled (the server asked for silence first) is served when it is over.
        let waited_for = self.waiting_since.filter(|_| self.retry_at.is_none()).map(|_| self.hold_until);
        due.into_iter().chain(waited_for).min().map(|at| at.max(self.hold_until))
    }

    /// Whether nobody sees the page and nobody waits: whoever comes back, or calls, finds out what is due then.
    fn idles(&self) -> bool {
        self.hidden && self.waiting_since.is_none()
    }

    fn patience_ends(&self) -> Option<Millis> {
        Some(self.waiting_since?.saturating_add(self.config.timeout))
    }

    fn unavailable(&self, now: Millis) -> Failure {
        let wait = self.next_try(now) - now;
        Failure { code: Code::RefreshUnavailable, status: None, retry_after: (wait > 0).then_some(wait) }
    }

    fn give_up(&mut self, now: Millis) {
        self.settle(Err(self.unavailable(now)));
    }

    fn settle(&mut self, result: Result<(), Failure>) {
        if self.waiting_since.take().is_some() {
            self.emit(Output::Settle(result));
        }
    }

    fn set_timer(&mut self, now: Millis) {
        let due = if self.flight.is_some() { self.flight_ends() } else { self.due_at().filter(|_| !self.idles()) };
        let at = due.into_iter().chain(self.patience_ends()).min();
        if at != self.timer_at {
            self.timer_at = at;
            self.emit(Output::Timer(at.map(|at| at.saturating_sub(now).min(TIMER_MAX))));
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
