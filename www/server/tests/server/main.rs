//! The server as its callers meet it: real HTTP on a real port, real stores.
#![allow(missing_docs)]

mod attacks;
mod dialects;
mod dpop;
mod faults;
mod harness;
mod http;
mod rotation;
mod settings;
mod stores;
