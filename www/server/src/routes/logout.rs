//! `POST /auth/logout` and `POST /auth/logout-all`.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use crate::error::{ApiError, error_responses};
use crate::extract::{PresentedRefreshToken, RefreshBody, SignedIn, Transport};
use crate::routes::TokenErrors;
use crate::routes::token_response::clear_cookies;
use crate::sign_in::mediation;
use crate::state::Shared;
use crate::telemetry::AuthEvent;

error_responses!(LogoutErrors: ApiError::invalid_field("what is wrong"), ApiError::CsrfRejected);

/// Sign out
///
/// Takes the refresh token from the cookie or the body; a valid token of any generation ends its session. The response is
/// 204 also if there was no session.
#[utoipa::path(post, path = "/auth/logout", tag = "auth", request_body = Option<RefreshBody>,
    responses((status = 204, description = "The session has ended"), LogoutErrors),
    security(("refresh cookie" = []), ()))]
pub async fn logout(State(state): State<Shared>, token: PresentedRefreshToken) -> Result<Response, ApiError> {
    end_sessions(&state, token.sids(&state), AuthEvent::Logout).await?;
    Ok(clear_cookies(&state, token.transport()))
}

/// Sign out of all sessions
///
/// With `OIDC_TOKENS=provider`, the access token of the page is not one of this server, and the refresh token in the cookie names the
/// user.
#[utoipa::path(post, path = "/auth/logout-all", tag = "auth",
    responses((status = 204, description = "Every session of the user has ended"), TokenErrors),
    security(("access token" = [])))]
pub async fn logout_all(
    State(state): State<Shared>,
    signed_in: Result<SignedIn, ApiError>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let (user_id, sid) = match signed_in {
        Ok(SignedIn(claims)) => (claims.sub, claims.sid),
        Err(error) => mediation::session_of_cookie(&state, &headers).await?.ok_or(error)?,
    };
    let task = {
        let state = state.clone();
        async move {
            state.telemetry.record(AuthEvent::Revoked, &sid);
            let ended = state.sessions.end_all(&user_id).await?;
            mediation::release(&state, &ended).await;
            Ok(())
        }
    };
    state.store_tasks.run(task).await?;
    Ok(clear_cookies(&state, Transport::Cookie))
}

/// Ends sessions, and records the event for each that existed.
pub async fn end_sessions(state: &Shared, sids: Vec<String>, event: AuthEvent) -> Result<(), ApiError> {
    let task = {
        let state = state.clone();
        async move {
            for sid in &sids {
                if state.sessions.end(sid).await? {
                    state.telemetry.record(event, sid);
                }
            }
            mediation::release(&state, &sids).await;
            Ok(())
        }
    };
    state.store_tasks.run(task).await
}
