//! Tokens and the keys that make them: access tokens (JWT), refresh tokens (HMAC), `DPoP` proofs.

pub mod access;
pub mod dpop;
pub mod keys;
pub mod refresh;
