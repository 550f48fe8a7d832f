//! Settings, the command line, logs, metrics, and documents that are generated from the code.

use std::collections::HashMap;
use std::io::Write;
use std::process::{Command, Output, Stdio};

use reqwest::Method;
use serde_json::{Value, json};
use tokenward_server::{Config, config};

use crate::harness::{Redis, SHARED_KEYS, Server, outcome, tokens};

fn run(arguments: &[&str], environment: &[(&str, &str)], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tokenward-server"))
        .args(arguments)
        .env_clear()
        .envs(environment.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn the_docs_contain_the_table_of_settings() {
    let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/demo-server.md");
    let docs = std::fs::read_to_string(docs).unwrap();
    let command = "cargo run -p tokenward-server -- settings";
    assert!(
        docs.contains(&Config::table()),
        "docs/reference/demo-server.md: expected the table that `{command}` prints"
    );
}

#[test]
fn help_lists_every_setting_with_its_default() {
    let help = text(&run(&["--help"], &[], "").stdout);
    for setting in config::SETTINGS {
        assert!(help.contains(&format!("  {}", setting.name)), "{}", setting.name);
        assert!(help.contains(setting.description), "{}", setting.name);
    }
    for command in ["user", "key", "openapi", "settings"] {
        assert!(help.contains(command), "{command}");
    }
}

#[test]
fn the_server_prints_all_wrong_settings_at_once_and_no_secret() {
    let wrong = [
        ("PORT", "x"),
        ("ALGORITHM", "none"),
        ("REUSE_REVOKES", "all"),
        ("DIALECT", "klingon"),
        ("REDIS_URL", "http://user:hunter2@host"),
        ("VERIFYING_KEYS", "hunter2"),
        ("ALLOWED_ORIGINS", "*"),
    ];
    let output = run(&[], &wrong, "");
    let printed = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    for (name, _) in wrong {
        assert!(printed.contains(&format!("{name}: expected ")), "{name} in\n{printed}");
    }
    // Servers that share a store must share their keys.
    assert!(printed.contains("SIGNING_KEY: expected") && printed.contains("REFRESH_KEY: expected"), "{printed}");
    assert!(!printed.contains("hunter2"), "{printed}");
}

#[test]
fn every_wrong_setting_is_reported_and_no_secret_is_quoted() {
    let env = HashMap::from([
        ("PORT", "70000"),
        ("ACCESS_TTL", "0"),
        ("COOKIE_SECURE", "yes"),
        ("ALLOWED_ORIGINS", "*"),
        ("SIGNING_KEY", "my-secret-key"),
        ("REFRESH_KEY", "my-secret-key"),
        ("REFRESH_IDLE_TTL", "3000000"),
        ("REDIS_CLUSTER", "true"),
        ("REDIS_WAIT_REPLICAS", "1"),
        ("REDIS_WAIT_DISK", "true"),
        ("REDIS_CA", "/nowhere/ca.pem"),
    ]);
    let problems = Config::from_env(|name| env.get(name).map(|&value| value.into())).unwrap_err().to_string();
    for name in env.keys() {
        assert!(problems.contains(&format!("{name}: expected ")), "{name} in\n{problems}");
    }
    assert!(problems.contains("\"70000\"") && !problems.contains("my-secret-key"), "{problems}");
}

#[test]
fn an_address_of_redis_cannot_switch_the_verification_of_certificates_off() {
    let ca = crate::harness::certificate("ca.pem");
    let key = crate::harness::certificate("redis.key");
    for (url, cluster, ca, problem) in [
        ("rediss://:hunter2@host/#insecure", "false", "", "REDIS_URL: expected "),
        ("rediss://one,redis://two", "true", "", "REDIS_URL: expected "),
        ("redis://host", "false", ca.as_str(), "REDIS_CA: expected no value"),
        ("rediss://host", "false", key.as_str(), "REDIS_CA: expected a PEM file with certificates"),
        ("rediss://host", "false", ca.as_str(), ""),
        ("rediss://one,rediss://two", "true", ca.as_str(), ""),
    ] {
        let mut env = HashMap::from([("REDIS_URL", url), ("REDIS_CLUSTER", cluster), ("REDIS_CA", ca)]);
        env.extend(SHARED_KEYS);
        let config = Config::from_env(|name| env.get(name).map(|&value| value.into()));
        let problems = config.err().map(|problems| problems.to_string()).unwrap_or_default();
        assert!(problems.contains(problem) && problem.is_empty() == problems.is_empty(), "{url}: {problems}");
        assert!(!problems.contains("hunter2"), "{problems}");
    }
}

/// The passwords of the demo accounts are published.
#[test]
fn demo_accounts_for_others_must_be_confirmed() {
    let problems = |settings: &[(&str, &str)]| {
        let env: HashMap<_, _> = SHARED_KEYS.iter().chain(settings).copied().collect();
        let config = Config::from_env(|name| env.get(name).map(|&value| value.into()));
        config.err().map(|problems| problems.to_string()).unwrap_or_default()
    };
    for public in
        [("HOST", "0.0.0.0"), ("HOST", "::"), ("HOST", "192.0.2.1"), ("PROXIES", "1"), ("REDIS_URL", "redis://h")]
    {
        let found = problems(&[("DEMO", "true"), public]);
        assert!(found.contains("DEMO: expected false") && found.contains("DEMO_PUBLIC=true"), "{public:?}: {found}");
        assert_eq!(problems(&[("DEMO", "true"), ("DEMO_PUBLIC", "true"), public]), "");
        assert_eq!(problems(&[public]), "");
    }
    for host in ["127.0.0.1", "127.1.2.3", "::1"] {
        assert_eq!(problems(&[("DEMO", "true"), ("HOST", host)]), "");
    }
}

#[test]
fn weak_or_wrong_keys_are_rejected() {
    let rsa_1024 = include_str!("rsa_1024.pem");
    for (algorithm, key, expected) in [
        ("HS256", "c2hvcnQ", "expected at least 32 bytes (256 bits), got 5"),
        ("HS256", "not base64url!", "expected a PEM, or random bytes as base64url"),
        ("EdDSA", SHARED_KEYS[1].1, "expected a key for EdDSA, got one for HS256"),
        ("RS256", rsa_1024, "expected an RSA key of at least 2048 bits"),
        ("EdDSA", "-----BEGIN PRIVATE KEY-----", "expected"),
    ] {
        let env = |name: &str| match name {
            "ALGORITHM" => Some(algorithm.to_owned()),
            "SIGNING_KEY" => Some(key.to_owned()),
            _ => None,
        };
        let problems = Config::from_env(env).unwrap_err().to_string();
        assert!(problems.contains("SIGNING_KEY: ") && problems.contains(expected), "{algorithm}: {problems}");
        assert!(!problems.contains(key), "{problems}");
    }
}

#[test]
fn secrets_are_read_from_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    std::fs::write(&path, format!("{}\n", SHARED_KEYS[1].1)).unwrap();
    let env = |name: &str| match name {
        "ALGORITHM" => Some("HS256".to_owned()),
        "SIGNING_KEY_FILE" => Some(path.to_str().unwrap().to_owned()),
        "REFRESH_KEY_FILE" => Some("/nowhere".to_owned()),
        _ => None,
    };
    let problems = Config::from_env(env).unwrap_err().to_string();
    assert!(problems.contains("REFRESH_KEY_FILE: expected a file") && !problems.contains("SIGNING_KEY"), "{problems}");
}

#[test]
fn printed_keys_are_accepted_as_settings() {
    for kind in ["EdDSA", "RS256", "HS256"] {
        let key = text(&run(&["key", kind], &[], "").stdout);
        let env = |name: &str| match name {
            "ALGORITHM" => Some(kind.to_owned()),
            "SIGNING_KEY" => Some(key.clone()),
            _ => None,
        };
        Config::from_env(env).unwrap();
    }
    let refresh = text(&run(&["key", "refresh"], &[], "").stdout);
    Config::from_env(|name| (name == "REFRESH_KEY").then(|| refresh.clone())).unwrap();
}

/// With both stores, while servers run.
#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_adds_changes_and_removes_users() {
    let redis = Redis::start();
    let url = redis.url();
    for store in [vec![], vec![("REDIS_URL", url.as_str())]] {
        let mut settings = [store, SHARED_KEYS.to_vec()].concat();
        let server = Server::start_with(&settings).await;
        let database = server.folder.path().join("t.db").to_str().unwrap().to_owned();
        settings.push(("DATABASE", &database));
        let user = |arguments: &[&str], input: &str| {
            let output = run(&[&["user"], arguments].concat(), &settings, input);
            (output.status.success(), text(&output.stdout), text(&output.stderr))
        };
        let login =
            |password: &str| server.post("/auth/login", &json!({ "email": "LIN@example.com", "password": password }));
        let (ok, printed, wrong) = user(&["add", "lin@example.com"], "correct horse battery\n");
        assert!(ok && printed.contains("added lin@example.com with the role user"), "{printed}{wrong}");
        let session = tokens(login("correct horse battery")).await;
        let admin = |token: &str| server.request(Method::GET, "/api/admin").bearer_auth(token);
        assert_eq!(outcome(admin(&session.access)).await, (403, "FORBIDDEN".into()));
        // The next token carries the new role.
        assert!(user(&["role", "lin@example.com", "admin"], "").0);
        let next = tokens(server.refresh(&session.refresh, Some("k"))).await;
        assert_eq!(outcome(admin(&next.access)).await.0, 200);
        assert!(user(&["role", "lin@example.com", "user"], "").0);
        let next = tokens(server.refresh(&next.refresh, Some("k"))).await;
        assert_eq!(outcome(admin(&next.access)).await.0, 403);
        // A new password ends the sessions.
        assert!(user(&["password", "lin@example.com"], "another long password\n").0);
        assert_eq!(outcome(server.refresh(&next.refresh, Some("k"))).await.1, "INVALID_REFRESH_TOKEN");
        assert_eq!(outcome(login("correct horse battery")).await.1, "INVALID_CREDENTIALS");
        let last = tokens(login("another long password")).await;
        assert!(user(&["remove", "lin@example.com"], "").0);
        assert_eq!(outcome(server.refresh(&last.refresh, Some("k"))).await.1, "INVALID_REFRESH_TOKEN");
        assert_eq!(outcome(login("another long password")).await.1, "INVALID_CREDENTIALS");
        for (arguments, input, expected) in [
            (vec!["add", "lin"], "correct horse battery\n", "email: expected an address"),
            (vec!["add", "x@example.com"], "short\n", "password: expected 15 characters"),
            (vec!["add", "ada@example.com"], "correct horse battery\n", "already"),
            (vec!["remove", "x@example.com"], "", "email: expected a user's, or a user's id, got \"x@example.com\""),
        ] {
            let (ok, _, wrong) = user(&arguments, input);
            assert!(!ok && wrong.contains(expected), "{arguments:?}: {wrong}");
        }
    }
}

