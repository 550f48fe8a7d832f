//! The error table of the wire: status, code, message. A message never holds a token, a password or a stack.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, ResponseBuilder};

use crate::dialect::Dialect;
use crate::store::StoreError;

/// Everything that can be answered instead of a success. Body: `{"error": {"code", "message"}}`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// 400, 413 or 415 `INVALID_REQUEST`: what is wrong with the request.
    #[error("{1}")]
    InvalidRequest(StatusCode, String),
    /// 401: wrong email or password; which of them is not told.
    #[error("wrong email or password")]
    InvalidCredentials,
    /// 401: an API was called without a token.
    #[error("an access token is required: Authorization: Bearer <token>")]
    NoToken,
    /// 401: the access token has expired.
    #[error("the access token has expired")]
    TokenExpired,
    /// 401: the access token is not one of ours, or is damaged.
    #[error("the access token is not valid")]
    InvalidToken,
    /// 401: the session of the access token is over.
    #[error("the session of this access token is over")]
    TokenRevoked,
    /// 401: a refresh without a refresh token.
    #[error("a refresh token is required")]
    NoRefreshToken,
    /// 401: the refresh token is unknown, expired or revoked.
    #[error("the refresh token is not valid any more")]
    InvalidRefreshToken,
    /// 401: the refresh token was used before; its session is over.
    #[error("the refresh token was used before; its session has been ended")]
    RefreshTokenReused,
    /// 401 (400 in OAuth 2): the proof of possession (RFC 9449) is not one, or not for this request.
    #[error("DPoP proof: {0}")]
    InvalidProof(&'static str),
    /// 401 (400 in OAuth 2): a proof with the nonce in the header `DPoP-Nonce` is wanted.
    #[error("a DPoP proof with the nonce of the header DPoP-Nonce is required")]
    UseDpopNonce,
    /// 403: signed in, but not allowed.
    #[error("this needs the role {0:?}")]
    Forbidden(&'static str),
    /// 403: a cookie endpoint was called from another site.
    #[error("this endpoint cannot be called from another site")]
    CsrfRejected,
    /// 400 (OAuth 2 only): a `grant_type` that this server does not know.
    #[error("grant_type: expected password or refresh_token")]
    UnsupportedGrant,
    /// 404: no such endpoint, or no such session of the caller's.
    #[error("there is nothing here")]
    NotFound,
    /// 405: the endpoint does not know this method.
    #[error("this endpoint takes another method; see Allow")]
    MethodNotAllowed,
    /// 408: the request did not arrive in time.
    #[error("the request took too long")]
    RequestTimeout,
    /// 429 with `Retry-After`.
    #[error("too many requests; wait for the time in Retry-After")]
    RateLimited(Duration),
    /// 503 with `Retry-After`: the store does not answer.
    #[error("the session store is not available; try again")]
    StoreUnavailable,
    /// 500: a fault of ours.
    #[error("internal error")]
    Internal,
}

impl ApiError {
    /// HTTP status and code.
    pub fn table(&self) -> (StatusCode, &'static str) {
        match self {
            Self::InvalidRequest(status, _) => (*status, "INVALID_REQUEST"),
            Self::InvalidCredentials => (StatusCode::UNAUTHORIZED, "INVALID_CREDENTIALS"),
            Self::NoToken => (StatusCode::UNAUTHORIZED, "NO_TOKEN"),
            Self::TokenExpired => (StatusCode::UNAUTHORIZED, "TOKEN_EXPIRED"),
            Self::InvalidToken => (StatusCode::UNAUTHORIZED, "INVALID_TOKEN"),
            Self::TokenRevoked => (StatusCode::UNAUTHORIZED, "TOKEN_REVOKED"),
            Self::NoRefreshToken => (StatusCode::UNAUTHORIZED, "NO_REFRESH_TOKEN"),
            Self::InvalidRefreshToken => (StatusCode::UNAUTHORIZED, "INVALID_REFRESH_TOKEN"),
            Self::RefreshTokenReused => (StatusCode::UNAUTHORIZED, "REFRESH_TOKEN_REUSED"),
            Self::InvalidProof(_) => (StatusCode::UNAUTHORIZED, "INVALID_DPOP_PROOF"),
            Self::UseDpopNonce => (StatusCode::UNAUTHORIZED, "USE_DPOP_NONCE"),
            Self::Forbidden(_) => (StatusCode::FORBIDDEN, "FORBIDDEN"),
            Self::CsrfRejected => (StatusCode::FORBIDDEN, "CSRF_REJECTED"),
            Self::UnsupportedGrant => (StatusCode::BAD_REQUEST, "INVALID_REQUEST"),
            Self::NotFound => (StatusCode::NOT_FOUND, "NOT_FOUND"),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED"),
            Self::RequestTimeout => (StatusCode::REQUEST_TIMEOUT, "REQUEST_TIMEOUT"),
            Self::RateLimited(_) => (StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED"),
            Self::StoreUnavailable => (StatusCode::SERVICE_UNAVAILABLE, "STORE_UNAVAILABLE"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL"),
        }
    }

    /// A wrong field of a body.
    pub fn field(text: impl Into<String>) -> Self {
        Self::InvalidRequest(StatusCode::BAD_REQUEST, text.into())
    }

    /// The answer in a dialect's words.
    pub fn response(&self, dialect: Dialect) -> Response {
        let (mut status, code) = self.table();
        let message = self.to_string();
        let body = match dialect {
            Dialect::ErrorText => json!({ "error": message }),
            Dialect::NoExpiresIn => json!({ "error": message, "code": code }),
            Dialect::Oauth2 => {
                let (at, error) = self.oauth();
                status = at;
                json!({ "error": error, "error_description": message })
            }
            Dialect::Tokenward | Dialect::Body | Dialect::CookiesOnly => {
                json!({ "error": { "code": code, "message": message } })
            }
        };
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        if status == StatusCode::UNAUTHORIZED {
            // RFC 6750 §3.1: without a token there is no error to name.
            let challenge = match self {
                Self::NoToken => "Bearer",
                Self::InvalidProof(_) => "DPoP error=\"invalid_dpop_proof\", algs=\"ES256\"",
                Self::UseDpopNonce => "DPoP error=\"use_dpop_nonce\", algs=\"ES256\"",
                _ => "Bearer error=\"invalid_token\"",
            };
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        let wait = match self {
            Self::RateLimited(wait) => Some(wait.as_secs() + 1),
            Self::StoreUnavailable => Some(1),
            _ => None,
        };
        if let Some(seconds) = wait {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }

    /// RFC 6749 §5.2 and RFC 6750 §3.1 for the same thing.
    fn oauth(&self) -> (StatusCode, &'static str) {
        let (status, _) = self.table();
        match self {
            Self::InvalidCredentials | Self::NoRefreshToken | Self::InvalidRefreshToken | Self::RefreshTokenReused => {
                (StatusCode::BAD_REQUEST, "invalid_grant")
            }
            Self::InvalidProof(_) => (StatusCode::BAD_REQUEST, "invalid_dpop_proof"),
            Self::UseDpopNonce => (StatusCode::BAD_REQUEST, "use_dpop_nonce"),
            Self::NoToken | Self::TokenExpired | Self::InvalidToken | Self::TokenRevoked => (status, "invalid_token"),
            Self::Forbidden(_) => (status, "insufficient_scope"),
            Self::UnsupportedGrant => (status, "unsupported_grant_type"),
            Self::RateLimited(_) | Self::StoreUnavailable => (status, "temporarily_unavailable"),
            Self::Internal => (status, "server_error"),
            _ => (status, "invalid_request"),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "store");
        Self::StoreUnavailable
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.response(Dialect::Tokenward);
        // For the layer that knows the dialect.
        response.extensions_mut().insert(self);
        response
    }
}

/// The answers that an endpoint may give instead of a success, for the OpenAPI document.
pub fn describe(errors: &[ApiError]) -> BTreeMap<String, RefOr<utoipa::openapi::Response>> {
    let mut by_status = BTreeMap::<String, Vec<String>>::new();
    for error in errors {
        let (status, code) = error.table();
        by_status.entry(status.as_str().to_owned()).or_default().push(format!("`{code}`: {error}"));
    }
    by_status
        .into_iter()
        .map(|(status, texts)| {
            let body = ContentBuilder::new().schema(Some(Ref::from_schema_name("ErrorBody"))).build();
            let response = ResponseBuilder::new().description(texts.join("; ")).content("application/json", body);
            (status, RefOr::T(response.build()))
        })
        .collect()
}
