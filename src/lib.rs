//! The client half of tokenward: an auth client for single-page apps.
//!
//! ```text
//! app ──> js/          facade and vault: synchronous constructor, lazy wasm, the token and the calls that carry it
//!           │
//!         src/web/     shell: the browser as it is (auth calls, timers, clock, storage)
//!           │  Input + now                     ▲  Output: Refresh, Timer, Adopt, Notify, Settle …
//!           ▼                                  │
//!         src/core/    what is true and what to do next: no clock, no I/O, no async
//! ```
//!
//! The [`core`] is sans-IO: it is handed an [`Input`](core::Input) and the time, and hands out what is to be done.
//! It compiles for every target, so its tests run on the host, in microseconds, with time as a number:
//!
//! ```
//! use tokenward::core::{Config, Core, Input, Mark, Memory, Output, Restore};
//!
//! let config = Config { renew_before: 60_000, timeout: 10_000, restore: Restore::Auto };
//! let mut core = Core::new(config, 7);
//! // This browser was signed in before, so the first thing to do is to ask for a token.
//! let memory = Memory { mark: Mark::Other, owed: false, wait: 0 };
//! core.handle(Input::Start { memory }, 0);
//! assert!(std::iter::from_fn(|| core.poll()).any(|output| matches!(output, Output::Lock(_))));
//! ```
//!
//! The access token itself never enters this crate: it stays in the vault (`js/vault.ts`), and what is decided here is
//! decided on its number, its lifetime and whom it was issued for.

pub mod core;

#[cfg(target_arch = "wasm32")]
pub mod web;

#[cfg(target_arch = "wasm32")]
use lol_alloc::{AssumeSingleThreaded, FreeListAllocator};

/// Rust's default allocator for wasm costs 2.5 KB (brotli) more; memory is asked for when a client is made, and hardly ever
/// after that.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
#[expect(
    unsafe_code,
    reason = "the crate wants it said that the module has one thread, which wasm without atomics has"
)]
static ALLOCATOR: AssumeSingleThreaded<FreeListAllocator> =
    unsafe { AssumeSingleThreaded::new(FreeListAllocator::new()) };
