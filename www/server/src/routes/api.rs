//! A protected API, to test access tokens with.

use axum::Json;
use axum::body::Bytes;
use axum::extract::Query;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::error::{ApiError, error_responses};
use crate::extract::SignedIn;
use crate::extract::json::body_too_long;
use crate::now;
use crate::routes::TokenErrors;
use crate::token::access::Authentication;

const ADMIN: &str = "admin";

error_responses!(RoleErrors: ApiError::Forbidden(ADMIN));
error_responses!(
    StepUpErrors: ApiError::invalid_field("what is wrong"),
    ApiError::InsufficientAuthentication { acr_values: None, max_age: None }
);

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

/// What `GET /api/step-up` requires.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct Required {
    /// The accepted authentication context classes, separated by spaces.
    acr: Option<String>,
    /// The longest time since the user authenticated, in seconds.
    max_age: Option<u64>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Fulfilled {
    /// The authentication context class of the user's sign-in.
    acr: Option<String>,
    /// When the user authenticated, in seconds since the epoch.
    auth_time: Option<u64>,
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

/// Only for a user who has authenticated as the query requires
///
/// Otherwise the response is the challenge of RFC 9470 §3, and the page asks for a step-up.
#[utoipa::path(get, path = "/api/step-up", tag = "api", params(Required),
    responses((status = 200, body = Fulfilled), TokenErrors, StepUpErrors), security(("access token" = [])))]
pub async fn step_up(
    SignedIn(claims): SignedIn,
    query: Result<Query<Required>, QueryRejection>,
) -> Result<Json<Fulfilled>, ApiError> {
    let expected = "query: expected acr (printable ASCII without quotes) and maxAge (seconds), each once";
    let invalid = || ApiError::invalid_field(expected);
    let Query(Required { acr, max_age }) = query.map_err(|_| invalid())?;
    let is_plain = |text: &String| text.bytes().all(|byte| matches!(byte, b' '..=b'~') && !b"\"\\".contains(&byte));
    if !acr.as_ref().is_none_or(is_plain) {
        return Err(invalid());
    }
    let Authentication { acr: achieved, auth_time } = claims.authentication;
    let is_accepted = |values: &String| values.split(' ').any(|value| achieved.as_deref() == Some(value));
    let is_recent = |seconds: u64| auth_time.is_some_and(|time| time.saturating_add(seconds) >= now());
    if acr.as_ref().is_none_or(is_accepted) && max_age.is_none_or(is_recent) {
        return Ok(Json(Fulfilled { acr: achieved, auth_time }));
    }
    Err(ApiError::InsufficientAuthentication { acr_values: acr, max_age })
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
