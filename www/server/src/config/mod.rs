//! The configuration, from environment variables. Every wrong variable is reported at once.

pub mod providers;
mod reader;
mod settings;

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

pub use self::providers::{NewUsers, PageTokens, ProviderConfig};
use self::reader::{Reader, number, origins};
pub use self::settings::{SETTINGS, Setting};
use crate::dialect::Dialect;
use crate::store::{RedisOptions, WaitFor};
use crate::token::keys::{self, KeyRing, SigningAlgorithm};

/// What a reused refresh token ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReuseRevokes {
    /// Its own session.
    Session,
    /// Every session of its user.
    User,
}

/// The format of logged events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
    /// Not at all.
    Off,
}

/// The store of sessions and users.
#[derive(Debug, Clone)]
pub enum StoreLocation {
    /// One SQLite file.
    Sqlite(PathBuf),
    /// One Redis server.
    Redis(Secret, RedisOptions),
    /// A Redis Cluster with these nodes, which name the others.
    RedisCluster(Vec<Secret>, RedisOptions),
}

/// All settings; [`SETTINGS`] describes each field. Durations are seconds.
#[derive(Debug, Clone)]
#[allow(missing_docs)] // `SETTINGS` describes the fields.
pub struct Config {
    pub host: IpAddr,
    pub port: u16,
    pub proxies: usize,
    pub store: StoreLocation,
    pub issuer: String,
    pub audience: String,
    pub leeway: u64,
    pub access_ttl: u64,
    pub refresh_idle_ttl: u64,
    pub refresh_absolute_ttl: u64,
    pub reuse_revokes: ReuseRevokes,
    pub repeat_window: u64,
    pub rotation_grace: u64,
    pub revocation_max_lag: u64,
    pub dialect: Dialect,
    pub allowed_origins: Vec<String>,
    pub cookie_secure: bool,
    pub cookie_host_prefix: bool,
    pub login_limit: u32,
    pub refresh_limit: u32,
    pub max_sessions: usize,
    pub public_url: Option<String>,
    pub providers: Vec<ProviderConfig>,
    pub log: LogFormat,
    pub demo: bool,
    pub demo_dir: Option<PathBuf>,
    database: PathBuf,
    algorithm: SigningAlgorithm,
    signing_key: Option<Secret>,
    verifying_keys: Option<Secret>,
    refresh_key: Option<Secret>,
    old_refresh_keys: Option<Secret>,
}

