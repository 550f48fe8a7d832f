//! A small simulation: one browser and its tabs (each with the core that ships), one server that rotates with reuse detection,
//! a network that loses, delays and garbles, users who sign in, out and over, and clocks that jump. Everything follows
//! from a seed.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::iter;
use std::num::NonZeroU32;

use tokenward::core::{
    Admission, Attempt, AuthResponse, Config, Core, CrossTabMessage, ErrorCode, Event, Failure, HintState,
    HttpResponse, Input, IssuedToken, LogoutScope, Millis, Output, Random, RefreshOutcome, RequestId, Restore,
    SessionErrorCode, SessionRelation, SessionState, SignedOutReason, Subject, SubjectId, TIMER_MAX, TokenId,
    login_outcome, refresh_outcome, revocation_outcome,
};

use super::browser::Browser;
use super::mutation::Mutation;
use super::server::{Cookie, Refresh, Server};

pub const CONFIG: Config = Config { renew_before: 60_000, timeout: 10_000, restore: Restore::Auto, cross_tab: true };
const SECOND: Millis = 1_000;
const MINUTE: Millis = 60 * SECOND;
const HOUR: Millis = 60 * MINUTE;
/// How long a message between tabs may be under way.
const MESSAGE_DELAY: Millis = 5;
const USERS: [&str; 2] = ["ada", "grace"];

/// The number of a user, as each tab's vault gives it.
fn number(user: &str) -> Subject {
    let position = USERS.iter().position(|name| *name == user).expect("one of the users");
    NonZeroU32::new(position as u32 + 1).map(SubjectId)
}

/// What the network, the machine and the users do; probabilities in parts of a thousand.
#[derive(Debug, Clone, Copy)]
pub struct FaultModel {
    /// Requests that never reach the server.
    pub lost_requests: u64,
    /// Answers that never come back, although the server has acted.
    pub lost_answers: u64,
    /// Requests answered with 503, 429 with `Retry-After`, or an HTML page.
    pub server_faults: u64,
    /// Requests that a proxy sends twice.
    pub duplicates: u64,
    /// The longest way of a message.
    pub delay: Millis,
    /// How long an access token lives.
    pub lifetime: Millis,
    pub tabs: usize,
    /// Tabs that die or freeze just when the lock is theirs; half of the dead leave it orphaned for good.
    pub lost_locks: u64,
    /// What a user does is, so often, to sign in as somebody else.
    pub switches: u64,
    /// What happens is, so often, that the wall clock jumps by up to a day.
    pub clock_jumps: u64,
    /// What happens is, so often, that the storage is cleared.
    pub clears: u64,
    /// What a signed-in user does is, so often, to sign out.
    pub sign_outs: u64,
    /// Calls to an API that says 401 whatever the token.
    pub always_401: u64,
    /// Whether a request can be under way for so long that the server rightly takes it for theft.
    pub alarms: bool,
    /// When a page that is loaded asks for a session.
    pub restore: Restore,
    pub mutation: Option<Mutation>,
}