/// Every endpoint is in the document, and every documented endpoint exists.
#[tokio::test]
async fn the_openapi_document_describes_every_endpoint() {
    let server = Server::start_with(&[("DIALECT", "oauth2")]).await;
    let document: Value = server.request(Method::GET, "/openapi.json").send().await.unwrap().json().await.unwrap();
    let paths = document["paths"].as_object().unwrap();
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().unwrap() {
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let response = server.request(method.clone(), &path.replace("{id}", "x")).send().await.unwrap();
            let status = response.status().as_u16();
            let code = response.json::<Value>().await.unwrap_or_default()["error"].clone();
            assert!(status != 405 && (status != 404 || path.contains("{id}")), "{method} {path}: {status} {code}");
            assert!(
                operation["responses"][status.to_string()].is_object(),
                "{method} {path}: the document lacks the status {status}"
            );
            assert!(operation["summary"].is_string(), "{method} {path}");
        }
    }
    for path in [
        "/auth/login",
        "/auth/refresh",
        "/auth/logout",
        "/auth/logout-all",
        "/auth/sessions",
        "/auth/sessions/{id}",
        "/auth/start",
        "/auth/callback",
        "/auth/done",
        "/auth/end",
        "/auth/backchannel-logout",
        "/oauth/token",
        "/oauth/revoke",
        "/api/me",
        "/api/admin",
        "/api/step-up",
        "/api/echo",
        "/.well-known/jwks.json",
        "/healthz",
        "/readyz",
        "/metrics",
        "/demo/expire-token",
        "/demo/faults",
        "/demo/theft",
    ] {
        assert!(paths.contains_key(path), "{path}");
    }
    let rejected = &document["paths"]["/auth/refresh"]["post"]["responses"]["401"]["description"];
    assert!(rejected.as_str().unwrap().contains("`REFRESH_TOKEN_REUSED`: "), "{rejected}");
}

