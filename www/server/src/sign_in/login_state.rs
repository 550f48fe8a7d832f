//! The parameter `state`, and what follows from it: the PKCE verifier (RFC 7636) and the nonce.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::{aead, hmac};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use serde::{Deserialize, Serialize};

use crate::token::keys::random_bytes;

/// The random value of the cookie `login`: only the browser that began a sign-in can finish it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrowserId(String);

const BROWSER_ID_BYTES: usize = 18;

impl BrowserId {
    pub fn random() -> Self {
        Self(BASE64.encode(random_bytes::<BROWSER_ID_BYTES>()))
    }

    /// Reads the value of a cookie.
    pub fn read(text: &str) -> Option<Self> {
        let bytes = BASE64.decode(text).ok()?;
        (bytes.len() == BROWSER_ID_BYTES).then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn hash(&self) -> String {
        BASE64.encode(&digest(&SHA256, self.0.as_bytes()).as_ref()[..16])
    }
}

/// What the callback has to know of a sign-in. The provider and the browser see it, and cannot change it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginState {
    /// When the sign-in began, in seconds since the epoch.
    #[serde(rename = "t")]
    pub began_at: u64,
    /// Makes two sign-ins differ.
    #[serde(rename = "r")]
    random: String,
    /// The name of the provider.
    #[serde(rename = "p")]
    pub provider: String,
    #[serde(rename = "u")]
    pub return_to: String,
    /// The hash of the browser's id.
    #[serde(rename = "b")]
    browser: String,
    /// How often the sign-in started over, because an answer was lost.
    #[serde(rename = "a", default)]
    pub attempt: u8,
    /// The id of the popup in which the sign-in happens.
    #[serde(rename = "w", default, skip_serializing_if = "Option::is_none")]
    pub popup: Option<String>,
    /// The sessions of the browser that end when the new one begins. Their cookie is `SameSite=Strict`: it comes with the
    /// start, and not with the callback.
    #[serde(rename = "s", default, skip_serializing_if = "Vec::is_empty")]
    pub previous: Vec<String>,
    /// Whether the provider must not show anything (`prompt=none`), also when the sign-in starts over.
    #[serde(rename = "n", default)]
    pub is_silent: bool,
    #[serde(rename = "m", default, skip_serializing_if = "Option::is_none")]
    pub max_age: Option<u64>,
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub acr_values: Option<String>,
}

impl LoginState {
    pub fn new(provider: &str, return_to: &str, browser: &BrowserId, now: u64) -> Self {
        Self {
            began_at: now,
            random: BASE64.encode(random_bytes::<12>()),
            provider: provider.to_owned(),
            return_to: return_to.to_owned(),
            browser: browser.hash(),
            attempt: 0,
            popup: None,
            previous: Vec::new(),
            is_silent: false,
            max_age: None,
            acr_values: None,
        }
    }

    /// The state of the next attempt of the same sign-in.
    pub fn next_attempt(&self, now: u64) -> Self {
        let random = BASE64.encode(random_bytes::<12>());
        Self { began_at: now, random, attempt: self.attempt + 1, ..self.clone() }
    }

    /// Whether this browser began the sign-in.
    pub fn is_of(&self, browser: &BrowserId) -> bool {
        self.browser == browser.hash()
    }
}

/// Where the browser returns after a sign-out at the provider.
#[derive(Debug, Serialize, Deserialize)]
struct EndState {
    e: String,
}

/// The keys that follow from one key of the refresh tokens, so that all servers have the same.
struct Keys {
    mac: hmac::Key,
    sealing: aead::RandomizedNonceKey,
}

impl Keys {
    fn new(refresh_key: &[u8; 32]) -> Self {
        let root = hmac::Key::new(hmac::HMAC_SHA256, refresh_key);
        let derive = |label: &str| hmac::sign(&root, label.as_bytes());
        let sealing = aead::RandomizedNonceKey::new(&aead::AES_256_GCM, derive("tokenward id token 1").as_ref());
        Self {
            mac: hmac::Key::new(hmac::HMAC_SHA256, derive("tokenward sign-in 1").as_ref()),
            sealing: sealing.expect("a MAC has the length of the key"),
        }
    }

    fn mac(&self, label: &str, state: &str, browser: &str) -> String {
        BASE64.encode(hmac::sign(&self.mac, format!("{label}\0{state}\0{browser}").as_bytes()))
    }

    /// The body of a string that `LoginStates` signed with this key.
    fn verify(&self, label: &str, text: &str) -> Option<Vec<u8>> {
        let (body, mac) = text.split_once('.')?;
        let mac = BASE64.decode(mac).ok()?;
        hmac::verify(&self.mac, format!("{label}\0{body}\0").as_bytes(), &mac).ok()?;
        BASE64.decode(body).ok()
    }

    fn unseal(&self, sealed: &[u8], context: &str) -> Option<String> {
        let (nonce, rest) = sealed.split_at_checked(aead::NONCE_LEN)?;
        let nonce = aead::Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut rest = rest.to_vec();
        let text = self.sealing.open_in_place(nonce, aead::Aad::from(context), &mut rest).ok()?;
        String::from_utf8(text.to_vec()).ok()
    }
}

/// Writes and reads states, and seals the provider's tokens that the store keeps.
pub struct LoginStates {
    /// The first writes; every one reads. So a key can be replaced while users sign in.
    keys: Vec<Keys>,
}

impl LoginStates {
    /// `refresh_keys` must not be empty.
    pub fn new(refresh_keys: &[[u8; 32]]) -> Self {
        Self { keys: refresh_keys.iter().map(Keys::new).collect() }
    }

