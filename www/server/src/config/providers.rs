//! The settings of identity providers.

use std::net::IpAddr;

use jsonwebtoken::{Algorithm, EncodingKey};
use reqwest::Url;

use super::reader::Reader;
use super::{Config, Secret};
use crate::dialect::Dialect;

/// The name of the provider whose settings have no name in them.
pub const DEFAULT_PROVIDER: &str = "default";

/// Whether a user who signs in for the first time is created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewUsers {
    /// The user is created.
    Create,
    /// The sign-in is rejected.
    Reject,
}

/// Whose access tokens a page receives after a sign-in at a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageTokens {
    /// Those of this server.
    Own,
    /// Those of the provider, which this server renews (see `sign_in/mediation.rs`).
    Provider,
}

/// An identity provider, and this server as its client.
#[derive(Debug, Clone)]
#[allow(missing_docs)] // `SETTINGS` describes the fields.
pub struct ProviderConfig {
    pub name: String,
    pub issuer: String,
    pub client_id: String,
    pub client_secret: Option<Secret>,
    pub client_key: Option<Secret>,
    pub scope: String,
    pub role_claim: Option<String>,
    pub roles: Vec<String>,
    pub new_users: NewUsers,
    pub tokens: PageTokens,
}

impl<G: Fn(&str) -> Option<String>> Reader<G> {
    /// The providers: the one whose settings have no name, then those of `OIDC_PROVIDERS`.
    pub fn providers(&mut self) -> Vec<ProviderConfig> {
        let names = self.read("OIDC_PROVIDERS", |text| {
            let valid = |name: &&str| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
            let names: Vec<_> = text.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
            names.iter().all(valid).then(|| names.into_iter().map(str::to_owned).collect::<Vec<_>>())
        });
        let is_set = (self.get)("OIDC_ISSUER").is_some();
        let unnamed = is_set.then(|| self.provider(DEFAULT_PROVIDER, "OIDC_"));
        let mut providers: Vec<_> = unnamed.into_iter().collect();
        for name in names {
            providers.push(self.provider(&name, &format!("OIDC_{}_", name.to_ascii_uppercase())));
        }
        providers
    }

    fn provider(&mut self, name: &str, prefix: &str) -> ProviderConfig {
        let text = |text: &str| Some(text.to_owned());
        let variable = |setting: &str| format!("{prefix}{setting}");
        let provider = ProviderConfig {
            name: name.to_owned(),
            issuer: self.read_like(&variable("ISSUER"), "OIDC_ISSUER", |text| {
                (text.is_empty() || is_secure(text)).then(|| text.to_owned())
            }),
            client_id: self.read_like(&variable("CLIENT_ID"), "OIDC_CLIENT_ID", text),
            client_secret: self.secret(&variable("CLIENT_SECRET")),
            client_key: self.secret(&variable("CLIENT_KEY")),
            scope: self.read_like(&variable("SCOPE"), "OIDC_SCOPE", |text| {
                text.split_whitespace().any(|scope| scope == "openid").then(|| text.to_owned())
            }),
            role_claim: self.read_like(&variable("ROLE_CLAIM"), "OIDC_ROLE_CLAIM", |text| {
                Some((!text.is_empty()).then(|| text.to_owned()))
            }),
            roles: self.read_like(&variable("ROLES"), "OIDC_ROLES", |text| {
                let roles = text.split(',').map(str::trim).filter(|role| !role.is_empty());
                Some(roles.map(str::to_owned).collect())
            }),
            new_users: self.read_like(&variable("USERS"), "OIDC_USERS", |text| match text {
                "create" => Some(NewUsers::Create),
                "known" => Some(NewUsers::Reject),
                _ => None,
            }),
            tokens: self.read_like(&variable("TOKENS"), "OIDC_TOKENS", |text| match text {
                "own" => Some(PageTokens::Own),
                "provider" => Some(PageTokens::Provider),
                _ => None,
            }),
        };
        for (setting, value) in [("ISSUER", &provider.issuer), ("CLIENT_ID", &provider.client_id)] {
            if value.is_empty() {
                self.problems.push(format!("{prefix}{setting}: expected a value for the provider {name}, got none"));
            }
        }
        if provider.client_key.as_ref().is_some_and(|key| read_client_key(key.expose()).is_none()) {
            let expected = "expected a PKCS#8 PEM of an RSA, P-256 or Ed25519 key, got something else";
            self.problems.push(format!("{prefix}CLIENT_KEY: {expected}"));
        }
        if provider.client_key.is_some() && provider.client_secret.is_some() {
            let expected = format!("expected no value, because {prefix}CLIENT_KEY is set as well");
            self.problems.push(format!("{prefix}CLIENT_SECRET: {expected}"));
        }
        provider
    }

    /// Checks what providers need of the other settings.
    pub fn check_providers(&mut self, config: &Config) {
        if !config.providers.is_empty() && config.public_url.is_none() {
            self.problems.push("PUBLIC_URL: expected an origin, because a provider is set, got none".into());
        }
        let mediated = config.providers.iter().find(|provider| provider.tokens == PageTokens::Provider);
        if let Some(provider) = mediated.filter(|_| config.dialect != Dialect::Tokenward) {
            let reason = format!("because pages receive the tokens of the provider {}", provider.name);
            self.problems.push(format!("DIALECT: expected tokenward, {reason} (OIDC_TOKENS=provider), got another"));
        }
        let mut names: Vec<_> = config.providers.iter().map(|provider| &provider.name).collect();
        names.sort();
        if let Some([name, ..]) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            self.problems.push(format!("OIDC_PROVIDERS: expected each name once, got {name:?} twice"));
        }
    }
}

/// Reads `PUBLIC_URL`: an origin without a path, or nothing.
pub fn public_url(text: &str) -> Option<Option<String>> {
    if text.is_empty() {
        return Some(None);
    }
    let url = Url::parse(text).ok().filter(|_| is_secure(text))?;
    let origin = url.origin().ascii_serialization();
    (text.trim_end_matches('/') == origin).then_some(Some(origin))
}

/// Whether requests to an address are protected: https, or http that does not leave the machine.
pub fn is_secure(address: &str) -> bool {
    let Ok(url) = Url::parse(address) else { return false };
    let host = url.host_str().unwrap_or_default();
    match url.scheme() {
        "https" => !host.is_empty() && url.username().is_empty(),
        "http" => is_loopback(host),
        _ => false,
    }
}

/// Whether a host name means this machine.
pub fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// Reads `OIDC_CLIENT_KEY`, and says with which algorithm the key signs.
pub fn read_client_key(pem: &str) -> Option<(EncodingKey, Algorithm)> {
    let pem = pem.as_bytes();
    let rsa = || EncodingKey::from_rsa_pem(pem).map(|key| (key, Algorithm::RS256));
    let p256 = || EncodingKey::from_ec_pem(pem).map(|key| (key, Algorithm::ES256));
    let ed25519 = || EncodingKey::from_ed_pem(pem).map(|key| (key, Algorithm::EdDSA));
    ed25519().or_else(|_| p256()).or_else(|_| rsa()).ok()
}
