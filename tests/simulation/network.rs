//! The network: requests and responses with their delays, losses, duplicates and faults.

use std::num::NonZeroU32;

use tokenward::core::{
    AuthResponse, ErrorCode, Failure, HttpResponse, Input, IssuedToken, Millis, RefreshOutcome, RequestId,
    SessionErrorCode, SignedOutReason, SubjectId, TokenId, login_outcome, refresh_outcome, revocation_outcome,
};

use super::faults::Naming;
use super::mutation::Mutation;
use super::server::{Cookie, Refresh};
use super::simulation::{CONFIG, HOUR, MESSAGE_DELAY, SECOND, SimEvent, Simulation, count_recent, number};
use super::trace::Note;

/// For how long the network holds a request that it delivers late: shorter than the `REPEAT_WINDOW` of the server.
const HOLD: std::ops::Range<Millis> = 10 * SECOND..110 * SECOND;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Refresh,
    Login(&'static str),
    Logout,
}

#[derive(Debug, Clone)]
pub struct Message {
    pub tab: usize,
    pub page: u32,
    pub request: RequestId,
    pub kind: Kind,
    pub cookie: Option<Cookie>,
    pub key: Option<u32>,
    pub sent_at: Millis,
    pub reply: Option<AuthResponse>,
    pub set_cookie: SetCookie,
    /// The page aborted it. A response is late.
    pub cancelled: bool,
    pub over: bool,
}

/// What a response does to the cookie jar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetCookie {
    Keeps,
    Clears,
    Sets(Cookie),
}

impl Simulation {
    pub fn send_request(&mut self, tab: usize, request: RequestId, kind: Kind) {
        let now = self.now;
        if let Some(message) = self.tabs[tab].message
            && !self.messages[&message].over
        {
            self.fail("two auth requests of one tab at once".into());
        }
        if kind == Kind::Refresh {
            if count_recent(&mut self.tabs[tab].refreshes, now, 10 * SECOND) > 20 {
                self.fail("a refresh loop".into());
            }
            if self.faults.naming != Naming::ByUser && count_recent(&mut self.tabs[tab].in_an_hour, now, HOUR) > 60 {
                self.fail("more than 60 refreshes of one tab in an hour".into());
            }
            self.check_alone(tab, request);
            let undisturbed = self.tabs[tab].disturbed_at + SECOND < now;
            if self.browser.not_before > now + 2 * MESSAGE_DELAY && undisturbed {
                self.fail(format!("a refresh left {} ms too early", self.browser.not_before - now));
            }
            self.tabs[tab].known_key = self.browser.key.or(self.tabs[tab].known_key);
        }
        if kind == Kind::Logout {
            self.check_revocation();
        }
        if kind == Kind::Refresh {
            self.tabs[tab].sent_key = self.browser.sent_key();
        }
        let key = self.tabs[tab].sent_key.filter(|_| self.faults.mutation != Some(Mutation::NoIdempotencyKey));
        self.message_count += 1;
        let message = self.message_count;
        self.messages.insert(
            message,
            Message {
                tab,
                page: self.tabs[tab].page,
                request,
                kind,
                cookie: self.browser.cookie,
                key,
                sent_at: now,
                reply: None,
                set_cookie: SetCookie::Keeps,
                cancelled: false,
                over: false,
            },
        );
        self.tabs[tab].message = Some(message);
        self.tabs[tab].last_request = request;
        if !self.chance(self.faults.lost_requests) {
            let held = kind == Kind::Refresh && self.chance(self.faults.held_refreshes);
            let way = if held { self.hold() } else { 1 + self.random_up_to(self.faults.delay) };
            self.plan(way, SimEvent::RequestArrives { message, again: false });
            if kind == Kind::Refresh && self.chance(self.faults.held_refreshes) {
                let late = self.hold();
                self.plan(late, SimEvent::RequestArrives { message, again: true });
            }
        }
        if kind == Kind::Refresh {
            self.record_request(self.browser.cookie, key);
        }
    }

