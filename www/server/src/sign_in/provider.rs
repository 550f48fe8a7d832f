//! The provider's endpoints: discovery, keys, pushed authorization requests, the exchange of a code, user info.

use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Header, encode};
use reqwest::header::{ACCEPT, AUTHORIZATION};
use reqwest::{Client, RequestBuilder, StatusCode, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use tokio::sync::Mutex;

use super::grant::Grant;
use super::id_token::{Expected, IdToken, LogoutToken, Rejection, verify_id_token, verify_logout_token};
use super::redirect_uri;
use crate::config::providers::{is_secure, read_client_key};
use crate::config::{NewUsers, PageTokens, ProviderConfig};
use crate::now;
use crate::token::access::Authentication;
use crate::token::keys::random_bytes;

/// A provider that takes longer counts as unavailable.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How long metadata and keys are used before they are read again.
const METADATA_LIFE: Duration = Duration::from_secs(3_600);
/// The least time between two readings: of the keys while tokens come with an unknown key, and of both after a failure.
const READ_PAUSE: Duration = Duration::from_secs(1);
/// The longest response that is read, in bytes.
const MAX_RESPONSE: usize = 1024 * 1024;
/// The pauses before a code is sent again after a response with a status of 5xx.
const PAUSES: [Duration; 3] = [Duration::from_millis(300), Duration::from_millis(900), Duration::from_millis(2_700)];
/// The lifetime of a client's assertion in seconds.
const ASSERTION_LIFE: u64 = 60;
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Why a provider could not be used. The strings are for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProviderError {
    /// It does not answer, or not as it should; a later attempt may succeed.
    Unavailable(String),
    /// The response to the exchange was lost, and the code with it: only a new sign-in can succeed.
    CodeLost(String),
    /// It answered with an error, or what it sent is not valid.
    Refused(String),
}

/// What discovery returns (OpenID Connect Discovery 1.0 §3, RFC 8414).
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    pub(super) token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    end_session_endpoint: Option<String>,
    /// RFC 7009.
    pub(super) revocation_endpoint: Option<String>,
    /// RFC 9126.
    pushed_authorization_request_endpoint: Option<String>,
    #[serde(default)]
    require_pushed_authorization_requests: bool,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// RFC 9207.
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

/// What a page may ask of the provider, beside the sign-in itself.
#[derive(Debug, Clone, Default)]
pub struct AuthorizationParameters {
    pub prompt: Option<&'static str>,
    pub login_hint: Option<String>,
    pub acr_values: Option<String>,
    pub max_age: Option<u64>,
}

/// The secrets of one sign-in.
pub struct LoginSecrets {
    pub state: String,
    pub nonce: String,
    /// The PKCE verifier.
    pub verifier: String,
}

/// The outcome of an exchange: the user, and the ID token itself as a hint for the sign-out.
#[derive(Debug)]
pub struct ProviderUser {
    pub subject: String,
    pub sid: Option<String>,
    pub id_token: String,
    pub authentication: Authentication,
    /// The email, if the provider says that it is verified.
    pub email: Option<String>,
    /// The role of the role claim, if the settings name one.
    pub role: Option<String>,
    /// The provider's tokens, if pages receive them.
    pub grant: Option<Grant>,
}

/// A token response (RFC 6749 §5.1).
#[derive(Deserialize)]
pub(super) struct TokenResponse {
    id_token: Option<String>,
    pub(super) access_token: Option<String>,
    pub(super) refresh_token: Option<String>,
    pub(super) token_type: Option<String>,
    /// Seconds, as a number; some providers write a string.
    pub(super) expires_in: Option<Value>,
}

#[derive(Deserialize)]
struct ErrorResponse {
    error: String,
}

/// A value that is read from the provider, kept, and read again when it is old.
struct Cached<T>(Mutex<CacheEntry<T>>);

struct CacheEntry<T> {
    value: Option<(Arc<T>, Instant)>,
    failed: Option<(ProviderError, Instant)>,
}

impl<T> Cached<T> {
    fn new() -> Self {
        Self(Mutex::new(CacheEntry { value: None, failed: None }))
    }

    /// The value, read again if it is older than `max_age`. Callers that wait for the same reading share its outcome. If
    /// the reading fails, the old value remains in use, and the next reading waits.
    async fn get(
        &self,
        max_age: Duration,
        read: impl AsyncFnOnce() -> Result<T, ProviderError>,
    ) -> Result<Arc<T>, ProviderError> {
        let asked_at = Instant::now();
        let mut entry = self.0.lock().await;
        if let Some((value, read_at)) = &entry.value
            && (read_at.elapsed() < max_age || *read_at > asked_at)
        {
            return Ok(value.clone());
        }
        if let Some((error, failed_at)) = &entry.failed
            && (*failed_at > asked_at || failed_at.elapsed() < READ_PAUSE)
        {
            return entry.value.as_ref().map(|(value, _)| value.clone()).ok_or(error.clone());
        }
        match read().await {
            Ok(value) => {
                let value = Arc::new(value);
                entry.value = Some((value.clone(), Instant::now()));
                Ok(value)
            }
            Err(error) => {
                entry.failed = Some((error.clone(), Instant::now()));
                entry.value.as_ref().map(|(value, _)| value.clone()).ok_or(error)
            }
        }
    }
}

/// The HTTP client for all providers. It follows no redirect, so that a provider cannot send it elsewhere.
pub fn http_client() -> reqwest::Result<Client> {
    Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(TIMEOUT).build()
}

/// One identity provider.
pub struct Provider {
    config: ProviderConfig,
    http: Client,
    metadata: Cached<Metadata>,
    keys: Cached<JwkSet>,
}

impl Provider {
    pub fn new(config: ProviderConfig, http: Client) -> Self {
        Self { config, http, metadata: Cached::new(), keys: Cached::new() }
    }

    pub fn name(&self) -> &str {
        &self.config.name
    }

    pub fn issuer(&self) -> &str {
        &self.config.issuer
    }

    pub fn new_users(&self) -> NewUsers {
        self.config.new_users
    }

    /// Whether pages receive the provider's access tokens.
    pub fn mediates(&self) -> bool {
        self.config.tokens == PageTokens::Provider
    }

    pub(super) async fn metadata(&self) -> Result<Arc<Metadata>, ProviderError> {
        let read = async || {
            let address = format!("{}/.well-known/openid-configuration", self.config.issuer.trim_end_matches('/'));
            let metadata: Metadata = self.read_json(self.http.get(address)).await?;
            // OpenID Connect Discovery §4.3.
            if metadata.issuer != self.config.issuer {
                return Err(ProviderError::Refused(format!("issuer: expected {}, got another", self.config.issuer)));
            }
            let pushed = metadata.pushed_authorization_request_endpoint.as_ref();
            let endpoints = [&metadata.authorization_endpoint, &metadata.token_endpoint, &metadata.jwks_uri];
            if let Some(endpoint) = endpoints.into_iter().chain(pushed).find(|endpoint| !is_secure(endpoint)) {
                return Err(ProviderError::Refused(format!("metadata: expected https addresses, got {endpoint:?}")));
            }
            Ok(metadata)
        };
        self.metadata.get(METADATA_LIFE, read).await
    }

    async fn keys(&self, max_age: Duration) -> Result<Arc<JwkSet>, ProviderError> {
        let metadata = self.metadata().await?;
        let read = async || {
            #[derive(Deserialize)]
            struct Keys {
                keys: Vec<Value>,
            }
            let Keys { keys } = self.read_json(self.http.get(&metadata.jwks_uri)).await?;
            // A set may also have keys of kinds that this server does not know.
            Ok(JwkSet { keys: keys.into_iter().filter_map(|key| serde_json::from_value(key).ok()).collect() })
        };
        self.keys.get(max_age, read).await
    }

    /// The address at which the browser signs in.
    pub async fn authorization_url(
        &self,
        public_url: &str,
        login: &LoginSecrets,
        parameters: &AuthorizationParameters,
    ) -> Result<String, ProviderError> {
        let metadata = self.metadata().await?;
        let challenge = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, login.verifier.as_bytes());
        let mut query = vec![
            ("response_type", "code".to_owned()),
            ("client_id", self.config.client_id.clone()),
            ("redirect_uri", redirect_uri(public_url)),
            ("scope", self.config.scope.clone()),
            ("state", login.state.clone()),
            ("nonce", login.nonce.clone()),
            ("code_challenge", BASE64_URL_SAFE_NO_PAD.encode(challenge)),
            ("code_challenge_method", "S256".to_owned()),
        ];
        let AuthorizationParameters { prompt, login_hint, acr_values, max_age } = parameters;
        let optional = [
            ("prompt", prompt.map(str::to_owned)),
            ("login_hint", login_hint.clone()),
            ("acr_values", acr_values.clone()),
            ("max_age", max_age.map(|seconds| seconds.to_string())),
        ];
        query.extend(optional.into_iter().filter_map(|(name, value)| Some((name, value?))));
        if let Some(endpoint) = &metadata.pushed_authorization_request_endpoint
            && let Some(request_uri) = self.push(endpoint, &metadata, &query).await?
        {
            query = vec![("client_id", self.config.client_id.clone()), ("request_uri", request_uri)];
        }
        let address = Url::parse_with_params(&metadata.authorization_endpoint, query);
        address.map(String::from).map_err(|error| ProviderError::Refused(format!("authorization_endpoint: {error}")))
    }

    /// Sends the parameters of a sign-in to the provider (RFC 9126), so that an unavailable provider is found before the
    /// browser leaves. `None` if this client cannot use the endpoint and does not have to.
    async fn push(
        &self,
        endpoint: &str,
        metadata: &Metadata,
        query: &[(&str, String)],
    ) -> Result<Option<String>, ProviderError> {
        #[derive(Deserialize)]
        struct Pushed {
            request_uri: String,
        }
        match self.read_json::<Pushed>(self.authenticated(endpoint, metadata, query)?).await {
            Ok(pushed) => Ok(Some(pushed.request_uri)),
            Err(ProviderError::Refused(_)) if !metadata.require_pushed_authorization_requests => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Checks the parameter `iss` of the callback (RFC 9207): without it, a provider that an attacker controls could pass off
    /// its code as that of another ("mix-up").
    pub async fn check_issuer(&self, issuer: Option<&str>) -> Result<(), ProviderError> {
        let refused = |text: &str| Err(ProviderError::Refused(format!("iss: {text}")));
        match issuer {
            Some(issuer) if issuer == self.config.issuer => Ok(()),
            Some(_) => refused("expected the issuer of the provider"),
            None if self.metadata().await?.authorization_response_iss_parameter_supported => {
                refused("expected the issuer of the provider, got none")
            }
            None => Ok(()),
        }
    }

    /// Redeems a code and checks the ID token.
    pub async fn exchange(
        &self,
        public_url: &str,
        code: &str,
        login: &LoginSecrets,
        max_age: Option<u64>,
    ) -> Result<ProviderUser, ProviderError> {
        let metadata = self.metadata().await?;
        let form = [
            ("grant_type", "authorization_code".to_owned()),
            ("code", code.to_owned()),
            ("redirect_uri", redirect_uri(public_url)),
            ("code_verifier", login.verifier.clone()),
        ];
        let response = self.redeem(&metadata, &form).await?;
        let Some(id_token) = response.id_token.clone() else {
            return Err(ProviderError::Refused("id_token: expected one in the token response, got none".into()));
        };
        let verify = |keys: &JwkSet| verify_id_token(&id_token, keys, &self.expected(), &login.nonce, max_age);
        let IdToken { subject, sid, authentication, claims } = self.with_keys(verify).await?;
        let email = match verified_email(&claims) {
            None if !claims.contains_key("email") => {
                self.email_of_user_info(&metadata, response.access_token.as_deref(), &subject).await
            }
            email => email,
        };
        let role = self.config.role_claim.as_deref().map(|path| role(&claims, path, &self.config.roles));
        let grant = self.mediates().then(|| Grant::of_sign_in(response)).transpose()?;
        Ok(ProviderUser { subject, sid, id_token, authentication, email, role, grant })
    }

    /// Sends the code. A provider that answers with 5xx has not redeemed it, as far as it says, and receives it again.
    async fn redeem(&self, metadata: &Metadata, form: &[(&str, String)]) -> Result<TokenResponse, ProviderError> {
        let mut failure = String::new();
        for pause in PAUSES.into_iter().map(Some).chain([None]) {
            let request = self.authenticated(&metadata.token_endpoint, metadata, form)?;
            let response = match request.header(ACCEPT, "application/json").send().await {
                Ok(response) => response,
                Err(error) if !error.is_connect() => return Err(ProviderError::CodeLost(describe(&error))),
                Err(error) => {
                    failure = describe(&error);
                    tokio::time::sleep(pause.unwrap_or_default()).await;
                    continue;
                }
            };
            let status = response.status();
            if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
                failure = format!("token endpoint: status {status}");
                tokio::time::sleep(pause.unwrap_or_default()).await;
                continue;
            }
            let body = read_body(response).await.map_err(ProviderError::CodeLost)?;
            if status.is_success() {
                return serde_json::from_slice(&body)
                    .map_err(|error| ProviderError::Refused(format!("token endpoint: expected JSON: {error}")));
            }
            let error = error_of(&body);
            // The first of the requests may have redeemed the code, although the provider answered with 5xx.
            return Err(if error == "invalid_grant" && !failure.is_empty() {
                ProviderError::CodeLost(format!("token endpoint: {error} after {failure}"))
            } else {
                ProviderError::Refused(format!("token endpoint: status {status}, error {error}"))
            });
        }
        Err(ProviderError::Unavailable(failure))
    }

    /// The email of the user info endpoint: a provider does not have to put it into the ID token (OpenID Connect Core §5.4).
    async fn email_of_user_info(
        &self,
        metadata: &Metadata,
        access_token: Option<&str>,
        subject: &str,
    ) -> Option<String> {
        let (endpoint, access_token) = metadata.userinfo_endpoint.as_deref().zip(access_token)?;
        let asks_for_email = self.config.scope.split_whitespace().any(|scope| scope == "email");
        if !asks_for_email || !is_secure(endpoint) {
            return None;
        }
        match self.read_json::<Map<String, Value>>(self.http.get(endpoint).bearer_auth(access_token)).await {
            // OpenID Connect Core §5.3.2: the claims of another subject must not be used.
            Ok(claims) if claims.get("sub").and_then(Value::as_str) == Some(subject) => verified_email(&claims),
            Ok(_) => None,
            Err(error) => {
                tracing::warn!(provider = self.name(), ?error, "the user info of a provider could not be read");
                None
            }
        }
    }

    /// Checks a logout token.
    pub async fn logout_token(&self, token: &str) -> Result<LogoutToken, ProviderError> {
        self.with_keys(|keys| verify_logout_token(token, keys, &self.expected())).await
    }

    /// Where the provider's session ends; `None` if the provider has no such endpoint or does not answer.
    pub async fn end_session_url(&self, public_url: &str, id_token: Option<&str>, state: &str) -> Option<String> {
        let metadata = self.metadata().await.ok()?;
        let endpoint = metadata.end_session_endpoint.as_deref().filter(|endpoint| is_secure(endpoint))?;
        let mut query = vec![
            ("client_id", self.config.client_id.clone()),
            ("post_logout_redirect_uri", format!("{public_url}/auth/end")),
            ("state", state.to_owned()),
        ];
        query.extend(id_token.map(|id_token| ("id_token_hint", id_token.to_owned())));
        Url::parse_with_params(endpoint, query).ok().map(String::from)
    }

    fn expected(&self) -> Expected<'_> {
        Expected { issuer: &self.config.issuer, client_id: &self.config.client_id, now: now() }
    }

    /// Checks a token with the provider's keys; reads them again if the token has an unknown one.
    async fn with_keys<T>(&self, verify: impl Fn(&JwkSet) -> Result<T, Rejection>) -> Result<T, ProviderError> {
        let refused = |text| Err(ProviderError::Refused(text));
        match verify(&*self.keys(METADATA_LIFE).await?) {
            Ok(token) => return Ok(token),
            Err(Rejection::Invalid(text)) => return refused(text),
            Err(Rejection::UnknownKey) => {}
        }
        match verify(&*self.keys(READ_PAUSE).await?) {
            Ok(token) => Ok(token),
            Err(Rejection::Invalid(text)) => refused(text),
            Err(Rejection::UnknownKey) => refused("token: expected a key of the provider's set, got another".into()),
        }
    }

    /// A POST with the client's authentication (OpenID Connect Core §9, RFC 7523).
    pub(super) fn authenticated(
        &self,
        endpoint: &str,
        metadata: &Metadata,
        form: &[(&str, String)],
    ) -> Result<RequestBuilder, ProviderError> {
        let id = &self.config.client_id;
        let mut form = form.to_vec();
        let has_id = form.iter().any(|(name, _)| *name == "client_id");
        let mut basic = None;
        if let Some(key) = &self.config.client_key {
            form.push(("client_assertion_type", ASSERTION_TYPE.to_owned()));
            form.push(("client_assertion", self.assertion(key.expose(), &metadata.issuer)?));
        } else if let Some(secret) = &self.config.client_secret {
            let methods = metadata.token_endpoint_auth_methods_supported.as_ref();
            let supports = |method: &str| methods.is_some_and(|methods| methods.iter().any(|one| one == method));
            if supports("client_secret_post") && !supports("client_secret_basic") {
                form.push(("client_secret", secret.expose().to_owned()));
            } else {
                basic = Some(format!("{}:{}", form_encode(id), form_encode(secret.expose())));
            }
        }
        if basic.is_none() && !has_id {
            form.push(("client_id", id.clone()));
        }
        let mut request = self.http.post(endpoint).form(&form);
        if let Some(basic) = basic {
            request = request.header(AUTHORIZATION, format!("Basic {}", BASE64_STANDARD.encode(basic)));
        }
        Ok(request)
    }

    /// The client's assertion (RFC 7523 §3). Its audience is the issuer.
    fn assertion(&self, pem: &str, audience: &str) -> Result<String, ProviderError> {
        let failed = || ProviderError::Unavailable("the client's key cannot sign".into());
        let (key, algorithm) = read_client_key(pem).ok_or_else(failed)?;
        let (id, now) = (&self.config.client_id, now());
        let claims = json!({
            "iss": id, "sub": id, "aud": audience, "iat": now, "exp": now + ASSERTION_LIFE,
            "jti": BASE64_URL_SAFE_NO_PAD.encode(random_bytes::<16>()),
        });
        encode(&Header::new(algorithm), &claims, &key).map_err(|_| failed())
    }

    /// Sends a request whose response must be JSON.
    async fn read_json<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, ProviderError> {
        let request = request.header(ACCEPT, "application/json");
        let response = request.send().await.map_err(|error| ProviderError::Unavailable(describe(&error)))?;
        let (status, url) = (response.status(), response.url().clone());
        let body = read_body(response).await.map_err(ProviderError::Unavailable)?;
        let place = url.path();
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            return Err(ProviderError::Unavailable(format!("{place}: status {status}")));
        }
        if !status.is_success() {
            return Err(ProviderError::Refused(format!("{place}: status {status}, error {}", error_of(&body))));
        }
        let read = serde_json::from_slice(&body);
        read.map_err(|error| ProviderError::Unavailable(format!("{place}: expected JSON: {error}")))
    }
}

