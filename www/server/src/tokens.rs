//! Access tokens: JWTs (RFC 9068, `typ: at+jwt`) signed with Ed25519.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::EncodePrivateKey;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::config::{Config, random_bytes};
use crate::error::ApiError;
use crate::store::User;

/// Seconds by which the clocks of servers may differ.
const LEEWAY: u64 = 0;
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
}

/// Signs and verifies access tokens.
pub struct AccessTokens {
    signing: EncodingKey,
    verifying: DecodingKey,
    validation: Validation,
    /// RFC 7638's thumbprint of the public key.
    kid: String,
    public: String,
    issuer: String,
    audience: String,
    ttl: u64,
}

impl AccessTokens {
    pub fn new(key: &SigningKey, config: &Config) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let der = key.to_pkcs8_der().map_err(|error| format!("the signing key: {error}"))?;
        let public = BASE64_URL_SAFE_NO_PAD.encode(key.verifying_key().as_bytes());
        let thumbprint = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{public}"}}"#);
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[&config.issuer]);
        validation.set_audience(&[&config.audience]);
        validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        validation.validate_nbf = true;
        validation.leeway = LEEWAY;
        Ok(Self {
            signing: EncodingKey::from_ed_der(der.as_bytes()),
            verifying: DecodingKey::from_ed_components(&public)?,
            validation,
            kid: BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(thumbprint)),
            public,
            issuer: config.issuer.clone(),
            audience: config.audience.clone(),
            ttl: config.access_ttl,
        })
    }

    /// A fresh token for a user's session, and its life in seconds.
    pub fn issue(&self, user: &User, sid: &str, now: u64) -> Result<(String, u64), ApiError> {
        let header = Header { typ: Some(TYP.into()), kid: Some(self.kid.clone()), ..Header::new(Algorithm::EdDSA) };
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            sub: user.id.clone(),
            iat: now,
            nbf: now,
            exp: now + self.ttl,
            jti: BASE64_URL_SAFE_NO_PAD.encode(random_bytes::<16>()),
            sid: sid.to_owned(),
            email: user.email.clone(),
            role: user.role.clone(),
        };
        let token = encode(&header, &claims, &self.signing).map_err(|error| {
            tracing::error!(%error, "signing");
            ApiError::Internal
        })?;
        Ok((token, self.ttl))
    }

    /// What the token says, if it is ours and still good. Algorithm, type, key, issuer and audience are pinned.
    pub fn verify(&self, token: &str) -> Result<Claims, ApiError> {
        if token.len() > MAX_LENGTH {
            return Err(ApiError::InvalidToken);
        }
        let header = decode_header(token).map_err(|_| ApiError::InvalidToken)?;
        if header.typ.as_deref() != Some(TYP) || header.kid.as_ref() != Some(&self.kid) {
            return Err(ApiError::InvalidToken);
        }
        match decode::<Claims>(token, &self.verifying, &self.validation) {
            Ok(data) => Ok(data.claims),
            Err(error) if *error.kind() == ErrorKind::ExpiredSignature => Err(ApiError::TokenExpired),
            Err(_) => Err(ApiError::InvalidToken),
        }
    }

    /// The public key as a JWK set (RFC 7517).
    pub fn jwks(&self) -> Value {
        json!({ "keys": [{
            "kty": "OKP", "crv": "Ed25519", "x": self.public, "kid": self.kid, "alg": "EdDSA", "use": "sig",
        }] })
    }
}
