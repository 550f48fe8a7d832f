//! The endpoints of the production server.

mod api;
mod backchannel_logout;
mod login;
mod logout;
mod oauth;
mod ops;
mod refresh;
mod sessions;
mod sign_in;
mod token_response;

use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::dialect::Dialect;
use crate::error::{ApiError, error_responses};
use crate::middleware::{buffer_body, drain_body, no_store};
use crate::state::Shared;

/// The longest body of an auth request, in bytes.
const AUTH_BODY_LIMIT: usize = 16 * 1024;
/// The longest body of an API request, in bytes.
const API_BODY_LIMIT: usize = 2 * 1024 * 1024;

error_responses!(
    TokenErrors: ApiError::NoToken, ApiError::TokenExpired, ApiError::InvalidToken, ApiError::TokenRevoked,
    ApiError::InvalidProof("what is wrong"), ApiError::UseDpopNonce
);

/// The endpoints, with their `OpenAPI` descriptions.
pub fn endpoints(dialect: Dialect) -> OpenApiRouter<Shared> {
    let mut auth = OpenApiRouter::new()
        .routes(routes!(login::login))
        .routes(routes!(refresh::refresh))
        .routes(routes!(logout::logout))
        .routes(routes!(logout::logout_all))
        .routes(routes!(sessions::sessions))
        .routes(routes!(sessions::end_session))
        .routes(routes!(sign_in::start))
        .routes(routes!(sign_in::callback))
        .routes(routes!(sign_in::done))
        .routes(routes!(sign_in::end))
        .routes(routes!(backchannel_logout::backchannel_logout));
    if dialect == Dialect::Oauth2 {
        auth = auth.routes(routes!(oauth::token)).routes(routes!(oauth::revoke));
    }
    let auth = auth.layer(from_fn_with_state(AUTH_BODY_LIMIT, buffer_body)).layer(from_fn(no_store));
    let api = OpenApiRouter::new()
        .routes(routes!(api::me))
        .routes(routes!(api::admin))
        .routes(routes!(api::step_up))
        .routes(routes!(api::echo))
        .layer(DefaultBodyLimit::max(API_BODY_LIMIT))
        .layer(from_fn_with_state(API_BODY_LIMIT, drain_body));
    OpenApiRouter::new()
        .merge(auth)
        .merge(api)
        .routes(routes!(ops::jwks))
        .routes(routes!(ops::healthz))
        .routes(routes!(ops::readyz))
        .routes(routes!(ops::metrics))
}

/// The response to a path without an endpoint.
pub async fn not_found() -> ApiError {
    ApiError::NotFound
}

/// The response to a method that the endpoint does not have.
pub async fn method_not_allowed() -> ApiError {
    ApiError::MethodNotAllowed
}
