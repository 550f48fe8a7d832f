//! Checks `DPoP` proofs of possession (RFC 9449): the client signs each request with a key that never leaves the browser,
//! and a token that is bound to this key is useless without it.
//!
//! A proof is fresh if it carries one of this server's nonces or, without a nonce, if its `iat` is near the server's
//! clock. A client whose clock is wrong receives a nonce and repeats the request. A proof is valid once: this process
//! remembers each proof for as long as the proof would be fresh.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use axum::http::header::HOST;
use axum::http::request::Parts;
use axum::http::uri::{Scheme, Uri};
use axum::http::{HeaderMap, HeaderName};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;

use crate::error::ApiError;
use crate::now;

pub const DPOP: HeaderName = HeaderName::from_static("dpop");
pub const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

const TYP: &str = "dpop+jwt";
/// The longest proof that is parsed, in bytes.
const MAX_LENGTH: usize = 4_096;
/// The longest `jti`, in bytes.
const MAX_JTI_LENGTH: usize = 200;
/// Without a nonce, `iat` may differ from the server's clock by this many seconds.
const MAX_CLOCK_DIFFERENCE: u64 = 60;
/// A nonce is valid in the window of this many seconds in which the server sent it, and in the next window.
const NONCE_WINDOW: u64 = 150;
/// The number of proofs that are remembered per window; more than one server can check in that time.
const CAPACITY: usize = 2_000_000;

/// The thumbprint of a key (RFC 7638), which identifies the key in tokens.
pub type Thumbprint = String;

#[derive(Deserialize)]
struct ProofClaims {
    jti: String,
    htm: String,
    htu: String,
    iat: f64,
    ath: Option<String>,
    nonce: Option<String>,
}

/// Checks proofs and issues nonces.
pub struct DpopProofs {
    nonce_key: hmac::Key,
    /// Whether clients reach the server by https.
    https: bool,
    used: Mutex<UsedProofs>,
}

/// The proofs that were used in this window and in the one before.
#[derive(Default)]
struct UsedProofs {
    window: u64,
    current: HashSet<[u8; 16]>,
    previous: HashSet<[u8; 16]>,
}

