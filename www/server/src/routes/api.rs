//! A protected API, to test access tokens with.

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::{ApiError, error_responses};
use crate::extract::SignedIn;
use crate::extract::json::body_too_long;
use crate::routes::TokenErrors;

const ADMIN: &str = "admin";

error_responses!(RoleErrors: ApiError::Forbidden(ADMIN));

#[derive(Serialize, ToSchema)]
pub struct Me {
    id: String,
    email: String,
    role: String,
    /// The session's id.
    sid: String,
}

#[derive(Serialize, ToSchema)]
pub struct Secret {
    secret: &'static str,
}

/// The caller, as the access token names it
#[utoipa::path(get, path = "/api/me", tag = "api", responses((status = 200, body = Me), TokenErrors),
    security(("access token" = [])))]
pub async fn me(SignedIn(claims): SignedIn) -> Json<Me> {
    Json(Me { id: claims.sub, email: claims.email, role: claims.role, sid: claims.sid })
}

/// Only for the role `admin`
#[utoipa::path(get, path = "/api/admin", tag = "api", responses((status = 200, body = Secret), TokenErrors, RoleErrors),
    security(("access token" = [])))]
pub async fn admin(SignedIn(claims): SignedIn) -> Result<Json<Secret>, ApiError> {
    if claims.role != ADMIN {
        return Err(ApiError::Forbidden(ADMIN));
    }
    Ok(Json(Secret { secret: "the answer is 42" }))
}

/// The body of the request, unchanged; up to 2 MiB
#[utoipa::path(post, path = "/api/echo", tag = "api",
    request_body(content = Option<Vec<u8>>, content_type = "application/octet-stream"),
    responses((status = 200, description = "The body"), TokenErrors), security(("access token" = [])))]
pub async fn echo(_: SignedIn, headers: HeaderMap, body: Result<Bytes, BytesRejection>) -> Result<Response, ApiError> {
    let body = body.map_err(|_| body_too_long())?;
    let default = HeaderValue::from_static("application/octet-stream");
    let content_type = headers.get(CONTENT_TYPE).cloned().unwrap_or(default);
    // As an attachment, the body cannot run as a page of this origin.
    let attachment = HeaderValue::from_static("attachment");
    Ok(([(CONTENT_TYPE, content_type), (CONTENT_DISPOSITION, attachment)], body).into_response())
}
