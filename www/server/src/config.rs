//! Configuration from the environment. [`SETTINGS`] is the one list of what there is to set: the reader takes names and
//! defaults from it, `--help` and the table in the docs are printed from it. Every problem is named at once.

use std::fmt::{self, Write};
use std::net::IpAddr;
use std::path::PathBuf;

use crate::dialect::Dialect;
use crate::keys::{self, KeyRing, SigningAlgorithm};

/// One thing to set by an environment variable.
pub struct Setting {
    /// The variable.
    pub name: &'static str,
    /// Its value where it is not set; empty where there is none.
    pub default: &'static str,
    /// What values it takes.
    pub expected: &'static str,
    /// What it does.
    pub about: &'static str,
}

const fn setting(name: &'static str, default: &'static str, expected: &'static str, about: &'static str) -> Setting {
    Setting { name, default, expected, about }
}

const SECONDS: &str = "seconds from 1 to 315360000";
const FLAG: &str = "true or false";
const TEXT: &str = "a string that is not empty";
const REFRESH_KEYS: &str = "32 random bytes as base64url";

/// All settings. Secrets (`SIGNING_KEY`, `VERIFYING_KEYS`, `REFRESH_KEY`, `OLD_REFRESH_KEYS`, `REDIS_URL`) may be given
/// as files instead: `SIGNING_KEY_FILE` and so on.
pub const SETTINGS: &[Setting] = &[
    setting("HOST", "127.0.0.1", "an IP address", "The address to listen on."),
    setting("PORT", "8080", "a port from 0 to 65535", "0 takes a free one."),
    setting(
        "PROXIES",
        "0",
        "a number from 0 to 16",
        "Reverse proxies in front; so many entries of `X-Forwarded-For`, from the right, are believed.",
    ),
    setting(
        "DATABASE",
        "data/tokenward.db",
        "a path",
        "The embedded store's SQLite file, made on the first start; keys that are not set lie beside it.",
    ),
    setting(
        "REDIS_URL",
        "",
        "redis://[[user]:password@]host[:port][/db], several separated by commas for a cluster",
        "Keeps sessions and users in Redis instead, for several servers; the keys must be set then.",
    ),
    setting("REDIS_CLUSTER", "false", FLAG, "Whether `REDIS_URL` names nodes of a Redis Cluster."),
    setting("ISSUER", "tokenward", TEXT, "The claim `iss`."),
    setting("AUDIENCE", "tokenward", TEXT, "The claim `aud`."),
    setting("ALGORITHM", "EdDSA", "EdDSA, RS256 or HS256", "What access tokens are signed with."),
    setting(
        "SIGNING_KEY",
        "",
        "a PKCS#8 PEM (EdDSA; RS256 with at least 2048 bits) or at least 32 bytes as base64url (HS256)",
        "Signs access tokens; made on the first start of the embedded store.",
    ),
    setting(
        "VERIFYING_KEYS",
        "",
        "keys as for SIGNING_KEY, or public keys as PEM; secrets separated by commas",
        "Further keys whose tokens are good: the one before, until its tokens are gone, and the next one.",
    ),
    setting("REFRESH_KEY", "", REFRESH_KEYS, "Makes refresh tokens; made on the first start of the embedded store."),
    setting(
        "OLD_REFRESH_KEYS",
        "",
        "keys as for REFRESH_KEY, separated by commas",
        "Keys of earlier days whose refresh tokens are still good.",
    ),
    setting(
        "LEEWAY",
        "5",
        "seconds from 0 to 300",
        "By how much the clocks of servers may differ when `exp` and `nbf` are checked.",
    ),
    setting("ACCESS_TTL", "900", SECONDS, "The life of an access token."),
    setting("REFRESH_IDLE_TTL", "604800", SECONDS, "A session that is not refreshed for so long ends."),
    setting("REFRESH_ABSOLUTE_TTL", "2592000", SECONDS, "A session ends after so long, however much it is used."),
    setting(
        "REUSE_REVOKES",
        "session",
        "session or user",
        "What a reused refresh token ends: its session, or all sessions of the user.",
    ),
    setting(
        "ROTATION_GRACE",
        "0",
        "seconds from 0 to 300",
        "For so long a client that sends no `Idempotency-Key` may repeat a refresh. For foreign clients; tokenward needs none.",
    ),
    setting(
        "REVOCATION_MAX_LAG",
        "5",
        "seconds from 1 to 3600",
        "A server that has not heard of the others' revocations for so long answers 503 instead of believing tokens.",
    ),
    setting(
        "DIALECT",
        "tokenward",
        "tokenward, error-text, no-expires-in, body, oauth2 or cookies-only",
        "The shape of answers: see below.",
    ),
    setting(
        "ALLOWED_ORIGINS",
        "",
        "origins such as https://app.example.com, separated by commas",
        "Other origins whose pages may call with credentials.",
    ),
    setting("COOKIE_SECURE", "true", FLAG, "false only where the server runs on plain http."),
    setting(
        "LOGIN_LIMIT",
        "10",
        "logins a minute, from 1 to 1000000",
        "For one account from one address; one address may do six times as many.",
    ),
    setting(
        "REFRESH_LIMIT",
        "100",
        "refreshes, from 1 to 1000000",
        "So many may one session do at once, because many tabs may wake together; afterwards one a second.",
    ),
    setting("LOG", "text", "text, json or off", "How events are written to the standard output."),
    setting("DEMO", "false", FLAG, "Demo accounts, and switches that make things go wrong."),
    setting("DEMO_DIR", "", "a folder", "The built demo page, served at `/`."),
];