#[tokio::test]
async fn json_logs_contain_the_request_id_and_no_secret() {
    let mut server = Server::spawn(&[("LOG", "json")]);
    let login = server.login().await;
    let request = server.refresh(&login.refresh, Some("k")).header("x-request-id", "from-the-proxy.1");
    let next = tokens(request).await;
    assert_eq!(next.headers["x-request-id"], "from-the-proxy.1");
    outcome(server.refresh(&login.refresh, Some("thief"))).await;
    outcome(server.post("/auth/login", &json!({ "email": "ada@example.com", "password": "hunter2" }))).await;
    let log = server.kill_and_read_log();
    let events: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let event =
        |name: &str| events.iter().find(|event| event["event"] == name).unwrap_or_else(|| panic!("{name} in {log}"));
    assert_eq!(event("login_ok")["level"], "INFO");
    assert_eq!(event("refresh_rotated")["request"], "from-the-proxy.1");
    assert_eq!(event("refresh_reused")["level"], "WARN");
    assert_eq!(event("refresh_reused")["sid"].as_str(), login.refresh.split('.').next());
    assert!(event("login_failed")["request"].as_str().unwrap().len() > 3);
    for secret in [login.access, login.refresh, next.access, next.refresh, "hunter2".into(), "ada@example.com".into()] {
        assert!(!log.contains(&secret), "{log}");
    }
}

