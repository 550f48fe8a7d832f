//! Rewrites an error response in the format of `DIALECT`.

use axum::http::header::CONTENT_LENGTH;
use axum::response::Response;

use crate::dialect::Dialect;
use crate::error::ApiError;

/// Replaces the status and body of an error response; headers that inner layers added remain.
pub fn in_dialect(mut response: Response, dialect: Dialect) -> Response {
    if dialect == Dialect::Tokenward {
        return response;
    }
    let Some(error) = response.extensions_mut().remove::<ApiError>() else { return response };
    let mut headers = std::mem::take(response.headers_mut());
    response = error.response(dialect);
    for name in response.headers().keys() {
        headers.remove(name);
    }
    headers.remove(CONTENT_LENGTH);
    response.headers_mut().extend(headers);
    response
}