/// What a reused refresh token ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReuseRevokes {
    /// Its own session.
    Session,
    /// Every session of its user.
    User,
}

/// How events are logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
    /// Not at all.
    Off,
}

/// Where sessions and users are kept.
#[derive(Debug, Clone)]
pub enum StoreAt {
    /// In one file.
    Sqlite(PathBuf),
    /// In one Redis server.
    Redis(Secret),
    /// In a Redis Cluster, of which these nodes are known.
    RedisCluster(Vec<Secret>),
}

/// Everything the server can be told; [`SETTINGS`] says what each field means. Durations are seconds.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct Config {
    pub host: IpAddr,
    pub port: u16,
    pub proxies: usize,
    pub store: StoreAt,
    pub issuer: String,
    pub audience: String,
    pub leeway: u64,
    pub access_ttl: u64,
    pub refresh_idle_ttl: u64,
    pub refresh_absolute_ttl: u64,
    pub reuse_revokes: ReuseRevokes,
    pub rotation_grace: u64,
    pub revocation_max_lag: u64,
    pub dialect: Dialect,
    pub allowed_origins: Vec<String>,
    pub cookie_secure: bool,
    pub login_limit: u32,
    pub refresh_limit: u32,
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
pub struct Secret(pub(crate) String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
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
        let flag = |text: &str| text.parse().ok();
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let database: PathBuf = env.read("DATABASE", text).into();
        let redis = env.secret("REDIS_URL");
        let cluster = env.read("REDIS_CLUSTER", flag);
        let store = env.store(redis, cluster, &database);
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
            rotation_grace: env.read("ROTATION_GRACE", number(0, 300)),
            revocation_max_lag: env.read("REVOCATION_MAX_LAG", number(1, 3_600)),
            dialect: env.read("DIALECT", Dialect::parse),
            allowed_origins: env.read("ALLOWED_ORIGINS", origins),
            cookie_secure: env.read("COOKIE_SECURE", flag),
            login_limit: env.read("LOGIN_LIMIT", number(1, 1_000_000)) as u32,
            refresh_limit: env.read("REFRESH_LIMIT", number(1, 1_000_000)) as u32,
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
        env.check_keys(&config);
        if env.problems.is_empty() { Ok(config) } else { Err(ConfigProblems(env.problems)) }
    }

    /// The keys of the environment, or those beside the database, made on the first start and readable by their owner
    /// alone.
    pub(crate) fn keys(&self) -> std::io::Result<KeyRing> {
        let signing = match &self.signing_key {
            Some(key) => key.0.clone(),
            None => keys::kept(&self.database.with_extension(self.algorithm.file()), || self.algorithm.generate())?,
        };
        let refresh = match &self.refresh_key {
            Some(key) => key.0.clone(),
            None => keys::kept(&self.database.with_extension("refresh-key"), keys::new_secret)?,
        };
        let more = |keys: &Option<Secret>| keys.as_ref().map_or(String::new(), |keys| keys.0.clone());
        let (verifying, old_refresh) = (more(&self.verifying_keys), more(&self.old_refresh_keys));
        KeyRing::open(self.algorithm, &signing, &verifying, &refresh, &old_refresh).map_err(std::io::Error::other)
    }

    /// The table of settings for the docs, in Markdown.
    pub fn table() -> String {
        let mut table = String::from("| variable | default | takes | |\n| --- | --- | --- | --- |\n");
        for Setting { name, default, expected, about } in SETTINGS {
            let default = if default.is_empty() { String::new() } else { format!("`{default}`") };
            let _ = writeln!(table, "| `{name}` | {default} | {expected} | {about} |");
        }
        table
    }

    /// The settings for `--help`.
    pub fn help() -> String {
        let mut text = String::from("Settings are environment variables:\n");
        for Setting { name, default, expected, about } in SETTINGS {
            let default = if default.is_empty() { String::new() } else { format!(" [default: {default}]") };
            let _ = write!(text, "\n  {name}{default}\n      {about}\n      Takes {expected}.\n");
        }
        text
    }
}

