//! Endpoints for operators and other servers: public keys, health, readiness, metrics.

use axum::Json;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::error::{ApiError, error_responses};
use crate::state::Shared;

error_responses!(StoreErrors: ApiError::StoreUnavailable);

/// The public keys of access tokens (RFC 7517)
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "ops", responses((status = 200, description = "A JWK set")))]
pub async fn jwks(State(state): State<Shared>) -> Response {
    ([(CACHE_CONTROL, "public, max-age=300")], Json(state.access_tokens.jwks())).into_response()
}

/// Whether the process runs
#[utoipa::path(get, path = "/healthz", tag = "ops", responses((status = 200, description = "ok")))]
pub async fn healthz() -> &'static str {
    "ok"
}

/// Whether the server can answer requests
///
/// The store answers and accepts changes, and the server has read the revocations of the other servers.
#[utoipa::path(get, path = "/readyz", tag = "ops", responses((status = 200, description = "ready"), StoreErrors))]
pub async fn readyz(State(state): State<Shared>) -> Result<Json<Value>, ApiError> {
    state.sessions.store.ping().await?;
    state.write_check.run(&*state.sessions.store).await?;
    if state.sessions.up_to_date() { Ok(Json(json!({ "ready": true }))) } else { Err(ApiError::StoreUnavailable) }
}

/// The metrics since the start, for Prometheus
#[utoipa::path(get, path = "/metrics", tag = "ops", responses((status = 200, description = "OpenMetrics text")))]
pub async fn metrics(State(state): State<Shared>) -> Response {
    let text = state.telemetry.render(state.sessions.revocations.len());
    ([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text).into_response()
}
