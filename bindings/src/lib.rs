//! The wasm module of the npm package: the [`tokenward`] core, bound with wasm-bindgen.
//!
//! | module | owns |
//! | --- | --- |
//! | `client` | what JavaScript calls, and the loop that carries the core's outputs out |
//! | `host` | what the module calls in JavaScript: one interface, which TypeScript checks |
//!
//! No rule about sessions, expiry or retries is here. The module uses the global object and never `window`, so that it
//! runs in a worker as well. Tokens never enter it: they are named by numbers that the token store gives.
#![cfg(target_arch = "wasm32")]

mod client;
mod host;
#[cfg(feature = "panic-messages")]
mod panic_messages;

pub use client::Client;
pub use host::Host;
pub use tokenward::names::{
    AuthEvent, Endpoint, ErrorCode, HintState, MessageType, RequestFailure, RestoreMode, SessionErrorCode,
    SessionRelation, SessionStatus, SignedOutReason,
};

use lol_alloc::{AssumeSingleThreaded, FreeListAllocator};

/// Rust's default allocator for wasm costs 2.5 KB (brotli) more. The module allocates when a client is made, and rarely
/// afterwards.
#[global_allocator]
#[expect(unsafe_code, reason = "the allocator requires a single thread, and wasm without atomics has one")]
static ALLOCATOR: AssumeSingleThreaded<FreeListAllocator> =
    unsafe { AssumeSingleThreaded::new(FreeListAllocator::new()) };
