//! Reads the whole body before the endpoint runs.

use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;

use super::MAX_DISCARDED;
use crate::extract::json::body_too_long;

/// Reads the body, up to `limit` bytes, before the endpoint decides anything.
///
/// A response that is sent while the client still uploads closes the connection, and the browser may report a network
/// error instead of a 401, which the client would have handled. So a body that is too long is read to its end as well
/// (up to a second limit) and discarded.
pub async fn buffer_body(State(limit): State<usize>, request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let (parts, mut body) = request.into_parts();
    let (mut bytes, mut length) = (Vec::new(), 0);
    while let Some(frame) = body.frame().await {
        let Some(data) = frame.ok().and_then(|frame| frame.into_data().ok()) else { break };
        length += data.len();
        if length <= limit {
            bytes.extend_from_slice(&data);
        } else if length > limit + MAX_DISCARDED {
            break;
        }
    }
    if length > limit {
        return body_too_long().into_response();
    }
    next.run(Request::from_parts(parts, Body::from(bytes))).await
}
