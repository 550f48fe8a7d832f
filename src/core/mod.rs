//! The rules of the client: sans-IO, without a clock, a browser or async code.
//!
//! [`Core::handle`] takes one [`Input`] and the time, and changes the state once. [`Core::poll`] then returns the
//! [`Output`]s in the order in which the caller must carry them out. The caller (the bindings in a browser, a test on the
//! host) reports each result as a later `Input`. Times are [`Millis`] of elapsed time since the client started.
//!
//! | module | owns |
//! | --- | --- |
//! | `client` | the [`Core`], its start, its timer, and the dispatch of inputs |
//! | `session` | the session state, and the transitions that begin, continue and end a session |
//! | `request` | the one auth request that is waiting for the lock or in flight |
//! | `revocation` | sign-out, and the revocation that the server has not confirmed yet |
//! | `retry` | renewal before expiry, backoff, and the wait that a server asks for |
//! | `cross_tab` | messages of other tabs, and the content of the origin's storage |
//! | `response` | what a server's response means |

mod client;
mod config;
mod cross_tab;
mod error;
mod futile;
mod input;
mod output;
mod random;
mod request;
mod response;
mod retry;
mod revocation;
mod session;

pub use client::Core;
pub use config::{Config, Restore};
pub use cross_tab::{CrossTabMessage, HintState, SessionRelation, StorageSnapshot};
pub use error::{ErrorCode, Failure};
pub use futile::Place;
pub use input::{Attempt, Input};
pub use output::{Admission, Event, Output};
pub use random::Random;
pub use request::RequestId;
pub use response::{
    AuthResponse, HttpResponse, LoginOutcome, RefreshOutcome, RevocationOutcome, SessionErrorCode, login_outcome,
    refresh_outcome, revocation_outcome,
};
pub use retry::{MIN_RENEWAL_GAP, NOT_BEFORE_MAX, TIMER_MAX, lifetime};
pub use revocation::LogoutScope;
pub use session::{
    AccessToken, Evidence, IssuedToken, SessionState, SignedOutReason, Subject, SubjectId, TokenId, TokenStatus,
};

/// Milliseconds: a duration, or (in names that end in `_at`, `_before` or `_since`) elapsed time since the client started.
pub type Millis = u64;
