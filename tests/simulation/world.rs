//! A small world: one browser with a cookie jar, its tabs (each with the core that ships), one server that rotates with
//! reuse detection, and a network that loses, delays and garbles. Everything follows from a seed.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};

use tokenward::core::{
    Answer, Code, Config, Core, Event, Failure, FlightId, Grant, Input, Millis, Output, Random, Reply, Restore,
    Session, SignedOutReason, TIMER_MAX, TokenId, Verdict, login_outcome, refresh_outcome,
};

pub const CONFIG: Config = Config { renew_before: 60_000, timeout: 10_000, restore: Restore::Auto };
const SECOND: Millis = 1_000;
const HOUR: Millis = 3_600 * SECOND;

/// What the network and the users do, in parts of a thousand.
#[derive(Debug, Clone, Copy)]
pub struct Weather {
    /// Requests that never reach the server.
    pub lost_requests: u64,
    /// Answers that never come back, although the server has acted.
    pub lost_answers: u64,
    /// Requests answered with 503, 429 with `Retry-After`, or an HTML page.
    pub faults: u64,
    /// The longest way of a message.
    pub delay: Millis,
    /// How long an access token lives.
    pub life: Millis,
    pub tabs: usize,
    /// Whether a request can be under way for so long that the server rightly takes it for theft.
    pub alarms: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Happening {
    /// The app does something, and will again.
    App {
        tab: usize,
    },
    Timer {
        tab: usize,
        number: u32,
    },
    Arrives {
        message: u32,
    },
    Answered {
        message: u32,
    },
    TimesOut {
        message: u32,
    },
    Wakes {
        tab: usize,
    },
}

#[derive(Debug, Clone)]
struct Message {
    tab: usize,
    page: u32,
    flight: FlightId,
    login: bool,
    cookie: Option<Cookie>,
    key: Option<u32>,
    reply: Option<Reply>,
    set_cookie: SetCookie,
    over: bool,
}

/// A refresh token: which session, which generation.
type Cookie = (u32, u32);

/// What an answer does to the cookie jar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SetCookie {
    Keeps,
    Sets(Cookie),
}

#[derive(Debug)]
struct ServerSession {
    generation: u32,
    rotated_by: Option<u32>,
    alive: bool,
}

