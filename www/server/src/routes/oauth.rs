//! The OAuth 2 endpoints of `DIALECT=oauth2`: the password and refresh grants of RFC 6749 (§4.3, §6) and revocation
//! (RFC 7009), for public clients.

use std::net::SocketAddr;

use axum::extract::rejection::FormRejection;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode};
use axum::{Form, Json};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::error::{ApiError, error_responses};
use crate::extract::DpopKey;
use crate::extract::json::body_too_long;
use crate::now;
use crate::routes::token_response::{Grantee, token_type};
use crate::routes::{login, logout, refresh};
use crate::state::Shared;
use crate::telemetry::AuthEvent;

error_responses!(
    OauthErrors: ApiError::invalid_field("what is wrong"), ApiError::UnsupportedGrant,
    ApiError::InvalidProof("what is wrong"), ApiError::UseDpopNonce
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
    /// A refresh token, whose session ends, or an access token, which alone is revoked.
    token: String,
}

/// Token endpoint
#[utoipa::path(post, path = "/oauth/token", tag = "oauth",
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "access_token, refresh_token, token_type, expires_in"), OauthErrors))]
pub async fn token(
    State(state): State<Shared>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    DpopKey(key): DpopKey,
    form: Result<Form<TokenRequest>, FormRejection>,
) -> Result<Json<Value>, ApiError> {
    let Form(request) = form.map_err(|rejection| invalid_form(&rejection))?;
    let missing = |name: &str| ApiError::invalid_field(format!("{name}: expected a string, got none"));
    let Grantee { user, session, authentication, .. } = match request.grant_type.as_str() {
        "password" => {
            let email = request.username.ok_or_else(|| missing("username"))?;
            let password = request.password.ok_or_else(|| missing("password"))?;
            let (user, session) = login::sign_in(&state, peer, &headers, &email, password, Vec::new()).await?;
            Grantee::with_password(user, session)
        }
        "refresh_token" => refresh::rotate(&state, &headers, request.refresh_token.as_deref(), key.as_ref()).await?,
        _ => return Err(ApiError::UnsupportedGrant),
    };
    let (access_token, expires_in) =
        state.access_tokens.issue(&user, &session, &authentication, key.as_deref(), now())?;
    Ok(Json(json!({
        "access_token": access_token,
        "refresh_token": state.refresh_tokens.issue(&session.sid, session.generation, key.as_deref()),
        "token_type": token_type(key.as_deref()),
        "expires_in": expires_in,
    })))
}

/// Revocation endpoint
///
/// The response is 200 also for an invalid token (RFC 7009 §2.2).
#[utoipa::path(post, path = "/oauth/revoke", tag = "oauth",
    request_body(content = RevocationRequest, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "The token is revoked"), OauthErrors))]
pub async fn revoke(
    State(state): State<Shared>,
    form: Result<Form<RevocationRequest>, FormRejection>,
) -> Result<Json<Value>, ApiError> {
    let Form(RevocationRequest { token }) = form.map_err(|rejection| invalid_form(&rejection))?;
    if let Some(verified) = state.refresh_tokens.verify(&token) {
        logout::end_sessions(&state, vec![verified.sid], AuthEvent::Logout).await?;
    } else if let Ok(claims) = state.access_tokens.verify(&token) {
        let limited = |_: &ApiError| state.telemetry.record(AuthEvent::RateLimited, &claims.sid);
        state.rate_limits.refresh(&claims.sid).inspect_err(limited)?;
        let task = {
            let state = state.clone();
            async move {
                state.telemetry.record(AuthEvent::Revoked, &claims.sid);
                Ok(state.sessions.revoke(&claims).await?)
            }
        };
        state.store_tasks.run(task).await?;
    }
    Ok(Json(json!({})))
}

fn invalid_form(rejection: &FormRejection) -> ApiError {
    match rejection {
        FormRejection::BytesRejection(_) => body_too_long(),
        FormRejection::InvalidFormContentType(_) => ApiError::InvalidRequest(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "content-type: expected application/x-www-form-urlencoded".into(),
        ),
        _ => ApiError::invalid_field("body: expected the fields that /openapi.json lists"),
    }
}