/// A value that is never printed.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    pub(crate) fn new(text: String) -> Self {
        Self(text)
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The wrong variables: each with its name, what was expected and what came. Never contains the value of a secret.
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
        let flag = |text: &str| text.parse().ok();
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let database: PathBuf = env.read("DATABASE", text).into();
        let redis = env.secret("REDIS_URL");
        let cluster = env.read("REDIS_CLUSTER", flag);
        let replicas = env.read("REDIS_WAIT_REPLICAS", number(0, 16)) as u32;
        let wait_for = WaitFor { replicas, disk: env.read("REDIS_WAIT_DISK", flag) };
        let options = RedisOptions { ca: env.certificates("REDIS_CA"), wait_for };
        let store = env.store(redis, cluster, options, &database);
        let algorithm = env.read("ALGORITHM", SigningAlgorithm::parse);
        let config = Self {
            host: env.read("HOST", |text| text.parse().ok()),
            port: env.read("PORT", |text| text.parse().ok()),
            proxies: env.read("PROXIES", number(0, 16)) as usize,
            store,
            issuer: env.read("ISSUER", text),
            audience: env.read("AUDIENCE", text),
            leeway: env.read("LEEWAY", number(0, 300)),
            access_ttl: env.read("ACCESS_TTL", number(1, 315_360_000)),
            refresh_idle_ttl: env.read("REFRESH_IDLE_TTL", number(1, 315_360_000)),
            refresh_absolute_ttl: env.read("REFRESH_ABSOLUTE_TTL", number(1, 315_360_000)),
            reuse_revokes: env.read("REUSE_REVOKES", |text| match text {
                "session" => Some(ReuseRevokes::Session),
                "user" => Some(ReuseRevokes::User),
                _ => None,
            }),
            repeat_window: env.read("REPEAT_WINDOW", number(1, 86_400)),
            rotation_grace: env.read("ROTATION_GRACE", number(0, 300)),
            revocation_max_lag: env.read("REVOCATION_MAX_LAG", number(1, 3_600)),
            dialect: env.read("DIALECT", Dialect::parse),
            allowed_origins: env.read("ALLOWED_ORIGINS", origins),
            cookie_secure: env.read("COOKIE_SECURE", flag),
            cookie_host_prefix: env.read("COOKIE_HOST_PREFIX", flag),
            login_limit: env.read("LOGIN_LIMIT", number(1, 1_000_000)) as u32,
            refresh_limit: env.read("REFRESH_LIMIT", number(1, 1_000_000)) as u32,
            max_sessions: env.read("MAX_SESSIONS", number(1, 1_000_000)) as usize,
            public_url: env.read("PUBLIC_URL", providers::public_url),
            providers: env.providers(),
            log: env.read("LOG", |text| match text {
                "text" => Some(LogFormat::Text),
                "json" => Some(LogFormat::Json),
                "off" => Some(LogFormat::Off),
                _ => None,
            }),
            demo: env.read("DEMO", flag),
            demo_dir: env.read("DEMO_DIR", |text| Some((!text.is_empty()).then(|| PathBuf::from(text)))),
            database,
            algorithm,
            signing_key: env.secret("SIGNING_KEY"),
            verifying_keys: env.secret("VERIFYING_KEYS"),
            refresh_key: env.secret("REFRESH_KEY"),
            old_refresh_keys: env.secret("OLD_REFRESH_KEYS"),
        };
        if config.refresh_idle_ttl > config.refresh_absolute_ttl {
            env.problems.push(format!(
                "REFRESH_IDLE_TTL: expected at most REFRESH_ABSOLUTE_TTL ({}), got {}",
                config.refresh_absolute_ttl, config.refresh_idle_ttl
            ));
        }
        if config.cookie_host_prefix && !config.cookie_secure {
            env.problems.push("COOKIE_HOST_PREFIX: expected false, because COOKIE_SECURE is false, got true".into());
        }
        env.check_providers(&config);
        env.check_keys(&config);
        let is_confirmed = env.read("DEMO_PUBLIC", flag);
        env.check_demo(&config, is_confirmed);
        if env.problems.is_empty() { Ok(config) } else { Err(ConfigProblems(env.problems)) }
    }

    /// The keys of the environment, or of the files beside the database. The first start generates these files, which only
    /// their owner can read.
    pub(crate) fn keys(&self) -> std::io::Result<KeyRing> {
        let signing = match &self.signing_key {
            Some(key) => key.0.clone(),
            None => keys::load_or_create(&self.database.with_extension(self.algorithm.file_extension()), || {
                self.algorithm.generate()
            })?,
        };
        let refresh = match &self.refresh_key {
            Some(key) => key.0.clone(),
            None => keys::load_or_create(&self.database.with_extension("refresh-key"), keys::new_secret)?,
        };
        let text = |keys: &Option<Secret>| keys.as_ref().map_or(String::new(), |keys| keys.0.clone());
        let (verifying, old_refresh) = (text(&self.verifying_keys), text(&self.old_refresh_keys));
        KeyRing::read(self.algorithm, &signing, &verifying, &refresh, &old_refresh).map_err(std::io::Error::other)
    }

    /// The table of settings for the docs, in Markdown.
    pub fn table() -> String {
        settings::markdown_table()
    }

    /// The settings for `--help`.
    pub fn help() -> String {
        settings::help()
    }
}
