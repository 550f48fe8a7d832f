//! The rules of the tokenward auth client for single-page apps.
//!
//! The [`core`] is sans-IO: it takes an [`Input`](core::Input) and the time, changes its state once, and queues the
//! [`Output`](core::Output)s that the caller carries out. It uses no clock, no network and no browser, so it
//! compiles for every target, and its tests run on the host with time as a number:
//!
//! ```
//! use tokenward::core::{Config, Core, HintState, Input, Output, Restore, StorageSnapshot};
//!
//! let config = Config { renew_before: 60_000, timeout: 10_000, restore: Restore::Auto, cross_tab: true };
//! let mut core = Core::new(config, 7);
//! // The storage holds a session hint, so the client asks the server for a token.
//! let storage = StorageSnapshot { hint: HintState::Other, pending_revocation: false, wait: 0 };
//! core.handle(Input::Start { storage }, 0);
//! assert!(std::iter::from_fn(|| core.poll()).any(|output| matches!(output, Output::RequestLock(_))));
//! ```
//!
//! No access token enters this crate. The front end holds the tokens; the core knows the number, the lifetime and the user
//! of each. The npm package binds the core in the crate `tokenward-bindings`.

#[cfg(feature = "client")]
mod client;
#[cfg(feature = "names")]
#[doc(hidden)]
pub mod clock;
pub mod core;
#[cfg(feature = "leptos")]
pub mod leptos;
#[cfg(feature = "names")]
#[doc(hidden)]
pub mod names;
#[cfg(feature = "yew")]
pub mod yew;

#[cfg(feature = "dpop")]
pub use client::Dpop;
#[cfg(feature = "js")]
pub use client::JsAuthClient;
#[cfg(feature = "client")]
pub use client::{
    ApiRequest, AuthClient, AuthClientBuilder, AuthError, AuthEvent, IntoApiRequest, LogEntry, LogLevel, LogoutOutcome,
    Protocol, Response, Session, SessionSnapshot, SessionStatus, Transport,
};
pub use core::{ErrorCode, Restore, SignedOutReason};
