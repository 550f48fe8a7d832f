//! `GET /auth/sessions` and `DELETE /auth/sessions/{id}`.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::{ApiError, error_responses};
use crate::extract::SignedIn;
use crate::routes::{TokenErrors, logout};
use crate::state::Shared;
use crate::store::Session;
use crate::telemetry::AuthEvent;

error_responses!(SessionErrors: ApiError::NotFound);

#[derive(Serialize, ToSchema)]
pub struct SessionList {
    sessions: Vec<SessionInfo>,
}

/// One session of the caller. Times are seconds since the epoch.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionInfo {
    id: String,
    created_at: u64,
    last_used_at: u64,
    /// When the session ends unless it is refreshed before.
    expires_at: u64,
    user_agent: String,
    /// Whether the access token of this request belongs to the session.
    current: bool,
}

/// The caller's sessions, the latest first
#[utoipa::path(get, path = "/auth/sessions", tag = "auth",
    responses((status = 200, body = SessionList), TokenErrors), security(("access token" = [])))]
pub async fn sessions(State(state): State<Shared>, SignedIn(claims): SignedIn) -> Result<Json<SessionList>, ApiError> {
    let sessions = state.sessions.store.sessions_of(&claims.sub, state.sessions.now()).await?;
    let info = |session: Session| SessionInfo {
        current: session.sid == claims.sid,
        id: session.sid,
        created_at: session.created_at,
        last_used_at: session.last_used_at,
        expires_at: session.idle_expires_at,
        user_agent: session.user_agent,
    };
    Ok(Json(SessionList { sessions: sessions.into_iter().map(info).collect() }))
}

/// End one of the caller's sessions
#[utoipa::path(delete, path = "/auth/sessions/{id}", tag = "auth", params(("id" = String, Path)),
    responses((status = 204, description = "The session has ended"), TokenErrors, SessionErrors),
    security(("access token" = [])))]
pub async fn end_session(
    State(state): State<Shared>,
    SignedIn(claims): SignedIn,
    id: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, ApiError> {
    let Path(id) = id.map_err(|_| ApiError::NotFound)?;
    // The response is the same for another user's session and for an id that does not exist.
    let session =
        state.sessions.store.find(&id, state.sessions.now()).await?.filter(|session| session.user_id == claims.sub);
    let session = session.ok_or(ApiError::NotFound)?;
    logout::end_sessions(&state, vec![session.sid], AuthEvent::Revoked).await?;
    Ok(StatusCode::NO_CONTENT)
}
