//! The core through its public API, `Core::handle`, with time as a number.
#![allow(missing_docs)]
#![cfg(not(target_arch = "wasm32"))]

mod cross_tab;
mod harness;
mod login;
mod logout;
mod refresh;
mod restore;
mod retry;
mod visibility;