impl FaultModel {
    /// Whether the server can always be reached.
    fn is_calm(&self) -> bool {
        self.lost_requests + self.lost_answers + self.server_faults == 0 && self.delay < SECOND
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum SimEvent {
    /// The app does something, and will again.
    App {
        tab: usize,
    },
    Timer {
        tab: usize,
        page: u32,
        number: u32,
    },
    LockGranted {
        tab: usize,
        page: u32,
        request: u32,
    },
    Receives {
        tab: usize,
        page: u32,
        news: usize,
    },
    RequestArrives {
        message: u32,
        again: bool,
    },
    ResponseArrives {
        message: u32,
    },
    Resumes {
        tab: usize,
    },
    /// Somebody looks whether all is as it should be.
    Check,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Refresh,
    Login(&'static str),
    Logout,
}

#[derive(Debug, Clone)]
struct Message {
    tab: usize,
    page: u32,
    request: RequestId,
    kind: Kind,
    cookie: Option<Cookie>,
    key: Option<u32>,
    sent_at: Millis,
    reply: Option<AuthResponse>,
    set_cookie: SetCookie,
    /// The page gave it up; what still comes is too late.
    cancelled: bool,
    over: bool,
}

/// What an answer does to the cookie jar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SetCookie {
    Keeps,
    Clears,
    Sets(Cookie),
}

struct Tab {
    core: Core,
    /// How often this tab was loaded; what was meant for an earlier page finds nobody.
    page: u32,
    /// The page's elapsed time is the simulation's, and what the wall clock jumped ahead.
    ahead: Millis,
    timer: Option<u32>,
    /// Timers that count_timer count_recent, and refreshes that were sent count_recent.
    timer_times: VecDeque<Millis>,
    refreshes: VecDeque<Millis>,
    message: Option<u32>,
    last_flight: RequestId,
    /// The auth call for which it took the lock from its holder.
    stolen_for: Option<RequestId>,
    /// The token that calls go out with, and until when they do so without asking.
    present: Option<TokenId>,
    fresh_until: Millis,
    /// Which session each token belongs to, and when it really ends.
    tokens: BTreeMap<TokenId, (u32, Millis)>,
    last_token: u32,
    /// Calls that wait for a token: since when, and whether it is their second try.
    waiting: Vec<(Millis, bool)>,
    settles: u32,
    asleep: bool,
    /// When it last fell asleep, woke, was loaded, or had its clock set.
    disturbed_at: Millis,
    /// Since when it has had no good token although it wanted one.
    without_token_since: Option<Millis>,
    login_as: &'static str,
    /// The key this page knows of.
    known_key: Option<u32>,
    /// Since when the app waits for its login.
    login_since: Option<Millis>,
    /// The auth request that a mutation keeps from leaving.
    never_sent: Option<RequestId>,
    /// The session that the refresh was relation whose answer is being heard.
    asked_for: Option<u32>,
    pending: VecDeque<SimEvent>,
}

#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Simulation {
    pub faults: FaultModel,
    random: Random,
    now: Millis,
    order: u64,
    agenda: BinaryHeap<Reverse<(Millis, u64, SimEvent)>>,
    tabs: Vec<Tab>,
    messages: BTreeMap<u32, Message>,
    message_count: u32,
    timers: u32,
    news: Vec<(CrossTabMessage, Option<u32>)>,
    browser: Browser,
    pub server: Server,
    /// The session that the user has, as far as the user knows.
    expected_session: Option<u32>,
    /// When somebody last signed in or out, or the storage was cleared.
    user_acted_at: Millis,
    cleared_at: Millis,
    /// When somebody last signed out.
    signed_out_at: Millis,
    /// The sign-ins that an app has learned of, and when.
    sign_ins: BTreeMap<u32, Millis>,
    /// Somebody signed in and out in two tabs at the same moment, so nobody knows what is true.
    ambiguous: bool,
    /// Tokens may be over when they come.
    short_lived: bool,
    /// Nobody uses the apps any more; what is under way comes to its end.
    quiet: bool,
    pub trace: VecDeque<String>,
    pub trace_all: bool,
    pub calls: u64,
    pub thefts: u64,
    pub switches: u64,
    /// Calls of a signed-in user that got no token.
    pub unanswered: u64,
    /// What must not dispatch, and did.
    pub violation: Option<String>,
}

impl Simulation {
    pub fn new(seed: u64, faults: FaultModel) -> Self {
        let mut simulation = Self {
            faults,
            random: Random::new(seed),
            now: 0,
            order: 0,
            agenda: BinaryHeap::new(),
            tabs: Vec::new(),
            messages: BTreeMap::new(),
            message_count: 0,
            timers: 0,
            news: Vec::new(),
            browser: Browser::default(),
            server: Server::default(),
            expected_session: None,
            user_acted_at: 0,
            cleared_at: 0,
            signed_out_at: 0,
            sign_ins: BTreeMap::new(),
            ambiguous: false,
            short_lived: faults.lifetime <= 4 * faults.delay,
            quiet: false,
            trace: VecDeque::new(),
            trace_all: false,
            calls: 0,
            thefts: 0,
            switches: 0,
            unanswered: 0,
            violation: None,
        };
        for tab in 0..faults.tabs {
            let seed = simulation.random.below(u64::MAX);
            simulation.tabs.push(Tab {
                core: Core::new(Config { restore: faults.restore, ..CONFIG }, seed),
                page: 0,
                ahead: 0,
                timer: None,
                timer_times: VecDeque::new(),
                refreshes: VecDeque::new(),
                message: None,
                last_flight: RequestId(0),
                stolen_for: None,
                present: None,
                fresh_until: 0,
                tokens: BTreeMap::new(),
                last_token: 0,
                waiting: Vec::new(),
                settles: 0,
                asleep: false,
                disturbed_at: 0,
                without_token_since: None,
                login_as: USERS[0],
                known_key: None,
                login_since: None,
                never_sent: None,
                asked_for: None,
                pending: VecDeque::new(),
            });
            simulation.start(tab);
            simulation.plan(1, SimEvent::App { tab });
        }
        simulation.plan(MINUTE, SimEvent::Check);
        simulation
    }

    /// Lets so many hours pass, then some minutes of quiet in fair faults, after which everything must be settled.
    pub fn run(&mut self, hours: u64) {
        self.run_until(hours * HOUR);
        let faults = self.faults;
        self.faults = FaultModel {
            lost_requests: 0,
            lost_answers: 0,
            server_faults: 0,
            lost_locks: 0,
            clock_jumps: 0,
            clears: 0,
            ..faults
        };
        self.faults.delay = faults.delay.min(100);
        self.quiet = true;
        for minutes in [3, 6] {
            for tab in 0..self.tabs.len() {
                self.plan(1, SimEvent::Resumes { tab });
            }
            self.run_until(hours * HOUR + minutes * MINUTE);
        }
        if self.violation.is_none() && !faults.alarms && !self.ambiguous {
            self.check_convergence();
        }
    }

