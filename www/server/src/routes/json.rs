//! A JSON body whose faults are answered in the contract's words.

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
            Err(rejection) => Err(invalid(&rejection)),
        }
    }
}

pub fn invalid(rejection: &JsonRejection) -> ApiError {
    match rejection {
        JsonRejection::MissingJsonContentType(_) => ApiError::InvalidRequest(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "content-type: expected application/json".into(),
        ),
        // Serde's text names the field and what was expected, but may quote the value, which may be a password.
        JsonRejection::JsonDataError(_) => {
            ApiError::field("body: expected the fields of /openapi.json with the right types")
        }
        JsonRejection::BytesRejection(_) => too_long(),
        _ => ApiError::field("body: expected JSON"),
    }
}

pub fn too_long() -> ApiError {
    ApiError::InvalidRequest(StatusCode::PAYLOAD_TOO_LARGE, "body: too long, or broken off".into())
}

/// A field that may be so many bytes long and not empty.
pub fn check_length(name: &str, value: &str, longest: usize) -> Result<(), ApiError> {
    if (1..=longest).contains(&value.len()) {
        return Ok(());
    }
    Err(ApiError::field(format!("{name}: expected 1 to {longest} bytes, got {}", value.len())))
}
