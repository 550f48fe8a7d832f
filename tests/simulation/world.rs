//! A small world: one browser and its tabs (each with the core that ships), one server that rotates with reuse detection,
//! a network that loses, delays and garbles, users who sign in, out and over, and clocks that jump. Everything follows
//! from a seed.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::iter;
use std::num::NonZeroU32;

use tokenward::core::{
    About, Answer, Code, Config, Core, Event, Failure, FlightId, Grant, Input, Millis, News, Outcome, Output, Random,
    Reply, Restore, Session, SessionCode, SignedOutReason, Subject, SubjectId, TIMER_MAX, TokenId, Verdict,
    login_outcome, refresh_outcome, revoke_outcome,
};

use super::browser::Browser;
use super::mistakes::Mistake;
use super::server::{Cookie, Refresh, Server};

pub const CONFIG: Config = Config { renew_before: 60_000, timeout: 10_000, restore: Restore::Auto };
const SECOND: Millis = 1_000;
const MINUTE: Millis = 60 * SECOND;
const HOUR: Millis = 60 * MINUTE;
/// How long a message between tabs may be under way.
const NEWS_WAY: Millis = 5;
const USERS: [&str; 2] = ["ada", "grace"];

/// The number of a user, as each tab's vault gives it.
fn number(user: &str) -> Subject {
    let position = USERS.iter().position(|name| *name == user).expect("one of the users");
    NonZeroU32::new(position as u32 + 1).map(SubjectId)
}

/// What the network, the machine and the users do; probabilities in parts of a thousand.
#[derive(Debug, Clone, Copy)]
pub struct Weather {
    /// Requests that never reach the server.
    pub lost_requests: u64,
    /// Answers that never come back, although the server has acted.
    pub lost_answers: u64,
    /// Requests answered with 503, 429 with `Retry-After`, or an HTML page.
    pub faults: u64,
    /// Requests that a proxy sends twice.
    pub duplicates: u64,
    /// The longest way of a message.
    pub delay: Millis,
    /// How long an access token lives.
    pub life: Millis,
    pub tabs: usize,
    /// Tabs that die or freeze just when the lock is theirs; half of the dead leave it orphaned for good.
    pub lost_locks: u64,
    /// What a user does is, so often, to sign in as somebody else.
    pub switches: u64,
    /// What happens is, so often, that the wall clock jumps by up to a day.
    pub jolts: u64,
    /// What happens is, so often, that the storage is cleared.
    pub clears: u64,
    /// Calls to an API that says 401 whatever the token.
    pub always_401: u64,
    /// Whether a request can be under way for so long that the server rightly takes it for theft.
    pub alarms: bool,
    /// When a page that is loaded asks for a session.
    pub restore: Restore,
    pub mistake: Option<Mistake>,
}