    /// The parameter `state` of a sign-in.
    pub fn write(&self, state: &LoginState) -> String {
        self.sign("state", &serde_json::to_vec(state).expect("a state has a JSON form"))
    }

    /// Reads a `state`; `None` if this server, or one with the same key, did not write it.
    pub fn read(&self, text: &str) -> Option<LoginState> {
        serde_json::from_slice(&self.verify("state", text)?).ok()
    }

    /// The parameter `state` of a sign-out.
    pub fn write_end(&self, return_to: &str) -> String {
        let state = EndState { e: return_to.to_owned() };
        self.sign("end", &serde_json::to_vec(&state).expect("a state has a JSON form"))
    }

    /// Reads the `state` of a sign-out.
    pub fn read_end(&self, text: &str) -> Option<String> {
        serde_json::from_slice::<EndState>(&self.verify("end", text)?).ok().map(|state| state.e)
    }

    /// The PKCE verifier of a sign-in (RFC 7636 §4.1).
    pub fn verifier(&self, state: &str, browser: &BrowserId) -> String {
        self.key_of(state).mac("pkce", state, browser.as_str())
    }

    /// The nonce of a sign-in (OpenID Connect Core §15.5.2).
    pub fn nonce(&self, state: &str, browser: &BrowserId) -> String {
        self.key_of(state).mac("nonce", state, browser.as_str())
    }

    /// The key of the record that a sign-in has in the store. It says nothing of the state.
    pub fn record_key(state: &str) -> String {
        format!("exchange:{}", BASE64.encode(digest(&SHA256, state.as_bytes())))
    }

    /// Encrypts a string for the store (AES-256-GCM). It can be decrypted only in the same context (the associated data).
    pub fn seal(&self, text: &str, context: &str) -> String {
        let mut bytes = text.as_bytes().to_vec();
        let sealed = self.keys[0].sealing.seal_in_place_append_tag(aead::Aad::from(context), &mut bytes);
        let nonce = sealed.expect("a string of some kilobytes can be encrypted");
        BASE64.encode([nonce.as_ref().as_slice(), &bytes].concat())
    }

    /// Decrypts a string of the store.
    pub fn unseal(&self, sealed: &str, context: &str) -> Option<String> {
        let sealed = BASE64.decode(sealed).ok()?;
        self.keys.iter().find_map(|keys| keys.unseal(&sealed, context))
    }

    /// The key with which a `state` was written.
    fn key_of(&self, state: &str) -> &Keys {
        self.keys.iter().find(|keys| keys.verify("state", state).is_some()).unwrap_or(&self.keys[0])
    }

    fn sign(&self, label: &str, body: &[u8]) -> String {
        let body = BASE64.encode(body);
        let mac = self.keys[0].mac(label, &body, "");
        format!("{body}.{mac}")
    }

    fn verify(&self, label: &str, text: &str) -> Option<Vec<u8>> {
        self.keys.iter().find_map(|keys| keys.verify(label, text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_read_only_as_it_was_written() {
        let states = LoginStates::new(&[[7; 32]]);
        let browser = BrowserId::random();
        let state = LoginState::new("default", "/orders#7", &browser, 1_000);
        let text = states.write(&state);
        assert_eq!(states.read(&text), Some(state.clone()));
        assert!(state.is_of(&browser) && !state.is_of(&BrowserId::random()));
        assert_eq!(LoginStates::new(&[[8; 32]]).read(&text), None, "another key");
        let rotated = LoginStates::new(&[[8; 32], [7; 32]]);
        assert_eq!(rotated.read(&text), Some(state.clone()), "an old key reads");
        assert_eq!(rotated.verifier(&text, &browser), states.verifier(&text, &browser));
        assert_eq!(rotated.unseal(&states.seal("an ID token", "x"), "x").as_deref(), Some("an ID token"));
        assert_eq!(states.read(&rotated.write(&state)), None);
        assert_eq!(states.read_end(&text), None, "the state of a sign-in is not that of a sign-out");
        assert_eq!(states.read(&states.write_end("/")), None);
        for position in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[position] = if changed[position] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            let is_same_body = states.read(&changed) == Some(state.clone());
            // The last character of a base64 text may have bits that decode to nothing.
            assert!(states.read(&changed).is_none() || is_same_body, "{changed}");
            assert!(states.read(&text[..position]).is_none());
        }
    }

    #[test]
    fn the_verifier_and_the_nonce_belong_to_one_state_and_one_browser() {
        let states = LoginStates::new(&[[7; 32]]);
        let (one, other) = (BrowserId::random(), BrowserId::random());
        let state = states.write(&LoginState::new("default", "/", &one, 1_000));
        let again = states.write(&LoginState::new("default", "/", &one, 1_000));
        let verifiers = [states.verifier(&state, &one), states.verifier(&state, &other), states.verifier(&again, &one)];
        assert_ne!(verifiers[0], verifiers[1]);
        assert_ne!(verifiers[0], verifiers[2]);
        assert_ne!(verifiers[0], states.nonce(&state, &one));
        assert_eq!(verifiers[0].len(), 43, "RFC 7636: 43 to 128 characters");
    }

    #[test]
    fn a_sealed_text_is_opened_only_with_the_key_and_in_its_context() {
        let states = LoginStates::new(&[[7; 32]]);
        let sealed = states.seal("an ID token", "x");
        assert_eq!(states.unseal(&sealed, "x").as_deref(), Some("an ID token"));
        assert_ne!(sealed, states.seal("an ID token", "x"));
        assert_eq!(states.unseal(&sealed, "y"), None, "another context");
        assert_eq!(LoginStates::new(&[[8; 32]]).unseal(&sealed, "x"), None);
        assert_eq!(states.unseal("", "x"), None);
    }
}
