//! Sign-in at identity providers (OpenID Connect Core 1.0) with the authorization code flow and PKCE.
//!
//! This server is the OAuth client: the code, the provider's tokens and the client's secret never reach a page. A sign-in
//! begins a session of this server, and the browser receives the same refresh cookie as from a login with a password.
//!
//! No sign-in that is under way is stored. The parameter `state` carries what the callback needs, with a MAC, and the PKCE
//! verifier and the nonce follow from it and from a cookie of the browser. So any number of tabs share one cookie, and each
//! of several servers can finish what another began.

mod exchange;
mod grant;
mod id_token;
mod login_state;
pub mod mediation;
mod provider;
mod return_to;

use axum::http::HeaderMap;
use axum::http::header::HOST;
use serde::{Deserialize, Serialize};

pub use self::exchange::{
    Callback, Finished, authentication, end_replaced, finish, log_failure, provider_session, provider_session_key,
};
pub use self::id_token::{LOGOUT_TOKEN_LIFE, LogoutToken, claimed_issuer};
use self::login_state::LoginStates;
pub use self::login_state::{BrowserId, LoginState};
pub use self::provider::{AuthorizationParameters, LoginSecrets, Provider, ProviderError};
pub use self::return_to::ReturnTo;
use crate::config::Config;
use crate::config::providers::is_loopback;

/// The time within which a sign-in must be finished, in seconds.
pub const LOGIN_LIFE: u64 = 600;

/// The providers, and the keys of sign-ins.
pub struct SignIn {
    providers: Vec<Provider>,
    pub states: LoginStates,
    public_url: Option<String>,
    /// Whether the host of a request may stand for `PUBLIC_URL`, if it is a loopback host: with the demo only.
    trusts_loopback_host: bool,
}

impl SignIn {
    pub fn new(config: &Config, refresh_keys: &[[u8; 32]]) -> Result<Self, std::io::Error> {
        let http = provider::http_client().map_err(std::io::Error::other)?;
        let providers = config.providers.iter().map(|provider| Provider::new(provider.clone(), http.clone())).collect();
        Ok(Self {
            providers,
            states: LoginStates::new(refresh_keys),
            public_url: config.public_url.clone(),
            trusts_loopback_host: config.demo,
        })
    }

    /// The provider with this name; without a name, the first.
    pub fn provider(&self, name: Option<&str>) -> Option<&Provider> {
        match name {
            Some(name) => self.providers.iter().find(|provider| provider.name() == name),
            None => self.providers.first(),
        }
    }

    /// Whether pages receive the access tokens of a provider.
    pub fn mediates(&self) -> bool {
        self.providers.iter().any(Provider::mediates)
    }

    /// The provider with this issuer.
    pub fn provider_of_issuer(&self, issuer: &str) -> Option<&Provider> {
        self.providers.iter().find(|provider| provider.issuer() == issuer)
    }

    /// The origin at which the browser reaches this server.
    pub fn public_url(&self, headers: &HeaderMap) -> Option<String> {
        if self.public_url.is_some() {
            return self.public_url.clone();
        }
        let host = headers.get(HOST)?.to_str().ok()?;
        let url = reqwest::Url::parse(&format!("http://{host}")).ok()?;
        let is_this_machine = url.host_str().is_some_and(is_loopback);
        (self.trusts_loopback_host && is_this_machine).then(|| url.origin().ascii_serialization())
    }
}

/// The address to which the provider sends the browser back.
pub fn redirect_uri(public_url: &str) -> String {
    format!("{public_url}/auth/callback")
}

/// Why a sign-in failed. The page receives one of these names, and no text of the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignInError {
    /// The user or the provider refused (RFC 6749 §4.1.2.1).
    AccessDenied,
    /// `prompt=none`, and the provider has to ask the user (OpenID Connect Core §3.1.2.6).
    InteractionRequired,
    /// The provider does not answer, or not as it should.
    ProviderUnavailable,
    /// The provider answered with an error, or what it sent is not valid.
    ProviderRefused,
    /// The sign-in was begun too long ago, or in another browser.
    StaleSignIn,
}

impl SignInError {
    /// The name in the mark of an address.
    pub fn name(self) -> &'static str {
        match self {
            Self::AccessDenied => "access_denied",
            Self::InteractionRequired => "interaction_required",
            Self::ProviderUnavailable => "provider_unavailable",
            Self::ProviderRefused => "provider_refused",
            Self::StaleSignIn => "stale_sign_in",
        }
    }

    /// The error that the provider's parameter `error` means.
    pub fn of_provider(error: &str) -> Self {
        match error {
            // (The second one: OpenID Connect Core Error Code unmet_authentication_requirements 1.0.)
            "access_denied" | "unmet_authentication_requirements" => Self::AccessDenied,
            "login_required" | "interaction_required" | "consent_required" | "account_selection_required" => {
                Self::InteractionRequired
            }
            "temporarily_unavailable" | "server_error" => Self::ProviderUnavailable,
            _ => Self::ProviderRefused,
        }
    }
}

impl From<ProviderError> for SignInError {
    fn from(error: ProviderError) -> Self {
        match error {
            ProviderError::Unavailable(_) | ProviderError::CodeLost(_) => Self::ProviderUnavailable,
            ProviderError::Refused(_) => Self::ProviderRefused,
        }
    }
}

/// How a sign-in or a sign-out ended. The page finds it behind the fragment of the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    SignedIn,
    SignedOut,
    Failed(SignInError),
}

impl std::fmt::Display for Mark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::SignedIn => f.write_str("~signed-in"),
            Self::SignedOut => f.write_str("~signed-out"),
            Self::Failed(error) => write!(f, "~sign-in-error={}", error.name()),
        }
    }
}