impl Weather {
    /// Whether the server can always be reached.
    fn is_calm(&self) -> bool {
        self.lost_requests + self.lost_answers + self.faults == 0 && self.delay < SECOND
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Happening {
    /// The app does something, and will again.
    App {
        tab: usize,
    },
    Timer {
        tab: usize,
        page: u32,
        number: u32,
    },
    Locked {
        tab: usize,
        page: u32,
        flight: u32,
    },
    Hears {
        tab: usize,
        page: u32,
        news: usize,
    },
    Arrives {
        message: u32,
        again: bool,
    },
    Answered {
        message: u32,
    },
    Wakes {
        tab: usize,
    },
    /// Somebody looks whether all is as it should be.
    Audit,
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
    flight: FlightId,
    kind: Kind,
    cookie: Option<Cookie>,
    key: Option<u32>,
    sent_at: Millis,
    reply: Option<Reply>,
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
    /// The page's elapsed time is the world's, and what the wall clock jumped ahead.
    ahead: Millis,
    timer: Option<u32>,
    /// Timers that rang lately, and refreshes that were sent lately.
    rings: VecDeque<Millis>,
    refreshes: VecDeque<Millis>,
    message: Option<u32>,
    last_flight: FlightId,
    /// The auth call for which it took the lock from its holder.
    stole: Option<FlightId>,
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
    /// The mark this page knows of.
    known_mark: Option<u32>,
    /// The session that the refresh was about whose answer is being heard.
    asked_for: Option<u32>,
    pending: VecDeque<Happening>,
}

#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct World {
    pub weather: Weather,
    random: Random,
    now: Millis,
    order: u64,
    agenda: BinaryHeap<Reverse<(Millis, u64, Happening)>>,
    tabs: Vec<Tab>,
    messages: BTreeMap<u32, Message>,
    message_count: u32,
    timers: u32,
    news: Vec<(News, Option<u32>)>,
    browser: Browser,
    pub server: Server,
    /// The session that the user has, as far as the user knows.
    truth: Option<u32>,
    /// When somebody last signed in or out, or the storage was cleared.
    user_acted_at: Millis,
    cleared_at: Millis,
    /// When somebody last signed out.
    signed_out_at: Millis,
    /// Somebody signed in and out in two tabs at the same moment, so nobody knows what is true.
    ambiguous: bool,
    /// Tokens may be over when they come.
    short_lived: bool,
    /// Nobody uses the apps any more; what is under way comes to its end.
    quiet: bool,
    pub trace: VecDeque<String>,
    pub trace_all: bool,
    pub calls: u64,
    pub steals: u64,
    pub switches: u64,
    /// Calls of a signed-in user that got no token.
    pub unanswered: u64,
    /// What must not happen, and did.
    pub broken: Option<String>,
}

impl World {
    pub fn new(seed: u64, weather: Weather) -> Self {
        let mut world = Self {
            weather,
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
            truth: None,
            user_acted_at: 0,
            cleared_at: 0,
            signed_out_at: 0,
            ambiguous: false,
            short_lived: weather.life <= 4 * weather.delay,
            quiet: false,
            trace: VecDeque::new(),
            trace_all: false,
            calls: 0,
            steals: 0,
            switches: 0,
            unanswered: 0,
            broken: None,
        };
        for tab in 0..weather.tabs {
            let seed = world.random.below(u64::MAX);
            world.tabs.push(Tab {
                core: Core::new(Config { restore: weather.restore, ..CONFIG }, seed),
                page: 0,
                ahead: 0,
                timer: None,
                rings: VecDeque::new(),
                refreshes: VecDeque::new(),
                message: None,
                last_flight: FlightId(0),
                stole: None,
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
                known_mark: None,
                asked_for: None,
                pending: VecDeque::new(),
            });
            world.start(tab);
            world.plan(1, Happening::App { tab });
        }
        world.plan(MINUTE, Happening::Audit);
        world
    }

    /// Lets so many hours pass, then some minutes of quiet in fair weather, after which everything must be settled.
    pub fn run(&mut self, hours: u64) {
        self.run_until(hours * HOUR);
        let weather = self.weather;
        self.weather =
            Weather { lost_requests: 0, lost_answers: 0, faults: 0, lost_locks: 0, jolts: 0, clears: 0, ..weather };
        self.weather.delay = weather.delay.min(100);
        self.quiet = true;
        for minutes in [3, 6] {
            for tab in 0..self.tabs.len() {
                self.plan(1, Happening::Wakes { tab });
            }
            self.run_until(hours * HOUR + minutes * MINUTE);
        }
        if self.broken.is_none() && !weather.alarms && !self.ambiguous {
            self.judge();
        }
    }

    fn run_until(&mut self, end: Millis) {
        while let Some(Reverse((at, ..))) = self.agenda.peek() {
            if *at > end || self.broken.is_some() {
                break;
            }
            let Some(Reverse((at, _, happening))) = self.agenda.pop() else { break };
            self.now = at;
            self.happen(happening);
        }
        self.now = end;
    }

