//! Clients that close the connection before the answer, while the store is slow.

use std::time::Duration;

use reqwest::StatusCode;
use tokio::io::AsyncWriteExt;

use crate::harness::{Redis, Server, on_each_store, outcome, tokens, wait_until};

/// A server whose store can be stopped for a while.
struct Stalled {
    server: Server,
    redis: Option<Redis>,
}

impl Stalled {
    fn each(settings: &[(&str, &str)]) -> Vec<Self> {
        on_each_store(settings).into_iter().map(|(server, redis)| Self { server, redis }).collect()
    }

    /// Sends a request like [`Self::hang_up`], again if it did not arrive in time, until the condition is true.
    async fn hang_up_until<F: Future<Output = bool>>(&self, request: &str, condition: impl Fn() -> F) {
        for _ in 0..5 {
            self.hang_up(request).await;
            for _ in 0..100 {
                if condition().await {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        panic!("the request is not carried out");
    }

    /// Sends a request, and closes the connection while the store makes the request wait.
    async fn hang_up(&self, request: &str) {
        let lock = rusqlite::Connection::open(self.server.folder.path().join("t.db")).unwrap();
        match &self.redis {
            Some(redis) => drop(redis.command("CLIENT PAUSE 60000 WRITE")),
            None => lock.execute_batch("BEGIN IMMEDIATE").unwrap(),
        }
        let mut stream = tokio::net::TcpStream::connect(self.server.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        match &self.redis {
            Some(redis) => {
                wait_until("the request waits for Redis", || async {
                    let info = redis.command("INFO clients");
                    info.lines().any(|line| line.strip_prefix("blocked_clients:").is_some_and(|count| count != "0"))
                })
                .await;
            }
            // The thread of the connection waits for the lock, which cannot be observed. The caller tries again if the
            // request did not arrive in this time.
            None => tokio::time::sleep(Duration::from_millis(300)).await,
        }
        drop(stream);
        // The server learns of it.
        tokio::time::sleep(Duration::from_millis(100)).await;
        match &self.redis {
            Some(redis) => drop(redis.command("CLIENT UNPAUSE")),
            None => lock.execute_batch("ROLLBACK").unwrap(),
        }
    }
}

fn post(path: &str, headers: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n{headers}\r\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thief_who_hangs_up_does_not_silence_the_alarm() {
    for stalled in Stalled::each(&[("REUSE_REVOKES", "user")]) {
        let server = &stalled.server;
        let (other, first) = (server.login().await, server.login().await);
        let second = tokens(server.refresh(&first.refresh, Some("one"))).await;
        let theft = format!("cookie: refresh_token={}\r\nidempotency-key: thief\r\n", first.refresh);
        let has_ended = || async { outcome(server.me(&second.access)).await.1 == "TOKEN_REVOKED" };
        stalled.hang_up_until(&post("/auth/refresh", &theft), has_ended).await;
        wait_until("the alarm is counted", || async { server.counted("refresh_reused").await == 1 }).await;
        wait_until("the user's other session has ended", || async {
            outcome(server.me(&other.access)).await.1 == "TOKEN_REVOKED"
        })
        .await;
        assert_eq!(outcome(server.refresh(&other.refresh, Some("one"))).await.1, "INVALID_REFRESH_TOKEN");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_out_is_finished_and_counted_if_the_client_hangs_up() {
    for stalled in Stalled::each(&[]) {
        let server = &stalled.server;
        let login = server.login().await;
        let cookie = format!("cookie: refresh_token={}\r\n", login.refresh);
        let has_ended = || async { outcome(server.me(&login.access)).await.1 == "TOKEN_REVOKED" };
        stalled.hang_up_until(&post("/auth/logout", &cookie), has_ended).await;
        wait_until("the sign-out is counted", || async { server.counted("logout").await == 1 }).await;
        // All sessions.
        let (here, there) = (server.login().await, server.login().await);
        let bearer = format!("authorization: Bearer {}\r\n", here.access);
        let has_ended = || async { outcome(server.me(&here.access)).await.1 == "TOKEN_REVOKED" };
        stalled.hang_up_until(&post("/auth/logout-all", &bearer), has_ended).await;
        for login in [&here, &there] {
            let ended = || async { outcome(server.me(&login.access)).await.1 == "TOKEN_REVOKED" };
            wait_until("every session has ended", ended).await;
            assert_eq!(outcome(server.refresh(&login.refresh, Some("one"))).await.1, "INVALID_REFRESH_TOKEN");
        }
        assert_eq!(server.counted("revoked").await, 1);
    }
}

/// The next refresh of the client is a repeat, so the rotation must be complete.
#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_is_finished_and_counted_if_the_client_hangs_up() {
    for stalled in Stalled::each(&[]) {
        let server = &stalled.server;
        let login = server.login().await;
        let headers = format!("cookie: refresh_token={}\r\nidempotency-key: one\r\n", login.refresh);
        let is_counted = || async { server.counted("refresh_rotated").await == 1 };
        stalled.hang_up_until(&post("/auth/refresh", &headers), is_counted).await;
        let next = tokens(server.refresh(&login.refresh, Some("one"))).await;
        assert_eq!(server.me(&next.access).send().await.unwrap().status(), StatusCode::OK);
        assert_eq!((server.counted("refresh_rotated").await, server.counted("refresh_repeated").await), (1, 1));
    }
}
