//! The tokenward auth client for single-page apps in Rust.
//!
//! [`AuthClient`] keeps the short-lived access token in memory, renews it before it expires, lets any number of 401s in any
//! number of tabs cost one refresh, sends the failed request once more, and signs no user out because of a network fault.
//!
//! ```no_run
//! use tokenward::{AuthClient, AuthError, Session};
//!
//! #[derive(serde::Serialize)]
//! struct Credentials {
//!     email: String,
//!     password: String,
//! }
//!
//! #[derive(serde::Deserialize)]
//! struct User {
//!     email: String,
//! }
//!
//! /// Once, at the start of the app: it starts at once, and restores the session of an earlier visit.
//! fn client() -> Result<AuthClient, AuthError> {
//!     AuthClient::builder().build()
//! }
//!
//! async fn sign_in(auth: &AuthClient, credentials: &Credentials) -> Result<(), AuthError> {
//!     auth.ready().await;
//!     auth.login(credentials).await?;
//!     let me: User = auth.fetch("/api/me").await?.json().await?;
//!     if let Session::SignedIn { user, .. } = auth.session::<User>()? {
//!         assert_eq!(user.email, me.email);
//!     }
//!     Ok(())
//! }
//! ```
//!
//! | feature | default | what it adds |
//! | --- | --- | --- |
//! | `client` | yes | [`AuthClient`]; without it the crate is the sans-IO [`core`] |
//! | `dpop` | | tokens bound to a key of the browser (RFC 9449) |
//! | `gloo-net` | | [`AuthClient::fetch`] takes requests of gloo-net |
//! | `idle` | | [`AuthClientBuilder::idle_timeout`]: a user who was not active is signed out |
//! | `js` | | the client as a JavaScript class |
//! | `sign-in` | | sign-in at an identity provider, through the server |
//! | `dioxus`, `leptos`, `yew` | | adapters for these frameworks, without a renderer: for a page, the app adds `leptos` or `yew` with the feature `csr`, or `dioxus` with `web` |
//!
//! The client runs in browsers (`wasm32-unknown-unknown`). On other targets it compiles and does nothing, for server-side
//! rendering.
//!
//! # The core
//!
//! The [`core`] is sans-IO: it takes an [`Input`](core::Input) and the time, changes its state once, and queues the
//! [`Output`](core::Output)s that the caller carries out. It asks neither a clock nor the network nor a browser, so it
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
//! No access token enters the wasm of an app: the front ends hold the tokens in JavaScript, and the core knows the number,
//! the lifetime and the user of each. The npm package binds the core in the crate `tokenward-bindings`.

#[cfg(feature = "client")]
mod client;
#[cfg(feature = "names")]
#[doc(hidden)]
pub mod clock;
pub mod core;
#[cfg(feature = "dioxus")]
pub mod dioxus;
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
    Protocol, Remember, Response, Session, SessionSnapshot, SessionStatus, Transport,
};
#[cfg(feature = "sign-in")]
pub use client::{Display, Prompt, SignInError, SignInOptions};
pub use core::{ErrorCode, Restore, SignedOutReason};