    /// After the quiet, every tab knows what is true, and so does the server.
    fn judge(&mut self) {
        let truth = self.truth.filter(|sid| self.server.alive(*sid)).map(|sid| self.server.user(sid));
        for tab in 0..self.tabs.len() {
            let believed = match self.tabs[tab].core.session() {
                Session::SignedIn { subject, .. } => Some(*subject),
                Session::SignedOut(_) => Some(None),
                Session::Restoring => None,
            };
            if believed != Some(truth.and_then(number)) {
                self.fail(format!("tab {tab} believes in {believed:?}, the truth is {truth:?}"));
            }
        }
        if let (None, Some((sid, _))) = (self.truth, self.browser.cookie)
            && self.server.alive(sid)
        {
            self.fail(format!("everybody signed out, but session {sid} lives and its cookie is there"));
        }
    }

    fn happen(&mut self, happening: Happening) {
        match &happening {
            Happening::App { tab } | Happening::Timer { tab, .. } | Happening::Locked { tab, .. }
                if self.tabs[*tab].asleep =>
            {
                let tab = *tab;
                return self.tabs[tab].pending.push_back(happening);
            }
            // A frozen page may hear later, or never (the back-forward cache).
            Happening::Hears { tab, .. } if self.tabs[*tab].asleep => {
                let tab = *tab;
                if self.random.below(2) == 0 {
                    self.tabs[tab].pending.push_back(happening);
                }
                return;
            }
            _ => {}
        }
        match happening {
            Happening::App { tab } => self.app(tab),
            Happening::Timer { tab, page, number } => {
                if self.tabs[tab].page == page && self.tabs[tab].timer == Some(number) {
                    self.tabs[tab].timer = None;
                    self.rang(tab);
                    self.tell(tab, Input::Timer);
                }
            }
            Happening::Locked { tab, page, flight } => {
                if self.tabs[tab].page != page || self.browser.holder != Some((tab, page, FlightId(flight))) {
                    return;
                }
                if self.chance(self.weather.lost_locks) {
                    match self.random.below(3) {
                        0 => return self.sleep(tab),
                        1 => self.browser.holder = Some((usize::MAX, 0, FlightId(0))), // an orphan
                        _ => {}
                    }
                    return self.reload(tab);
                }
                let memory = self.browser.memory(self.tabs[tab].known_mark, self.now);
                self.tell(tab, Input::Locked { flight: FlightId(flight), memory });
            }
            Happening::Hears { tab, page, news } => {
                if self.tabs[tab].page == page {
                    let (news, mark) = self.news[news];
                    let about = match mark {
                        mark if mark == self.tabs[tab].known_mark => About::Ours,
                        mark if mark == self.browser.mark => About::Current,
                        _ => About::Past,
                    };
                    self.tell(tab, Input::Heard { news, about });
                }
            }
            Happening::Arrives { message, again } => self.serve(message, again),
            Happening::Answered { message } => self.deliver(message),
            Happening::Wakes { tab } => self.wake(tab),
            Happening::Audit => {
                self.plan(MINUTE, Happening::Audit);
                self.audit();
            }
        }
    }

    /// The user does something: mostly a call, sometimes more.
    fn app(&mut self, tab: usize) {
        if self.quiet {
            return;
        }
        let pause = self.random_up_to(600 * SECOND);
        self.plan(1 + pause, Happening::App { tab });
        if self.chance(self.weather.jolts) {
            self.jolt(tab);
        }
        if self.chance(self.weather.clears) {
            self.note(tab, "the storage is cleared");
            self.browser.mark = None;
            (self.user_acted_at, self.cleared_at) = (self.now, self.now);
        }
        let signed_in = matches!(self.tabs[tab].core.session(), Session::SignedIn { .. });
        let signed_out = matches!(self.tabs[tab].core.session(), Session::SignedOut(_));
        if signed_in && self.chance(self.weather.switches) {
            self.switches += 1;
            let user = USERS[self.random.below(2) as usize];
            return self.log_in(tab, user);
        }
        match self.random.below(100) {
            0 => self.reload(tab),
            1 if signed_in => {
                self.note(tab, "signs out");
                self.truth = None;
                (self.user_acted_at, self.signed_out_at) = (self.now, self.now);
                self.tell(tab, Input::Logout);
            }
            2 | 3 => self.sleep(tab),
            4 => {
                self.tell(tab, Input::Renew);
            }
            _ if signed_out && self.truth.is_none() && self.random.below(2) == 0 => self.log_in(tab, USERS[0]),
            _ => self.call(tab),
        }
    }

