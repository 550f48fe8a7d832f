//! What endpoints extract from a request: the caller, the proof of a key, the refresh token, the body.
//!
//! The extractors work with every router state from which [`Shared`](crate::state::Shared) can be taken, so that routers
//! with another state can use them.

pub mod cookies;
mod dpop_key;
pub mod json;
mod refresh_token;
mod same_site;
mod signed_in;

pub use self::dpop_key::DpopKey;
pub use self::refresh_token::{PresentedRefreshToken, RefreshBody, Transport};
pub use self::same_site::require_same_site;
pub use self::signed_in::SignedIn;