    fn run_until(&mut self, end: Millis) {
        while let Some(Reverse((at, ..))) = self.agenda.peek() {
            if *at > end || self.violation.is_some() {
                break;
            }
            let Some(Reverse((at, _, event))) = self.agenda.pop() else { break };
            self.now = at;
            self.dispatch(event);
        }
        self.now = end;
    }

    /// After the quiet, every tab knows what is true, and so does the server.
    fn check_convergence(&mut self) {
        let expected_session =
            self.expected_session.filter(|sid| self.server.alive(*sid)).map(|sid| self.server.user(sid));
        for tab in 0..self.tabs.len() {
            let believed = match self.tabs[tab].core.session() {
                SessionState::SignedIn { subject, .. } => Some(*subject),
                SessionState::SignedOut { .. } => Some(None),
                SessionState::Restoring { .. } => None,
            };
            if believed != Some(expected_session.and_then(number)) {
                self.fail(format!("tab {tab} believes in {believed:?}, the expected_session is {expected_session:?}"));
            }
        }
        if let (None, Some((sid, _))) = (self.expected_session, self.browser.cookie)
            && self.server.alive(sid)
        {
            self.fail(format!("everybody signed out, but session {sid} lives and its cookie is there"));
        }
    }

    fn dispatch(&mut self, event: SimEvent) {
        match &event {
            SimEvent::App { tab } | SimEvent::Timer { tab, .. } | SimEvent::LockGranted { tab, .. }
                if self.tabs[*tab].asleep =>
            {
                let tab = *tab;
                return self.tabs[tab].pending.push_back(event);
            }
            // A frozen page may hear later, or never (the back-forward cache).
            SimEvent::Receives { tab, .. } if self.tabs[*tab].asleep => {
                let tab = *tab;
                if self.random.below(2) == 0 {
                    self.tabs[tab].pending.push_back(event);
                }
                return;
            }
            _ => {}
        }
        match event {
            SimEvent::App { tab } => self.app(tab),
            SimEvent::Timer { tab, page, number } => {
                if self.tabs[tab].page == page && self.tabs[tab].timer == Some(number) {
                    self.tabs[tab].timer = None;
                    self.count_timer(tab);
                    self.handle(tab, Input::TimerElapsed);
                }
            }
            SimEvent::LockGranted { tab, page, request } => {
                if self.tabs[tab].page != page || self.browser.holder != Some((tab, page, RequestId(request))) {
                    return;
                }
                if self.chance(self.faults.lost_locks) {
                    match self.random.below(3) {
                        0 => return self.sleep(tab),
                        1 => self.browser.holder = Some((usize::MAX, 0, RequestId(0))), // an orphan
                        _ => {}
                    }
                    return self.reload(tab);
                }
                let mut storage = self.browser.snapshot(self.tabs[tab].known_key, self.now);
                if self.faults.mutation == Some(Mutation::LockWithoutStorage) {
                    storage.hint = HintState::Same;
                    storage.pending_revocation |=
                        matches!(self.tabs[tab].core.session(), SessionState::SignedOut { .. });
                }
                self.handle(tab, Input::LockGranted { request: RequestId(request), storage });
            }
            SimEvent::Receives { tab, page, news } => {
                if self.tabs[tab].page == page {
                    let (news, key) = self.news[news];
                    let relation = match key {
                        key if key == self.tabs[tab].known_key => SessionRelation::Same,
                        key if key == self.browser.key => SessionRelation::Current,
                        _ => SessionRelation::Stale,
                    };
                    self.handle(tab, Input::MessageReceived { message: news, relation });
                }
            }
            SimEvent::RequestArrives { message, again } => self.serve(message, again),
            SimEvent::ResponseArrives { message } => self.deliver(message),
            SimEvent::Resumes { tab } => self.resume(tab),
            SimEvent::Check => {
                self.plan(MINUTE, SimEvent::Check);
                self.check_liveness();
            }
        }
    }

    /// The user does something: mostly a call, sometimes more.
    fn app(&mut self, tab: usize) {
        if self.quiet {
            return;
        }
        let pause = self.random_up_to(600 * SECOND);
        self.plan(1 + pause, SimEvent::App { tab });
        if self.chance(self.faults.clock_jumps) {
            self.jump_clock(tab);
        }
        if self.chance(self.faults.clears) {
            self.note(tab, "the storage is cleared");
            self.browser.key = None;
            (self.user_acted_at, self.cleared_at) = (self.now, self.now);
        }
        let signed_in = matches!(self.tabs[tab].core.session(), SessionState::SignedIn { .. });
        let signed_out = matches!(self.tabs[tab].core.session(), SessionState::SignedOut { .. });
        if signed_in && self.chance(self.faults.switches) {
            self.switches += 1;
            let user = USERS[self.random.below(2) as usize];
            return self.log_in(tab, user);
        }
        match self.random.below(100) {
            0 => self.reload(tab),
            action if signed_in && (action == 1 || self.chance(self.faults.sign_outs)) => {
                self.note(tab, "signs out");
                self.expected_session = None;
                (self.user_acted_at, self.signed_out_at) = (self.now, self.now);
                self.tabs[tab].login_since = None;
                self.handle(tab, Input::Logout { scope: LogoutScope::Session });
            }
            2 | 3 => self.sleep(tab),
            4 => {
                self.handle(tab, Input::Refresh);
            }
            _ if signed_out && self.expected_session.is_none() && self.random.below(2) == 0 => {
                let users = if self.faults.sign_outs > 0 { 2 } else { 1 };
                let user = USERS[self.random.below(users) as usize];
                self.log_in(tab, user);
            }
            _ => self.call(tab),
        }
    }

