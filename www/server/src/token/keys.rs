//! Keys: they sign access tokens, verify them, and issue refresh tokens. Reads, generates and stores them.

use std::io::Write;
use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{Ed25519KeyPair, RsaKeyPair};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::{Jwk, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};

/// The shortest HS256 secret. RFC 7518 §3.2: at least as many bits as the hash has.
const HS256_MIN_BYTES: usize = 32;

/// The algorithms that can sign access tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SigningAlgorithm {
    /// Ed25519 (RFC 8037).
    EdDsa,
    /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 §3.3).
    Rs256,
    /// HMAC with SHA-256 (RFC 7518 §3.2). A server that can verify can also sign.
    Hs256,
}

impl SigningAlgorithm {
    /// Reads a value of `ALGORITHM`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "EdDSA" => Some(Self::EdDsa),
            "RS256" => Some(Self::Rs256),
            "HS256" => Some(Self::Hs256),
            _ => None,
        }
    }

    fn algorithm(self) -> Algorithm {
        match self {
            Self::EdDsa => Algorithm::EdDSA,
            Self::Rs256 => Algorithm::RS256,
            Self::Hs256 => Algorithm::HS256,
        }
    }

    /// The extension of the file in which the server stores the key that it generates.
    pub fn file_extension(self) -> &'static str {
        match self {
            Self::EdDsa => "signing-key.pem",
            Self::Rs256 => "signing-key.rs256.pem",
            Self::Hs256 => "signing-key.hs256",
        }
    }

    /// A new key, in the format of `SIGNING_KEY`.
    pub fn generate(self) -> std::io::Result<String> {
        let failed = |_| std::io::Error::other("the key could not be generated");
        match self {
            Self::EdDsa => {
                let document = Ed25519KeyPair::generate().and_then(|pair| pair.to_pkcs8v1()).map_err(failed)?;
                Ok(pem("PRIVATE KEY", document.as_ref()))
            }
            Self::Rs256 => {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(failed)?;
                let der: aws_lc_rs::encoding::Pkcs8V1Der = pair.as_der().map_err(failed)?;
                Ok(pem("PRIVATE KEY", der.as_ref()))
            }
            Self::Hs256 => new_secret(),
        }
    }

    /// Checks that `key` can sign with this algorithm.
    pub fn check(self, key: &str) -> Result<(), String> {
        self.read(key).map(drop)
    }

    fn read(self, text: &str) -> Result<(EncodingKey, VerifyingKey), String> {
        let (signing, verifying) = read_key(text)?;
        match signing {
            Some(key) if verifying.algorithm == self.algorithm() => Ok((key, verifying)),
            Some(_) => Err(format!("expected a key for {:?}, got one for {:?}", self.algorithm(), verifying.algorithm)),
            None => Err("expected a private key, got a public one".into()),
        }
    }
}

/// A key that verifies access tokens.
pub struct VerifyingKey {
    pub algorithm: Algorithm,
    pub key: DecodingKey,
    /// The thumbprint (RFC 7638) of a public key; a hash of a secret.
    pub kid: String,
    /// The public key for the JWK set; `None` for a secret.
    pub public: Option<Jwk>,
}

/// All keys of one server.
pub struct KeyRing {
    pub algorithm: Algorithm,
    pub signing: EncodingKey,
    /// The signing key's own verifying key is the first.
    pub verifying: Vec<VerifyingKey>,
    /// The first issues refresh tokens; every one verifies them.
    pub refresh: Vec<[u8; 32]>,
}

impl KeyRing {
    /// Reads the keys from the values of the settings with these names.
    pub fn read(
        algorithm: SigningAlgorithm,
        signing: &str,
        verifying_keys: &str,
        refresh_key: &str,
        old_refresh: &str,
    ) -> Result<Self, String> {
        let (signing, own) = algorithm.read(signing).map_err(|problem| format!("SIGNING_KEY: {problem}"))?;
        let mut keys = vec![own];
        keys.extend(read_verifying_keys(verifying_keys).map_err(|problem| format!("VERIFYING_KEYS: {problem}"))?);
        let mut secrets = read_refresh_keys(refresh_key).map_err(|problem| format!("REFRESH_KEY: {problem}"))?;
        secrets.extend(read_refresh_keys(old_refresh).map_err(|problem| format!("OLD_REFRESH_KEYS: {problem}"))?);
        Ok(Self { algorithm: algorithm.algorithm(), signing, verifying: keys, refresh: secrets })
    }
}

/// Reads `VERIFYING_KEYS`: consecutive PEM blocks, or secrets separated by commas.
pub fn read_verifying_keys(text: &str) -> Result<Vec<VerifyingKey>, String> {
    const END: &str = "-----END";
    let mut keys = Vec::new();
    let mut rest = text.trim_matches([' ', ',', '\n', '\r', '\t']);
    while !rest.is_empty() {
        let end = if rest.starts_with("-----BEGIN") {
            let end = rest.find(END).ok_or("expected a complete PEM block, got one without an END line")? + END.len();
            rest[end..].find("-----").map_or(rest.len(), |dashes| end + dashes + 5)
        } else {
            rest.find([',', '\n']).unwrap_or(rest.len())
        };
        keys.push(read_key(rest[..end].trim())?.1);
        rest = rest[end..].trim_start_matches([' ', ',', '\n', '\r', '\t']);
    }
    Ok(keys)
}

