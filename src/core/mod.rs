//! What is true and what to do next, with no clock, no I/O and no browser.
//!
//! One door: [`Core::handle`] takes what happened and when, changes the state once, and returns what is to be done, in
//! order. Whoever calls it (the shell in a browser, a test on the host) does those things and reports back what came of
//! them as the next [`Input`]. Times are [`Millis`] of elapsed time since the client started.

mod config;
mod error;
mod machine;
mod random;
mod renewal;
mod session;
mod wire;

pub use config::{Config, Restore};
pub use error::{Code, Failure};
pub use machine::{About, Core, Event, FlightId, Input, Mark, Memory, News, Output, Verdict};
pub use random::Random;
pub use renewal::{MIN_RENEWAL_GAP, TIMER_MAX, lifetime};
pub use session::{Grant, Session, SignedOutReason, Subject, SubjectId, Token, TokenId};
pub use wire::{
    Answer, LoginOutcome, Outcome, Reply, RevokeOutcome, SessionCode, login_outcome, refresh_outcome, revoke_outcome,
};

/// Milliseconds: a span, or (in names that end in `_at`) elapsed time since the client started.
pub type Millis = u64;