    fn log_in(&mut self, tab: usize, user: &'static str) {
        let now = self.now;
        self.tabs[tab].login_since = Some(now);
        self.tabs[tab].login_as = user;
        self.handle(tab, Input::Login);
    }

    /// The wall clock is set.
    fn jump_clock(&mut self, tab: usize) {
        // Backwards the elapsed time does not follow; forwards it does, in every tab.
        let by = self.random_up_to(24 * HOUR);
        self.note(tab, &format!("the clock jumps ahead by {} min", by / MINUTE));
        for it in &mut self.tabs {
            it.ahead += by;
            it.disturbed_at = self.now;
        }
    }

    fn sleep(&mut self, tab: usize) {
        let hours = 1 + self.random.below(10);
        self.note(tab, "falls asleep");
        self.tabs[tab].asleep = true;
        self.tabs[tab].disturbed_at = self.now;
        self.plan(hours * HOUR, SimEvent::Resumes { tab });
    }

    fn resume(&mut self, tab: usize) {
        self.note(tab, "wakes");
        if std::mem::take(&mut self.tabs[tab].asleep) {
            self.tabs[tab].disturbed_at = self.now;
            self.tabs[tab].without_token_since = None;
        }
        let storage = self.browser.snapshot(self.tabs[tab].known_key, self.now);
        self.handle(tab, Input::Resumed { storage });
        while let Some(missed) = self.tabs[tab].pending.pop_front() {
            let soon = self.random_up_to(20);
            self.plan(soon, missed);
        }
    }

    fn call(&mut self, tab: usize) {
        self.calls += 1;
        // The fast path: while the token is fresh, nobody is asked.
        if self.now < self.tabs[tab].fresh_until {
            return self.send(tab, false);
        }
        self.request_token(tab, false);
    }

    fn request_token(&mut self, tab: usize, second: bool) {
        let admission = self.handle(tab, Input::RequestToken { min_validity: 0 });
        self.continue_call(tab, admission, second);
    }

    /// What a call does with the core's word.
    fn continue_call(&mut self, tab: usize, admission: Option<Admission>, second: bool) {
        match admission {
            Some(Admission::Proceed) => self.send(tab, second),
            Some(Admission::Wait) => {
                let now = self.now;
                self.tabs[tab].waiting.push((now, second));
            }
            Some(Admission::Reject(failure)) => self.unanswered(tab, failure),
            Some(Admission::PassThrough) => {}
            None => self.fail("a call got no word".into()),
        }
    }

    /// A call goes out with the present token; the API may refuse it.
    fn send(&mut self, tab: usize, second: bool) {
        let Some(id) = self.tabs[tab].present else {
            return self.fail("a call was let go without a token".into());
        };
        let (sid, ends_at) = self.tabs[tab].tokens[&id];
        // (A token that lives no longer than an answer takes is over when it comes; there is no better one.)
        if self.now > ends_at && !self.short_lived {
            self.fail(format!("a token was used {} ms after its end", self.now - ends_at));
        }
        match self.tabs[tab].core.session() {
            SessionState::SignedIn { subject, .. } if *subject == number(self.server.user(sid)) => {}
            other => {
                let report = format!("a call went out with the token of {}, here is {other:?}", self.server.user(sid));
                self.fail(report);
            }
        }
        self.tabs[tab].without_token_since = None;
        let refused = !self.server.alive(sid) || self.chance(2) || self.chance(self.faults.always_401);
        if !refused {
            return;
        }
        let is_retry = second && self.faults.mutation != Some(Mutation::RetryLoop);
        let attempt = if is_retry { Attempt::Retry } else { Attempt::First };
        let admission = self.handle(tab, Input::TokenRejected { token: id, attempt });
        self.continue_call(tab, admission, true);
    }

    /// A page is loaded anew: nothing of the old one is left but what the browser keeps.
    fn reload(&mut self, tab: usize) {
        self.note(tab, "reloads");
        let seed = self.random.below(u64::MAX);
        let it = &mut self.tabs[tab];
        it.core = Core::new(Config { restore: self.faults.restore, ..CONFIG }, seed);
        it.page += 1;
        (it.timer, it.message, it.stolen_for, it.present, it.fresh_until) = (None, None, None, None, 0);
        (it.asleep, it.disturbed_at, it.without_token_since) = (false, self.now, None);
        it.tokens.clear();
        it.waiting.clear();
        it.refreshes.clear();
        (it.known_key, it.login_since) = (None, None);
        if let Some(next) = self.browser.release(tab, self.now) {
            self.grant_lock(next);
        }
        self.start(tab);
    }

