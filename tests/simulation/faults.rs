//! What goes wrong in a simulation, and how often.

use tokenward::core::{Millis, Restore};

use super::mutation::Mutation;
use super::simulation::SECOND;
use super::thief::Theft;

/// What the network, the machine and the users do. Probabilities are in parts of a thousand.
#[derive(Debug, Clone, Copy)]
pub struct FaultModel {
    /// Requests that never reach the server.
    pub lost_requests: u64,
    /// Responses that never arrive, although the server has acted.
    pub lost_answers: u64,
    /// Requests answered with 503, 429 with `Retry-After`, or an HTML page.
    pub server_faults: u64,
    /// Requests that a proxy sends twice.
    pub duplicates: u64,
    /// Refreshes that the network delivers, or delivers again, up to 110 seconds late: within `REPEAT_WINDOW`.
    pub held_refreshes: u64,
    /// The longest time that a request or a response takes.
    pub delay: Millis,
    /// How long an access token lives.
    pub lifetime: Millis,
    pub tabs: usize,
    /// Tabs that crash or freeze when the lock is granted. Half of the crashed tabs never release it.
    pub lost_locks: u64,
    /// How often an action of the user is to sign in as another user.
    pub switches: u64,
    /// How often the wall clock jumps by up to a day.
    pub clock_jumps: u64,
    /// How often the storage is cleared.
    pub clears: u64,
    /// How often an action of a signed-in user is to sign out.
    pub sign_outs: u64,
    /// Calls to an API that responds 401 to every token.
    pub always_401: u64,
    /// Whether a request can take so long that the server rightly detects reuse.
    pub alarms: bool,
    /// What a thief copies now and then.
    pub theft: Option<Theft>,
    /// How the responses name the user.
    pub naming: Naming,
    /// `Config::restore` of every tab.
    pub restore: Restore,
    pub mutation: Option<Mutation>,
}

/// How the responses name the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// A user has one name.
    ByUser,
    /// Every second tab belongs to an app with another server, which calls the user something else.
    ByTab,
    /// Each response has another name.
    Random,
}

impl FaultModel {
    /// Whether the server is always reachable.
    pub fn is_calm(&self) -> bool {
        self.lost_requests + self.lost_answers + self.server_faults + self.held_refreshes == 0 && self.delay < SECOND
    }
}
