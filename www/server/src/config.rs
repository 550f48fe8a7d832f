//! Configuration from the environment: every variable checked at the start, every problem named at once.

use std::fmt;
use std::io::Write;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey, EncodePrivateKey};

/// Everything the server can be told. Durations are seconds.
#[derive(Debug, Clone)]
pub struct Config {
    /// `HOST`, default 127.0.0.1: the address to listen on.
    pub host: IpAddr,
    /// `PORT`, default 8080; 0 takes a free one.
    pub port: u16,
    /// `DATABASE`, default `data/tokenward.db`: the `SQLite` file, made on the first start.
    pub database: PathBuf,
    /// `ISSUER`, default `tokenward`: the claim `iss`.
    pub issuer: String,
    /// `AUDIENCE`, default `tokenward`: the claim `aud`.
    pub audience: String,
    /// `ACCESS_TTL`, default 900.
    pub access_ttl: u64,
    /// `REFRESH_IDLE_TTL`, default 604800 (7 days): a session that is not used for so long ends.
    pub refresh_idle_ttl: u64,
    /// `REFRESH_ABSOLUTE_TTL`, default 2592000 (30 days): a session ends after so long, however much it is used.
    pub refresh_absolute_ttl: u64,
    /// `ALLOWED_ORIGINS`, default none: other origins, separated by commas, whose pages may call with credentials.
    pub allowed_origins: Vec<String>,
    /// `COOKIE_SECURE`, default true: false only where the server runs on plain http.
    pub cookie_secure: bool,
    /// `LOGIN_LIMIT`, default 10: logins a minute for one account; one address may do six times as many.
    pub login_limit: u32,
    /// `DEMO`, default false: demo accounts, and the page's switch that expires an access token.
    pub demo: bool,
    /// `DEMO_DIR`: the folder with the built demo page, served at `/`.
    pub demo_dir: Option<PathBuf>,
    signing_key: Option<Secret>,
    refresh_key: Option<Secret>,
}

/// A value that is never printed.
#[derive(Clone)]
struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The two keys: one signs access tokens, one makes refresh secrets.
pub struct Keys {
    pub signing: SigningKey,
    pub refresh: [u8; 32],
}

/// Every variable that is wrong: its name, what was expected, what came (a secret's value never).
#[derive(Debug)]
pub struct ConfigProblems(Vec<String>);

impl fmt::Display for ConfigProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|problem| writeln!(f, "  {problem}"))
    }
}

impl std::error::Error for ConfigProblems {}