    fn start(&mut self, tab: usize) {
        let storage = self.browser.snapshot(None, self.now);
        self.handle(tab, Input::Start { storage });
    }

    /// Hands the core an input and does what it says, as the shell does.
    fn handle(&mut self, tab: usize, input: Input) -> Option<Admission> {
        if !matches!(input, Input::RequestToken { .. }) {
            self.note(tab, &format!("{input:?}"));
        }
        let now = self.now + self.tabs[tab].ahead;
        let mutation = self.faults.mutation;
        let admission = self.tabs[tab].core.handle(input, now);
        let outputs: Vec<_> = iter::from_fn(|| self.tabs[tab].core.poll()).collect();
        let mut released = Vec::new();
        for output in outputs {
            if self.trace_all {
                self.note(tab, &format!("      {output:?}"));
            }
            match output {
                Output::RequestLock(request) => {
                    let claim = (tab, self.tabs[tab].page, request);
                    self.browser.queue.push_back(claim);
                    if let Some(next) = self.browser.next_holder(self.now) {
                        self.grant_lock(next);
                    }
                }
                Output::StealLock(request) => {
                    if mutation == Some(Mutation::WaitForLockForever) {
                        self.tabs[tab].never_sent = Some(request);
                        continue;
                    }
                    self.thefts += 1;
                    self.check_lost(tab);
                    if let Some((victim, _, lost)) = self.browser.holder.filter(|holder| holder.0 < self.tabs.len()) {
                        self.tabs[victim].stolen_for = Some(lost); // theirs is worth nothing now
                    }
                    self.tabs[tab].stolen_for = Some(request);
                    self.browser.queue.retain(|claim| claim.0 != tab);
                    let claim = (tab, self.tabs[tab].page, request);
                    self.browser.holder = Some(claim);
                    self.grant_lock(claim);
                }
                Output::ReleaseLock => {
                    if let Some(next) = self.browser.release(tab, self.now) {
                        self.grant_lock(next);
                    }
                }
                Output::SendRefresh(request) | Output::SendLogin(request) | Output::SendRevocation { request, .. }
                    if self.tabs[tab].never_sent == Some(request) => {}
                Output::SendRefresh(request) => self.send_request(tab, request, Kind::Refresh),
                Output::SendLogin(request) => {
                    let user = self.tabs[tab].login_as;
                    self.send_request(tab, request, Kind::Login(user));
                }
                Output::SendRevocation { request, .. } => self.send_request(tab, request, Kind::Logout),
                Output::AbortAuthRequest => self.cancel(tab),
                Output::SetToken { token, fresh_for } => self.adopt(tab, token, fresh_for),
                Output::BlockCalls => self.tabs[tab].fresh_until = 0,
                Output::ClearTokens if mutation == Some(Mutation::KeepTokenAtLogout) => {}
                Output::ClearTokens => {
                    self.tabs[tab].present = None;
                    self.tabs[tab].fresh_until = 0;
                }
                Output::StoreNewKey => self.tabs[tab].known_key = self.browser.store_new_key(),
                Output::RemoveKey => {
                    // The key of somebody who has signed in since is not this page's to take.
                    if self.tabs[tab].known_key.take() == self.browser.key {
                        self.browser.key = None;
                    }
                }
                Output::AdoptStoredKey => {
                    self.browser.probe_key = None;
                    self.browser.key = self.browser.key.or(self.tabs[tab].known_key);
                    self.tabs[tab].known_key = self.browser.key.or_else(|| self.browser.store_new_key());
                }
                Output::UseProbeKey => {
                    let known = self.tabs[tab].known_key.or(self.browser.probe_key);
                    self.browser.probe_key = known.or_else(|| Some(self.browser.new_key()));
                    self.tabs[tab].known_key = self.browser.probe_key;
                }
                Output::StorePendingRevocation => self.browser.pending_revocation = true,
                Output::ClearPendingRevocation => self.browser.pending_revocation = false,
                Output::StoreNotBefore(wait) => {
                    self.browser.not_before = self.browser.not_before.max(self.now + wait);
                }
                Output::ClearNotBefore => self.browser.not_before = 0,
                Output::Broadcast(news) => self.broadcast(tab, news),
                Output::SetTimer(after) => self.set_timer(tab, after),
                Output::SettleWaiters(result) => released.extend(self.settle(tab, result)),
                Output::Notify(event) => self.notified(tab, event),
                Output::SettleLogin(Ok(())) => {
                    let id = self.tabs[tab].present;
                    self.tabs[tab].login_since = None;
                    self.expected_session = id.map(|id| self.tabs[tab].tokens[&id].0);
                    if let Some(sid) = self.expected_session {
                        self.sign_ins.insert(sid, self.now);
                    }
                    self.user_acted_at = self.now;
                    self.ambiguous = self.signed_out_at > 0 && self.signed_out_at + CONFIG.timeout > self.now;
                }
                Output::SettleLogin(Err(_)) => self.tabs[tab].login_since = None,
                Output::AbortCalls | Output::DiscardToken(_) | Output::SettleLogout { .. } => {}
            }
        }
        // Whoever waited goes on when all is done, as promises do.
        for (since, second) in released {
            match self.tabs[tab].present {
                Some(_) => self.send(tab, second),
                None => self.note(tab, &format!("a call of {since} was let go for nobody")),
            }
        }
        admission
    }

