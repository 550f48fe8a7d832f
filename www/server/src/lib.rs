//! A small auth server for the tests and the demo: login, rotating refresh tokens with reuse detection, revocation, roles.
//!
//! A request passes the layers of `middleware`; `extract` checks the caller; `routes` decides with the help of `token`
//! (access tokens, refresh tokens, proofs), `session` (rotation, revocation) and a [`Store`]. Errors are one enum,
//! [`ApiError`]. [`config::SETTINGS`] lists all settings. `demo` adds switches for the demo page, which the other modules
//! do not know of.

mod background;
mod clock;
pub mod config;
mod demo;
mod dialect;
mod error;
mod extract;
mod middleware;
mod openapi;
mod passwords;
mod rate_limit;
mod routes;
mod server;
mod session;
mod sign_in;
mod state;
mod store;
mod store_tasks;
mod telemetry;
mod token;
pub mod users;
mod write_check;

use std::time::SystemTime;

pub use config::{Config, ConfigProblems};
pub use demo::DEMO_ACCOUNTS;
pub use dialect::Dialect;
pub use error::ApiError;
pub use server::{app, open_store, openapi, serve};
pub use session::revocation_ttl;
pub use store::{
    Cursor, End, KeyHash, NewSession, RecordStore, RedisOptions, RedisStore, Revocation, Risks, Rotate, Rotation,
    Session, SessionStore, SqliteStore, Store, StoreError, User, UserStore,
};
pub use telemetry::start_logging;
pub use token::keys::SigningAlgorithm;

/// The current time in seconds since the epoch.
pub fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_secs())
}
