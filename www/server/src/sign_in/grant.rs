//! The tokens that a provider grants, where pages receive them: renewed (RFC 6749 §6) and revoked (RFC 7009).

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{ACCEPT, HeaderMap, RETRY_AFTER};
use serde_json::Value;

use super::provider::{Provider, ProviderError, TokenResponse, describe, error_of, read_body};
use crate::config::Secret;
use crate::config::providers::is_secure;

/// The lifetime of an access token whose response does not state one, in seconds.
const DEFAULT_LIFETIME: u64 = 300;
/// The longest lifetime of an access token that counts, in seconds.
const MAX_LIFETIME: u64 = 86_400;
/// The longest token that is kept, in bytes.
const MAX_TOKEN_LENGTH: usize = 64 * 1024;
/// The pauses before a revocation is sent again.
const REVOCATION_PAUSES: [Duration; 3] = [Duration::from_millis(500), Duration::from_secs(2), Duration::from_secs(5)];

/// The tokens of a token response.
#[derive(Debug)]
pub struct Grant {
    pub access_token: Secret,
    /// Absent from the response to a refresh if the refresh token remains valid.
    pub refresh_token: Option<Secret>,
    /// The lifetime of the access token in seconds.
    pub lifetime: u64,
}

/// Why a provider did not renew a token. The strings are for the log.
#[derive(Debug)]
pub enum RenewalError {
    /// It says that it has not processed the request. It may ask to wait.
    Unavailable(String, Option<u64>),
    /// The response is lost: the provider may have processed the request, and may still do so.
    Lost(String),
    /// `invalid_grant`: the refresh token is not valid any more.
    Ended,
    /// It rejects this server as a client, or its response is not what the settings call for.
    Refused(String),
}

impl Grant {
    /// The tokens of a sign-in.
    pub(super) fn of_sign_in(response: TokenResponse) -> Result<Self, ProviderError> {
        let grant = Self::read(response).map_err(ProviderError::Refused)?;
        if grant.refresh_token.is_none() {
            let reason = "because OIDC_TOKENS is provider; the provider may require the scope offline_access";
            return Err(ProviderError::Refused(format!("refresh_token: expected one, {reason}, got none")));
        }
        Ok(grant)
    }

    fn read(response: TokenResponse) -> Result<Self, String> {
        let plain = |token: &String| {
            (1..=MAX_TOKEN_LENGTH).contains(&token.len()) && token.bytes().all(|byte| (b' '..=b'~').contains(&byte))
        };
        let access_token = response.access_token.filter(plain);
        let access_token = access_token.ok_or("access_token: expected one in the token response, got none")?;
        if response.token_type.is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer")) {
            return Err("token_type: expected Bearer, got another".into());
        }
        let lifetime = match response.expires_in {
            Some(Value::String(text)) => text.parse().ok(),
            Some(value) => value.as_u64(),
            None => Some(DEFAULT_LIFETIME),
        };
        let lifetime = lifetime.filter(|seconds| *seconds > 0).ok_or("expires_in: expected seconds")?;
        let refresh_token = response.refresh_token.filter(plain).map(Secret::new);
        Ok(Self { access_token: Secret::new(access_token), refresh_token, lifetime: lifetime.min(MAX_LIFETIME) })
    }
}

impl Provider {
    /// Sends a refresh token, once.
    pub async fn renew(&self, refresh_token: &str) -> Result<Grant, RenewalError> {
        let refused = |error| match error {
            ProviderError::Refused(text) => RenewalError::Refused(text),
            ProviderError::Unavailable(text) | ProviderError::CodeLost(text) => RenewalError::Unavailable(text, None),
        };
        let metadata = self.metadata().await.map_err(refused)?;
        let form = [("grant_type", "refresh_token".to_owned()), ("refresh_token", refresh_token.to_owned())];
        let request = self.authenticated(&metadata.token_endpoint, &metadata, &form).map_err(refused)?;
        let response = match request.header(ACCEPT, "application/json").send().await {
            Ok(response) => response,
            Err(error) if error.is_connect() => return Err(RenewalError::Unavailable(describe(&error), None)),
            Err(error) => return Err(RenewalError::Lost(describe(&error))),
        };
        let (status, retry_after) = (response.status(), retry_after(response.headers()));
        let failure = format!("token endpoint: status {status}");
        match status {
            // A gateway says nothing about the server behind it.
            StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT => return Err(RenewalError::Lost(failure)),
            StatusCode::TOO_MANY_REQUESTS => return Err(RenewalError::Unavailable(failure, retry_after)),
            _ if status.is_server_error() => return Err(RenewalError::Unavailable(failure, retry_after)),
            _ => {}
        }
        let body = read_body(response).await.map_err(RenewalError::Lost)?;
        if status.is_success() {
            let response = serde_json::from_slice(&body);
            let response = response.map_err(|_| RenewalError::Lost("token endpoint: expected JSON".into()))?;
            return Grant::read(response).map_err(RenewalError::Refused);
        }
        match error_of(&body) {
            error if error == "invalid_grant" => Err(RenewalError::Ended),
            error => Err(RenewalError::Refused(format!("{failure}, error {error}"))),
        }
    }

