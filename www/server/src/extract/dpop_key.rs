//! Extracts the key of which an auth request carries a proof (RFC 9449).

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;

use crate::error::ApiError;
use crate::state::Shared;
use crate::token::dpop::Thumbprint;

/// The thumbprint of the proven key; `None` for a request without a proof.
pub struct DpopKey(pub Option<Thumbprint>);

impl<S: Send + Sync> FromRequestParts<S> for DpopKey
where
    Shared: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        Shared::from_ref(state).dpop_proofs.check(parts, None).map(Self)
    }
}
