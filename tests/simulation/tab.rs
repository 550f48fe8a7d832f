//! One tab: the core that ships, and what the page around it keeps.

use std::collections::{BTreeMap, VecDeque};

use tokenward::core::{Core, Millis, RequestId, TokenId};

use super::simulation::{SimEvent, USERS};

pub struct Tab {
    pub core: Core,
    /// How often this tab was loaded. Events of an earlier page are dropped.
    pub page: u32,
    /// How far the wall clock jumped ahead: the elapsed time of the page is the simulated time plus this.
    pub ahead: Millis,
    pub timer: Option<u32>,
    /// When timers fired lately, and when refreshes were sent lately.
    pub timer_times: VecDeque<Millis>,
    pub refreshes: VecDeque<Millis>,
    pub in_an_hour: VecDeque<Millis>,
    pub message: Option<u32>,
    pub last_request: RequestId,
    /// The auth request for which it stole the lock, or lost the lock to another tab.
    pub stolen_for: Option<RequestId>,
    /// The token that calls carry, and until when they need no admission.
    pub present: Option<TokenId>,
    pub fresh_until: Millis,
    /// The session of each token, and when it expires.
    pub tokens: BTreeMap<TokenId, (u32, Millis)>,
    pub last_token: u32,
    /// Calls that wait for a token: since when, and whether it is their second attempt.
    pub waiting: Vec<(Millis, bool)>,
    pub settles: u32,
    pub asleep: bool,
    /// When it last slept, resumed, was loaded, or had its clock changed.
    pub disturbed_at: Millis,
    /// Since when it has had no valid token although a call needed one.
    pub without_token_since: Option<Millis>,
    pub login_as: &'static str,
    /// The idempotency key that this page knows.
    pub known_key: Option<u32>,
    /// The idempotency key that this page sent last.
    pub sent_key: Option<u32>,
    /// Since when the app waits for its login.
    pub login_since: Option<Millis>,
    /// The auth request that a mutation keeps from leaving.
    pub never_sent: Option<RequestId>,
    /// The session of the refresh whose response is being handled.
    pub asked_for: Option<u32>,
    pub pending: VecDeque<SimEvent>,
}

impl Tab {
    pub fn new(core: Core) -> Self {
        Self {
            core,
            page: 0,
            ahead: 0,
            timer: None,
            timer_times: VecDeque::new(),
            refreshes: VecDeque::new(),
            in_an_hour: VecDeque::new(),
            message: None,
            last_request: RequestId(0),
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
            sent_key: None,
            login_since: None,
            never_sent: None,
            asked_for: None,
            pending: VecDeque::new(),
        }
    }
}
