//! CORS for the origins of `ALLOWED_ORIGINS`.

use std::time::Duration;

use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, Method};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::middleware::request_context::REQUEST_ID_HEADER;
use crate::token::dpop::{DPOP, DPOP_NONCE};

/// How long a browser may reuse the response to a preflight request.
const PREFLIGHT_MAX_AGE: Duration = Duration::from_secs(600);

pub fn layer(allowed_origins: &[String]) -> CorsLayer {
    let origins = allowed_origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE, HeaderName::from_static("idempotency-key"), DPOP])
        .expose_headers([RETRY_AFTER, REQUEST_ID_HEADER, DPOP_NONCE, WWW_AUTHENTICATE])
        .max_age(PREFLIGHT_MAX_AGE)
}