pub(super) async fn read_body(mut response: reqwest::Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| describe(&error))? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_RESPONSE {
            return Err(format!("expected a response of at most {MAX_RESPONSE} bytes, got a longer one"));
        }
    }
    Ok(body)
}

/// The code of an error response (RFC 6749 §5.2), without anything that could change a line of the log.
pub(super) fn error_of(body: &[u8]) -> String {
    let error = serde_json::from_slice(body).map_or_else(|_| "unknown".to_owned(), |body: ErrorResponse| body.error);
    error.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(60).collect()
}

/// The error without the address, whose query may be secret.
pub(super) fn describe(error: &reqwest::Error) -> String {
    let mut text = String::new();
    let mut source: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(cause) = source {
        text = cause.to_string();
        source = cause.source();
    }
    if error.is_timeout() { "no response in time".into() } else { format!("no response: {text}") }
}

/// RFC 6749 §2.3.1: id and secret are form-encoded before they are joined.
fn form_encode(text: &str) -> String {
    let mut address = Url::parse("http://tokenward.invalid").expect("the address is valid");
    address.query_pairs_mut().append_key_only(text);
    address.query().unwrap_or_default().to_owned()
}

/// The email, if it is verified. Some providers write the flag as a string.
fn verified_email(claims: &Map<String, Value>) -> Option<String> {
    let verified = claims.get("email_verified");
    if verified.and_then(Value::as_bool) != Some(true) && verified.and_then(Value::as_str) != Some("true") {
        return None;
    }
    let email = claims.get("email")?.as_str()?;
    let is_plain = email.len() <= 254 && email.contains('@') && !email.contains(char::is_control);
    is_plain.then(|| email.to_owned())
}

