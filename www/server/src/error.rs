//! The errors that endpoints return: status, code, message, and their JSON body in each dialect. A message never
//! contains a token, a password or a stack trace.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, ResponseBuilder};

use crate::dialect::Dialect;
use crate::store::StoreError;

/// An error response. Its body is `{"error": {"code", "message"}}`, or what `DIALECT` says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// 400, 413 or 415 `INVALID_REQUEST`: the text names the field, what was expected and what came.
    #[error("{1}")]
    InvalidRequest(StatusCode, String),
    /// 401: wrong email or password; the response does not say which.
    #[error("wrong email or password")]
    InvalidCredentials,
    /// 401: an API was called without a token.
    #[error("an access token is required: Authorization: Bearer <token>")]
    NoToken,
    /// 401: the access token has expired.
    #[error("the access token has expired")]
    TokenExpired,
    /// 401: this server did not issue the access token, or it is damaged.
    #[error("the access token is not valid")]
    InvalidToken,
    /// 401: the access token or its session was revoked.
    #[error("the session of this access token has ended")]
    TokenRevoked,
    /// 401 (RFC 9470): the user has to authenticate again, with one of the context classes (separated by spaces) or within
    /// the last seconds.
    #[error("the user has to authenticate again, or more strongly")]
    InsufficientAuthentication {
        /// The accepted values of `acr`: printable ASCII without quotes and backslashes.
        acr_values: Option<String>,
        /// Seconds.
        max_age: Option<u64>,
    },
    /// 401: a refresh without a refresh token.
    #[error("a refresh token is required")]
    NoRefreshToken,
    /// 401: the refresh token is unknown, expired or revoked.
    #[error("the refresh token is not valid any more")]
    InvalidRefreshToken,
    /// 401: the refresh token was used before; its session has been ended.
    #[error("the refresh token was used before; its session has been ended")]
    RefreshTokenReused,
    /// 401 (400 in OAuth 2): the proof of possession (RFC 9449) is invalid, or belongs to another request.
    #[error("DPoP proof: {0}")]
    InvalidProof(&'static str),
    /// 401 (400 in OAuth 2): the client must send a proof with the nonce of the header `DPoP-Nonce`.
    #[error("a DPoP proof with the nonce of the header DPoP-Nonce is required")]
    UseDpopNonce,
    /// 403: the user lacks the role.
    #[error("the role {0:?} is required")]
    Forbidden(&'static str),
    /// 403: a page of another site called an endpoint that uses a cookie.
    #[error("a page of another site must not call this endpoint")]
    CsrfRejected,
    /// 400 (OAuth 2 only): a `grant_type` that this server does not know.
    #[error("grant_type: expected password or refresh_token")]
    UnsupportedGrant,
    /// 404: no such endpoint, or the caller has no such session.
    #[error("no such endpoint or resource")]
    NotFound,
    /// 405: the endpoint does not have this method.
    #[error("this endpoint does not have this method; the header Allow lists its methods")]
    MethodNotAllowed,
    /// 408: the request did not arrive, or was not answered, in time.
    #[error("the request took too long")]
    RequestTimeout,
    /// 429 with `Retry-After`.
    #[error("too many requests; wait for the seconds in Retry-After")]
    RateLimited(Duration),
    /// 503 with `Retry-After`: the store does not answer.
    #[error("the session store is not available; try again")]
    StoreUnavailable,
    /// 503 with `Retry-After`: the identity provider does not renew its token now; the session continues.
    #[error("the identity provider is not available; try again after the seconds in Retry-After")]
    ProviderUnavailable(Duration),
    /// 502: the identity provider rejects this server as its client; the operator finds the reason in the log.
    #[error("the identity provider rejects the requests of this server; its log says why")]
    ProviderRefused,
    /// 500: an error in this server.
    #[error("internal error")]
    Internal,
}

impl ApiError {
    /// HTTP status and code.
    pub fn status_and_code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::InvalidRequest(status, _) => (*status, "INVALID_REQUEST"),
            Self::InvalidCredentials => (StatusCode::UNAUTHORIZED, "INVALID_CREDENTIALS"),
            Self::NoToken => (StatusCode::UNAUTHORIZED, "NO_TOKEN"),
            Self::TokenExpired => (StatusCode::UNAUTHORIZED, "TOKEN_EXPIRED"),
            Self::InvalidToken => (StatusCode::UNAUTHORIZED, "INVALID_TOKEN"),
            Self::TokenRevoked => (StatusCode::UNAUTHORIZED, "TOKEN_REVOKED"),
            Self::InsufficientAuthentication { .. } => (StatusCode::UNAUTHORIZED, "INSUFFICIENT_USER_AUTHENTICATION"),
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
            Self::ProviderUnavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, "PROVIDER_UNAVAILABLE"),
            Self::ProviderRefused => (StatusCode::BAD_GATEWAY, "PROVIDER_REFUSED"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL"),
        }
    }

    /// 400 `INVALID_REQUEST` for a field of the body.
    pub fn invalid_field(text: impl Into<String>) -> Self {
        Self::InvalidRequest(StatusCode::BAD_REQUEST, text.into())
    }

    /// The response in a dialect's format.
    pub fn response(&self, dialect: Dialect) -> Response {
        let (status, body) = self.status_and_body(dialect);
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        if status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_str(&self.challenge());
            headers.insert(header::WWW_AUTHENTICATE, challenge.unwrap_or(HeaderValue::from_static("Bearer")));
        }
        let wait = match self {
            Self::RateLimited(wait) => Some(wait.as_secs() + 1),
            Self::ProviderUnavailable(wait) => Some(wait.as_secs().max(1)),
            Self::StoreUnavailable => Some(1),
            _ => None,
        };
        if let Some(seconds) = wait {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }

    fn status_and_body(&self, dialect: Dialect) -> (StatusCode, Value) {
        let (status, code) = self.status_and_code();
        let message = self.to_string();
        let body = match dialect {
            Dialect::ErrorText => json!({ "error": message }),
            Dialect::NoExpiresIn => json!({ "error": message, "code": code }),
            Dialect::Oauth2 => {
                let (status, error) = self.oauth_status_and_error();
                return (status, json!({ "error": error, "error_description": message }));
            }
            Dialect::Tokenward | Dialect::Body | Dialect::CookiesOnly => {
                json!({ "error": { "code": code, "message": message } })
            }
        };
        (status, body)
    }

    /// The value of `WWW-Authenticate`. RFC 6750 §3.1: the challenge names no error for a request without a token.
    fn challenge(&self) -> String {
        match self {
            Self::NoToken => "Bearer".into(),
            Self::InvalidProof(_) => "DPoP error=\"invalid_dpop_proof\", algs=\"ES256\"".into(),
            Self::UseDpopNonce => "DPoP error=\"use_dpop_nonce\", algs=\"ES256\"".into(),
            Self::InsufficientAuthentication { acr_values, max_age } => {
                let acr_values = acr_values.as_ref().map(|values| format!(", acr_values=\"{values}\""));
                let max_age = max_age.map(|seconds| format!(", max_age=\"{seconds}\""));
                let (acr_values, max_age) = (acr_values.unwrap_or_default(), max_age.unwrap_or_default());
                format!("Bearer error=\"insufficient_user_authentication\"{acr_values}{max_age}")
            }
            _ => "Bearer error=\"invalid_token\"".into(),
        }
    }

    /// The status and error code of RFC 6749 §5.2, RFC 6750 §3.1 and RFC 9449 §5.
    fn oauth_status_and_error(&self) -> (StatusCode, &'static str) {
        let (status, _) = self.status_and_code();
        match self {
            Self::InvalidCredentials | Self::NoRefreshToken | Self::InvalidRefreshToken | Self::RefreshTokenReused => {
                (StatusCode::BAD_REQUEST, "invalid_grant")
            }
            Self::InvalidProof(_) => (StatusCode::BAD_REQUEST, "invalid_dpop_proof"),
            Self::UseDpopNonce => (StatusCode::BAD_REQUEST, "use_dpop_nonce"),
            Self::NoToken | Self::TokenExpired | Self::InvalidToken | Self::TokenRevoked => (status, "invalid_token"),
            Self::InsufficientAuthentication { .. } => (status, "insufficient_user_authentication"),
            Self::Forbidden(_) => (status, "insufficient_scope"),
            Self::UnsupportedGrant => (status, "unsupported_grant_type"),
            Self::RateLimited(_) | Self::StoreUnavailable | Self::ProviderUnavailable(_) => {
                (status, "temporarily_unavailable")
            }
            Self::ProviderRefused | Self::Internal => (status, "server_error"),
            _ => (status, "invalid_request"),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the store failed");
        Self::StoreUnavailable
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.response(Dialect::Tokenward);
        // `in_dialect` of the middleware reads the error and writes the response of the dialect.
        response.extensions_mut().insert(self);
        response
    }
}

/// The error responses of an endpoint, for the `OpenAPI` document.
pub fn describe(errors: &[ApiError]) -> BTreeMap<String, RefOr<utoipa::openapi::Response>> {
    let mut by_status = BTreeMap::<String, Vec<String>>::new();
    for error in errors {
        let (status, code) = error.status_and_code();
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

/// Declares the errors of an endpoint as a type for its `OpenAPI` description.
macro_rules! error_responses {
    ($name:ident: $($error:expr),+) => {
        pub struct $name;

        impl utoipa::IntoResponses for $name {
            fn responses() -> std::collections::BTreeMap<String, utoipa::openapi::RefOr<utoipa::openapi::Response>> {
                $crate::error::describe(&[$($error),+])
            }
        }
    };
}
pub(crate) use error_responses;
