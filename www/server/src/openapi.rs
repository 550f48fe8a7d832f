//! The `OpenAPI` document: what all endpoints have in common, and what depends on the dialect.

use std::time::Duration;

use axum::http::StatusCode;
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{IntoResponses, OpenApi as _, PartialSchema, ToSchema};

use crate::dialect::Dialect;
use crate::error::{ApiError, error_responses};

error_responses!(
    CommonErrors: ApiError::InvalidRequest(StatusCode::PAYLOAD_TOO_LARGE, "body: too long or incomplete".into()),
    ApiError::InvalidRequest(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content-type: expected …".into()),
    ApiError::MethodNotAllowed, ApiError::RequestTimeout, ApiError::RateLimited(Duration::ZERO),
    ApiError::StoreUnavailable
);

#[derive(utoipa::OpenApi)]
#[openapi(
    info(title = "tokenward-server", description = "Login, rotating refresh tokens, revocation, roles."),
    components(schemas(ErrorBody))
)]
struct Document;

/// An error.
#[derive(ToSchema)]
#[allow(dead_code)] // Only its schema is used.
struct ErrorBody {
    error: ErrorDetail,
}

#[derive(ToSchema)]
#[allow(dead_code)] // Only its schema is used.
struct ErrorDetail {
    /// For programs.
    code: String,
    /// For people; never contains a token or a password.
    message: String,
}

/// An error with `DIALECT=error-text` or, with its code, `no-expires-in`.
#[derive(ToSchema)]
#[allow(dead_code)] // Only its schema is used.
struct ErrorText {
    error: String,
    code: Option<String>,
}

/// An error with `DIALECT=oauth2` (RFC 6749 §5.2).
#[derive(ToSchema)]
#[allow(dead_code)] // Only its schema is used.
struct OauthError {
    error: String,
    error_description: String,
}

/// A success without other content.
#[derive(ToSchema)]
#[allow(dead_code)] // Only its schema is used.
struct Success {
    success: bool,
}

/// Completes the endpoints' descriptions to the document of a server with this dialect.
pub fn document(endpoints: OpenApi, dialect: Dialect, refresh_cookie: &str) -> OpenApi {
    let mut document = Document::openapi().merge_from(endpoints);
    add_common_responses(&mut document, dialect);
    add_schemas(&mut document, dialect, refresh_cookie);
    document
}

fn add_common_responses(document: &mut OpenApi, dialect: Dialect) {
    let common = CommonErrors::responses();
    for item in document.paths.paths.values_mut() {
        for operation in [&mut item.get, &mut item.post, &mut item.delete].into_iter().flatten() {
            let responses = &mut operation.responses.responses;
            if dialect.says_success()
                && let Some(no_content) = responses.remove("204")
            {
                responses.entry("200".into()).or_insert(no_content);
            }
            for (status, response) in &common {
                responses.entry(status.clone()).or_insert_with(|| response.clone());
            }
        }
    }
}

fn add_schemas(document: &mut OpenApi, dialect: Dialect, refresh_cookie: &str) {
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    let cookie = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(refresh_cookie)));
    let components = document.components.get_or_insert_default();
    let mut replace = |name: &str, schema| drop(components.schemas.insert(name.to_owned(), schema));
    match dialect {
        Dialect::ErrorText | Dialect::NoExpiresIn => replace("ErrorBody", ErrorText::schema()),
        Dialect::Oauth2 => replace("ErrorBody", OauthError::schema()),
        Dialect::CookiesOnly => replace("TokenResponse", Success::schema()),
        Dialect::Tokenward | Dialect::Body => {}
    }
    components.add_security_scheme("access token", SecurityScheme::Http(bearer));
    components.add_security_scheme("refresh cookie", cookie);
}
