//! Tests of the server over real HTTP, on a real port, with real stores.
#![allow(missing_docs)]

mod attacks;
mod common_mistakes;
mod credentials;
mod demo;
mod dialects;
mod dpop;
mod faults;
mod harness;
mod http;
mod mediation;
mod operations;
mod provider;
mod redis;
mod replay;
mod rotation;
mod settings;
mod sign_in;
mod stalls;
mod stores;
