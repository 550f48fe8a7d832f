//! A protected API to try tokens on.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::guard::SignedIn;

const ADMIN: &str = "admin";

/// `GET /api/me`: who the token says the caller is.
pub async fn me(SignedIn(claims): SignedIn) -> axum::Json<Value> {
    axum::Json(json!({ "id": claims.sub, "email": claims.email, "role": claims.role, "sid": claims.sid }))
}

/// `GET /api/admin`: for the role `admin`.
pub async fn admin(SignedIn(claims): SignedIn) -> Result<axum::Json<Value>, ApiError> {
    if claims.role != ADMIN {
        return Err(ApiError::Forbidden(ADMIN));
    }
    Ok(axum::Json(json!({ "secret": "the answer is 42" })))
}

/// `POST /api/echo`: the body it got, as it came.
pub async fn echo(_: SignedIn, headers: HeaderMap, body: Result<Bytes, BytesRejection>) -> Result<Response, ApiError> {
    let body = body.map_err(|_| ApiError::InvalidRequest(StatusCode::PAYLOAD_TOO_LARGE, "body: too long".into()))?;
    let octets = HeaderValue::from_static("application/octet-stream");
    let content_type = headers.get(CONTENT_TYPE).cloned().unwrap_or(octets);
    // Whatever came must not be run as a page of this origin.
    let attachment = ("content-disposition", HeaderValue::from_static("attachment"));
    Ok(([(CONTENT_TYPE.as_str(), content_type), attachment], body).into_response())
}