#[tokio::test]
async fn metrics_and_readyz_report_the_state_of_the_server() {
    let server = Server::start().await;
    let login = server.login().await;
    server.me(&login.access).send().await.unwrap();
    let ready = server.request(Method::GET, "/readyz").send().await.unwrap();
    assert_eq!(ready.json::<Value>().await.unwrap(), json!({ "ready": true }));
    let metrics = server.metrics().await;
    for line in [
        "tokenward_events_total{event=\"login_ok\"} 1",
        "tokenward_request_seconds_count{route=\"/api/me\",status=\"200\"} 1",
        "tokenward_store_up 1",
        "tokenward_revocations 0",
        "# EOF",
    ] {
        assert!(metrics.contains(line), "{line} in\n{metrics}");
    }
    server.request(Method::POST, "/auth/logout-all").bearer_auth(&login.access).send().await.unwrap();
    assert!(server.metrics().await.contains("tokenward_revocations 1"));
}

/// After SIGTERM.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_server_finishes_its_requests_and_exits() {
    let mut server = Server::spawn(&[]);
    let body = json!({ "email": "ada@example.com", "password": "wrong" });
    let slow: Vec<_> = (0..8).map(|_| tokio::spawn(outcome(server.post("/auth/login", &body)))).collect();
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    Command::new("kill").args(["-TERM", &server.process_id().to_string()]).status().unwrap();
    for answer in slow {
        assert_eq!(answer.await.unwrap().1, "INVALID_CREDENTIALS");
    }
    assert_eq!(server.wait().code(), Some(0));
}