/// Reads `REFRESH_KEY` and `OLD_REFRESH_KEYS`.
pub fn read_refresh_keys(text: &str) -> Result<Vec<[u8; 32]>, String> {
    let decode = |one: &str| BASE64_URL_SAFE_NO_PAD.decode(one).ok()?.try_into().ok();
    text.split(',')
        .map(str::trim)
        .filter(|one| !one.is_empty())
        .map(|one| decode(one).ok_or_else(|| "expected 32 random bytes as base64url, got something else".to_owned()))
        .collect()
}

/// 256 random bits as base64url.
#[allow(clippy::unnecessary_wraps)]
pub fn new_secret() -> std::io::Result<String> {
    Ok(BASE64_URL_SAFE_NO_PAD.encode(random_bytes::<32>()))
}

/// Random bytes from the operating system. Panics without them: a server must not run then.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).expect("the operating system provides random bytes");
    bytes
}

/// The signing key (if `text` is private) and the verifying key.
fn read_key(text: &str) -> Result<(Option<EncodingKey>, VerifyingKey), String> {
    if !text.starts_with("-----BEGIN") {
        return read_secret(text);
    }
    let bytes = text.as_bytes();
    let damaged = |_| "expected an undamaged key";
    let public_key =
        |key, algorithm| Jwk::from_decoding_key(&key, Some(algorithm)).map(|public| (key, algorithm, public));
    let (signing, (key, algorithm, mut public)) = if text.contains("PRIVATE KEY-----") {
        let (signing, algorithm) = read_private_key(bytes)?;
        let public = Jwk::from_encoding_key(&signing, algorithm).map_err(damaged)?;
        let key = DecodingKey::from_jwk(&public).map_err(damaged)?;
        (Some(signing), (key, algorithm, public))
    } else if let Ok(key) = DecodingKey::from_ed_pem(bytes) {
        (None, public_key(key, Algorithm::EdDSA).map_err(damaged)?)
    } else {
        let key = DecodingKey::from_rsa_pem(bytes).map_err(|_| "expected an Ed25519 or RSA key, got something else")?;
        (None, public_key(key, Algorithm::RS256).map_err(damaged)?)
    };
    let kid = public.thumbprint(ThumbprintHash::SHA256).map_err(damaged)?;
    public.common.key_id = Some(kid.clone());
    public.common.public_key_use = Some(PublicKeyUse::Signature);
    Ok((signing, VerifyingKey { algorithm, key, kid, public: Some(public) }))
}

fn read_private_key(pem: &[u8]) -> Result<(EncodingKey, Algorithm), String> {
    if let Ok(key) = EncodingKey::from_ed_pem(pem) {
        // Normalises the PKCS#8 document, which may lack the public key.
        let pair = Ed25519KeyPair::from_pkcs8(key.as_bytes()).map_err(|_| "expected an undamaged key")?;
        let document = pair.to_pkcs8v1().map_err(|_| "expected an undamaged key")?;
        return Ok((EncodingKey::from_ed_der(document.as_ref()), Algorithm::EdDSA));
    }
    let key = EncodingKey::from_rsa_pem(pem).map_err(|_| "expected an Ed25519 or RSA private key as PKCS#8 PEM")?;
    // This check rejects keys that are too short.
    RsaKeyPair::from_der(key.as_bytes())
        .map_err(|_| "expected an RSA key of at least 2048 bits, got a shorter or damaged one")?;
    Ok((key, Algorithm::RS256))
}

fn read_secret(text: &str) -> Result<(Option<EncodingKey>, VerifyingKey), String> {
    let secret = BASE64_URL_SAFE_NO_PAD
        .decode(text.trim_end_matches('='))
        .map_err(|_| "expected a PEM, or random bytes as base64url, got something else")?;
    if secret.len() < HS256_MIN_BYTES {
        return Err(format!("expected at least {HS256_MIN_BYTES} bytes (256 bits), got {}", secret.len()));
    }
    let hash = digest(&SHA256, &[b"tokenward kid\0", secret.as_slice()].concat());
    let kid = BASE64_URL_SAFE_NO_PAD.encode(&hash.as_ref()[..16]);
    let key = VerifyingKey { algorithm: Algorithm::HS256, key: DecodingKey::from_secret(&secret), kid, public: None };
    Ok((Some(EncodingKey::from_secret(&secret)), key))
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = BASE64_STANDARD.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// Reads the file at `path`; if it does not exist, creates it with mode 600 and the text of `create`.
pub fn load_or_create(path: &Path, create: impl FnOnce() -> std::io::Result<String>) -> std::io::Result<String> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(mut file) => {
            let text = create()?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            Ok(text)
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => std::fs::read_to_string(path),
        Err(error) => Err(error),
    }
}
