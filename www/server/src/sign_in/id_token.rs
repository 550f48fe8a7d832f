//! Checks the tokens that a provider signs: ID tokens (OpenID Connect Core §3.1.3.7) and logout tokens (OpenID Connect
//! Back-Channel Logout 1.0 §2.6).

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::jwk::{Jwk, JwkSet, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation, decode, decode_header};
use serde_json::{Map, Value};

use crate::token::access::Authentication;

/// The longest token that is parsed, in bytes.
const MAX_LENGTH: usize = 64 * 1024;
/// The longest `acr` that access tokens carry, in bytes.
const MAX_ACR_LENGTH: usize = 255;
/// The difference between the clocks of the provider and of this server that is tolerated, in seconds.
const LEEWAY: u64 = 60;
/// The age that a logout token may have, in seconds.
pub const LOGOUT_TOKEN_LIFE: u64 = 600;
const LOGOUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// Asymmetric algorithms. With a symmetric one, and with `none`, anyone who knows the client's secret, or anyone, could sign.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// Whose tokens are accepted.
pub struct Expected<'a> {
    pub issuer: &'a str,
    pub client_id: &'a str,
    /// Seconds since the epoch.
    pub now: u64,
}

/// Why a token is rejected.
#[derive(Debug, PartialEq, Eq)]
pub enum Rejection {
    /// The set has no key for the token; the provider may have a new one.
    UnknownKey,
    /// The token is not valid; the text says why.
    Invalid(String),
}

fn invalid(text: impl Into<String>) -> Rejection {
    Rejection::Invalid(text.into())
}

/// The claims of an ID token.
#[derive(Debug)]
pub struct IdToken {
    pub subject: String,
    /// The id of the provider's session.
    pub sid: Option<String>,
    pub authentication: Authentication,
    pub claims: Map<String, Value>,
}

/// Checks an ID token that the token endpoint returned.
pub fn verify_id_token(
    token: &str,
    keys: &JwkSet,
    expected: &Expected<'_>,
    nonce: &str,
    max_age: Option<u64>,
) -> Result<IdToken, Rejection> {
    let (_, claims) = verify(token, keys, expected, &["exp", "iss", "aud", "sub"])?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if text("nonce") != Some(nonce) {
        return Err(invalid("nonce: expected that of the sign-in"));
    }
    let audiences = claims.get("aud").and_then(Value::as_array).map_or(1, Vec::len);
    match claims.get("azp") {
        Some(azp) if azp.as_str() != Some(expected.client_id) => return Err(invalid("azp: expected the client's id")),
        None if audiences > 1 => return Err(invalid("azp: expected the client's id, because aud has several values")),
        _ => {}
    }
    let auth_time = claims.get("auth_time").and_then(seconds).filter(|time| *time <= expected.now + LEEWAY);
    if let Some(max_age) = max_age {
        let recent = |time: u64| time.saturating_add(max_age + LEEWAY) >= expected.now;
        if !auth_time.is_some_and(recent) {
            return Err(invalid("auth_time: expected a time within max_age"));
        }
    }
    let subject = text("sub").filter(|subject| !subject.is_empty() && subject.len() <= 255);
    let subject = subject.ok_or_else(|| invalid("sub: expected 1 to 255 characters"))?.to_owned();
    let acr = text("acr").filter(|acr| acr.len() <= MAX_ACR_LENGTH).map(str::to_owned);
    let authentication = Authentication { acr, auth_time };
    Ok(IdToken { subject, sid: text("sid").map(str::to_owned), authentication, claims })
}

/// The claims of a logout token.
#[derive(Debug, PartialEq, Eq)]
pub struct LogoutToken {
    pub jti: String,
    pub subject: Option<String>,
    /// The id of the provider's session.
    pub sid: Option<String>,
}