    /// Revokes a refresh token, if the provider has an endpoint for it. Tries again if the provider is not available.
    pub async fn revoke(&self, refresh_token: &str) -> Result<(), ProviderError> {
        let mut failure = None;
        for pause in REVOCATION_PAUSES.into_iter().map(Some).chain([None]) {
            match self.revoke_once(refresh_token).await {
                Err(ProviderError::Unavailable(text)) => failure = Some(ProviderError::Unavailable(text)),
                result => return result,
            }
            tokio::time::sleep(pause.unwrap_or_default()).await;
        }
        failure.map_or(Ok(()), Err)
    }

    async fn revoke_once(&self, refresh_token: &str) -> Result<(), ProviderError> {
        let metadata = self.metadata().await?;
        let endpoint = metadata.revocation_endpoint.as_deref().filter(|endpoint| is_secure(endpoint));
        let Some(endpoint) = endpoint else { return Ok(()) };
        let form = [("token", refresh_token.to_owned()), ("token_type_hint", "refresh_token".to_owned())];
        let response = self.authenticated(endpoint, &metadata, &form)?.send().await;
        let status = response.map_err(|error| ProviderError::Unavailable(describe(&error)))?.status();
        let failure = format!("revocation endpoint: status {status}");
        match status {
            _ if status.is_success() => Ok(()),
            StatusCode::TOO_MANY_REQUESTS => Err(ProviderError::Unavailable(failure)),
            _ if status.is_server_error() => Err(ProviderError::Unavailable(failure)),
            _ => Err(ProviderError::Refused(failure)),
        }
    }
}

/// The header `Retry-After` in seconds; a date counts as none.
fn retry_after(headers: &HeaderMap) -> Option<u64> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(changes: &Value) -> Result<Grant, String> {
        let mut body = json!({ "access_token": "a", "refresh_token": "r", "token_type": "bearer", "expires_in": 60 });
        for (name, value) in changes.as_object().unwrap() {
            body[name] = value.clone();
        }
        Grant::read(serde_json::from_value(body).unwrap())
    }

    #[test]
    fn a_token_response_is_read_or_named_as_wrong() {
        for (changes, lifetime) in [
            (json!({}), 60),
            (json!({ "expires_in": "3599" }), 3_599),
            (json!({ "expires_in": null }), DEFAULT_LIFETIME),
            (json!({ "expires_in": 999_999_999 }), MAX_LIFETIME),
            (json!({ "token_type": null }), 60),
        ] {
            assert_eq!(read(&changes).map(|grant| grant.lifetime), Ok(lifetime), "{changes}");
        }
        for (changes, field) in [
            (json!({ "access_token": null }), "access_token: expected"),
            (json!({ "access_token": "" }), "access_token: expected"),
            (json!({ "access_token": "a\nb" }), "access_token: expected"),
            (json!({ "token_type": "DPoP" }), "token_type: expected Bearer"),
            (json!({ "expires_in": 0 }), "expires_in: expected"),
            (json!({ "expires_in": "soon" }), "expires_in: expected"),
        ] {
            let error = read(&changes).map(|grant| grant.lifetime).unwrap_err();
            assert!(error.contains(field), "{changes}: {error}");
        }
        assert!(read(&json!({ "refresh_token": null })).unwrap().refresh_token.is_none());
    }

    #[test]
    fn tokens_are_not_printed() {
        let text = format!("{:?}", read(&json!({ "access_token": "hidden-1", "refresh_token": "hidden-2" })));
        assert!(text.contains("lifetime: 60") && !text.contains("hidden"), "{text}");
    }
}