    fn hold(&mut self) -> Millis {
        HOLD.start + self.random.below(HOLD.end - HOLD.start)
    }

    pub fn cancel(&mut self, tab: usize) {
        let Some(message) = self.tabs[tab].message.take() else { return };
        // Sometimes the response is already in the browser: it sets the cookie, and reaches the page late.
        let late = self.random.below(4) == 0;
        if let Some(it) = self.messages.get_mut(&message).filter(|it| !it.over) {
            it.cancelled = true;
            it.over = !(late && it.reply.is_some());
        }
    }

    pub fn serve(&mut self, message: u32, again: bool) {
        let Message { kind, cookie, tab, over, .. } = self.messages[&message].clone();
        if over && again && self.faults.held_refreshes == 0 {
            return;
        }
        if !again && self.chance(self.faults.duplicates) {
            self.plan(0, SimEvent::RequestArrives { message, again: true });
        }
        if self.now < self.server.down_until || self.chance(self.faults.server_faults) {
            let answer = match self.random.below(3) {
                0 => HttpResponse { status: 503, ..HttpResponse::default() },
                1 => HttpResponse {
                    status: 429,
                    retry_after: Some(self.random.below(120) * SECOND),
                    ..HttpResponse::default()
                },
                _ if kind == Kind::Logout => HttpResponse { status: 502, ..HttpResponse::default() },
                _ => HttpResponse { status: 200, ..HttpResponse::default() },
            };
            return self.reply(message, answer, SetCookie::Keeps);
        }
        match kind {
            Kind::Login(user) => {
                let cookie = self.server.login(user, self.now);
                let issue = self.issue(tab, cookie.0);
                self.reply(message, issue, SetCookie::Sets(cookie));
            }
            Kind::Logout => {
                self.server.logout(cookie);
                self.reply(message, HttpResponse { status: 204, ..HttpResponse::default() }, SetCookie::Clears);
            }
            Kind::Refresh => self.serve_refresh(message),
        }
    }

    fn serve_refresh(&mut self, message: u32) {
        let Message { tab, cookie, key, .. } = self.messages[&message].clone();
        // The documented limits of the server: a request that its page has given up arrives after two more rotations, or
        // later than `REPEAT_WINDOW` although its repetition was answered.
        if let Some(token) = cookie.filter(|_| self.is_given_up(message))
            && (self.server.is_two_rotations_old(token) || self.server.is_late_repeat(token, key, self.now))
        {
            self.overdue.insert(token.0);
        }
        match self.server.refresh(cookie, key, self.now) {
            Refresh::Granted(next) => {
                if let Some(presented) = cookie {
                    self.check_theft(presented);
                }
                let issue = self.issue(tab, next.0);
                self.reply(message, issue, SetCookie::Sets(next));
            }
            Refresh::Refused(code) => {
                // (If the storage is cleared between a refresh and its repetition, the key is lost.)
                let key_lost = cookie.is_some_and(|(sid, _)| self.server.born_at(sid) < self.cleared_at);
                let robbed = cookie.is_some_and(|(sid, _)| self.thief.robbed.contains(&sid));
                let reused = code == "REFRESH_TOKEN_REUSED";
                let overdue = cookie.is_some_and(|(sid, _)| self.overdue.contains(&sid));
                if reused && !(self.faults.alarms || key_lost || robbed || overdue) {
                    self.fail(format!("a reuse alarm: {cookie:?} with key {key:?}"));
                }
                let code = reused.then_some(SessionErrorCode::TokenReused);
                let answer = HttpResponse { status: 401, code, ..HttpResponse::default() };
                self.reply(message, answer, SetCookie::Keeps);
            }
        }
    }

    /// Whether the page that sent the message is gone, has stopped to wait, or has lost the lock to another tab.
    fn is_given_up(&self, message: u32) -> bool {
        let Message { tab, page, request, sent_at, .. } = self.messages[&message];
        let it = &self.tabs[tab];
        it.page != page || it.stolen_for == Some(request) || sent_at + CONFIG.timeout <= self.now
    }