struct Reader<G> {
    get: G,
    problems: Vec<String>,
}

impl<G: Fn(&str) -> Option<String>> Reader<G> {
    fn read<T>(&mut self, name: &str, parse: impl Fn(&str) -> Option<T>) -> T {
        let setting = find(name);
        let value = (self.get)(name);
        let given = value.as_deref().unwrap_or(setting.default);
        parse(given.trim()).unwrap_or_else(|| {
            self.problems.push(format!("{name}: expected {}, got {given:?}", setting.expected));
            parse(setting.default).expect("defaults are valid")
        })
    }

    /// A secret's value, or the text of the file that `<name>_FILE` names.
    fn secret(&mut self, name: &str) -> Option<Secret> {
        let in_file = format!("{name}_FILE");
        let value = match ((self.get)(name), (self.get)(&in_file)) {
            (Some(_), Some(_)) => {
                self.problems.push(format!("{in_file}: expected nothing, because {name} is set as well"));
                None
            }
            (None, Some(path)) => std::fs::read_to_string(&path)
                .inspect_err(|error| self.problems.push(format!("{in_file}: expected a file, {path}: {error}")))
                .ok(),
            (value, None) => value,
        };
        value.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty()).map(Secret)
    }

    fn store(&mut self, redis: Option<Secret>, cluster: bool, database: &std::path::Path) -> StoreAt {
        let Some(redis) = redis else {
            if cluster {
                self.problems.push("REDIS_CLUSTER: expected false, because REDIS_URL is not set, got true".into());
            }
            return StoreAt::Sqlite(database.to_owned());
        };
        let nodes: Vec<_> = redis.0.split(',').map(|node| Secret(node.trim().to_owned())).collect();
        if nodes.iter().any(|node| redis::Client::open(node.0.as_str()).is_err()) || (nodes.len() > 1 && !cluster) {
            let expected = find("REDIS_URL").expected;
            self.problems.push(format!("REDIS_URL: expected {expected}, got something else"));
        }
        if cluster { StoreAt::RedisCluster(nodes) } else { StoreAt::Redis(redis) }
    }

    fn check_keys(&mut self, config: &Config) {
        let embedded = matches!(config.store, StoreAt::Sqlite(_));
        for (name, key) in [("SIGNING_KEY", &config.signing_key), ("REFRESH_KEY", &config.refresh_key)] {
            if key.is_none() && !embedded {
                self.problems.push(format!(
                    "{name}: expected a key, because servers that share Redis must share their keys, got none; \
                     `tokenward-server key` makes one"
                ));
            }
        }
        let text = |key: &Option<Secret>| key.as_ref().map(|key| key.0.clone());
        let checks = [
            ("SIGNING_KEY", text(&config.signing_key).map(|key| config.algorithm.check(&key))),
            ("VERIFYING_KEYS", text(&config.verifying_keys).map(|key| keys::verifying(&key).map(drop))),
            ("REFRESH_KEY", text(&config.refresh_key).map(|key| keys::refresh(&key).map(drop))),
            ("OLD_REFRESH_KEYS", text(&config.old_refresh_keys).map(|key| keys::refresh(&key).map(drop))),
        ];
        for (name, check) in checks {
            if let Some(Err(problem)) = check {
                self.problems.push(format!("{name}: {problem}"));
            }
        }
    }
}

fn find(name: &str) -> &'static Setting {
    SETTINGS.iter().find(|setting| setting.name == name).expect("every setting is in the list")
}

fn number(least: u64, most: u64) -> impl Fn(&str) -> Option<u64> {
    move |text| text.parse().ok().filter(|n| (least..=most).contains(n))
}

fn origins(text: &str) -> Option<Vec<String>> {
    let list: Vec<String> = text.split(',').map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect();
    let valid = |origin: &String| {
        let host = origin.split_once("://").map(|(_, host)| host);
        host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '*', ' ', '@']))
    };
    list.iter().all(valid).then_some(list)
}
