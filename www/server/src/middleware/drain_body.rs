//! Reads what an endpoint has left of the body, and discards it.

use std::mem::take;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;

use super::MAX_DISCARDED;

/// Runs the endpoint, which reads the body itself, and then reads the rest of the body, up to `limit` bytes and a second
/// limit. So a request that is rejected before its body is read takes no memory for it; the reason for reading it at all is
/// the same as for [`buffer_body`](super::buffer_body).
pub async fn drain_body(State(limit): State<usize>, request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let rest = Arc::new(Mutex::new(Body::empty()));
    let (parts, body) = request.into_parts();
    let response = next.run(Request::from_parts(parts, Body::new(LentBody { body, rest: rest.clone() }))).await;
    let mut rest = take(&mut *rest.lock().unwrap_or_else(PoisonError::into_inner));
    let mut length = 0;
    while length <= limit + MAX_DISCARDED
        && let Some(Ok(frame)) = rest.frame().await
    {
        length += frame.data_ref().map_or(0, Bytes::len);
    }
    response
}

/// A body that is given back when it is dropped.
struct LentBody {
    body: Body,
    rest: Arc<Mutex<Body>>,
}

impl HttpBody for LentBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for LentBody {
    fn drop(&mut self) {
        *self.rest.lock().unwrap_or_else(PoisonError::into_inner) = take(&mut self.body);
    }
}