impl Config {
    /// Reads the environment through `get`.
    ///
    /// ```
    /// use tokenward_server::Config;
    /// let config = Config::from_env(|name| (name == "ACCESS_TTL").then(|| "60".to_owned())).unwrap();
    /// assert_eq!(config.access_ttl, 60);
    ///
    /// let problems = Config::from_env(|name| (name == "PORT").then(|| "http".to_owned())).unwrap_err();
    /// assert!(problems.to_string().contains(r#"PORT: expected a port from 0 to 65535, got "http""#));
    /// ```
    pub fn from_env(get: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigProblems> {
        let mut env = Reader { get, problems: Vec::new() };
        let seconds = |text: &str| text.parse().ok().filter(|n| (1..=315_360_000).contains(n));
        let flag = |text: &str| text.parse().ok();
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let config = Self {
            host: env.read("HOST", "127.0.0.1", "an IP address", |text| text.parse().ok()),
            port: env.read("PORT", "8080", "a port from 0 to 65535", |text| text.parse().ok()),
            database: env.read("DATABASE", "data/tokenward.db", "a path", text).into(),
            issuer: env.read("ISSUER", "tokenward", "a string that is not empty", text),
            audience: env.read("AUDIENCE", "tokenward", "a string that is not empty", text),
            access_ttl: env.read("ACCESS_TTL", "900", "seconds from 1 to 315360000", seconds),
            refresh_idle_ttl: env.read("REFRESH_IDLE_TTL", "604800", "seconds from 1 to 315360000", seconds),
            refresh_absolute_ttl: env.read("REFRESH_ABSOLUTE_TTL", "2592000", "seconds from 1 to 315360000", seconds),
            allowed_origins: env.read(
                "ALLOWED_ORIGINS",
                "",
                "origins such as https://app.example.com, separated by commas",
                origins,
            ),
            cookie_secure: env.read("COOKIE_SECURE", "true", "true or false", flag),
            login_limit: env.read("LOGIN_LIMIT", "10", "logins a minute, from 1 to 1000000", |text| {
                text.parse().ok().filter(|n| (1..=1_000_000).contains(n))
            }),
            demo: env.read("DEMO", "false", "true or false", flag),
            demo_dir: (env.get)("DEMO_DIR").map(PathBuf::from),
            signing_key: (env.get)("SIGNING_KEY").map(Secret),
            refresh_key: (env.get)("REFRESH_KEY").map(Secret),
        };
        if config.refresh_idle_ttl > config.refresh_absolute_ttl {
            env.problems.push(format!(
                "REFRESH_IDLE_TTL: expected at most REFRESH_ABSOLUTE_TTL ({}), got {}",
                config.refresh_absolute_ttl, config.refresh_idle_ttl
            ));
        }
        if config.signing_key.as_ref().is_some_and(|key| SigningKey::from_pkcs8_pem(&key.0).is_err()) {
            env.problems.push("SIGNING_KEY: expected an Ed25519 private key as PKCS#8 PEM, got something else".into());
        }
        if config.refresh_key.as_ref().is_some_and(|key| decode_key(&key.0).is_none()) {
            env.problems.push("REFRESH_KEY: expected 32 random bytes as base64url, got something else".into());
        }
        if env.problems.is_empty() { Ok(config) } else { Err(ConfigProblems(env.problems)) }
    }

    /// The keys of the environment, or those beside the database, made on the first start and readable by their owner
    /// alone.
    pub(crate) fn keys(&self) -> std::io::Result<Keys> {
        let signing = match &self.signing_key {
            Some(pem) => pem.0.clone(),
            None => kept(&self.database.with_extension("signing-key.pem"), || {
                let pem = SigningKey::from_bytes(&random_bytes()).to_pkcs8_pem(LineEnding::LF);
                pem.map(|pem| pem.to_string()).map_err(std::io::Error::other)
            })?,
        };
        let refresh = match &self.refresh_key {
            Some(key) => key.0.clone(),
            None => kept(&self.database.with_extension("refresh-key"), || {
                Ok(BASE64_URL_SAFE_NO_PAD.encode(random_bytes::<32>()))
            })?,
        };
        let unreadable = |what: &str| std::io::Error::other(format!("{what} beside the database is damaged"));
        Ok(Keys {
            signing: SigningKey::from_pkcs8_pem(&signing).map_err(|_| unreadable("the signing key"))?,
            refresh: decode_key(&refresh).ok_or_else(|| unreadable("the refresh key"))?,
        })
    }
}

struct Reader<G> {
    get: G,
    problems: Vec<String>,
}

impl<G: Fn(&str) -> Option<String>> Reader<G> {
    fn read<T>(&mut self, name: &str, default: &str, expected: &str, parse: impl Fn(&str) -> Option<T>) -> T {
        let value = (self.get)(name);
        let given = value.as_deref().unwrap_or(default);
        parse(given.trim()).unwrap_or_else(|| {
            self.problems.push(format!("{name}: expected {expected}, got {given:?}"));
            parse(default).expect("defaults are valid")
        })
    }
}

fn origins(text: &str) -> Option<Vec<String>> {
    let list: Vec<String> = text.split(',').map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect();
    let valid = |origin: &String| {
        let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
        host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '*', ' ', '@']))
    };
    list.iter().all(valid).then_some(list)
}

fn decode_key(text: &str) -> Option<[u8; 32]> {
    BASE64_URL_SAFE_NO_PAD.decode(text.trim()).ok()?.try_into().ok()
}

/// Bytes of the operating system's generator, without which no server may run.
pub(crate) fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// The text of a file; where there is none, it is made first, with mode 600.
fn kept(path: &Path, make: impl FnOnce() -> std::io::Result<String>) -> std::io::Result<String> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(mut file) => {
            let text = make()?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            Ok(text)
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => std::fs::read_to_string(path),
        Err(error) => Err(error),
    }
}