/// Checks a logout token.
pub fn verify_logout_token(token: &str, keys: &JwkSet, expected: &Expected<'_>) -> Result<LogoutToken, Rejection> {
    let (header, claims) = verify(token, keys, expected, &["iss", "aud"])?;
    let has_type = |name: &str| header.typ.as_deref().is_some_and(|typ| typ.eq_ignore_ascii_case(name));
    if header.typ.is_some() && !has_type("JWT") && !has_type("logout+jwt") {
        return Err(invalid("typ: expected logout+jwt"));
    }
    if !claims.get("events").and_then(|events| events.get(LOGOUT_EVENT)).is_some_and(Value::is_object) {
        return Err(invalid("events: expected the back-channel logout event"));
    }
    // The same check keeps an ID token from being used as a logout token.
    if claims.contains_key("nonce") {
        return Err(invalid("nonce: expected none"));
    }
    let issued_at = claims.get("iat").and_then(seconds).unwrap_or(0);
    if issued_at + LOGOUT_TOKEN_LIFE < expected.now {
        return Err(invalid("iat: expected a recent time"));
    }
    let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
    let token = LogoutToken {
        jti: text("jti").filter(|jti| !jti.is_empty()).ok_or_else(|| invalid("jti: expected a string"))?,
        subject: text("sub"),
        sid: text("sid"),
    };
    if token.subject.is_none() && token.sid.is_none() {
        return Err(invalid("sub, sid: expected one of them"));
    }
    Ok(token)
}

/// The issuer that a token claims to have; nothing is checked.
pub fn claimed_issuer(token: &str) -> Option<String> {
    let token = Some(token).filter(|token| token.len() <= MAX_LENGTH)?;
    let claims: Map<String, Value> = jsonwebtoken::dangerous::insecure_decode_claims(token).ok()?;
    claims.get("iss")?.as_str().map(str::to_owned)
}

/// Checks signature, issuer, audience and times.
fn verify(
    token: &str,
    keys: &JwkSet,
    expected: &Expected<'_>,
    required: &[&str],
) -> Result<(Header, Map<String, Value>), Rejection> {
    if token.len() > MAX_LENGTH {
        return Err(invalid("token: expected at most 64 KiB"));
    }
    let header = decode_header(token).map_err(|_| invalid("token: expected a JWT that is signed"))?;
    // RFC 7515 §4.1.11: a verifier must reject a critical header parameter that it does not understand.
    if header.crit.is_some() || !ALGORITHMS.contains(&header.alg) {
        return Err(invalid("alg: expected an asymmetric signature"));
    }
    let mut validation = Validation::new(header.alg);
    validation.set_issuer(&[expected.issuer]);
    validation.set_audience(&[expected.client_id]);
    validation.set_required_spec_claims(required);
    validation.validate_nbf = true;
    validation.leeway = LEEWAY;
    let mut rejection = Rejection::UnknownKey;
    for key in keys.keys.iter().filter(|key| fits(key, &header)) {
        let Ok(decoding) = DecodingKey::from_jwk(key) else { continue };
        match decode::<Map<String, Value>>(token, &decoding, &validation) {
            Ok(data) => {
                let issued_at = data.claims.get("iat").and_then(seconds);
                if issued_at.is_none_or(|time| time > expected.now + LEEWAY) {
                    return Err(invalid("iat: expected a time that is not in the future"));
                }
                return Ok((header, data.claims));
            }
            // The token may be signed with a key that is not in the set yet, also under the id of an earlier one.
            Err(error) if *error.kind() == ErrorKind::InvalidSignature => {}
            Err(error) => rejection = invalid(format!("token: {error}")),
        }
    }
    Err(rejection)
}

/// Whether a key may verify a token with this header.
fn fits(key: &Jwk, header: &Header) -> bool {
    let common = &key.common;
    let same_id = header.kid.is_none() || header.kid == common.key_id;
    let is_for_signatures = common.public_key_use.as_ref().is_none_or(|usage| *usage == PublicKeyUse::Signature);
    let same_algorithm = common.key_algorithm.is_none_or(|algorithm| algorithm == KeyAlgorithm::from(header.alg));
    same_id && is_for_signatures && same_algorithm && key.is_supported()
}

/// A time of a claim in whole seconds; a JSON number may have a fraction.
fn seconds(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_f64().filter(|time| *time >= 0.0).map(|time| time as u64))
}
