//! Changed passwords and removed users: no session survives, also none that is beginning.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use crate::harness::{Server, on_each_store, outcome, tokens};

const EMAIL: &str = "lin@example.com";
const PASSWORDS: [&str; 2] = ["correct horse battery", "another long password"];

/// Runs a command that must succeed.
fn command(server: &Server, arguments: &[&str], input: &str) {
    let output = server.run(&[&["user"], arguments].concat(), &format!("{input}\n"));
    assert!(output.status.success(), "{arguments:?}");
}

/// The refresh token of a login, or `None` if it is rejected.
async fn login(server: &Server, password: &str) -> Option<String> {
    let response = server.post("/auth/login", &json!({ "email": EMAIL, "password": password })).send().await.unwrap();
    let cookie = response.headers().get("set-cookie")?.to_str().unwrap();
    Some(cookie.split(['=', ';']).nth(1).unwrap().to_owned())
}

/// Sends logins all the time while `change` runs; returns the refresh tokens of those that succeeded.
async fn logins_during(
    server: &Arc<Server>,
    password: &'static str,
    change: impl FnOnce() + Send + 'static,
) -> Vec<String> {
    let changing = tokio::task::spawn_blocking(change);
    let mut logins = tokio::task::JoinSet::new();
    while !changing.is_finished() {
        let server = server.clone();
        logins.spawn(async move { login(&server, password).await });
        tokio::time::sleep(Duration::from_millis(15)).await;
    }
    changing.await.unwrap();
    logins.join_all().await.into_iter().flatten().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_session_of_the_old_password_survives_its_change() {
    for (server, _redis) in on_each_store(&[("LOG", "off")]) {
        command(&server, &["add", EMAIL], PASSWORDS[0]);
        let server = Arc::new(server);
        let mut begun = 0;
        for round in 0..12 {
            let (old, new) = (PASSWORDS[round % 2], PASSWORDS[(round + 1) % 2]);
            let of_command = server.clone();
            let change = move || command(&of_command, &["password", EMAIL], new);
            for session in logins_during(&server, old, change).await {
                begun += 1;
                let refreshed = outcome(server.refresh(&session, Some("one"))).await;
                assert_eq!(refreshed, (401, "INVALID_REFRESH_TOKEN".into()), "round {round}");
            }
            let last = login(&server, new).await.expect("the new password opens a session");
            tokens(server.refresh(&last, Some("one"))).await;
        }
        assert!(begun > 0, "no login began a session while the password changed");
        let of_command = server.clone();
        let remove = move || command(&of_command, &["remove", EMAIL], "");
        for session in logins_during(&server, PASSWORDS[0], remove).await {
            assert_eq!(outcome(server.refresh(&session, Some("one"))).await.1, "INVALID_REFRESH_TOKEN");
        }
    }
}

/// A Redis that evicts keys, or a shorter lifetime of the index, loses entries of a user's index.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_the_index_has_forgotten_ends_with_all_sessions() {
    for (server, redis) in on_each_store(&[("LOG", "off")]) {
        let Some(redis) = redis else { continue };
        let (here, there) = (server.login().await, server.login().await);
        assert!(redis.command("DEL tokenward:sessions:demo-admin").contains(":1"));
        let all = server.request(Method::POST, "/auth/logout-all").bearer_auth(&here.access);
        assert_eq!(all.send().await.unwrap().status(), 204);
        for login in [here, there] {
            assert_eq!(outcome(server.refresh(&login.refresh, Some("one"))).await.1, "INVALID_REFRESH_TOKEN");
            assert_eq!(outcome(server.me(&login.access)).await.1, "TOKEN_REVOKED");
        }
    }
}