/// The first of `roles` that the claim at `path` has, or `user`. The name of a claim may have dots itself.
fn role(claims: &Map<String, Value>, path: &str, roles: &[String]) -> String {
    let nested = || {
        let mut names = path.split('.');
        let first = claims.get(names.next()?)?;
        names.try_fold(first, |value, name| value.get(name))
    };
    let has = |role: &String| match claims.get(path).or_else(nested) {
        Some(Value::String(text)) => text == role,
        Some(Value::Array(values)) => values.iter().any(|value| value.as_str() == Some(role)),
        _ => false,
    };
    roles.iter().find(|role| has(role)).cloned().unwrap_or_else(|| "user".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(value: Value) -> Map<String, Value> {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn the_role_is_the_first_of_the_settings_that_the_claim_has() {
        let roles = ["admin".to_owned(), "editor".to_owned()];
        for (value, path, expected) in [
            (json!({ "role": "admin" }), "role", "admin"),
            (json!({ "role": "root" }), "role", "user"),
            (json!({ "roles": ["x", "editor", "admin"] }), "roles", "admin"),
            (json!({ "realm_access": { "roles": ["editor"] } }), "realm_access.roles", "editor"),
            (json!({ "https://app.example.com/roles": ["editor"] }), "https://app.example.com/roles", "editor"),
            (json!({ "roles": "administrator" }), "roles", "user"),
            (json!({ "roles": { "admin": true } }), "roles", "user"),
            (json!({}), "roles", "user"),
        ] {
            assert_eq!(role(&claims(value.clone()), path, &roles), expected, "{value}");
        }
    }

    #[test]
    fn an_email_counts_only_if_it_is_verified() {
        for (value, expected) in [
            (json!({ "email": "ada@example.com", "email_verified": true }), Some("ada@example.com")),
            (json!({ "email": "ada@example.com", "email_verified": "true" }), Some("ada@example.com")),
            (json!({ "email": "ada@example.com", "email_verified": false }), None),
            (json!({ "email": "ada@example.com" }), None),
            (json!({ "email": "a\n@example.com", "email_verified": true }), None),
            (json!({ "email": 7, "email_verified": true }), None),
        ] {
            assert_eq!(verified_email(&claims(value.clone())).as_deref(), expected, "{value}");
        }
    }
}