    fn log_in(&mut self, tab: usize, user: &'static str) {
        self.tabs[tab].login_as = user;
        self.tell(tab, Input::Login);
    }

    /// The wall clock is set.
    fn jolt(&mut self, tab: usize) {
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
        self.plan(hours * HOUR, Happening::Wakes { tab });
    }

    fn wake(&mut self, tab: usize) {
        self.note(tab, "wakes");
        if std::mem::take(&mut self.tabs[tab].asleep) {
            self.tabs[tab].disturbed_at = self.now;
            self.tabs[tab].without_token_since = None;
        }
        let memory = self.browser.memory(self.tabs[tab].known_mark, self.now);
        self.tell(tab, Input::Woke { memory });
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
        self.want(tab, false);
    }

    fn want(&mut self, tab: usize, second: bool) {
        let verdict = self.tell(tab, Input::Want { min_validity: 0 });
        self.go_on(tab, verdict, second);
    }

    /// What a call does with the core's word.
    fn go_on(&mut self, tab: usize, verdict: Option<Verdict>, second: bool) {
        match verdict {
            Some(Verdict::Go) => self.send(tab, second),
            Some(Verdict::Wait) => {
                let now = self.now;
                self.tabs[tab].waiting.push((now, second));
            }
            Some(Verdict::Refuse(failure)) => self.unanswered(tab, failure),
            Some(Verdict::HandThrough) => {}
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
            Session::SignedIn { subject, .. } if *subject == number(self.server.user(sid)) => {}
            other => {
                let told = format!("a call went out with the token of {}, here is {other:?}", self.server.user(sid));
                self.fail(told);
            }
        }
        self.tabs[tab].without_token_since = None;
        let refused = !self.server.alive(sid) || self.chance(2) || self.chance(self.weather.always_401);
        if !refused {
            return;
        }
        let replayed = second && self.weather.mistake != Some(Mistake::RetryLoop);
        let verdict = self.tell(tab, Input::Rejected { token: id, replayed });
        self.go_on(tab, verdict, true);
    }

    /// A page is loaded anew: nothing of the old one is left but what the browser keeps.
    fn reload(&mut self, tab: usize) {
        self.note(tab, "reloads");
        let seed = self.random.below(u64::MAX);
        let it = &mut self.tabs[tab];
        it.core = Core::new(Config { restore: self.weather.restore, ..CONFIG }, seed);
        it.page += 1;
        (it.timer, it.message, it.stole, it.present, it.fresh_until) = (None, None, None, None, 0);
        (it.asleep, it.disturbed_at, it.without_token_since) = (false, self.now, None);
        it.tokens.clear();
        it.waiting.clear();
        it.refreshes.clear();
        it.known_mark = None;
        if let Some(next) = self.browser.release(tab, self.now) {
            self.grant_lock(next);
        }
        self.start(tab);
    }

    fn start(&mut self, tab: usize) {
        let memory = self.browser.memory(None, self.now);
        self.tell(tab, Input::Start { memory });
    }