    fn grant_lock(&mut self, (tab, page, request): (usize, u32, RequestId)) {
        self.plan(1, SimEvent::LockGranted { tab, page, request: request.0 });
    }

    fn broadcast(&mut self, tab: usize, news: CrossTabMessage) {
        let key = match &news {
            CrossTabMessage::SignedOut { .. } => self.tabs[tab].known_key,
            _ => self.browser.key,
        };
        self.news.push((news, key));
        for other in (0..self.tabs.len()).filter(|other| *other != tab) {
            let way = 1 + self.random.below(MESSAGE_DELAY);
            let (page, news) = (self.tabs[other].page, self.news.len() - 1);
            self.plan(way, SimEvent::Receives { tab: other, page, news });
        }
    }

    fn adopt(&mut self, tab: usize, token: TokenId, fresh_for: Option<Millis>) {
        let Some((_, ends_at)) = self.tabs[tab].tokens.get(&token).copied() else {
            return self.fail(format!("{token:?} was adopted but never arrived"));
        };
        if fresh_for.is_some_and(|span| span > 0 && self.now + span > ends_at) {
            self.fail(format!("{token:?} is taken for longer-lived than it is"));
        }
        let late = if self.faults.mutation == Some(Mutation::NegativeMargin) { MINUTE } else { 0 };
        self.tabs[tab].present = Some(token);
        self.tabs[tab].fresh_until = self.now.saturating_add(fresh_for.unwrap_or(u64::MAX)).saturating_add(late);
    }

    fn set_timer(&mut self, tab: usize, after: Option<Millis>) {
        self.tabs[tab].timer = None;
        if let Some(mut after) = after {
            if after > TIMER_MAX {
                self.fail(format!("a timer of {after} ms"));
            }
            if after == TIMER_MAX && self.faults.mutation == Some(Mutation::TimerOverflow) {
                after = 0;
            }
            self.timers += 1;
            self.tabs[tab].timer = Some(self.timers);
            let page = self.tabs[tab].page;
            self.plan(after, SimEvent::Timer { tab, page, number: self.timers });
        }
    }

    fn count_timer(&mut self, tab: usize) {
        if count_recent(&mut self.tabs[tab].timer_times, self.now, SECOND) > 50 {
            self.fail("a timer timer_times and timer_times".into());
        }
    }

    /// Ends the waiting; returns the calls that may go on.
    fn settle(&mut self, tab: usize, result: Result<(), Failure>) -> Vec<(Millis, bool)> {
        self.tabs[tab].settles += 1;
        if self.faults.mutation == Some(Mutation::LoseWaiters) && self.tabs[tab].settles.is_multiple_of(10) {
            return Vec::new();
        }
        let waiting = std::mem::take(&mut self.tabs[tab].waiting);
        let undisturbed_since = self.tabs[tab].disturbed_at;
        for (since, _) in &waiting {
            let waited = self.now - since;
            if waited > CONFIG.timeout + SECOND && undisturbed_since < *since {
                self.fail(format!("a call waited for {waited} ms"));
            }
            if let Err(failure) = result {
                self.unanswered(tab, failure);
            }
        }
        if result.is_ok() { waiting } else { Vec::new() }
    }

    fn unanswered(&mut self, tab: usize, failure: Failure) {
        if failure.code == ErrorCode::RefreshUnavailable {
            self.unanswered += 1;
            let now = self.now;
            self.tabs[tab].without_token_since.get_or_insert(now);
        }
    }

    fn notified(&mut self, tab: usize, event: Event) {
        if event != Event::SignedOut {
            return;
        }
        let SessionState::SignedOut { reason } = self.tabs[tab].core.session() else { return };
        let reason = *reason;
        self.note(tab, &format!("is signed out: {reason:?}"));
        match reason {
            SignedOutReason::Logout | SignedOutReason::NoSession => {}
            SignedOutReason::OtherTab => {
                if self.user_acted_at == 0 {
                    self.fail("signed out by another tab, but no tab did anything".into());
                }
            }
            // Only what the server really said may end a session: it must be over there too.
            _ => {
                let asked = self.tabs[tab].asked_for.is_some_and(|sid| self.server.alive(sid));
                // (Whoever slept while the storage was cleared takes old news for true.)
                let remembered = |sid: &u32| self.server.born_at(*sid) >= self.cleared_at;
                let true_one = self.expected_session.filter(remembered).is_some_and(|sid| self.server.alive(sid));
                // (Who signs in and out in two tabs at the same moment may end up signed out.)
                if (asked || true_one) && !self.ambiguous {
                    self.fail(format!("signed out ({reason:?}) of a session that lives"));
                }
            }
        }
    }

