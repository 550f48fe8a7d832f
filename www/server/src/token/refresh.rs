//! Refresh tokens: `<sid>.<secret>`. The secret of generation n is n followed by HMAC-SHA-256(refresh key, sid ‖ n).
//!
//! The server can compute the token of any generation again, byte for byte, so a repeated refresh gets the same answer
//! as the first one. The store holds nothing from which a token could be made, so a stolen store opens no session.
//!
//! The session id is itself random (128 bits), so the secret needs no salt, and the server rejects a forged token
//! without asking the store. The secret contains the generation, so one computation tells an old token from a forged
//! one. A token that is bound to a client's key (RFC 9449) also contains the key's thumbprint, under the same MAC.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::token::dpop::Thumbprint;
use crate::token::keys::random_bytes;

const MAC_BYTES: usize = 32;
const GENERATION_BYTES: usize = 4;
/// A thumbprint (RFC 7638) is a SHA-256.
const THUMBPRINT_BYTES: usize = 32;

/// Issues and verifies refresh tokens.
pub struct RefreshTokens {
    /// The first key issues tokens; every key verifies them. So a key can be replaced without ending sessions.
    keys: Vec<hmac::Key>,
}

/// The content of a refresh token whose MAC is valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedRefreshToken {
    pub sid: String,
    pub generation: u32,
    /// The thumbprint of the key to which the token is bound; only a request with a proof of that key may use it.
    pub jkt: Option<Thumbprint>,
}

impl RefreshTokens {
    /// `keys` must not be empty.
    pub fn new(keys: &[[u8; 32]]) -> Self {
        Self { keys: keys.iter().map(|key| hmac::Key::new(hmac::HMAC_SHA256, key)).collect() }
    }

    /// A new random session id.
    pub fn new_sid() -> String {
        BASE64_URL_SAFE_NO_PAD.encode(random_bytes::<16>())
    }

    /// The token of a session's generation, bound to the key with the thumbprint `jkt` if there is one.
    pub fn issue(&self, sid: &str, generation: u32, jkt: Option<&str>) -> String {
        let thumbprint = jkt.and_then(|jkt| BASE64_URL_SAFE_NO_PAD.decode(jkt).ok()).unwrap_or_default();
        let mut secret = generation.to_be_bytes().to_vec();
        secret.extend_from_slice(hmac::sign(&self.keys[0], &message(sid, generation, &thumbprint)).as_ref());
        secret.extend_from_slice(&thumbprint);
        format!("{sid}.{}", BASE64_URL_SAFE_NO_PAD.encode(secret))
    }

    /// Returns the token's content, or `None` if its MAC is wrong. Compares MACs in constant time.
    pub fn verify(&self, token: &str) -> Option<VerifiedRefreshToken> {
        let (sid, secret) = token.split_once('.').filter(|_| token.len() < 200)?;
        let secret = BASE64_URL_SAFE_NO_PAD.decode(secret).ok()?;
        let (generation, rest) = secret.split_at_checked(GENERATION_BYTES)?;
        let (mac, thumbprint) = rest.split_at_checked(MAC_BYTES)?;
        if !thumbprint.is_empty() && thumbprint.len() != THUMBPRINT_BYTES {
            return None;
        }
        let generation = u32::from_be_bytes(generation.try_into().ok()?);
        let message = message(sid, generation, thumbprint);
        let valid = self.keys.iter().any(|key| hmac::verify(key, &message, mac).is_ok());
        let jkt = (!thumbprint.is_empty()).then(|| BASE64_URL_SAFE_NO_PAD.encode(thumbprint));
        valid.then(|| VerifiedRefreshToken { sid: sid.to_owned(), generation, jkt })
    }
}

fn message(sid: &str, generation: u32, thumbprint: &[u8]) -> Vec<u8> {
    [b"tokenward refresh 1\0", sid.as_bytes(), b"\0", &generation.to_be_bytes(), thumbprint].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_verifies_to_its_content_and_is_the_same_each_time() {
        let tokens = RefreshTokens::new(&[[7; 32]]);
        let jkt = BASE64_URL_SAFE_NO_PAD.encode([9; THUMBPRINT_BYTES]);
        for jkt in [None, Some(jkt)] {
            let token = tokens.issue("sid", 3, jkt.as_deref());
            assert_eq!(token, tokens.issue("sid", 3, jkt.as_deref()));
            let content = VerifiedRefreshToken { sid: "sid".into(), generation: 3, jkt };
            assert_eq!(tokens.verify(&token), Some(content));
        }
    }

    #[test]
    fn a_token_with_any_byte_changed_is_rejected() {
        let tokens = RefreshTokens::new(&[[7; 32]]);
        let token = tokens.issue("sid", 3, Some(&BASE64_URL_SAFE_NO_PAD.encode([9; THUMBPRINT_BYTES])));
        for position in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[position] = if bytes[position] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert_eq!(tokens.verify(&changed), None, "{changed}");
        }
        assert_eq!(RefreshTokens::new(&[[8; 32]]).verify(&token), None);
        let generation = RefreshTokens::new(&[[8; 32], [7; 32]]).verify(&token).map(|token| token.generation);
        assert_eq!(generation, Some(3), "an old key verifies");
        for malformed in ["", ".", "sid", "sid.", "sid.AAAA", &"a.".repeat(1_000)] {
            assert_eq!(tokens.verify(malformed), None, "{malformed}");
        }
    }
}
