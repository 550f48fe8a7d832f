//! Refresh tokens: `<sid>.<secret>`, where the secret of generation n is n and HMAC-SHA-256(refresh key, sid ‖ n).
//!
//! The server can say the secret of any generation again, byte for byte, so a repeated refresh is answered as the first
//! one was; and nothing that opens a session lies in the store, so who steals it has no refresh token. The session's id
//! is itself random (128 bits), which makes a salt of its own needless and lets a forged token be refused without a look
//! into the store. The generation is in the secret, so an old one is told from a forged one with one computation.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::keys::random_bytes;

const MAC_BYTES: usize = 32;
const GENERATION_BYTES: usize = 4;

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

    /// The token of a session's generation.
    pub fn issue(&self, sid: &str, generation: u32) -> String {
        let mut secret = generation.to_be_bytes().to_vec();
        secret.extend_from_slice(hmac::sign(&self.keys[0], &message(sid, generation)).as_ref());
        format!("{sid}.{}", BASE64_URL_SAFE_NO_PAD.encode(secret))
    }

    /// What the token says, if this server made it; compared in constant time.
    pub fn open(&self, token: &str) -> Option<Presented> {
        let (sid, secret) = token.split_once('.').filter(|_| token.len() < 200)?;
        let secret = BASE64_URL_SAFE_NO_PAD.decode(secret).ok().filter(|s| s.len() == GENERATION_BYTES + MAC_BYTES)?;
        let (generation, mac) = secret.split_at(GENERATION_BYTES);
        let generation = u32::from_be_bytes(generation.try_into().ok()?);
        let message = message(sid, generation);
        let ours = self.keys.iter().any(|key| hmac::verify(key, &message, mac).is_ok());
        ours.then(|| Presented { sid: sid.to_owned(), generation })
    }
}

fn message(sid: &str, generation: u32) -> Vec<u8> {
    [b"tokenward refresh 1\0", sid.as_bytes(), b"\0", &generation.to_be_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_opens_to_what_it_was_issued_for_and_is_the_same_each_time() {
        let tokens = RefreshTokens::new(&[[7; 32]]);
        let token = tokens.issue("sid", 3);
        assert_eq!(token, tokens.issue("sid", 3));
        assert_eq!(tokens.open(&token), Some(Presented { sid: "sid".into(), generation: 3 }));
    }

    #[test]
    fn a_token_that_was_changed_in_any_place_does_not_open() {
        let tokens = RefreshTokens::new(&[[7; 32]]);
        let token = tokens.issue("sid", 3);
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
