//! `POST /auth/refresh`.

use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;

use crate::error::{ApiError, error_responses};
use crate::extract::{DpopKey, PresentedRefreshToken, RefreshBody};
use crate::routes::token_response::{Grantee, TokenResponse, token_response};
use crate::session::RefreshOutcome;
use crate::sign_in::{authentication, end_replaced, mediation};
use crate::state::Shared;
use crate::telemetry::AuthEvent;
use crate::token::dpop::Thumbprint;

const IDEMPOTENCY_KEY: &str = "idempotency-key";

error_responses!(
    RefreshErrors: ApiError::invalid_field("what is wrong"), ApiError::NoRefreshToken, ApiError::InvalidRefreshToken,
    ApiError::RefreshTokenReused, ApiError::CsrfRejected, ApiError::InvalidProof("what is wrong"),
    ApiError::UseDpopNonce, ApiError::ProviderUnavailable(Duration::ZERO), ApiError::ProviderRefused
);

/// Refresh
///
/// Takes the refresh token from the cookie or the body. A refresh token is valid once: the response brings the next one.
/// A repeated request with the same `Idempotency-Key` receives the same successor again or, after `REPEAT_WINDOW`, a new
/// one, until the successor itself is used. Any other second use counts as theft and ends the session. A rejection does not clear the cookie: it may arrive
/// late, after another tab has signed in again, and would remove the new session's cookie.
#[utoipa::path(post, path = "/auth/refresh", tag = "auth", request_body = Option<RefreshBody>,
    params(("Idempotency-Key" = Option<String>, Header, description = "One random value per rotation, the same for its repetitions")),
    responses((status = 200, body = TokenResponse), RefreshErrors), security(("refresh cookie" = []), ()))]
pub async fn refresh(
    State(state): State<Shared>,
    headers: HeaderMap,
    DpopKey(key): DpopKey,
    token: PresentedRefreshToken,
) -> Result<Response, ApiError> {
    let text = token.text(&state).await?;
    let grantee = rotate(&state, &headers, text.as_deref(), key.as_ref()).await?;
    token_response(&state, &grantee, token.transport(), key.as_deref())
}

/// Verifies and rotates a refresh token.
///
/// A token that is bound to a key is valid only with a proof of this key. A token that is not bound becomes bound to the
/// key of the request, if there is one.
pub async fn rotate(
    state: &Shared,
    headers: &HeaderMap,
    token: Option<&str>,
    key: Option<&Thumbprint>,
) -> Result<Grantee, ApiError> {
    let rejected = |error| {
        state.telemetry.record(AuthEvent::RefreshRejected, "");
        error
    };
    let token = token.ok_or_else(|| rejected(ApiError::NoRefreshToken))?;
    let token = state.refresh_tokens.verify(token).ok_or_else(|| rejected(ApiError::InvalidRefreshToken))?;
    if token.jkt.is_some() && token.jkt.as_ref() != key {
        state.telemetry.record(AuthEvent::WrongKey, &token.sid);
        return Err(rejected(ApiError::InvalidRefreshToken));
    }
    let limited = |_: &ApiError| state.telemetry.record(AuthEvent::RateLimited, &token.sid);
    state.rate_limits.refresh(&token.sid).inspect_err(limited)?;
    let renewal = mediation::renew(state, &token.sid, key.is_some()).await?;
    let idempotency_key = headers.get(IDEMPOTENCY_KEY).cloned();
    let task = {
        let state = state.clone();
        async move {
            match state.sessions.refresh(&token, idempotency_key.as_ref().map(HeaderValue::as_bytes)).await? {
                RefreshOutcome::Refreshed(refreshed) => {
                    let (user, session) = *refreshed;
                    end_replaced(&state, &session).await?;
                    let authentication = authentication(&state, &user, &session).await?;
                    let provider_token = renewal.into_token(&state, &session).await?;
                    Ok(Grantee { user, session, authentication, provider_token })
                }
                RefreshOutcome::Reused(others) => {
                    mediation::release(&state, &[token.sid]).await;
                    mediation::release(&state, &others).await;
                    Err(ApiError::RefreshTokenReused)
                }
                RefreshOutcome::Unknown => {
                    mediation::release(&state, &[token.sid]).await;
                    state.telemetry.record(AuthEvent::RefreshRejected, "");
                    Err(ApiError::InvalidRefreshToken)
                }
            }
        }
    };
    state.store_tasks.run(task).await
}
