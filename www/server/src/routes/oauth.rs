//! The same things as an OAuth 2 client asks for them, there where `DIALECT=oauth2`: the password and refresh grants of
//! RFC 6749 (§4.3, §6) and revocation (RFC 7009), for public clients.

use std::net::SocketAddr;

use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{Shared, auth, errors};
use crate::error::ApiError;
use crate::guard::ProvenKey;
use crate::now;
use crate::routes::json::too_long;
use crate::telemetry::Happened;

errors!(
    TokenErrors: ApiError::field("what is wrong"), ApiError::UnsupportedGrant, ApiError::InvalidProof("what is wrong"),
    ApiError::UseDpopNonce
);

#[derive(Deserialize, ToSchema)]
pub struct TokenRequest {
    /// `password` or `refresh_token`.
    grant_type: String,
    username: Option<String>,
    password: Option<String>,
    refresh_token: Option<String>,
}

#[derive(Deserialize, ToSchema)]
pub struct RevocationRequest {
    /// A refresh token, whose session ends, or an access token, which alone is good no more.
    token: String,
}

/// Token endpoint
#[utoipa::path(post, path = "/oauth/token", tag = "oauth",
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "access_token, refresh_token, token_type, expires_in"), TokenErrors))]
pub async fn token(
    State(server): State<Shared>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    ProvenKey(key): ProvenKey,
    form: Result<Form<TokenRequest>, FormRejection>,
) -> Result<axum::Json<Value>, ApiError> {
    let Form(request) = form.map_err(|rejection| invalid(&rejection))?;
    let (user, session) = match request.grant_type.as_str() {
        "password" => {
            let email = request.username.ok_or_else(|| ApiError::field("username: expected a string, got none"))?;
            let password = request.password.ok_or_else(|| ApiError::field("password: expected a string, got none"))?;
            auth::sign_in(&server, peer, &headers, &email, password).await?
        }
        "refresh_token" => auth::rotate(&server, &headers, request.refresh_token.as_deref(), key.as_ref()).await?,
        _ => return Err(ApiError::UnsupportedGrant),
    };
    let (access_token, expires_in) = server.access.issue(&user, &session, key.as_deref(), now())?;
    Ok(axum::Json(json!({
        "access_token": access_token,
        "refresh_token": server.refresh.issue(&session.sid, session.generation, key.as_deref()),
        "token_type": auth::token_type(key.as_deref()),
        "expires_in": expires_in,
    })))
}

/// Revocation endpoint
///
/// 200 also for tokens that are none (RFC 7009 §2.2).
#[utoipa::path(post, path = "/oauth/revoke", tag = "oauth",
    request_body(content = RevocationRequest, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "The token is good no more"), TokenErrors))]
pub async fn revoke(
    State(server): State<Shared>,
    form: Result<Form<RevocationRequest>, FormRejection>,
) -> Result<axum::Json<Value>, ApiError> {
    let Form(RevocationRequest { token }) = form.map_err(|rejection| invalid(&rejection))?;
    if let Some(presented) = server.refresh.open(&token) {
        if server.sessions.end(&presented.sid).await? {
            server.telemetry.count(Happened::Logout, &presented.sid);
        }
    } else if let Ok(claims) = server.access.verify(&token) {
        server.sessions.revoke(&claims).await?;
        server.telemetry.count(Happened::Revoked, &claims.sid);
    }
    Ok(axum::Json(json!({})))
}

fn invalid(rejection: &FormRejection) -> ApiError {
    match rejection {
        FormRejection::BytesRejection(_) => too_long(),
        FormRejection::InvalidFormContentType(_) => ApiError::InvalidRequest(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "content-type: expected application/x-www-form-urlencoded".into(),
        ),
        _ => ApiError::field("body: expected the fields of /openapi.json"),
    }
}
