//! `GET /demo/session-end`: waits until the session ends.

use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::StatusCode;

use crate::error::ApiError;
use crate::extract::SignedIn;
use crate::routes::TokenErrors;
use crate::session::revocations::POLL;
use crate::state::Shared;

const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// Wait for the end of the session
///
/// The response is 401 as soon as the session has ended, on whichever server, or 204 after 20 seconds. A page that
/// repeats this request learns of a sign-out at once.
#[utoipa::path(get, path = "/demo/session-end", tag = "demo",
    responses((status = 204, description = "The session continues"), TokenErrors), security(("access token" = [])))]
pub async fn session_end(State(server): State<Shared>, SignedIn(claims): SignedIn) -> Result<StatusCode, ApiError> {
    let end = Instant::now() + LONGEST_WAIT;
    while Instant::now() < end {
        tokio::time::sleep(POLL).await;
        // Another error only says that the store is unavailable.
        if let Err(ApiError::TokenRevoked) = server.sessions.check(&claims).await {
            return Err(ApiError::TokenRevoked);
        }
    }
    Ok(StatusCode::NO_CONTENT)
}