    pub fn issue(&mut self, tab: usize, sid: u32) -> HttpResponse {
        let user = self.server.user(sid);
        let subject = match self.faults.naming {
            Naming::ByUser => number(user),
            Naming::ByTab => NonZeroU32::new(1 + tab as u32 % 2).map(SubjectId),
            Naming::Random => NonZeroU32::new(1 + self.random.below(1_000_000) as u32).map(SubjectId),
        };
        let it = &mut self.tabs[tab];
        it.last_token += 1;
        let token = TokenId(it.last_token);
        it.tokens.insert(token, (sid, self.now + self.faults.lifetime));
        let issue = IssuedToken { id: token, lifetime: Some(self.faults.lifetime), subject, renewable: true };
        HttpResponse { status: 200, token: Some(issue), ..HttpResponse::default() }
    }

    pub fn reply(&mut self, message: u32, answer: HttpResponse, set_cookie: SetCookie) {
        if self.chance(self.faults.lost_answers) {
            return self.note(self.messages[&message].tab, Note::Text("(the response is lost)"));
        }
        let Some(it) = self.messages.get_mut(&message).filter(|it| it.reply.is_none()) else { return };
        it.reply = Some(AuthResponse::Http(answer));
        it.set_cookie = set_cookie;
        let way = 1 + self.random_up_to(self.faults.delay);
        self.plan(way, SimEvent::ResponseArrives { message });
    }

    /// A response reaches the browser: first the cookie store, then the page, if it is still loaded.
    pub fn deliver(&mut self, message: u32) {
        let Some(it) = self.messages.get_mut(&message) else { return };
        let (tab, page) = (it.tab, it.page);
        // The server receives the logout of a page that was unloaded (keepalive), but no page receives the response.
        let gone = self.tabs[tab].page != page;
        if it.over || (gone && it.kind != Kind::Logout) {
            return;
        }
        let set_cookie = std::mem::replace(&mut it.set_cookie, SetCookie::Keeps);
        match set_cookie {
            SetCookie::Keeps => {}
            SetCookie::Clears => self.browser.cookie = None,
            SetCookie::Sets(cookie) => {
                // A tab that resumes with a lock that another one took refreshes beside it. If its response arrives last,
                // the cookie goes back: a documented limit.
                if self.browser.cookie.is_some_and(|(sid, generation)| sid == cookie.0 && generation > cookie.1) {
                    self.overdue.insert(cookie.0);
                }
                self.owner_renewed(cookie);
                self.browser.cookie = Some(cookie);
            }
        }
        if !gone && self.tabs[tab].asleep {
            return self.tabs[tab].pending.push_back(SimEvent::ResponseArrives { message });
        }
        let Some(it) = self.messages.get_mut(&message) else { return };
        it.over = true;
        if gone {
            return;
        }
        let it = it.clone();
        let mut request = it.request;
        if it.cancelled {
            if self.faults.mutation == Some(Mutation::AcceptLateResponses) {
                request = self.tabs[tab].last_request;
            }
        } else {
            self.tabs[tab].message = None;
        }
        self.tabs[tab].asked_for = it.cookie.map(|(sid, _)| sid);
        let Some(reply) = it.reply else { return };
        let input = match it.kind {
            Kind::Login(_) => Input::LoginCompleted { request, outcome: login_outcome(reply) },
            Kind::Logout => Input::RevocationCompleted { request, outcome: revocation_outcome(&reply) },
            Kind::Refresh => Input::RefreshCompleted { request, outcome: self.outcome(reply) },
        };
        self.handle(tab, input);
        self.tabs[tab].asked_for = None;
    }

    pub fn outcome(&self, reply: AuthResponse) -> RefreshOutcome {
        match refresh_outcome(reply) {
            RefreshOutcome::Retry(Failure { code: ErrorCode::ServerError, .. })
                if self.faults.mutation == Some(Mutation::FaultEndsSession) =>
            {
                RefreshOutcome::Rejected(SignedOutReason::Expired)
            }
            outcome => outcome,
        }
    }
}
