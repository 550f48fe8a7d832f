//! The shell: the browser as it is. It carries out what the [core](crate::core) decides and reports what came of it;
//! no rule about sessions, expiry or retries stands here. It uses the global object, never `window`, so that it runs in
//! a worker as well.

mod client;
mod clock;
mod host;
mod news;
mod numbers;

pub use client::{Client, Endpoint};
pub use host::Host;