    /// Hands the core an input and does what it says, as the shell does.
    fn tell(&mut self, tab: usize, input: Input) -> Option<Verdict> {
        if !matches!(input, Input::Want { .. }) {
            self.note(tab, &format!("{input:?}"));
        }
        let now = self.now + self.tabs[tab].ahead;
        let mistake = self.weather.mistake;
        let verdict = self.tabs[tab].core.handle(input, now);
        let outputs: Vec<_> = iter::from_fn(|| self.tabs[tab].core.poll()).collect();
        let mut waits_for_ever = false;
        let mut released = Vec::new();
        for output in outputs {
            if self.trace_all {
                self.note(tab, &format!("      {output:?}"));
            }
            match output {
                Output::Lock(flight) => {
                    let claim = (tab, self.tabs[tab].page, flight);
                    self.browser.queue.push_back(claim);
                    if let Some(next) = self.browser.next_holder(self.now) {
                        self.grant_lock(next);
                    }
                }
                Output::Steal(flight) => {
                    if mistake == Some(Mistake::UnboundedLockWait) {
                        waits_for_ever = true;
                        continue;
                    }
                    self.steals += 1;
                    self.check_lost(tab);
                    if let Some((victim, _, lost)) = self.browser.holder.filter(|holder| holder.0 < self.tabs.len()) {
                        self.tabs[victim].stole = Some(lost); // theirs is worth nothing now
                    }
                    self.tabs[tab].stole = Some(flight);
                    self.browser.queue.retain(|claim| claim.0 != tab);
                    self.browser.holder = Some((tab, self.tabs[tab].page, flight));
                }
                Output::Unlock => {
                    if let Some(next) = self.browser.release(tab, self.now) {
                        self.grant_lock(next);
                    }
                }
                Output::Refresh(_) | Output::Login(_) | Output::Revoke(_) if waits_for_ever => {}
                Output::Refresh(flight) => self.depart(tab, flight, Kind::Refresh),
                Output::Login(flight) => {
                    let user = self.tabs[tab].login_as;
                    self.depart(tab, flight, Kind::Login(user));
                }
                Output::Revoke(flight) => self.depart(tab, flight, Kind::Logout),
                Output::Cancel => self.cancel(tab),
                Output::Adopt { token, fresh_for } => self.adopt(tab, token, fresh_for),
                Output::Hold => self.tabs[tab].fresh_until = 0,
                Output::Wipe if mistake == Some(Mistake::TokenKeptAtLogout) => {}
                Output::Wipe => {
                    self.tabs[tab].present = None;
                    self.tabs[tab].fresh_until = 0;
                }
                Output::Mark(true) => self.tabs[tab].known_mark = self.browser.new_mark(),
                Output::Mark(false) => {
                    // The mark of somebody who has signed in since is not this page's to take.
                    if self.tabs[tab].known_mark.take() == self.browser.mark {
                        self.browser.mark = None;
                    }
                }
                Output::Share => {
                    self.browser.tried = None;
                    self.browser.mark = self.browser.mark.or(self.tabs[tab].known_mark);
                    self.tabs[tab].known_mark = self.browser.mark.or_else(|| self.browser.new_mark());
                }
                Output::Try => {
                    let known = self.tabs[tab].known_mark.or(self.browser.tried);
                    self.browser.tried = known.or_else(|| Some(self.browser.new_key()));
                    self.tabs[tab].known_mark = self.browser.tried;
                }
                Output::Owe(owed) => self.browser.owed = owed,
                Output::Tell(news) => self.spread(tab, news),
                Output::Timer(after) => self.set_timer(tab, after),
                Output::Settle(result) => released.extend(self.settle(tab, result)),
                Output::Notify(event) => self.notified(tab, event),
                Output::SettleLogin(Ok(())) => {
                    let id = self.tabs[tab].present;
                    self.truth = id.map(|id| self.tabs[tab].tokens[&id].0);
                    self.user_acted_at = self.now;
                    self.ambiguous = self.signed_out_at > 0 && self.signed_out_at + CONFIG.timeout > self.now;
                }
                Output::Abandon | Output::Discard(_) | Output::SettleLogin(_) | Output::SettleLogout(_) => {}
            }
        }
        // Whoever waited goes on when all is done, as promises do.
        for (since, second) in released {
            match self.tabs[tab].present {
                Some(_) => self.send(tab, second),
                None => self.note(tab, &format!("a call of {since} was let go for nobody")),
            }
        }
        verdict
    }

