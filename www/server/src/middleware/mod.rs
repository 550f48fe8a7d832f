//! The layers around the endpoints.

mod buffer_body;
mod cors;
mod drain_body;
mod error_dialect;
pub mod request_context;
pub mod security_headers;
mod single_headers;

use axum::Router;
use axum::extract::Request;
use axum::http::HeaderValue;
use axum::http::header::CACHE_CONTROL;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;

pub use self::buffer_body::buffer_body;
pub use self::drain_body::drain_body;
use crate::state::Shared;

/// How many bytes beyond the limit of a body are read and discarded.
const MAX_DISCARDED: usize = 4 * 1024 * 1024;

/// Adds the layers that every response passes, the outermost last.
pub fn wrap(router: Router<Shared>, state: &Shared) -> Router<Shared> {
    router
        .layer(cors::layer(&state.http.allowed_origins))
        .layer(from_fn(single_headers::single_headers))
        .layer(from_fn_with_state(state.clone(), request_context::request_context))
}

/// Forbids caches to store the response.
pub async fn no_store(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
