//! Copied requests and refresh tokens: what a thief can do with them, and that no honest user is signed out.

use reqwest::Method;

use crate::harness::{Server, on_each_store, outcome, tokens, wait_until};

/// Sends a copied request again until it is late: until the server issues another successor than before.
async fn replay_late(server: &Server, refresh: &str, key: &str, successor: &str) -> String {
    for _ in 0..200 {
        let next = tokens(server.refresh(refresh, Some(key))).await.refresh;
        if next != successor {
            return next;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("a copied request is repeated without limit");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_replayed_late_is_found_at_the_owners_next_renewal() {
    for (server, _redis) in on_each_store(&[("REPEAT_WINDOW", "1")]) {
        let first = server.login().await;
        let second = tokens(server.refresh(&first.refresh, Some("one"))).await;
        let stolen = replay_late(&server, &first.refresh, "one", &second.refresh).await;
        // The owner's token is old now; its key is a new one, or the same one as a client with a constant key sends.
        assert_eq!(outcome(server.refresh(&second.refresh, Some("one"))).await.1, "REFRESH_TOKEN_REUSED");
        assert_eq!(outcome(server.refresh(&stolen, Some("thief"))).await.1, "INVALID_REFRESH_TOKEN");
        assert_eq!(server.counted("refresh_reused").await, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_repeats_late_stays_signed_in() {
    for (server, _redis) in on_each_store(&[("REPEAT_WINDOW", "1")]) {
        let first = server.login().await;
        let lost = tokens(server.refresh(&first.refresh, Some("one"))).await;
        let late = replay_late(&server, &first.refresh, "one", &lost.refresh).await;
        // The response to the late repeat is lost as well, once at once and once late.
        let again = tokens(server.refresh(&first.refresh, Some("one"))).await.refresh;
        let later = if again == late { replay_late(&server, &first.refresh, "one", &late).await } else { again };
        let next = tokens(server.refresh(&later, Some("two"))).await;
        assert_eq!(outcome(server.me(&next.access)).await.0, 200);
        assert_eq!(server.counted("refresh_reused").await, 0);
    }
}

/// The thief copied the cookie and the storage once, and repeats each rotation of the owner right after it.
#[tokio::test(flavor = "multi_thread")]
async fn a_thief_in_lockstep_is_found_at_the_next_renewal() {
    for (server, _redis) in on_each_store(&[]) {
        let first = server.login().await;
        let second = tokens(server.refresh(&first.refresh, Some("one"))).await;
        let stolen = tokens(server.refresh(&first.refresh, Some("one"))).await;
        assert_eq!(second.refresh, stolen.refresh);
        tokens(server.refresh(&second.refresh, Some("two"))).await;
        assert_eq!(outcome(server.refresh(&stolen.refresh, Some("one"))).await.1, "REFRESH_TOKEN_REUSED");
        assert_eq!(outcome(server.me(&second.access)).await.1, "TOKEN_REVOKED");
    }
}

/// As clients of version 0.1 do.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_with_a_constant_key_stays_signed_in() {
    for (server, _redis) in on_each_store(&[]) {
        let mut login = server.login().await;
        for _ in 0..10 {
            let next = tokens(server.refresh(&login.refresh, Some("constant"))).await;
            let again = tokens(server.refresh(&login.refresh, Some("constant"))).await;
            assert_eq!(next.refresh, again.refresh);
            login = again;
        }
        assert_eq!(server.counted("refresh_reused").await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_repeats_more_than_it_rotates_is_reported_with_the_age_of_each_repeat() {
    let server = Server::spawn(&[("LOG", "json")]);
    let first = server.login().await;
    tokens(server.refresh(&first.refresh, Some("one"))).await;
    tokens(server.refresh(&first.refresh, Some("one"))).await;
    assert_eq!(server.counted("repeats_exceed_rotations").await, 0, "a repeat for each rotation is usual");
    for _ in 0..3 {
        tokens(server.refresh(&first.refresh, Some("one"))).await;
    }
    assert_eq!(server.counted("repeats_exceed_rotations").await, 1);
    let log = server.log_with("repeats_exceed_rotations").await;
    let repeated = log.lines().find(|line| line.contains("refresh_repeated")).unwrap();
    assert!(repeated.contains("\"age\":") && repeated.contains("\"late\":false"), "{repeated}");
    let warning = log.lines().find(|line| line.contains("repeats_exceed_rotations")).unwrap();
    assert!(warning.contains("WARN"), "{warning}");
    assert!(server.metrics().await.contains("tokenward_repeat_age_seconds_count 4"));
}

/// The store fails while the first server ends the session: the request that uses the session next raises the alarm.
#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_survives_the_failure_of_the_store_and_of_the_server() {
    for (mut server, redis) in on_each_store(&[("REUSE_REVOKES", "user")]) {
        let (other, first) = (server.login().await, server.login().await);
        let second = tokens(server.refresh(&first.refresh, Some("one"))).await;
        let sid = other.refresh.split('.').next().unwrap();
        let database = || rusqlite::Connection::open(server.folder.path().join("t.db")).unwrap();
        match &redis {
            // No revocation can be logged.
            Some(redis) => drop(redis.command("SET tokenward:revocations damaged")),
            // The end of the other session cannot be logged.
            None => database()
                .execute_batch(&format!(
                    "CREATE TRIGGER fault BEFORE INSERT ON revocations WHEN NEW.id = '{sid}'
                     BEGIN SELECT RAISE(ABORT, 'fault'); END"
                ))
                .unwrap(),
        }
        assert_eq!(outcome(server.refresh(&first.refresh, Some("thief"))).await.1, "REFRESH_TOKEN_REUSED");
        assert_eq!(server.counted("refresh_reused").await, 1);
        match &redis {
            Some(redis) => drop(redis.command("DEL tokenward:revocations")),
            None => database().execute_batch("DROP TRIGGER fault").unwrap(),
        }
        server.kill();
        server.restart();
        let met = outcome(server.refresh(&second.refresh, Some("two"))).await.1;
        let settled = met == "INVALID_REFRESH_TOKEN";
        assert!(met == "REFRESH_TOKEN_REUSED" || settled, "{met}");
        assert_eq!(server.counted("refresh_reused").await, u64::from(!settled));
        assert_eq!(outcome(server.refresh(&second.refresh, Some("two"))).await.1, "INVALID_REFRESH_TOKEN");
        assert_eq!(outcome(server.refresh(&other.refresh, Some("one"))).await.1, "INVALID_REFRESH_TOKEN");
        wait_until("the access tokens are revoked", || async {
            outcome(server.request(Method::GET, "/api/me").bearer_auth(&other.access)).await.1 == "TOKEN_REVOKED"
                && outcome(server.me(&second.access)).await.1 == "TOKEN_REVOKED"
        })
        .await;
    }
}