    fn grant_lock(&mut self, (tab, page, flight): (usize, u32, FlightId)) {
        self.plan(1, Happening::Locked { tab, page, flight: flight.0 });
    }

    fn spread(&mut self, tab: usize, news: News) {
        match &news {
            News::Failed { wait, .. } if *wait > 0 => {
                self.browser.wait_until = self.browser.wait_until.max(self.now + wait);
            }
            News::Refreshed { .. } | News::SignedIn { .. } => self.browser.wait_until = 0,
            _ => {}
        }
        let mark = match &news {
            News::SignedOut { .. } => self.tabs[tab].known_mark,
            _ => self.browser.mark,
        };
        self.news.push((news, mark));
        for other in (0..self.tabs.len()).filter(|other| *other != tab) {
            let way = 1 + self.random.below(NEWS_WAY);
            let (page, news) = (self.tabs[other].page, self.news.len() - 1);
            self.plan(way, Happening::Hears { tab: other, page, news });
        }
    }

    fn adopt(&mut self, tab: usize, token: TokenId, fresh_for: Option<Millis>) {
        let Some((_, ends_at)) = self.tabs[tab].tokens.get(&token).copied() else {
            return self.fail(format!("{token:?} was adopted but never arrived"));
        };
        if fresh_for.is_some_and(|span| span > 0 && self.now + span > ends_at) {
            self.fail(format!("{token:?} is taken for longer-lived than it is"));
        }
        let late = if self.weather.mistake == Some(Mistake::NegativeMargin) { MINUTE } else { 0 };
        self.tabs[tab].present = Some(token);
        self.tabs[tab].fresh_until = self.now.saturating_add(fresh_for.unwrap_or(u64::MAX)).saturating_add(late);
    }

    fn set_timer(&mut self, tab: usize, after: Option<Millis>) {
        self.tabs[tab].timer = None;
        if let Some(mut after) = after {
            if after > TIMER_MAX {
                self.fail(format!("a timer of {after} ms"));
            }
            if after == TIMER_MAX && self.weather.mistake == Some(Mistake::TimerOverflow) {
                after = 0;
            }
            self.timers += 1;
            self.tabs[tab].timer = Some(self.timers);
            let page = self.tabs[tab].page;
            self.plan(after, Happening::Timer { tab, page, number: self.timers });
        }
    }

    fn rang(&mut self, tab: usize) {
        if lately(&mut self.tabs[tab].rings, self.now, SECOND) > 50 {
            self.fail("a timer rings and rings".into());
        }
    }

    /// Ends the waiting; returns the calls that may go on.
    fn settle(&mut self, tab: usize, result: Result<(), Failure>) -> Vec<(Millis, bool)> {
        self.tabs[tab].settles += 1;
        if self.weather.mistake == Some(Mistake::LostWakeUp) && self.tabs[tab].settles.is_multiple_of(10) {
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
        if failure.code == Code::RefreshUnavailable {
            self.unanswered += 1;
            let now = self.now;
            self.tabs[tab].without_token_since.get_or_insert(now);
        }
    }

    fn notified(&mut self, tab: usize, event: Event) {
        if event != Event::SignedOut {
            return;
        }
        let Session::SignedOut(reason) = self.tabs[tab].core.session() else { return };
        let reason = *reason;
        self.note(tab, &format!("is signed out: {reason:?}"));
        match reason {
            SignedOutReason::Logout | SignedOutReason::Never => {}
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
                let true_one = self.truth.filter(remembered).is_some_and(|sid| self.server.alive(sid));
                // (Who signs in and out in two tabs at the same moment may end up signed out.)
                if (asked || true_one) && !self.ambiguous {
                    self.fail(format!("signed out ({reason:?}) of a session that lives"));
                }
            }
        }
    }

