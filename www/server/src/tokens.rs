//! Access tokens: JWTs (RFC 9068, `typ: at+jwt`), signed with one key and verified with any of the ring.

use std::collections::HashMap;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode};
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::dpop::Jkt;
use crate::error::ApiError;
use crate::keys::{VerifyingKey, random_bytes};
use crate::store::{Session, User};

const TYP: &str = "at+jwt";
/// No token of ours is nearly as long; longer ones are not even looked at.
const MAX_LENGTH: usize = 4_096;

/// What an access token says.
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
    /// How often the session's refresh token has been rotated; for demonstrations only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generation: Option<u32>,
    /// The key without which the token is good for nothing (RFC 7800).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Confirmation>,
}

/// RFC 9449 §6.1.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Confirmation {
    /// The thumbprint of the client's key.
    pub jkt: Jkt,
}

/// Signs and verifies access tokens.
pub struct AccessTokens {
    signing: EncodingKey,
    header: Header,
    /// By `kid`; each key is good for its own algorithm only.
    verifying: HashMap<String, (DecodingKey, Validation)>,
    public: Vec<Jwk>,
    issuer: String,
    audience: String,
    ttl: u64,
    tells_generation: bool,
}

impl AccessTokens {
    pub fn new(algorithm: Algorithm, signing: EncodingKey, keys: Vec<VerifyingKey>, config: &Config) -> Self {
        let kid = keys.first().map(|key| key.kid.clone());
        Self {
            signing,
            header: Header { typ: Some(TYP.into()), kid, ..Header::new(algorithm) },
            public: keys.iter().filter_map(|key| key.public.clone()).collect(),
            verifying: keys.into_iter().map(|key| (key.kid, (key.key, validation(key.algorithm, config)))).collect(),
            issuer: config.issuer.clone(),
            audience: config.audience.clone(),
            ttl: config.access_ttl,
            tells_generation: config.demo,
        }
    }

    /// A fresh token for a user's session, and its life in seconds.
    pub fn issue(
        &self,
        user: &User,
        session: &Session,
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
            generation: self.tells_generation.then_some(session.generation),
            cnf: jkt.map(|jkt| Confirmation { jkt: jkt.to_owned() }),
        };
        let token = encode(&self.header, &claims, &self.signing).map_err(|error| {
            tracing::error!(%error, "signing");
            ApiError::Internal
        })?;
        Ok((token, self.ttl))
    }

    /// What the token says, if it is ours and still good. The key is found by `kid` alone (a key that comes along in the
    /// header is never looked at) and pins the algorithm; type, issuer, audience and times are checked.
    pub fn verify(&self, token: &str) -> Result<Claims, ApiError> {
        if token.len() > MAX_LENGTH {
            return Err(ApiError::InvalidToken);
        }
        let header = decode_header(token).map_err(|_| ApiError::InvalidToken)?;
        // RFC 7515 §4.1.11: what is critical and not understood must be refused.
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

    /// The public keys (RFC 7517); those of shared secrets are not among them.
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