    fn send_request(&mut self, tab: usize, request: RequestId, kind: Kind) {
        let now = self.now;
        if let Some(message) = self.tabs[tab].message
            && !self.messages[&message].over
        {
            self.fail("two auth calls of one tab at once".into());
        }
        if kind == Kind::Refresh {
            if count_recent(&mut self.tabs[tab].refreshes, now, 10 * SECOND) > 20 {
                self.fail("a refresh loop".into());
            }
            self.check_alone(tab, request);
            let undisturbed = self.tabs[tab].disturbed_at + SECOND < now;
            if self.browser.not_before > now + 2 * MESSAGE_DELAY && undisturbed {
                self.fail(format!("asked {} ms too early", self.browser.not_before - now));
            }
            self.tabs[tab].known_key = self.browser.key.or(self.tabs[tab].known_key);
        }
        if kind == Kind::Logout {
            self.check_revocation();
        }
        let key = self.tabs[tab].known_key.filter(|_| self.faults.mutation != Some(Mutation::NoIdempotencyKey));
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
        self.tabs[tab].last_flight = request;
        if !self.chance(self.faults.lost_requests) {
            let way = 1 + self.random_up_to(self.faults.delay);
            self.plan(way, SimEvent::RequestArrives { message, again: false });
        }
    }

    /// a revocation leaves only with the cookie of a sign-in that the user has ended.
    fn check_revocation(&mut self) {
        let newer = self
            .browser
            .cookie
            .filter(|(sid, _)| self.sign_ins.get(sid).is_some_and(|signed_in_at| *signed_in_at > self.signed_out_at));
        if let Some((sid, _)) = newer {
            self.fail(format!("a revocation left with the cookie of session {sid}, which is newer than the logout"));
        }
    }

    /// The lock is taken only from a holder that is lost, or that took it itself.
    fn check_lost(&mut self, tab: usize) {
        let Some((holder, page, request)) = self.browser.holder else { return };
        let Some(it) = self.tabs.get(holder) else { return };
        // (One that has it only since a moment ago got it from one that died.)
        let long = self.browser.held_since + CONFIG.timeout <= self.now;
        let lives = long && !it.asleep && it.page == page && it.stolen_for != Some(request);
        let undisturbed = it.disturbed_at.max(self.tabs[tab].disturbed_at) + 2 * CONFIG.timeout < self.now;
        if lives && undisturbed {
            self.fail(format!("tab {tab} took the lock from tab {holder}, which lives"));
        }
    }

    /// Two refreshes are never under way at once, unless the lock was lost.
    fn check_alone(&mut self, tab: usize, request: RequestId) {
        if self.tabs[tab].stolen_for == Some(request) {
            return;
        }
        let alone_since = self.tabs[tab].disturbed_at;
        let other = self.tabs.iter().enumerate().find(|(other, it)| {
            let refresh = it.message.map(|message| &self.messages[&message]);
            *other != tab
                && !it.asleep
                && refresh.is_some_and(|message| {
                    !message.over
                        && it.stolen_for != Some(message.request)
                        && message.kind == Kind::Refresh
                        && it.disturbed_at < message.sent_at
                        && alone_since < message.sent_at
                })
        });
        if let Some((other, _)) = other {
            self.fail(format!("tabs {tab} and {other} refresh at once"));
        }
    }

    fn cancel(&mut self, tab: usize) {
        let Some(message) = self.tabs[tab].message.take() else { return };
        // Sometimes the answer was there already: the cookie is set, and the page hears of it too late.
        let late = self.random.below(4) == 0;
        if let Some(it) = self.messages.get_mut(&message).filter(|it| !it.over) {
            it.cancelled = true;
            it.over = !(late && it.reply.is_some());
        }
    }

    fn serve(&mut self, message: u32, again: bool) {
        let Message { kind, cookie, key, tab, over, .. } = self.messages[&message].clone();
        if over && again {
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
            Kind::Refresh => match self.server.refresh(cookie, key) {
                Refresh::Granted(next) => {
                    let issue = self.issue(tab, next.0);
                    self.reply(message, issue, SetCookie::Sets(next));
                }
                Refresh::Refused(code) => {
                    // (Storage that is cleared between a refresh and its repetition takes the key with it.)
                    let key_lost = cookie.is_some_and(|(sid, _)| self.server.born_at(sid) < self.cleared_at);
                    if code == "REFRESH_TOKEN_REUSED" && !self.faults.alarms && !key_lost {
                        self.fail(format!("a reuse alarm: {cookie:?} with key {key:?}"));
                    }
                    let code = (code == "REFRESH_TOKEN_REUSED").then_some(SessionErrorCode::TokenReused);
                    let answer = HttpResponse { status: 401, code, ..HttpResponse::default() };
                    self.reply(message, answer, SetCookie::Keeps);
                }
            },
        }
    }

    fn issue(&mut self, tab: usize, sid: u32) -> HttpResponse {
        let user = self.server.user(sid);
        let it = &mut self.tabs[tab];
        it.last_token += 1;
        let token = TokenId(it.last_token);
        it.tokens.insert(token, (sid, self.now + self.faults.lifetime));
        let issue = IssuedToken { id: token, lifetime: Some(self.faults.lifetime), subject: number(user) };
        HttpResponse { status: 200, token: Some(issue), ..HttpResponse::default() }
    }