    fn depart(&mut self, tab: usize, flight: FlightId, kind: Kind) {
        let now = self.now;
        if let Some(message) = self.tabs[tab].message
            && !self.messages[&message].over
        {
            self.fail("two auth calls of one tab at once".into());
        }
        if kind == Kind::Refresh {
            if lately(&mut self.tabs[tab].refreshes, now, 10 * SECOND) > 20 {
                self.fail("a refresh loop".into());
            }
            self.check_alone(tab, flight);
            let undisturbed = self.tabs[tab].disturbed_at + SECOND < now;
            if self.browser.wait_until > now + 2 * NEWS_WAY && undisturbed {
                self.fail(format!("asked {} ms too early", self.browser.wait_until - now));
            }
            self.tabs[tab].known_mark = self.browser.mark.or(self.tabs[tab].known_mark);
        }
        let key = self.tabs[tab].known_mark.filter(|_| self.weather.mistake != Some(Mistake::NoIdempotencyKey));
        self.message_count += 1;
        let message = self.message_count;
        self.messages.insert(
            message,
            Message {
                tab,
                page: self.tabs[tab].page,
                flight,
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
        self.tabs[tab].last_flight = flight;
        if !self.chance(self.weather.lost_requests) {
            let way = 1 + self.random_up_to(self.weather.delay);
            self.plan(way, Happening::Arrives { message, again: false });
        }
    }

    /// The lock is taken only from a holder that is lost, or that took it itself.
    fn check_lost(&mut self, tab: usize) {
        let Some((holder, page, flight)) = self.browser.holder else { return };
        let Some(it) = self.tabs.get(holder) else { return };
        // (One that has it only since a moment ago got it from one that died.)
        let long = self.browser.held_since + CONFIG.timeout <= self.now;
        let lives = long && !it.asleep && it.page == page && it.stole != Some(flight);
        let undisturbed = it.disturbed_at.max(self.tabs[tab].disturbed_at) + 2 * CONFIG.timeout < self.now;
        if lives && undisturbed {
            self.fail(format!("tab {tab} took the lock from tab {holder}, which lives"));
        }
    }

    /// Two refreshes are never under way at once, unless the lock was lost.
    fn check_alone(&mut self, tab: usize, flight: FlightId) {
        if self.tabs[tab].stole == Some(flight) {
            return;
        }
        let alone_since = self.tabs[tab].disturbed_at;
        let other = self.tabs.iter().enumerate().find(|(other, it)| {
            let refresh = it.message.map(|message| &self.messages[&message]);
            *other != tab
                && !it.asleep
                && refresh.is_some_and(|message| {
                    !message.over
                        && it.stole != Some(message.flight)
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
        if !again && self.chance(self.weather.duplicates) {
            self.plan(0, Happening::Arrives { message, again: true });
        }
        if self.now < self.server.down_until || self.chance(self.weather.faults) {
            let answer = match self.random.below(3) {
                0 => Answer { status: 503, ..Answer::default() },
                1 => Answer { status: 429, retry_after: Some(self.random.below(120) * SECOND), ..Answer::default() },
                _ if kind == Kind::Logout => Answer { status: 502, ..Answer::default() },
                _ => Answer { status: 200, ..Answer::default() },
            };
            return self.reply(message, answer, SetCookie::Keeps);
        }
        match kind {
            Kind::Login(user) => {
                let cookie = self.server.login(user, self.now);
                let grant = self.grant(tab, cookie.0);
                self.reply(message, grant, SetCookie::Sets(cookie));
            }
            Kind::Logout => {
                self.server.logout(cookie);
                self.reply(message, Answer { status: 204, ..Answer::default() }, SetCookie::Clears);
            }
            Kind::Refresh => match self.server.refresh(cookie, key) {
                Refresh::Granted(next) => {
                    let grant = self.grant(tab, next.0);
                    self.reply(message, grant, SetCookie::Sets(next));
                }
                Refresh::Refused(code) => {
                    // (Storage that is cleared between a refresh and its repetition takes the key with it.)
                    let key_lost = cookie.is_some_and(|(sid, _)| self.server.born_at(sid) < self.cleared_at);
                    if code == "REFRESH_TOKEN_REUSED" && !self.weather.alarms && !key_lost {
                        self.fail(format!("a reuse alarm: {cookie:?} with key {key:?}"));
                    }
                    let code = (code == "REFRESH_TOKEN_REUSED").then_some(SessionCode::Reused);
                    let answer = Answer { status: 401, code, ..Answer::default() };
                    self.reply(message, answer, SetCookie::Keeps);
                }
            },
        }
    }

    fn grant(&mut self, tab: usize, sid: u32) -> Answer {
        let user = self.server.user(sid);
        let it = &mut self.tabs[tab];
        it.last_token += 1;
        let token = TokenId(it.last_token);
        it.tokens.insert(token, (sid, self.now + self.weather.life));
        let grant = Grant { token, life: Some(self.weather.life), subject: number(user) };
        Answer { status: 200, grant: Some(grant), ..Answer::default() }
    }

    fn reply(&mut self, message: u32, answer: Answer, set_cookie: SetCookie) {
        if self.chance(self.weather.lost_answers) {
            return self.note(self.messages[&message].tab, "(the answer is lost)");
        }
        let Some(it) = self.messages.get_mut(&message).filter(|it| it.reply.is_none()) else { return };
        it.reply = Some(Reply::Answered(answer));
        it.set_cookie = set_cookie;
        let way = 1 + self.random_up_to(self.weather.delay);
        self.plan(way, Happening::Answered { message });
    }

    /// An answer reaches the browser: first the cookie jar, then the page, if it is still there.
    fn deliver(&mut self, message: u32) {
        let Some(it) = self.messages.get_mut(&message) else { return };
        let (tab, page) = (it.tab, it.page);
        // The sign-out of a page that has gone is told all the same (keepalive), but nobody hears the answer.
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
            return self.tabs[tab].pending.push_back(Happening::Answered { message });
        }
        it.over = true;
        if gone {
            return;
        }
        let it = it.clone();
        let mut flight = it.flight;
        if it.cancelled {
            if self.weather.mistake == Some(Mistake::LateAnswersCount) {
                flight = self.tabs[tab].last_flight;
            }
        } else {
            self.tabs[tab].message = None;
        }
        self.tabs[tab].asked_for = it.cookie.map(|(sid, _)| sid);
        let Some(reply) = it.reply else { return };
        let input = match it.kind {
            Kind::Login(_) => Input::LoggedIn { flight, outcome: login_outcome(reply) },
            Kind::Logout => Input::Revoked { flight, outcome: revoke_outcome(&reply) },
            Kind::Refresh => Input::Refreshed { flight, outcome: self.outcome(reply) },
        };
        self.tell(tab, input);
        self.tabs[tab].asked_for = None;
    }

    fn outcome(&self, reply: Reply) -> Outcome {
        match refresh_outcome(reply) {
            Outcome::Later(Failure { code: Code::ServerError, .. })
                if self.weather.mistake == Some(Mistake::FaultEndsSession) =>
            {
                Outcome::Refused(SignedOutReason::Expired)
            }
            outcome => outcome,
        }
    }

    /// Every call comes to an end, and whoever can have a token has one.
    fn audit(&mut self) {
        let calm = self.weather.is_calm();
        for tab in 0..self.tabs.len() {
            if matches!(self.tabs[tab].core.session(), Session::SignedOut(_)) {
                self.tabs[tab].without_token_since = None;
            }
            let it = &self.tabs[tab];
            let awake_since = it.disturbed_at;
            if it.asleep || awake_since + 20 * SECOND > self.now {
                continue;
            }
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

    fn plan(&mut self, after: Millis, happening: Happening) {
        self.order += 1;
        self.agenda.push(Reverse((self.now + after, self.order, happening)));
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
        self.broken.get_or_insert(what);
    }
}

/// Notes that something happened now, and tells how often it did within the last such span.
fn lately(times: &mut VecDeque<Millis>, now: Millis, span: Millis) -> usize {
    times.push_back(now);
    while times.front().is_some_and(|at| at + span < now) {
        times.pop_front();
    }
    times.len()
}
