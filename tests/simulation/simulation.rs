//! The simulation: one browser and its tabs, one server, one queue of events in simulated time. Everything follows from a
//! seed.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};
use std::num::NonZeroU32;

use tokenward::core::{
    Config, Core, CrossTabMessage, HintState, Input, Millis, Random, RequestId, Restore, SessionRelation, Subject,
    SubjectId,
};

use super::browser::Browser;
use super::faults::{FaultModel, Naming};
use super::mutation::Mutation;
use super::network::Message;
use super::server::{REPEAT_WINDOW, Server};
use super::tab::Tab;
use super::thief::Thief;
use super::trace::{Note, Trace};

pub const CONFIG: Config = Config { renew_before: 60_000, timeout: 10_000, restore: Restore::Auto, cross_tab: true };
pub const SECOND: Millis = 1_000;
pub const MINUTE: Millis = 60 * SECOND;
pub const HOUR: Millis = 60 * MINUTE;
/// The last hours of a simulation, in which no thief acts and no refresh is late. A tab sleeps at most ten of them.
const LAST_HOURS: u64 = 12;
/// The longest time that a message between tabs takes.
pub const MESSAGE_DELAY: Millis = 5;
pub const USERS: [&str; 2] = ["ada", "grace"];

/// The number of a user, as each tab's token store gives it.
pub fn number(user: &str) -> Subject {
    let position = USERS.iter().position(|name| *name == user).expect("one of the users");
    NonZeroU32::new(position as u32 + 1).map(SubjectId)
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SimEvent {
    /// The app acts, and schedules its next action.
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
        message: usize,
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
    /// The thief acts.
    Thief,
    /// The simulation checks its invariants.
    Check,
}

pub struct Simulation {
    pub faults: FaultModel,
    pub random: Random,
    pub now: Millis,
    pub order: u64,
    pub agenda: BinaryHeap<Reverse<(Millis, u64, SimEvent)>>,
    pub tabs: Vec<Tab>,
    pub messages: BTreeMap<u32, Message>,
    pub message_count: u32,
    pub timers: u32,
    pub messages_of_tabs: Vec<(CrossTabMessage, Option<u32>)>,
    pub browser: Browser,
    pub server: Server,
    pub thief: Thief,
    /// The session that the user expects to have.
    pub expected_session: Option<u32>,
    /// When a user last signed in or out, or the storage was cleared.
    pub user_acted_at: Millis,
    pub cleared_at: Millis,
    /// When a user last signed out.
    pub signed_out_at: Millis,
    /// The sessions whose login settled in an app, and when.
    pub sign_ins: BTreeMap<u32, Millis>,
    /// A user signed in and out in two tabs at the same moment, so either state is right.
    pub ambiguous: bool,
    /// Tokens may expire before they arrive.
    pub short_lived: bool,
    /// The quiet period: no app acts, and pending requests complete.
    pub quiet: bool,
    pub trace: Trace,
    pub calls: u64,
    pub stolen_locks: u64,
    pub switches: u64,
    /// Calls of a signed-in user that got no token in time.
    pub unanswered: u64,
    /// The sessions of requests or responses that arrived so late that the server takes the client for a thief.
    pub overdue: BTreeSet<u32>,
    /// The invariant that was violated.
    pub violation: Option<String>,
}

impl Simulation {
    pub fn new(seed: u64, faults: FaultModel) -> Self {
        let unlimited = faults.mutation == Some(Mutation::RepeatsWithoutLimit);
        let repeat_window = if unlimited { Millis::MAX / 2 } else { REPEAT_WINDOW };
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
            messages_of_tabs: Vec::new(),
            browser: Browser::default(),
            server: Server::new(repeat_window),
            thief: Thief::default(),
            expected_session: None,
            user_acted_at: 0,
            cleared_at: 0,
            signed_out_at: 0,
            sign_ins: BTreeMap::new(),
            ambiguous: false,
            short_lived: faults.lifetime <= 4 * faults.delay,
            quiet: false,
            trace: Trace::default(),
            calls: 0,
            stolen_locks: 0,
            switches: 0,
            unanswered: 0,
            overdue: BTreeSet::new(),
            violation: None,
        };
        for tab in 0..faults.tabs {
            let seed = simulation.random.below(u64::MAX);
            let core = Core::new(Config { restore: faults.restore, ..CONFIG }, seed);
            simulation.tabs.push(Tab::new(core));
            simulation.start(tab);
            simulation.plan(1, SimEvent::App { tab });
        }
        simulation.plan(MINUTE, SimEvent::Check);
        if faults.theft.is_some() {
            simulation.plan_theft();
        }
        simulation
    }

    /// Simulates so many hours, then a quiet period without faults, after which all tabs must agree.
    pub fn run(&mut self, hours: u64) {
        let faults = self.faults;
        self.run_until((hours - LAST_HOURS) * HOUR);
        // The owner uses the app for some hours more, and so hears of each alarm.
        (self.faults.theft, self.faults.held_refreshes) = (None, 0);
        self.run_until(hours * HOUR);
        self.faults = FaultModel {
            lost_requests: 0,
            lost_answers: 0,
            server_faults: 0,
            lost_locks: 0,
            clock_jumps: 0,
            clears: 0,
            ..self.faults
        };
        self.faults.delay = faults.delay.min(100);
        self.quiet = true;
        for minutes in [3, 6] {
            for tab in 0..self.tabs.len() {
                self.plan(1, SimEvent::Resumes { tab });
            }
            self.run_until(hours * HOUR + minutes * MINUTE);
        }
        let names_are_comparable = faults.naming == Naming::ByUser;
        if self.violation.is_none() && !faults.alarms && !self.ambiguous && names_are_comparable {
            self.check_convergence();
        }
    }

    pub fn run_until(&mut self, end: Millis) {
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

    pub fn dispatch(&mut self, event: SimEvent) {
        match &event {
            SimEvent::App { tab } | SimEvent::Timer { tab, .. } | SimEvent::LockGranted { tab, .. }
                if self.tabs[*tab].asleep =>
            {
                let tab = *tab;
                return self.tabs[tab].pending.push_back(event);
            }
            // A frozen page may receive a message later, or never (the back-forward cache).
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
                        1 => self.browser.holder = Some((usize::MAX, 0, RequestId(0))), // never released
                        _ => {}
                    }
                    return self.reload(tab);
                }
                let mut storage = self.browser.snapshot(self.tabs[tab].known_key, self.now);
                if self.faults.mutation == Some(Mutation::LockWithoutStorage) {
                    storage.hint = HintState::Same;
                    storage.pending_revocation |= self.tabs[tab].core.session().signed_out_reason().is_some();
                }
                self.handle(tab, Input::LockGranted { request: RequestId(request), storage });
            }
            SimEvent::Receives { tab, page, message } => {
                if self.tabs[tab].page == page {
                    let (message, key) = self.messages_of_tabs[message];
                    let relation = match key {
                        key if key == self.tabs[tab].known_key => SessionRelation::Same,
                        key if key == self.browser.key => SessionRelation::Current,
                        _ => SessionRelation::Stale,
                    };
                    self.handle(tab, Input::MessageReceived { message, relation });
                }
            }
            SimEvent::RequestArrives { message, again } => self.serve(message, again),
            SimEvent::ResponseArrives { message } => self.deliver(message),
            SimEvent::Resumes { tab } => self.resume(tab),
            SimEvent::Thief => self.act_as_thief(),
            SimEvent::Check => {
                self.plan(MINUTE, SimEvent::Check);
                self.check_liveness();
            }
        }
    }

    pub fn plan(&mut self, after: Millis, event: SimEvent) {
        self.order += 1;
        self.agenda.push(Reverse((self.now + after, self.order, event)));
    }

    pub fn chance(&mut self, in_a_thousand: u64) -> bool {
        in_a_thousand > 0 && self.random.below(1_000) < in_a_thousand
    }

    pub fn random_up_to(&mut self, most: u64) -> u64 {
        self.random.below(most + 1)
    }

    pub fn note(&mut self, tab: usize, note: Note) {
        self.trace.push(self.now, tab, note);
    }

    pub fn fail(&mut self, what: String) {
        self.violation.get_or_insert(what);
    }
}

/// Adds the present moment, and returns how many moments are within the last `span`.
pub fn count_recent(times: &mut VecDeque<Millis>, now: Millis, span: Millis) -> usize {
    times.push_back(now);
    while times.front().is_some_and(|at| at + span < now) {
        times.pop_front();
    }
    times.len()
}
