//! Proofs of possession (RFC 9449): a client signs each request with a key that never leaves its browser, and tokens that
//! were made for that key are good for nobody else.
//!
//! A proof is fresh if it carries one of this server's nonces, or, without one, if its `iat` is near our own clock; a client
//! whose clock is wrong is given a nonce and asks again. A proof is good once: what was seen is remembered, in this process,
//! for as long as it would be fresh.

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
/// No proof is nearly as long.
const MAX_LENGTH: usize = 4_096;
/// By how many seconds `iat` may differ from our clock where there is no nonce.
const NEAR: u64 = 60;
/// A nonce is good for the window of so many seconds in which it was given, and for the next.
const WINDOW: u64 = 150;
/// So many proofs are remembered per window; more than a server can check.
const CAPACITY: usize = 2_000_000;

/// The thumbprint of a key (RFC 7638), which stands for it in tokens.
pub type Jkt = String;

#[derive(Deserialize)]
struct ProofClaims {
    jti: String,
    htm: String,
    htu: String,
    iat: f64,
    ath: Option<String>,
    nonce: Option<String>,
}

/// Checks proofs.
pub struct Proofs {
    nonces: hmac::Key,
    /// Whether https is what clients see.
    https: bool,
    seen: Mutex<Seen>,
}

/// What was seen in this window and in the one before.
#[derive(Default)]
struct Seen {
    window: u64,
    now: HashSet<[u8; 16]>,
    before: HashSet<[u8; 16]>,
}

impl Proofs {
    /// Nonces are made with a key that all servers have, so that each knows those of the others.
    pub fn new(refresh_key: &[u8; 32], https: bool) -> Self {
        let key = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, refresh_key), b"tokenward dpop nonce 1");
        Self { nonces: hmac::Key::new(hmac::HMAC_SHA256, key.as_ref()), https, seen: Mutex::default() }
    }

    /// The key that the request proves to have, if it has a proof; `token` is the access token that comes with it.
    pub fn check(&self, parts: &Parts, token: Option<&str>) -> Result<Option<Jkt>, ApiError> {
        let mut proofs = parts.headers.get_all(DPOP).iter();
        let Some(proof) = proofs.next() else { return Ok(None) };
        if proofs.next().is_some() {
            return Err(ApiError::InvalidProof("expected one DPoP header, got several"));
        }
        let proof = proof.to_str().map_err(|_| ApiError::InvalidProof("the DPoP header is no JWT"))?;
        let jwk = key_of(proof)?;
        let claims = claims_of(proof, &jwk)?;
        if claims.htm != parts.method.as_str() {
            return Err(ApiError::InvalidProof("htm is not the method of this request"));
        }
        if !self.is_here(&claims.htu, &parts.uri, &parts.headers) {
            return Err(ApiError::InvalidProof("htu is not the address of this request"));
        }
        let ath = token.map(|token| BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, token.as_bytes())));
        if claims.ath != ath {
            return Err(ApiError::InvalidProof("ath is not the hash of the access token"));
        }
        let now = now();
        #[allow(clippy::cast_precision_loss)]
        let fresh = match &claims.nonce {
            Some(nonce) => self.knows(nonce, now),
            None => (claims.iat - now as f64).abs() <= NEAR as f64,
        };
        if !fresh {
            return Err(ApiError::UseDpopNonce);
        }
        let jkt = jwk.thumbprint(ThumbprintHash::SHA256).map_err(|_| ApiError::InvalidProof("jwk: no thumbprint"))?;
        self.first_time(&jkt, &claims.jti, now)?;
        Ok(Some(jkt))
    }

    /// What a client is to put into its next proofs.
    pub fn nonce(&self) -> String {
        self.nonce_of(now() / WINDOW)
    }

    fn nonce_of(&self, window: u64) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(&hmac::sign(&self.nonces, &window.to_be_bytes()).as_ref()[..16])
    }

    fn knows(&self, nonce: &str, now: u64) -> bool {
        let window = now / WINDOW;
        [window, window.saturating_sub(1)].iter().any(|window| self.nonce_of(*window) == nonce)
    }

    /// Whether `htu` is this request's address (RFC 9449 §4.3): without query and fragment, compared as RFC 3986 §6.2 says.
    fn is_here(&self, htu: &str, uri: &Uri, headers: &HeaderMap) -> bool {
        let Ok(told) = htu.split(['?', '#']).next().unwrap_or_default().parse::<Uri>() else { return false };
        let (Some(scheme), Some(authority)) = (told.scheme(), told.authority()) else { return false };
        let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let port = if *scheme == Scheme::HTTPS { ":443" } else { ":80" };
        let plain = |name: &str| name.to_ascii_lowercase().trim_end_matches(port).to_owned();
        (*scheme == Scheme::HTTPS || !self.https)
            && plain(authority.as_str()) == plain(host)
            && told.path() == uri.path()
    }

    fn first_time(&self, jkt: &str, jti: &str, now: u64) -> Result<(), ApiError> {
        let hash = digest(&SHA256, format!("{jkt}.{jti}").as_bytes());
        let hash: [u8; 16] = hash.as_ref()[..16].try_into().expect("a hash has more than 16 bytes");
        let window = now / (2 * WINDOW);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if window != seen.window {
            seen.before = if window == seen.window + 1 { std::mem::take(&mut seen.now) } else { HashSet::new() };
            seen.now.clear();
            seen.window = window;
        }
        if seen.now.len() >= CAPACITY {
            return Err(ApiError::StoreUnavailable);
        }
        if seen.before.contains(&hash) || !seen.now.insert(hash) {
            return Err(ApiError::InvalidProof("this proof was used before"));
        }
        Ok(())
    }
}

/// The public key in the proof's header: ES256, and nothing of a private key beside it.
fn key_of(proof: &str) -> Result<Jwk, ApiError> {
    let no_proof = ApiError::InvalidProof("expected a JWT with typ dpop+jwt, alg ES256 and a public jwk");
    if proof.len() > MAX_LENGTH {
        return Err(no_proof);
    }
    let header = decode_header(proof).map_err(|_| no_proof.clone())?;
    if header.typ.as_deref() != Some(TYP) || header.alg != Algorithm::ES256 || header.crit.is_some() {
        return Err(no_proof);
    }
    let jwk = header.jwk.ok_or_else(|| no_proof.clone())?;
    let on_curve =
        matches!(&jwk.algorithm, AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256);
    let raw = proof.split('.').next().and_then(|head| BASE64_URL_SAFE_NO_PAD.decode(head).ok());
    let raw = raw.and_then(|head| serde_json::from_slice::<serde_json::Value>(&head).ok()).unwrap_or_default();
    if !on_curve || raw["jwk"].get("d").is_some() {
        return Err(no_proof);
    }
    Ok(jwk)
}

fn claims_of(proof: &str, jwk: &Jwk) -> Result<ProofClaims, ApiError> {
    let mut validation = Validation::new(Algorithm::ES256);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    let refused = |_| ApiError::InvalidProof("signature or claims (jti, htm, htu, iat) are not as they should be");
    let key = DecodingKey::from_jwk(jwk).map_err(refused)?;
    let claims = decode::<ProofClaims>(proof, &key, &validation).map_err(refused)?.claims;
    if claims.jti.is_empty() || claims.jti.len() > 200 {
        return Err(ApiError::InvalidProof("jti: expected 1 to 200 bytes"));
    }
    Ok(claims)
}
