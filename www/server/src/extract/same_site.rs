//! Rejects requests that a page of another site sent.

use axum::http::header::{HOST, HeaderMap, HeaderValue, ORIGIN};

use crate::error::ApiError;
use crate::state::AppState;
use crate::telemetry::AuthEvent;

/// Checks that the request comes from this origin or from an origin of `ALLOWED_ORIGINS`.
///
/// Browsers send the source of a request in `Sec-Fetch-Site` and `Origin`, and no page can forge either header. Clients
/// that are not browsers send neither, and pass.
pub fn require_same_site(headers: &HeaderMap, state: &AppState) -> Result<(), ApiError> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let origin = text(ORIGIN);
    let allowed =
        origin.is_some_and(|origin| state.http.allowed_origins.iter().any(|allowed_origin| allowed_origin == origin));
    let same_origin = match headers.get("sec-fetch-site").map(HeaderValue::as_bytes) {
        Some(site) => site == b"same-origin" || site == b"none",
        None => headers.get(ORIGIN).is_none_or(|_| {
            let host = origin.and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
            host.is_some() && host == text(HOST)
        }),
    };
    if same_origin || allowed {
        return Ok(());
    }
    state.telemetry.record(AuthEvent::CsrfRejected, "");
    Err(ApiError::CsrfRejected)
}