struct Tab {
    core: Core,
    /// How often this tab was loaded; messages of an earlier page find nobody.
    page: u32,
    timer: Option<u32>,
    flight: Option<u32>,
    /// The token that calls go out with, and when it really ends.
    present: Option<TokenId>,
    tokens: BTreeMap<TokenId, (u32, Millis)>,
    last_token: u32,
    waiting: Vec<Millis>,
    asleep: bool,
    /// When it last fell asleep or woke: whoever waited then could not be served in time.
    slept_at: Millis,
    /// The mark this page knows of.
    known_mark: Option<u32>,
    /// The session that the last answered refresh was about.
    asked_for: Option<u32>,
    pending: VecDeque<Happening>,
}

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
    sessions: Vec<ServerSession>,
    cookie: Option<Cookie>,
    mark: Option<u32>,
    marks: u32,
    pub trace: VecDeque<String>,
    pub rotations: u64,
    pub repeats: u64,
    pub calls: u64,
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
            sessions: Vec::new(),
            cookie: None,
            mark: None,
            marks: 0,
            trace: VecDeque::new(),
            rotations: 0,
            repeats: 0,
            calls: 0,
            unanswered: 0,
            broken: None,
        };
        for tab in 0..weather.tabs {
            let seed = world.random.below(u64::MAX);
            world.tabs.push(Tab {
                core: Core::new(CONFIG, seed),
                page: 0,
                timer: None,
                flight: None,
                present: None,
                tokens: BTreeMap::new(),
                last_token: 0,
                waiting: Vec::new(),
                asleep: false,
                slept_at: 0,
                known_mark: None,
                asked_for: None,
                pending: VecDeque::new(),
            });
            world.tell(tab, Input::Start { marked: false });
            world.plan(1, Happening::App { tab });
        }
        world
    }

    /// Lets so many hours pass, or stops where something breaks.
    pub fn run(&mut self, hours: u64) {
        while let Some(Reverse((at, _, happening))) = self.agenda.pop() {
            if at > hours * HOUR || self.broken.is_some() {
                break;
            }
            self.now = at;
            self.happen(happening);
        }
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::App { tab } | Happening::Timer { tab, .. } if self.tabs[tab].asleep => {
                self.tabs[tab].pending.push_back(happening);
            }
            Happening::App { tab } => self.app(tab),
            Happening::Timer { tab, number } => {
                if self.tabs[tab].timer == Some(number) {
                    self.tabs[tab].timer = None;
                    self.tell(tab, Input::Timer);
                }
            }
            Happening::Arrives { message } => self.serve(message),
            Happening::Answered { message } => self.answered(message),
            Happening::TimesOut { message } => {
                if let Some(it) = self.messages.get_mut(&message).filter(|it| !it.over) {
                    it.reply = Some(Reply::TimedOut);
                    it.set_cookie = SetCookie::Keeps;
                    self.deliver(message);
                }
            }
            Happening::Wakes { tab } => {
                self.note(tab, "wakes");
                self.tabs[tab].asleep = false;
                self.tabs[tab].slept_at = self.now;
                self.tell(tab, Input::Woke);
                while let Some(missed) = self.tabs[tab].pending.pop_front() {
                    let soon = self.random_up_to(20);
                    self.plan(soon, missed);
                }
            }
        }
    }

    /// The user does something: mostly a call, sometimes more.
    fn app(&mut self, tab: usize) {
        let pause = self.random_up_to(600 * SECOND);
        self.plan(1 + pause, Happening::App { tab });
        let signed_in = matches!(self.tabs[tab].core.session(), Session::SignedIn { .. });
        let signed_out = matches!(self.tabs[tab].core.session(), Session::SignedOut(_));
        match self.random.below(100) {
            0 => self.reload(tab),
            1 if signed_in => {
                self.note(tab, "signs out");
                self.tell(tab, Input::Logout);
            }
            2 | 3 => {
                let hours = 1 + self.random.below(10);
                self.note(tab, "falls asleep");
                self.tabs[tab].asleep = true;
                self.tabs[tab].slept_at = self.now;
                self.plan(hours * HOUR, Happening::Wakes { tab });
            }
            4 => {
                self.tell(tab, Input::Renew);
            }
            // One tab signs in; the others resume by a reload.
            _ if signed_out && self.mark.is_none() && tab == 0 => {
                self.tell(tab, Input::Login);
            }
            _ if signed_out && self.mark.is_some() => self.reload(tab),
            _ => self.call(tab),
        }
    }

    fn call(&mut self, tab: usize) {
        self.calls += 1;
        match self.tell(tab, Input::Want { min_validity: 0 }) {
            Some(Verdict::Go) => self.send(tab),
            Some(Verdict::Wait) => self.tabs[tab].waiting.push(self.now),
            Some(Verdict::Refuse(failure)) => self.unanswered(failure),
            other => self.fail(format!("a call got {other:?}")),
        }
    }

    /// A call goes out with the present token; the API may refuse it.
    fn send(&mut self, tab: usize) {
        let Some(id) = self.tabs[tab].present else {
            return self.fail("a call was let go without a token".into());
        };
        let (sid, ends_at) = self.tabs[tab].tokens[&id];
        if self.now > ends_at {
            self.fail(format!("a token was used {} ms after its end", self.now - ends_at));
        }
        let dead = !self.sessions[sid as usize].alive;
        let refused = dead || self.random.below(1_000) < 2;
        if refused && self.tell(tab, Input::Rejected { token: id, replayed: false }) == Some(Verdict::Wait) {
            self.tabs[tab].waiting.push(self.now);
        }
    }

    /// A page is loaded anew: nothing of the old one is left but what the browser keeps.
    fn reload(&mut self, tab: usize) {
        self.note(tab, "reloads");
        let seed = self.random.below(u64::MAX);
        let it = &mut self.tabs[tab];
        it.core = Core::new(CONFIG, seed);
        it.page += 1;
        (it.timer, it.flight, it.present) = (None, None, None);
        it.tokens.clear();
        it.waiting.clear();
        it.known_mark = self.mark;
        let marked = self.mark.is_some();
        self.tell(tab, Input::Start { marked });
    }

    /// Hands the core an input and does what it says, as the shell does.
    fn tell(&mut self, tab: usize, input: Input) -> Option<Verdict> {
        let now = self.now;
        if !matches!(input, Input::Want { .. }) {
            self.note(tab, &format!("{input:?}"));
        }
        let outputs = self.tabs[tab].core.handle(input, now);
        let mut verdict = None;
        for output in outputs {
            match output {
                Output::Reply(reply) => verdict = Some(reply),
                Output::Refresh(flight) => {
                    self.depart(tab, flight, false);
                }
                Output::Login(flight) => self.depart(tab, flight, true),
                Output::Cancel => {
                    if let Some(message) = self.tabs[tab].flight.take() {
                        self.cancel(message);
                    }
                }
                Output::Revoke => {
                    // Keepalive: it reaches the server whatever happens to the page. Any genuine token will do.
                    if let Some((sid, _)) = self.cookie.take() {
                        self.sessions[sid as usize].alive = false;
                    }
                }
                Output::Adopt { token, fresh_for } => {
                    if !self.tabs[tab].tokens.contains_key(&token) {
                        self.fail(format!("{token:?} was adopted but never arrived"));
                    }
                    if fresh_for.is_some_and(|span| span > 0 && now + span > self.tabs[tab].tokens[&token].1) {
                        self.fail(format!("{token:?} is taken for longer-lived than it is"));
                    }
                    self.tabs[tab].present = Some(token);
                }
                Output::Hold | Output::Discard(_) => {}
                Output::Wipe => {
                    self.tabs[tab].present = None;
                }
                Output::Mark(true) => {
                    self.marks += 1;
                    self.mark = Some(self.marks);
                    self.tabs[tab].known_mark = self.mark;
                }
                Output::Mark(false) => {
                    // The mark of somebody who has signed in since is not this page's to take.
                    if self.tabs[tab].known_mark.take() == self.mark {
                        self.mark = None;
                    }
                }
                Output::Timer(after) => {
                    self.tabs[tab].timer = None;
                    if let Some(after) = after {
                        if after > TIMER_MAX {
                            self.fail(format!("a timer of {after} ms"));
                        }
                        self.timers += 1;
                        self.tabs[tab].timer = Some(self.timers);
                        self.plan(after, Happening::Timer { tab, number: self.timers });
                    }
                }
                Output::Settle(result) => self.settle(tab, result),
                Output::Notify(event) => self.notified(tab, event),
            }
        }
        verdict
    }

    fn settle(&mut self, tab: usize, result: Result<(), Failure>) {
        let waiting = std::mem::take(&mut self.tabs[tab].waiting);
        for since in waiting {
            let waited = self.now - since;
            if waited > CONFIG.timeout + SECOND && self.tabs[tab].slept_at < since {
                self.fail(format!("a call waited for {waited} ms"));
            }
            if let Err(failure) = result {
                self.unanswered(failure);
            }
        }
    }

    fn unanswered(&mut self, failure: Failure) {
        self.unanswered += u64::from(failure.code == Code::RefreshUnavailable);
    }

    fn notified(&mut self, tab: usize, event: Event) {
        if event != Event::SignedOut {
            return;
        }
        let Session::SignedOut(reason) = self.tabs[tab].core.session() else { return };
        let reason = *reason;
        // Only what the server really said may end a session: it must be over there too.
        let alive = self.tabs[tab].asked_for.is_some_and(|sid| self.sessions[sid as usize].alive);
        if reason != SignedOutReason::Logout && alive {
            self.fail(format!("signed out ({reason:?}) of a session that lives"));
        }
    }

    fn depart(&mut self, tab: usize, flight: FlightId, login: bool) {
        if self.tabs[tab].flight.is_some() {
            self.fail("two auth calls of one tab at once".into());
        }
        self.tabs[tab].known_mark = self.mark.or(self.tabs[tab].known_mark);
        self.message_count += 1;
        let message = self.message_count;
        self.messages.insert(
            message,
            Message {
                tab,
                page: self.tabs[tab].page,
                flight,
                login,
                cookie: self.cookie,
                key: self.tabs[tab].known_mark,
                reply: None,
                set_cookie: SetCookie::Keeps,
                over: false,
            },
        );
        self.tabs[tab].flight = Some(message);
        self.plan(CONFIG.timeout, Happening::TimesOut { message });
        if self.random.below(1_000) >= self.weather.lost_requests {
            let way = 1 + self.random_up_to(self.weather.delay);
            self.plan(way, Happening::Arrives { message });
        }
    }

    fn cancel(&mut self, message: u32) {
        if let Some(it) = self.messages.get_mut(&message) {
            it.over = true;
        }
    }

    /// The contract's rotation rules.
    fn serve(&mut self, message: u32) {
        let Message { login, cookie, key, tab, .. } = self.messages[&message].clone();
        if self.random.below(1_000) < self.weather.faults {
            let answer = match self.random.below(3) {
                0 => Answer { status: 503, ..Answer::default() },
                1 => Answer { status: 429, retry_after: Some(self.random.below(120) * SECOND), ..Answer::default() },
                _ => Answer { status: 200, ..Answer::default() },
            };
            return self.reply(message, answer, SetCookie::Keeps);
        }
        if login {
            self.sessions.push(ServerSession { generation: 0, rotated_by: None, alive: true });
            let sid = self.sessions.len() as u32 - 1;
            let grant = self.grant(tab, sid);
            return self.reply(message, grant, SetCookie::Sets((sid, 0)));
        }
        let refuse = |code: &str| Answer { status: 401, code: Some(code.into()), ..Answer::default() };
        let Some((sid, presented)) = cookie else {
            return self.reply(message, refuse("NO_REFRESH_TOKEN"), SetCookie::Keeps);
        };
        let session = &mut self.sessions[sid as usize];
        if !session.alive {
            return self.reply(message, refuse("INVALID_REFRESH_TOKEN"), SetCookie::Keeps);
        }
        if presented == session.generation {
            session.generation += 1;
            session.rotated_by = key;
            self.rotations += 1;
        } else if presented + 1 == session.generation && key.is_some() && key == session.rotated_by {
            self.repeats += 1;
        } else {
            session.alive = false;
            if !self.weather.alarms {
                self.fail(format!("a reuse alarm: generation {presented} of session {sid}, key {key:?}"));
            }
            return self.reply(message, refuse("REFRESH_TOKEN_REUSED"), SetCookie::Keeps);
        }
        let next = (sid, session.generation);
        let grant = self.grant(tab, sid);
        self.reply(message, grant, SetCookie::Sets(next));
    }

    fn grant(&mut self, tab: usize, sid: u32) -> Answer {
        let it = &mut self.tabs[tab];
        it.last_token += 1;
        let token = TokenId(it.last_token);
        it.tokens.insert(token, (sid, self.now + self.weather.life));
        let grant = Grant { token, life: Some(self.weather.life), subject: Some("ada".into()) };
        Answer { status: 200, grant: Some(grant), ..Answer::default() }
    }

    fn reply(&mut self, message: u32, answer: Answer, set_cookie: SetCookie) {
        if self.random.below(1_000) < self.weather.lost_answers {
            return self.note(self.messages[&message].tab, "(the answer is lost)");
        }
        if let Some(it) = self.messages.get_mut(&message) {
            it.reply = Some(Reply::Answered(answer));
            it.set_cookie = set_cookie;
        }
        let way = 1 + self.random_up_to(self.weather.delay);
        self.plan(way, Happening::Answered { message });
    }

    fn answered(&mut self, message: u32) {
        if !self.messages[&message].over {
            self.deliver(message);
        }
    }

    /// An answer reaches the browser: first the cookie jar, then the page, if it is still there.
    fn deliver(&mut self, message: u32) {
        let Some(it) = self.messages.get_mut(&message) else { return };
        it.over = true;
        let it = it.clone();
        if self.tabs[it.tab].page != it.page {
            return; // the page that asked has gone, and the browser dropped its request
        }
        match it.set_cookie {
            SetCookie::Keeps => {}
            SetCookie::Sets(cookie) => self.cookie = Some(cookie),
        }
        self.tabs[it.tab].flight = None;
        self.tabs[it.tab].asked_for = it.cookie.map(|(sid, _)| sid);
        let flight = it.flight;
        let Some(reply) = it.reply else { return };
        if it.login {
            self.tell(it.tab, Input::LoggedIn { flight, outcome: login_outcome(reply) });
        } else {
            self.tell(it.tab, Input::Refreshed { flight, outcome: refresh_outcome(reply) });
        }
    }

    fn plan(&mut self, after: Millis, happening: Happening) {
        self.order += 1;
        self.agenda.push(Reverse((self.now + after, self.order, happening)));
    }

    fn random_up_to(&mut self, most: u64) -> u64 {
        self.random.below(most + 1)
    }

    fn note(&mut self, tab: usize, what: &str) {
        if self.trace.len() == 60 {
            self.trace.pop_front();
        }
        let (minutes, ms) = (self.now / 60_000, self.now % 60_000);
        self.trace.push_back(format!("{minutes:>6} min {ms:>5} ms  tab {tab}  {what}"));
    }

    fn fail(&mut self, what: String) {
        self.broken.get_or_insert(what);
    }
}
