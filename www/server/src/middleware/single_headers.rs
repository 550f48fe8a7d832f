//! Rejects requests in which a header that decides something comes more than once.

use axum::extract::Request;
use axum::http::Version;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, ORIGIN};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::error::ApiError;

/// Headers of which a proxy may take the last and this server the first.
static SINGLE: [HeaderName; 6] = [
    HOST,
    AUTHORIZATION,
    CONTENT_TYPE,
    ORIGIN,
    HeaderName::from_static("sec-fetch-site"),
    HeaderName::from_static("idempotency-key"),
];

/// A second value of a header is ambiguous; without `Host`, a request of HTTP/1.1 is not valid (RFC 9112 §3.2).
pub async fn single_headers(request: Request, next: Next) -> Response {
    let headers = request.headers();
    let problem = SINGLE.iter().find_map(|name| match headers.get_all(name).iter().count() {
        0 if name == HOST && request.version() == Version::HTTP_11 => Some((name, "none")),
        0 | 1 => None,
        _ => Some((name, "several")),
    });
    match problem {
        Some((name, found)) => {
            ApiError::invalid_field(format!("header {name}: expected one, got {found}")).into_response()
        }
        None => next.run(request).await,
    }
}
