//! Refresh tokens: `<sid>.<secret>`, where the secret of generation n is n and HMAC-SHA-256(refresh key, sid ‖ n).
//!
//! The server can say the secret of any generation again, byte for byte, so a repeated refresh is answered as the first
//! one was; and nothing that opens a session lies in the store, so who steals it has no refresh token. The session's id
//! is itself random (128 bits), which makes a salt of its own needless and lets a forged token be refused without a look
//! into the store. The generation is in the secret, so an old one is told from a forged one with one computation; so is the
//! thumbprint of the client's key where there is one (RFC 9449), and nobody can take it out.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::dpop::Jkt;
use crate::keys::random_bytes;

const MAC_BYTES: usize = 32;
const GENERATION_BYTES: usize = 4;
/// A thumbprint (RFC 7638) is a SHA-256.
const THUMBPRINT_BYTES: usize = 32;

/// Makes and checks refresh tokens.
pub struct RefreshTokens {
    /// The first makes tokens, all open them: a key can be replaced without signing anybody out.
    keys: Vec<hmac::Key>,
}

/// What a genuine refresh token says.
#[derive(Debug, PartialEq, Eq)]
pub struct Presented {
    pub sid: String,
    pub generation: u32,
    /// The key that it is bound to; it is good for nobody else.
    pub jkt: Option<Jkt>,
}

impl RefreshTokens {
    /// With at least one key.
    pub fn new(keys: &[[u8; 32]]) -> Self {
        Self { keys: keys.iter().map(|key| hmac::Key::new(hmac::HMAC_SHA256, key)).collect() }
    }

    /// A session id that nobody can guess.
    pub fn new_sid() -> String {
        BASE64_URL_SAFE_NO_PAD.encode(random_bytes::<16>())
    }

    /// The token of a session's generation, bound to a key if there is one.
    pub fn issue(&self, sid: &str, generation: u32, jkt: Option<&str>) -> String {
        let bound = jkt.and_then(|jkt| BASE64_URL_SAFE_NO_PAD.decode(jkt).ok()).unwrap_or_default();
        let mut secret = generation.to_be_bytes().to_vec();
        secret.extend_from_slice(hmac::sign(&self.keys[0], &message(sid, generation, &bound)).as_ref());
        secret.extend_from_slice(&bound);
        format!("{sid}.{}", BASE64_URL_SAFE_NO_PAD.encode(secret))
    }

    /// What the token says, if this server made it; compared in constant time.
    pub fn open(&self, token: &str) -> Option<Presented> {
        let (sid, secret) = token.split_once('.').filter(|_| token.len() < 200)?;
        let secret = BASE64_URL_SAFE_NO_PAD.decode(secret).ok()?;
        let (generation, rest) = secret.split_at_checked(GENERATION_BYTES)?;
        let (mac, bound) = rest.split_at_checked(MAC_BYTES)?;
        if !bound.is_empty() && bound.len() != THUMBPRINT_BYTES {
            return None;
        }
        let generation = u32::from_be_bytes(generation.try_into().ok()?);
        let message = message(sid, generation, bound);
        let ours = self.keys.iter().any(|key| hmac::verify(key, &message, mac).is_ok());
        let jkt = (!bound.is_empty()).then(|| BASE64_URL_SAFE_NO_PAD.encode(bound));
        ours.then(|| Presented { sid: sid.to_owned(), generation, jkt })
    }
}

fn message(sid: &str, generation: u32, bound: &[u8]) -> Vec<u8> {
    [b"tokenward refresh 1\0", sid.as_bytes(), b"\0", &generation.to_be_bytes(), bound].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_opens_to_what_it_was_issued_for_and_is_the_same_each_time() {
        let tokens = RefreshTokens::new(&[[7; 32]]);
        let jkt = BASE64_URL_SAFE_NO_PAD.encode([9; THUMBPRINT_BYTES]);
        for jkt in [None, Some(jkt)] {
            let token = tokens.issue("sid", 3, jkt.as_deref());
            assert_eq!(token, tokens.issue("sid", 3, jkt.as_deref()));
            assert_eq!(tokens.open(&token), Some(Presented { sid: "sid".into(), generation: 3, jkt }));
        }
    }

    #[test]
    fn a_token_that_was_changed_in_any_place_does_not_open() {
        let tokens = RefreshTokens::new(&[[7; 32]]);
        let token = tokens.issue("sid", 3, Some(&BASE64_URL_SAFE_NO_PAD.encode([9; THUMBPRINT_BYTES])));
        for place in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert_eq!(tokens.open(&changed), None, "{changed}");
        }
        assert_eq!(RefreshTokens::new(&[[8; 32]]).open(&token), None);
        assert_eq!(RefreshTokens::new(&[[8; 32], [7; 32]]).open(&token).map(|p| p.generation), Some(3), "an old key");
        for nonsense in ["", ".", "sid", "sid.", "sid.AAAA", &"a.".repeat(1_000)] {
            assert_eq!(tokens.open(nonsense), None, "{nonsense}");
        }
    }
}
