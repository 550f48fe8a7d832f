//! What operators and other servers ask: keys, health, metrics, and what there is to ask.

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::{Shared, errors};
use crate::error::ApiError;

errors!(StoreErrors: ApiError::StoreUnavailable);

/// The public keys of access tokens (RFC 7517)
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "ops", responses((status = 200, description = "A JWK set")))]
pub async fn jwks(State(server): State<Shared>) -> Response {
    ([(CACHE_CONTROL, "public, max-age=300")], axum::Json(server.access.jwks())).into_response()
}

/// Whether the process lives
#[utoipa::path(get, path = "/healthz", tag = "ops", responses((status = 200, description = "ok")))]
pub async fn healthz() -> &'static str {
    "ok"
}

/// Whether it can do its work
///
/// The store answers, and what other servers revoked has been heard.
#[utoipa::path(get, path = "/readyz", tag = "ops", responses((status = 200, description = "ready"), StoreErrors))]
pub async fn readyz(State(server): State<Shared>) -> Result<axum::Json<Value>, ApiError> {
    server.sessions.store.ping().await?;
    if server.sessions.up_to_date() {
        Ok(axum::Json(json!({ "ready": true })))
    } else {
        Err(ApiError::StoreUnavailable)
    }
}

/// What happened since the start, for Prometheus
#[utoipa::path(get, path = "/metrics", tag = "ops", responses((status = 200, description = "OpenMetrics text")))]
pub async fn metrics(State(server): State<Shared>) -> Response {
    let text = server.telemetry.render(server.sessions.revocations.len());
    ([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text).into_response()
}
