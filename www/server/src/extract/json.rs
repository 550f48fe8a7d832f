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
        JsonRejection::JsonDataError(error) => ApiError::invalid_field(wrong_field(&error.body_text())),
        JsonRejection::BytesRejection(_) => body_too_long(),
        _ => ApiError::invalid_field("body: expected JSON"),
    }
}

/// Which field is wrong, and what was expected. Serde's message may quote the value, which may be a password; so only the name
/// and the expected type are passed on.
fn wrong_field(message: &str) -> String {
    let message = message.rsplit_once("the target type: ").map_or(message, |(_, error)| error);
    let is_name = |text: &&str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.[]".contains(&byte));
    if let Some(name) = message.split('`').nth(1).filter(|_| message.starts_with("missing field")).filter(is_name) {
        return format!("{name}: expected a value, got none");
    }
    let name = message.split_once(": ").map_or("body", |(name, _)| name);
    match message.rsplit_once(", expected ").and_then(|(_, rest)| rest.split_once(" at line ")) {
        Some((expected, _)) if is_name(&name) => format!("{name}: expected {expected}"),
        _ => "body: expected the fields and types that /openapi.json lists".into(),
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

#[cfg(test)]
mod tests {
    use super::wrong_field;

    #[test]
    fn the_field_is_named_and_its_value_is_not_repeated() {
        #[derive(Debug, serde::Deserialize)]
        #[expect(dead_code, reason = "only the errors matter")]
        struct Login {
            email: String,
            password: String,
        }
        for (body, error) in [
            (r#"{"email":"ada@example.com"}"#, "password: expected a value, got none"),
            (r#"{"email":7,"password":"secret"}"#, "email: expected a string"),
            (r#"{"email":"a","password":["secret"]}"#, "password: expected a string"),
            (r#"{"email":"a","password":null}"#, "password: expected a string"),
        ] {
            let rejection = axum::Json::<Login>::from_bytes(body.as_bytes()).expect_err("the body does not fit");
            assert_eq!(wrong_field(&rejection.body_text()), error, "{body}");
        }
        for text in ["a \"b\": invalid, expected c at line 1", "", "the target type: x, expected y"] {
            assert_eq!(wrong_field(text), "body: expected the fields and types that /openapi.json lists", "{text}");
        }
    }
}
