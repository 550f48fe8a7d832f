//! A protected API to try tokens on.

use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::{TokenErrors, errors};
use crate::error::ApiError;
use crate::guard::SignedIn;

const ADMIN: &str = "admin";

errors!(RoleErrors: ApiError::Forbidden(ADMIN));

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

/// Who the token says the caller is
#[utoipa::path(get, path = "/api/me", tag = "api", responses((status = 200, body = Me), TokenErrors),
    security(("access token" = [])))]
pub async fn me(SignedIn(claims): SignedIn) -> axum::Json<Me> {
    axum::Json(Me { id: claims.sub, email: claims.email, role: claims.role, sid: claims.sid })
}

/// For the role `admin`
#[utoipa::path(get, path = "/api/admin", tag = "api", responses((status = 200, body = Secret), TokenErrors, RoleErrors),
    security(("access token" = [])))]
pub async fn admin(SignedIn(claims): SignedIn) -> Result<axum::Json<Secret>, ApiError> {
    if claims.role != ADMIN {
        return Err(ApiError::Forbidden(ADMIN));
    }
    Ok(axum::Json(Secret { secret: "the answer is 42" }))
}

/// The body it got, as it came; up to 2 MiB
#[utoipa::path(post, path = "/api/echo", tag = "api",
    request_body(content = Option<Vec<u8>>, content_type = "application/octet-stream"),
    responses((status = 200, description = "The body"), TokenErrors), security(("access token" = [])))]
pub async fn echo(_: SignedIn, headers: HeaderMap, body: Bytes) -> Response {
    let octets = HeaderValue::from_static("application/octet-stream");
    let content_type = headers.get(CONTENT_TYPE).cloned().unwrap_or(octets);
    // Whatever came must not be run as a page of this origin.
    let attachment = HeaderValue::from_static("attachment");
    ([(CONTENT_TYPE, content_type), (CONTENT_DISPOSITION, attachment)], body).into_response()
}
