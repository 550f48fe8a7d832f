//! The outermost layer: request id, time limit, error dialect, security headers, `DPoP` nonce, request metrics.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::error::ApiError;
use crate::middleware::error_dialect::in_dialect;
use crate::middleware::security_headers::add_security_headers;
use crate::state::Shared;
use crate::telemetry::REQUEST_ID;
use crate::token::dpop::{DPOP, DPOP_NONCE};
use crate::token::keys::random_bytes;

/// The time within which a request must arrive and be answered.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
pub const REQUEST_ID_HEADER: HeaderName = HeaderName::from_static("x-request-id");
const MAX_REQUEST_ID_LENGTH: usize = 64;

/// Makes the ids of requests: a random prefix for this process, and a counter.
pub struct RequestIds {
    prefix: String,
    next: AtomicU64,
}

impl RequestIds {
    pub fn new() -> Self {
        Self { prefix: format!("{:x}", u32::from_be_bytes(random_bytes())), next: AtomicU64::new(0) }
    }

    /// The id that a proxy sent, if it consists of letters, digits, `-`, `_` and `.`; otherwise a new one.
    fn id(&self, headers: &HeaderMap) -> String {
        let is_plain = |id: &&str| {
            (1..=MAX_REQUEST_ID_LENGTH).contains(&id.len())
                && id.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.'))
        };
        let sent = headers.get(REQUEST_ID_HEADER).and_then(|id| id.to_str().ok()).filter(is_plain);
        sent.map_or_else(|| format!("{}-{:x}", self.prefix, self.next.fetch_add(1, Ordering::Relaxed)), str::to_owned)
    }
}

/// Gives the request an id and a time limit, and the response its common headers; records the request.
pub async fn request_context(
    State(state): State<Shared>,
    path: Option<MatchedPath>,
    request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let id = state.request_ids.id(request.headers());
    let has_proof = request.headers().contains_key(DPOP);
    let response = tokio::time::timeout(REQUEST_TIMEOUT, next.run(request));
    let response = REQUEST_ID.scope(id.clone(), response).await;
    let response = response.unwrap_or_else(|_| ApiError::RequestTimeout.into_response());
    let mut response = in_dialect(response, state.http.dialect);
    let headers = response.headers_mut();
    add_security_headers(headers);
    if has_proof && let Ok(nonce) = HeaderValue::from_str(&state.dpop_proofs.nonce()) {
        headers.insert(DPOP_NONCE, nonce);
    }
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID_HEADER, id);
    }
    let route = path.as_ref().map(MatchedPath::as_str);
    state.telemetry.record_request(route, response.status().as_u16(), started.elapsed());
    response
}