impl DpopProofs {
    /// Derives the nonce key from the refresh key, which all servers share, so each server accepts the others' nonces.
    pub fn new(refresh_key: &[u8; 32], https: bool) -> Self {
        let key = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, refresh_key), b"tokenward dpop nonce 1");
        Self { nonce_key: hmac::Key::new(hmac::HMAC_SHA256, key.as_ref()), https, used: Mutex::default() }
    }

    /// Returns the key of which the request carries a proof, or `None` without a proof. `access_token` is the token that
    /// the request presents, if it presents one.
    pub fn check(&self, parts: &Parts, access_token: Option<&str>) -> Result<Option<Thumbprint>, ApiError> {
        let mut proofs = parts.headers.get_all(DPOP).iter();
        let Some(proof) = proofs.next() else { return Ok(None) };
        if proofs.next().is_some() {
            return Err(ApiError::InvalidProof("expected one DPoP header, got several"));
        }
        let proof = proof.to_str().map_err(|_| ApiError::InvalidProof("the DPoP header is not a JWT"))?;
        let jwk = key_of(proof)?;
        let claims = claims_of(proof, &jwk)?;
        if claims.htm != parts.method.as_str() {
            return Err(ApiError::InvalidProof("htm is not the method of this request"));
        }
        if !self.is_request_address(&claims.htu, &parts.uri, &parts.headers) {
            return Err(ApiError::InvalidProof("htu is not the address of this request"));
        }
        let ath = access_token.map(|token| BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, token.as_bytes())));
        if claims.ath != ath {
            return Err(ApiError::InvalidProof("ath is not the hash of the access token"));
        }
        let now = now();
        let fresh = match &claims.nonce {
            Some(nonce) => self.is_valid_nonce(nonce, now),
            None => (claims.iat - now as f64).abs() <= MAX_CLOCK_DIFFERENCE as f64,
        };
        if !fresh {
            return Err(ApiError::UseDpopNonce);
        }
        let jkt = jwk
            .thumbprint(ThumbprintHash::SHA256)
            .map_err(|_| ApiError::InvalidProof("jwk: the thumbprint could not be computed"))?;
        self.use_once(&jkt, &claims.jti, now)?;
        Ok(Some(jkt))
    }

    /// The nonce for the client's next proofs.
    pub fn nonce(&self) -> String {
        self.nonce_of(now() / NONCE_WINDOW)
    }

    fn nonce_of(&self, window: u64) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(&hmac::sign(&self.nonce_key, &window.to_be_bytes()).as_ref()[..16])
    }

    fn is_valid_nonce(&self, nonce: &str, now: u64) -> bool {
        let window = now / NONCE_WINDOW;
        [window, window.saturating_sub(1)].iter().any(|window| self.nonce_of(*window) == nonce)
    }

    /// Whether `htu` is this request's address (RFC 9449 §4.3), without query and fragment, compared as RFC 3986 §6.2
    /// describes.
    fn is_request_address(&self, htu: &str, uri: &Uri, headers: &HeaderMap) -> bool {
        let Ok(htu) = htu.split(['?', '#']).next().unwrap_or_default().parse::<Uri>() else { return false };
        let (Some(scheme), Some(authority)) = (htu.scheme(), htu.authority()) else { return false };
        let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let default_port = if *scheme == Scheme::HTTPS { ":443" } else { ":80" };
        let normal = |name: &str| name.to_ascii_lowercase().trim_end_matches(default_port).to_owned();
        (*scheme == Scheme::HTTPS || !self.https)
            && normal(authority.as_str()) == normal(host)
            && htu.path() == uri.path()
    }

    /// Records the proof; fails if it was used before.
    fn use_once(&self, jkt: &str, jti: &str, now: u64) -> Result<(), ApiError> {
        let hash = digest(&SHA256, format!("{jkt}.{jti}").as_bytes());
        let hash: [u8; 16] = hash.as_ref()[..16].try_into().expect("a SHA-256 has 32 bytes");
        let window = now / (2 * NONCE_WINDOW);
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if window != used.window {
            used.previous = if window == used.window + 1 { std::mem::take(&mut used.current) } else { HashSet::new() };
            used.current.clear();
            used.window = window;
        }
        if used.current.len() >= CAPACITY {
            return Err(ApiError::StoreUnavailable);
        }
        if used.previous.contains(&hash) || !used.current.insert(hash) {
            return Err(ApiError::InvalidProof("this proof was used before"));
        }
        Ok(())
    }
}

/// The public key in the proof's header: ES256, without the private part.
fn key_of(proof: &str) -> Result<Jwk, ApiError> {
    let invalid = ApiError::InvalidProof("expected a JWT with typ dpop+jwt, alg ES256 and a public jwk");
    if proof.len() > MAX_LENGTH {
        return Err(invalid);
    }
    let header = decode_header(proof).map_err(|_| invalid.clone())?;
    if header.typ.as_deref() != Some(TYP) || header.alg != Algorithm::ES256 || header.crit.is_some() {
        return Err(invalid);
    }
    let jwk = header.jwk.ok_or_else(|| invalid.clone())?;
    let on_curve =
        matches!(&jwk.algorithm, AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256);
    // `Jwk` drops the member `d`, so the private part is looked for in the raw JSON.
    let raw = proof.split('.').next().and_then(|header| BASE64_URL_SAFE_NO_PAD.decode(header).ok());
    let raw = raw.and_then(|header| serde_json::from_slice::<serde_json::Value>(&header).ok()).unwrap_or_default();
    if !on_curve || raw["jwk"].get("d").is_some() {
        return Err(invalid);
    }
    Ok(jwk)
}

fn claims_of(proof: &str, jwk: &Jwk) -> Result<ProofClaims, ApiError> {
    let mut validation = Validation::new(Algorithm::ES256);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    let invalid = |_| ApiError::InvalidProof("expected a valid signature and the claims jti, htm, htu and iat");
    let key = DecodingKey::from_jwk(jwk).map_err(invalid)?;
    let claims = decode::<ProofClaims>(proof, &key, &validation).map_err(invalid)?.claims;
    if !(1..=MAX_JTI_LENGTH).contains(&claims.jti.len()) {
        return Err(ApiError::InvalidProof("jti: expected 1 to 200 bytes"));
    }
    Ok(claims)
}
