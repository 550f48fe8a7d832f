//! Reads settings from the environment and collects every problem.

use std::path::Path;

use super::settings::find;
use super::{Config, Secret, StoreLocation};
use crate::store::RedisOptions;
use crate::token::keys;

/// Reads variables through `get`.
pub struct Reader<G> {
    pub get: G,
    pub problems: Vec<String>,
}

impl<G: Fn(&str) -> Option<String>> Reader<G> {
    /// The parsed value of a setting; its default, and a problem, if the value is wrong.
    pub fn read<T>(&mut self, name: &str, parse: impl Fn(&str) -> Option<T>) -> T {
        self.read_like(name, name, parse)
    }

    /// The parsed value of a variable that has the default and the accepted values of the setting `like`.
    pub fn read_like<T>(&mut self, name: &str, like: &str, parse: impl Fn(&str) -> Option<T>) -> T {
        let setting = find(like);
        let value = (self.get)(name);
        let text = value.as_deref().unwrap_or(setting.default);
        parse(text.trim()).unwrap_or_else(|| {
            self.problems.push(format!("{name}: expected {}, got {text:?}", setting.expected));
            parse(setting.default).expect("defaults are valid")
        })
    }

    /// The value of a secret, or the text of the file that `<name>_FILE` names.
    pub fn secret(&mut self, name: &str) -> Option<Secret> {
        let file_name = format!("{name}_FILE");
        let value = match ((self.get)(name), (self.get)(&file_name)) {
            (Some(_), Some(_)) => {
                self.problems.push(format!("{file_name}: expected no value, because {name} is set as well"));
                None
            }
            (None, Some(path)) => std::fs::read_to_string(&path)
                .inspect_err(|error| self.problems.push(format!("{file_name}: expected a file, {path}: {error}")))
                .ok(),
            (value, None) => value,
        };
        value.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty()).map(Secret)
    }

    /// The certificates in the PEM file that a setting names.
    pub fn certificates(&mut self, name: &str) -> Option<Vec<u8>> {
        let path = (self.get)(name).filter(|path| !path.is_empty())?;
        let problem = match std::fs::read(&path) {
            Ok(pem) if String::from_utf8_lossy(&pem).contains("-----BEGIN CERTIFICATE-----") => return Some(pem),
            Ok(_) => "it has no certificate".to_owned(),
            Err(error) => error.to_string(),
        };
        self.problems.push(format!("{name}: expected {}, got {path}: {problem}", find(name).expected));
        None
    }

    pub fn store(
        &mut self,
        redis: Option<Secret>,
        cluster: bool,
        options: RedisOptions,
        database: &Path,
    ) -> StoreLocation {
        let Some(redis) = redis else {
            let RedisOptions { ca, wait_for } = options;
            for (name, expected, is_set) in [
                ("REDIS_CLUSTER", "false", cluster),
                ("REDIS_CA", "no value", ca.is_some()),
                ("REDIS_WAIT_REPLICAS", "0", wait_for.replicas > 0),
                ("REDIS_WAIT_DISK", "false", wait_for.disk),
            ] {
                if is_set {
                    self.problems.push(format!("{name}: expected {expected}, because REDIS_URL is not set"));
                }
            }
            return StoreLocation::Sqlite(database.to_owned());
        };
        let nodes: Vec<_> = redis.0.split(',').map(|node| Secret(node.trim().to_owned())).collect();
        // (After `#`, the address could switch the verification of certificates off.)
        let is_valid = |node: &Secret| redis::Client::open(node.0.as_str()).is_ok() && !node.0.contains('#');
        let with_tls = nodes.iter().filter(|node| node.0.starts_with("rediss://")).count();
        if !nodes.iter().all(is_valid) || (nodes.len() > 1 && !cluster) || ![0, nodes.len()].contains(&with_tls) {
            // The value may contain a password, so the message does not quote it.
            let expected = find("REDIS_URL").expected;
            self.problems.push(format!("REDIS_URL: expected {expected}, got something else"));
        }
        if options.ca.is_some() && with_tls == 0 {
            self.problems.push("REDIS_CA: expected no value, because REDIS_URL is not rediss://".into());
        }
        if cluster { StoreLocation::RedisCluster(nodes, options) } else { StoreLocation::Redis(redis, options) }
    }

    /// Checks that the demo accounts, whose passwords are published, are not open to others by mistake.
    pub fn check_demo(&mut self, config: &Config, is_confirmed: bool) {
        let reason = if !config.host.is_loopback() {
            "HOST is not a loopback address"
        } else if config.proxies > 0 {
            "PROXIES says that clients come through a proxy"
        } else if !matches!(config.store, StoreLocation::Sqlite(_)) {
            "the accounts would be in Redis"
        } else {
            return;
        };
        if config.demo && !is_confirmed {
            self.problems.push(format!(
                "DEMO: expected false, because the passwords of the demo accounts are published and {reason}, got true; \
                 DEMO_PUBLIC=true confirms it"
            ));
        }
    }

    /// Checks that the keys exist where they are required, and that they can be read.
    pub fn check_keys(&mut self, config: &Config) {
        let embedded = matches!(config.store, StoreLocation::Sqlite(_));
        for (name, key) in [("SIGNING_KEY", &config.signing_key), ("REFRESH_KEY", &config.refresh_key)] {
            if key.is_none() && !embedded {
                self.problems.push(format!(
                    "{name}: expected a key, because servers that share Redis must share their keys, got none; \
                     `tokenward-server key` prints a new one"
                ));
            }
        }
        let text = |key: &Option<Secret>| key.as_ref().map(|key| key.0.clone());
        let checks = [
            ("SIGNING_KEY", text(&config.signing_key).map(|key| config.algorithm.check(&key))),
            ("VERIFYING_KEYS", text(&config.verifying_keys).map(|keys| keys::read_verifying_keys(&keys).map(drop))),
            ("REFRESH_KEY", text(&config.refresh_key).map(|key| keys::read_refresh_keys(&key).map(drop))),
            ("OLD_REFRESH_KEYS", text(&config.old_refresh_keys).map(|keys| keys::read_refresh_keys(&keys).map(drop))),
        ];
        for (name, check) in checks {
            if let Some(Err(problem)) = check {
                self.problems.push(format!("{name}: {problem}"));
            }
        }
    }
}

/// Parses a number from `min` to `max`.
pub fn number(min: u64, max: u64) -> impl Fn(&str) -> Option<u64> {
    move |text| text.parse().ok().filter(|n| (min..=max).contains(n))
}

/// Parses a list of origins, separated by commas.
pub fn origins(text: &str) -> Option<Vec<String>> {
    let list: Vec<String> =
        text.split(',').map(str::trim).filter(|origin| !origin.is_empty()).map(str::to_owned).collect();
    let valid = |origin: &String| {
        let host = origin.split_once("://").map(|(_, host)| host);
        host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '*', ' ', '@']))
    };
    list.iter().all(valid).then_some(list)
}
