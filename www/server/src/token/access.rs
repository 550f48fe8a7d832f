//! Access tokens: JWTs (RFC 9068, `typ: at+jwt`), signed with one key and verified with any key of the ring.

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::config::Config;
use crate::error::ApiError;
use crate::store::{Session, User};
use crate::token::dpop::Thumbprint;
use crate::token::keys::{VerifyingKey, random_bytes};

const TYP: &str = "at+jwt";
/// The longest token that is parsed, in bytes. This server issues tokens of less than 1 KiB.
const MAX_LENGTH: usize = 4_096;

/// The claims of an access token.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Claims {
    pub iss: String,
    pub aud: String,
    /// The user's id.
    pub sub: String,
    pub iat: u64,
    pub nbf: u64,
    pub exp: u64,
    /// The token's id.
    pub jti: String,
    /// The session's id.
    pub sid: String,
    pub email: String,
    pub role: String,
    #[serde(flatten)]
    pub authentication: Authentication,
    /// The key to which the token is bound (RFC 7800); absent for a bearer token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Confirmation>,
}

/// How the user authenticated, as far as the ID token of the sign-in says (RFC 9068 §2.2.1).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authentication {
    /// The authentication context class, for example `urn:example:mfa`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// When the user authenticated, in seconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<u64>,
}

/// RFC 9449 §6.1.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Confirmation {
    /// The thumbprint of the client's key.
    pub jkt: Thumbprint,
}

/// Extends access tokens: further claims, and further checks after the signature. A production server has no extension.
pub trait TokenExtension: Send + Sync {
    /// Claims that a new token carries beside [`Claims`].
    fn claims(&self, session: &Session) -> Map<String, Value>;
    /// Rejects a token whose signature and times are valid.
    fn check(&self, claims: &Claims) -> Result<(), ApiError>;
}

/// The payload of a new token.
#[derive(Serialize)]
struct Payload {
    #[serde(flatten)]
    claims: Claims,
    #[serde(flatten)]
    extension: Map<String, Value>,
}

/// Issues and verifies access tokens.
pub struct AccessTokens {
    signing: EncodingKey,
    header: Header,
    /// By `kid`; each key verifies its own algorithm only.
    verifying: HashMap<String, (DecodingKey, Validation)>,
    public: Vec<Jwk>,
    issuer: String,
    audience: String,
    ttl: u64,
    extension: Option<Arc<dyn TokenExtension>>,
}

impl AccessTokens {
    pub fn new(
        algorithm: Algorithm,
        signing: EncodingKey,
        keys: Vec<VerifyingKey>,
        config: &Config,
        extension: Option<Arc<dyn TokenExtension>>,
    ) -> Self {
        let kid = keys.first().map(|key| key.kid.clone());
        Self {
            signing,
            header: Header { typ: Some(TYP.into()), kid, ..Header::new(algorithm) },
            public: keys.iter().filter_map(|key| key.public.clone()).collect(),
            verifying: keys.into_iter().map(|key| (key.kid, (key.key, validation(key.algorithm, config)))).collect(),
            issuer: config.issuer.clone(),
            audience: config.audience.clone(),
            ttl: config.access_ttl,
            extension,
        }
    }

    /// Returns a new token for the user's session, and its lifetime in seconds.
    pub fn issue(
        &self,
        user: &User,
        session: &Session,
        authentication: &Authentication,
        jkt: Option<&str>,
        now: u64,
    ) -> Result<(String, u64), ApiError> {
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            sub: user.id.clone(),
            iat: now,
            nbf: now,
            exp: now + self.ttl,
            jti: BASE64_URL_SAFE_NO_PAD.encode(random_bytes::<16>()),
            sid: session.sid.clone(),
            email: user.email.clone(),
            role: user.role.clone(),
            authentication: authentication.clone(),
            cnf: jkt.map(|jkt| Confirmation { jkt: jkt.to_owned() }),
        };
        let extension = self.extension.as_ref().map(|extension| extension.claims(session)).unwrap_or_default();
        let token = encode(&self.header, &Payload { claims, extension }, &self.signing).map_err(|error| {
            tracing::error!(%error, "signing an access token failed");
            ApiError::Internal
        })?;
        Ok((token, self.ttl))
    }

    /// Returns the claims of a token that this server (or one with the same keys) signed and that has not expired.
    ///
    /// Only `kid` selects the key; a key in the token's header is ignored. The key fixes the algorithm. Type, issuer,
    /// audience and times are checked.
    pub fn verify(&self, token: &str) -> Result<Claims, ApiError> {
        if token.len() > MAX_LENGTH {
            return Err(ApiError::InvalidToken);
        }
        let header = decode_header(token).map_err(|_| ApiError::InvalidToken)?;
        // RFC 7515 §4.1.11: a verifier must reject a critical header parameter that it does not understand.
        if header.typ.as_deref() != Some(TYP) || header.crit.is_some() {
            return Err(ApiError::InvalidToken);
        }
        let key = header.kid.and_then(|kid| self.verifying.get(&kid));
        let (key, validation) = key.ok_or(ApiError::InvalidToken)?;
        match decode::<Claims>(token, key, validation) {
            Ok(data) => Ok(data.claims),
            Err(error) if *error.kind() == ErrorKind::ExpiredSignature => Err(ApiError::TokenExpired),
            Err(_) => Err(ApiError::InvalidToken),
        }
    }

    /// Runs the extension's check, if there is an extension.
    pub fn check_extension(&self, claims: &Claims) -> Result<(), ApiError> {
        self.extension.as_ref().map_or(Ok(()), |extension| extension.check(claims))
    }

    /// The public keys (RFC 7517). HS256 secrets are not among them.
    pub fn jwks(&self) -> JwkSet {
        JwkSet { keys: self.public.clone() }
    }
}

fn validation(algorithm: Algorithm, config: &Config) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.set_issuer(&[&config.issuer]);
    validation.set_audience(&[&config.audience]);
    validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
    validation.validate_nbf = true;
    validation.leeway = config.leeway;
    validation
}