    fn reply(&mut self, message: u32, answer: HttpResponse, set_cookie: SetCookie) {
        if self.chance(self.faults.lost_answers) {
            return self.note(self.messages[&message].tab, "(the answer is lost)");
        }
        let Some(it) = self.messages.get_mut(&message).filter(|it| it.reply.is_none()) else { return };
        it.reply = Some(AuthResponse::Http(answer));
        it.set_cookie = set_cookie;
        let way = 1 + self.random_up_to(self.faults.delay);
        self.plan(way, SimEvent::ResponseArrives { message });
    }

    /// An answer reaches the browser: first the cookie jar, then the page, if it is still there.
    fn deliver(&mut self, message: u32) {
        let Some(it) = self.messages.get_mut(&message) else { return };
        let (tab, page) = (it.tab, it.page);
        // The sign-out of a page that has gone is report all the same (keepalive), but nobody hears the answer.
        let gone = self.tabs[tab].page != page;
        if it.over || (gone && it.kind != Kind::Logout) {
            return;
        }
        match std::mem::replace(&mut it.set_cookie, SetCookie::Keeps) {
            SetCookie::Keeps => {}
            SetCookie::Clears => self.browser.cookie = None,
            SetCookie::Sets(cookie) => self.browser.cookie = Some(cookie),
        }
        if !gone && self.tabs[tab].asleep {
            return self.tabs[tab].pending.push_back(SimEvent::ResponseArrives { message });
        }
        it.over = true;
        if gone {
            return;
        }
        let it = it.clone();
        let mut request = it.request;
        if it.cancelled {
            if self.faults.mutation == Some(Mutation::AcceptLateResponses) {
                request = self.tabs[tab].last_flight;
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

    fn outcome(&self, reply: AuthResponse) -> RefreshOutcome {
        match refresh_outcome(reply) {
            RefreshOutcome::Retry(Failure { code: ErrorCode::ServerError, .. })
                if self.faults.mutation == Some(Mutation::FaultEndsSession) =>
            {
                RefreshOutcome::Rejected(SignedOutReason::Expired)
            }
            outcome => outcome,
        }
    }

    /// Every call comes to an end, and whoever can have a token has one.
    fn check_liveness(&mut self) {
        let calm = self.faults.is_calm();
        for tab in 0..self.tabs.len() {
            if matches!(self.tabs[tab].core.session(), SessionState::SignedOut { .. }) {
                self.tabs[tab].without_token_since = None;
            }
            let it = &self.tabs[tab];
            let awake_since = it.disturbed_at;
            if it.asleep || awake_since + 20 * SECOND > self.now {
                continue;
            }
            let login_since = it.login_since.map(|since| since.max(awake_since));
            if login_since.is_some_and(|since| since + 2 * MINUTE < self.now) {
                self.fail(format!("tab {tab}: a login was never settled"));
            }
            let it = &self.tabs[tab];
            let oldest = it.waiting.iter().map(|(since, _)| *since).min().map(|since| since.max(awake_since));
            if let Some(since) = oldest.filter(|since| since + CONFIG.timeout + SECOND < self.now) {
                self.fail(format!("tab {tab}: a call has waited for {} ms and still waits", self.now - since));
            }
            let without = self.tabs[tab].without_token_since.map(|since| since.max(awake_since));
            if let Some(since) = without.filter(|since| calm && since + 3 * HOUR < self.now) {
                self.fail(format!("tab {tab} has had no token for {} min", (self.now - since) / MINUTE));
            }
        }
        let old = self.message_count.saturating_sub(500);
        self.messages = self.messages.split_off(&old);
    }

    fn plan(&mut self, after: Millis, event: SimEvent) {
        self.order += 1;
        self.agenda.push(Reverse((self.now + after, self.order, event)));
    }

    fn chance(&mut self, in_a_thousand: u64) -> bool {
        in_a_thousand > 0 && self.random.below(1_000) < in_a_thousand
    }

    fn random_up_to(&mut self, most: u64) -> u64 {
        self.random.below(most + 1)
    }

    fn note(&mut self, tab: usize, what: &str) {
        if self.trace.len() == 60 && !self.trace_all {
            self.trace.pop_front();
        }
        let (hours, minutes, ms) = (self.now / HOUR, self.now % HOUR / MINUTE, self.now % MINUTE);
        self.trace.push_back(format!("{hours:>4}:{minutes:02}:{:06.3}  tab {tab}  {what}", ms as f64 / 1_000.0));
    }

    fn fail(&mut self, what: String) {
        self.violation.get_or_insert(what);
    }
}

/// Notes that something happened now, and tells how often it did within the last such span.
fn count_recent(times: &mut VecDeque<Millis>, now: Millis, span: Millis) -> usize {
    times.push_back(now);
    while times.front().is_some_and(|at| at + span < now) {
        times.pop_front();
    }
    times.len()
}
