//! Extracts a JSON body; a body that does not fit is answered with `INVALID_REQUEST`.

use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use serde::de::DeserializeOwned;

use crate::error::ApiError;

pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        match axum::Json::<T>::from_request(request, state).await {
            Ok(axum::Json(value)) => Ok(Self(value)),
            Err(rejection) => Err(invalid_json(&rejection)),
        }
    }
}

/// The error for a body that is not the expected JSON.
pub fn invalid_json(rejection: &JsonRejection) -> ApiError {
    match rejection {
        JsonRejection::MissingJsonContentType(_) => ApiError::InvalidRequest(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "content-type: expected application/json".into(),
        ),
        // Serde's message may quote the value, which may be a password; so it is not passed on.
        JsonRejection::JsonDataError(_) => {
            ApiError::invalid_field("body: expected the fields and types that /openapi.json lists")
        }
        JsonRejection::BytesRejection(_) => body_too_long(),
        _ => ApiError::invalid_field("body: expected JSON"),
    }
}

/// The error for a body that is too long or incomplete.
pub fn body_too_long() -> ApiError {
    ApiError::InvalidRequest(StatusCode::PAYLOAD_TOO_LARGE, "body: too long or incomplete".into())
}

/// Checks that a field has 1 to `max` bytes.
pub fn check_length(name: &str, value: &str, max: usize) -> Result<(), ApiError> {
    if (1..=max).contains(&value.len()) {
        return Ok(());
    }
    Err(ApiError::invalid_field(format!("{name}: expected 1 to {max} bytes, got {}", value.len())))
}
