//! One suite for every store: the contracts of `SessionStore` and `UserStore`, and rotation compared with a model.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tempfile::TempDir;
use tokenward_server::{
    Cursor, End, KeyHash, NewSession, RedisOptions, RedisStore, Revocation, Risks, Rotate, Rotation, Session,
    SessionStore, SqliteStore, Store, StoreError, User, UserStore,
};

use crate::harness::Redis;

/// A store, and a second connection to the same store, as another server has it.
struct Opened {
    store: Arc<dyn Store>,
    other: Arc<dyn Store>,
    guards: (Option<TempDir>, Option<Redis>),
}

impl Opened {
    /// The users `u` and `v`, for the sessions of the tests.
    async fn with_users(
        store: Arc<dyn Store>,
        other: Arc<dyn Store>,
        guards: (Option<TempDir>, Option<Redis>),
    ) -> Self {
        for id in ["u", "v"] {
            store.add_user(user(id, &format!("{id}@example.org"))).await.unwrap();
        }
        Self { store, other, guards }
    }
}

async fn sqlite() -> Opened {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.db");
    let store = Arc::new(SqliteStore::open(&path).await.unwrap());
    let other = Arc::new(SqliteStore::open(&path).await.unwrap());
    Opened::with_users(store, other, (Some(folder), None)).await
}

async fn redis() -> Opened {
    let redis = Redis::start();
    let open = || Arc::new(RedisStore::single(&redis.url(), &RedisOptions::default()).unwrap());
    Opened::with_users(open(), open(), (None, Some(redis))).await
}

async fn cluster() -> Opened {
    let redis = Redis::cluster(2, 0);
    let urls = redis.url();
    let urls: Vec<_> = urls.split(',').collect();
    let open = |at: usize| Arc::new(RedisStore::cluster(&[urls[at]], &RedisOptions::default()).unwrap());
    Opened::with_users(open(0), open(1), (None, Some(redis))).await
}

macro_rules! on_every_store {
    ($($name:ident),+ $(,)?) => {
        mod on_sqlite { $(#[tokio::test(flavor = "multi_thread")] async fn $name() { super::$name(super::sqlite().await).await })+ }
        mod on_redis { $(#[tokio::test(flavor = "multi_thread")] async fn $name() { super::$name(super::redis().await).await })+ }
        mod on_redis_cluster { $(#[tokio::test(flavor = "multi_thread")] async fn $name() { super::$name(super::cluster().await).await })+ }
    };
}

on_every_store!(
    a_session_is_found_until_it_expires,
    of_two_rotations_at_once_exactly_one_rotates,
    rotation_behaves_like_the_model,
    a_token_newer_than_the_record_counts_as_current,
    the_other_server_reads_every_end_in_the_log,
    end_all_ends_the_sessions_of_one_user_only,
    a_single_token_is_revoked,
    purge_deletes_what_has_expired_and_nothing_else,
    users_are_unique_by_id_and_email,
    a_user_can_be_changed_and_removed,
    a_session_begins_only_with_the_current_credentials,
    a_log_that_went_back_is_read_from_its_start,
    an_entry_that_lives_longer_does_not_stop_the_purge,
    a_long_log_is_read_in_parts,
    checks_tell_whether_the_store_is_writable_and_keeps_its_data,
    of_servers_that_change_a_record_at_once_exactly_one_does,
);

/// In Redis a session ends in three steps. A server that crashes after the first step leaves a session that no token
/// opens; the next refresh or sign-out does the other two steps.
#[tokio::test]
async fn the_next_request_finishes_an_interrupted_end() {
    let redis = Redis::start();
    let store = RedisStore::single(&redis.url(), &RedisOptions::default()).unwrap();
    store.add_user(user("u", "u@example.com")).await.unwrap();
    for (sid, by_refresh) in [("s", true), ("t", false)] {
        let session = NewSession { user_agent: "none".into(), ..new(sid, "u") };
        store.create(session, NOW).await.unwrap();
        let record = redis.command(&format!("GET tokenward:session:{sid}"));
        let record = record.lines().nth(1).unwrap().replacen("live|", "ended|", 1);
        redis.command(&format!("SET tokenward:session:{sid} {record} KEEPTTL"));
        assert_eq!(store.find(sid, NOW).await.unwrap(), None);
        if by_refresh {
            assert_eq!(store.rotate(rotate(sid, 0, None), NOW).await.unwrap(), Rotation::Unknown);
        } else {
            assert_eq!(store.end(sid, NOW + REVOCATION_TTL).await.unwrap(), End::Ended);
        }
        assert!(redis.command(&format!("EXISTS tokenward:session:{sid}")).contains(":0"));
        let (log, _) = store.revocations(&Cursor::default()).await.unwrap();
        assert_eq!(log.last(), Some(&Revocation { id: sid.into(), until: NOW + REVOCATION_TTL }));
    }
    assert_eq!(store.sessions_of("u", NOW).await.unwrap(), []);
}

const NOW: u64 = 1_800_000_000;
const IDLE: u64 = 1_000;
const ABSOLUTE: u64 = 3_000;
const REVOCATION_TTL: u64 = 900;
const REPEAT_WINDOW: u64 = 120;

fn new(sid: &str, user: &str) -> NewSession {
    NewSession {
        sid: sid.into(),
        user_id: user.into(),
        credential_version: 0,
        user_agent: "Mozilla/5.0 (X11; Linux x86_64) | a browser".into(),
        idle_ttl: IDLE,
        absolute_ttl: ABSOLUTE,
    }
}

fn rotate(sid: &str, presented: u32, key: Option<KeyHash>) -> Rotate {
    Rotate {
        sid: sid.into(),
        presented,
        key,
        idle_ttl: IDLE,
        repeat_window: REPEAT_WINDOW,
        grace: 0,
        revocation_ttl: REVOCATION_TTL,
    }
}

async fn a_session_is_found_until_it_expires(Opened { store, other, .. }: Opened) {
    let begun = store.create(new("s", "u"), NOW).await.unwrap();
    assert_eq!((begun.generation, begun.idle_expires_at, begun.absolute_expires_at), (0, NOW + IDLE, NOW + ABSOLUTE));
    assert_eq!(other.find("s", NOW + IDLE - 1).await.unwrap(), Some(begun));
    assert_eq!(other.find("s", NOW + IDLE).await.unwrap(), None);
    assert_eq!(other.rotate(rotate("s", 0, None), NOW + IDLE).await.unwrap(), Rotation::Unknown);
    assert_eq!(other.find("nobody", NOW).await.unwrap(), None);
    // The absolute lifetime ends it, however often it is refreshed.
    store.create(new("t", "u"), NOW).await.unwrap();
    for generation in 0..4 {
        let now = NOW + u64::from(generation) * 900;
        let Rotation::Rotated(session) = store.rotate(rotate("t", generation, None), now).await.unwrap() else {
            panic!("generation {generation} did not rotate");
        };
        assert_eq!(session.idle_expires_at, (now + IDLE).min(NOW + ABSOLUTE));
        assert_eq!((session.last_used_at, session.created_at), (now, NOW));
        assert_eq!(session.user_agent, "Mozilla/5.0 (X11; Linux x86_64) | a browser");
    }
    assert_eq!(store.rotate(rotate("t", 4, None), NOW + ABSOLUTE).await.unwrap(), Rotation::Unknown);
}

/// R-33, on the store itself: a thousand times, with two connections.
async fn of_two_rotations_at_once_exactly_one_rotates(Opened { store, other, .. }: Opened) {
    store.create(new("s", "u"), NOW).await.unwrap();
    let key = Some([7; 16]);
    for generation in 0..1_000 {
        let (one, two) = tokio::join!(
            store.rotate(rotate("s", generation, key), NOW),
            other.rotate(rotate("s", generation, key), NOW)
        );
        let kinds = [one.unwrap(), two.unwrap()].map(|rotation| match rotation {
            Rotation::Rotated(session) => ("rotated", session.generation),
            Rotation::Repeated(session, 0) => ("repeated", session.generation),
            other => panic!("{other:?}"),
        });
        let mut kinds = kinds;
        kinds.sort_unstable();
        assert_eq!(kinds, [("repeated", generation + 1), ("rotated", generation + 1)]);
    }
}

async fn a_token_newer_than_the_record_counts_as_current(Opened { store, .. }: Opened) {
    store.create(new("s", "u"), NOW).await.unwrap();
    // The store has lost the rotations up to generation 5, which only a server with the key can have issued.
    let Rotation::Rotated(session) = store.rotate(rotate("s", 5, None), NOW).await.unwrap() else { panic!() };
    assert_eq!(session.generation, 6);
    assert_eq!(store.rotate(rotate("s", 4, None), NOW).await.unwrap(), Rotation::Reused("u".into()));
    assert_eq!(store.rotate(rotate("s", u32::MAX, None), NOW).await.unwrap(), Rotation::Unknown);
}

async fn the_other_server_reads_every_end_in_the_log(Opened { store, other, .. }: Opened) {
    for sid in ["a", "b", "c"] {
        store.create(new(sid, "u"), NOW).await.unwrap();
    }
    let (before, start) = other.revocations(&Cursor::default()).await.unwrap();
    assert_eq!(before, []);
    assert_eq!(store.end("a", NOW + REVOCATION_TTL).await.unwrap(), End::Ended);
    assert_eq!(store.end("a", NOW + REVOCATION_TTL).await.unwrap(), End::Unknown, "the session has ended already");
    assert_eq!(store.find("a", NOW).await.unwrap(), None);
    assert_eq!(other.rotate(rotate("a", 0, None), NOW).await.unwrap(), Rotation::Unknown);
    // Reuse ends a session as well.
    store.rotate(rotate("b", 0, Some([1; 16])), NOW).await.unwrap();
    assert_eq!(store.rotate(rotate("b", 0, Some([2; 16])), NOW).await.unwrap(), Rotation::Reused("u".into()));
    let (entries, cursor) = other.revocations(&start).await.unwrap();
    let ended = |id: &str| Revocation { id: id.into(), until: NOW + REVOCATION_TTL };
    assert_eq!(entries, [ended("a"), ended("b")]);
    assert_eq!(other.revocations(&cursor).await.unwrap(), (Vec::new(), cursor.clone()), "no entry twice");
    store.end("c", NOW + REVOCATION_TTL).await.unwrap();
    assert_eq!(other.revocations(&cursor).await.unwrap().0, [ended("c")]);
    assert_eq!(other.sessions_of("u", NOW).await.unwrap(), []);
}

async fn end_all_ends_the_sessions_of_one_user_only(Opened { store, other, .. }: Opened) {
    for (sid, user, at) in [("a", "u", 0), ("b", "u", 5), ("c", "v", 0)] {
        store.create(new(sid, user), NOW + at).await.unwrap();
    }
    let sids = |sessions: Vec<Session>| sessions.into_iter().map(|session| session.sid).collect::<Vec<_>>();
    assert_eq!(sids(other.sessions_of("u", NOW + 5).await.unwrap()), ["b", "a"], "the latest first");
    assert_eq!(sids(other.sessions_of("u", NOW + IDLE).await.unwrap()), ["b"], "an expired session is not listed");
    let mut ended = other.end_all("u", NOW + REVOCATION_TTL).await.unwrap();
    ended.sort();
    assert_eq!(ended, ["a", "b"]);
    assert_eq!(store.end_all("u", NOW + REVOCATION_TTL).await.unwrap(), [""; 0]);
    assert_eq!(sids(store.sessions_of("u", NOW).await.unwrap()), [""; 0]);
    assert!(store.find("c", NOW).await.unwrap().is_some());
    assert_eq!(store.revocations(&Cursor::default()).await.unwrap().0.len(), 2);
}

async fn a_single_token_is_revoked(Opened { store, other, .. }: Opened) {
    let revocation = Revocation { id: "token".into(), until: NOW + 5 };
    store.revoke(revocation.clone()).await.unwrap();
    assert_eq!(other.revocations(&Cursor::default()).await.unwrap().0, [revocation]);
}

async fn purge_deletes_what_has_expired_and_nothing_else(Opened { store, other, .. }: Opened) {
    store.create(new("old", "u"), NOW).await.unwrap();
    store.create(new("young", "u"), NOW + 10).await.unwrap();
    for (id, until) in [("past", NOW + 1), ("also past", NOW + IDLE), ("still", NOW + IDLE + 1)] {
        store.revoke(Revocation { id: id.into(), until }).await.unwrap();
    }
    other.purge(NOW + IDLE).await.unwrap();
    let (left, cursor) = store.revocations(&Cursor::default()).await.unwrap();
    assert_eq!(left.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["still"]);
    assert!(store.find("young", NOW + IDLE).await.unwrap().is_some());
    assert!(store.find("old", NOW + IDLE).await.unwrap().is_none());
    // The cursor remains valid after all entries have been deleted.
    other.purge(NOW + 2 * IDLE).await.unwrap();
    store.revoke(Revocation { id: "new".into(), until: NOW + 9 * IDLE }).await.unwrap();
    assert_eq!(other.revocations(&cursor).await.unwrap().0.len(), 1);
    store.ping().await.unwrap();
}

async fn of_servers_that_change_a_record_at_once_exactly_one_does(Opened { store, other, .. }: Opened) {
    let until = NOW + 100;
    assert!(!store.replace_record("r", "", "a", until, NOW).await.unwrap(), "there is none");
    assert!(store.add_record("r", "a", until, NOW).await.unwrap());
    for (from, to) in [("a", "b"), ("b", "it's | \"quoted\""), ("it's | \"quoted\"", "c")] {
        assert!(!other.replace_record("r", "another value", "x", until, NOW).await.unwrap());
        let (one, two) = tokio::join!(
            store.replace_record("r", from, to, until, NOW),
            other.replace_record("r", from, to, until, NOW)
        );
        assert!(one.unwrap() ^ two.unwrap());
        assert_eq!(other.record("r", NOW).await.unwrap().as_deref(), Some(to));
    }
    let (one, two) = tokio::join!(store.take_record("r", NOW), other.take_record("r", NOW));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!((one.is_some() ^ two.is_some(), one.or(two).as_deref()), (true, Some("c")));
    assert_eq!(store.record("r", NOW).await.unwrap(), None);
    assert!(!store.replace_record("r", "c", "d", until, NOW).await.unwrap());
}

fn user(id: &str, email: &str) -> User {
    User {
        id: id.into(),
        email: email.into(),
        role: "user".into(),
        password_hash: "$argon2id$".into(),
        credential_version: 0,
    }
}

async fn users_are_unique_by_id_and_email(Opened { store, other, .. }: Opened) {
    let ada = user("1", "Ada@example.com");
    store.add_user(ada.clone()).await.unwrap();
    assert_eq!(other.user_by_email("aDA@EXAMPLE.com").await.unwrap(), Some(ada.clone()));
    assert_eq!(other.user("1").await.unwrap(), Some(ada));
    for taken in [user("1", "other@example.com"), user("2", "ADA@example.com")] {
        assert!(matches!(other.add_user(taken).await, Err(StoreError::Taken)));
    }
    assert_eq!(store.user("2").await.unwrap(), None);
    assert_eq!(store.user_by_email("other@example.com").await.unwrap(), None);
}

async fn a_user_can_be_changed_and_removed(Opened { store, other, .. }: Opened) {
    let mut ada = user("1", "ada@example.com");
    store.add_user(ada.clone()).await.unwrap();
    ada.role = "admin".into();
    ada.password_hash = "$argon2id$2".into();
    assert!(store.change_role("1", "admin").await.unwrap());
    assert!(store.change_password("1", "$argon2id$2").await.unwrap());
    ada.credential_version = 1;
    assert_eq!(other.user("1").await.unwrap(), Some(ada.clone()));
    assert!(store.renew_credentials("1").await.unwrap());
    ada.credential_version = 2;
    assert_eq!(other.user_by_email("ada@example.com").await.unwrap(), Some(ada.clone()));
    assert!(!store.change_role("9", "admin").await.unwrap());
    assert!(!store.change_password("9", "$argon2id$2").await.unwrap());
    assert!(!store.renew_credentials("9").await.unwrap());
    assert_eq!(store.user("9").await.unwrap(), None);
    assert!(store.remove_user("1").await.unwrap());
    assert!(!store.remove_user("1").await.unwrap());
    assert_eq!(other.user_by_email("ada@example.com").await.unwrap(), None);
    other.add_user(user("2", "ada@example.com")).await.unwrap();
}

async fn a_session_begins_only_with_the_current_credentials(Opened { store, other, .. }: Opened) {
    let changed = |result| matches!(result, Err(StoreError::CredentialsChanged));
    assert!(changed(store.create(new("s", "nobody"), NOW).await));
    other.change_password("u", "$argon2id$2").await.unwrap();
    assert!(changed(store.create(new("s", "u"), NOW).await));
    assert_eq!(store.find("s", NOW).await.unwrap(), None);
    assert_eq!(store.sessions_of("u", NOW).await.unwrap(), []);
    let begun = store.create(NewSession { credential_version: 1, ..new("s", "u") }, NOW).await.unwrap();
    assert_eq!(begun.credential_version, 1);
    assert_eq!(other.find("s", NOW).await.unwrap(), Some(begun));
    other.remove_user("v").await.unwrap();
    assert!(changed(store.create(new("t", "v"), NOW).await));
}

impl Opened {
    fn database(&self) -> Option<rusqlite::Connection> {
        let folder = self.guards.0.as_ref()?;
        Some(rusqlite::Connection::open(folder.path().join("t.db")).unwrap())
    }

    fn redis_command(&self, command: &str) {
        self.guards.1.as_ref().unwrap().command(command);
    }

    /// The store is restored from a backup, or has lost the log and its clock went back.
    fn lose_log(&self) {
        match self.database() {
            Some(database) => database.execute_batch("DELETE FROM revocations; DELETE FROM sqlite_sequence").unwrap(),
            None => self.redis_command("DEL tokenward:revocations"),
        }
    }

    /// Appends an entry as the first one, the second one, and so on, of a log.
    async fn append(&self, number: u32, id: &str) {
        if self.database().is_some() {
            self.store.revoke(Revocation { id: id.into(), until: NOW }).await.unwrap();
        } else {
            self.redis_command(&format!("XADD tokenward:revocations {number}-1 id {id} until {NOW}"));
        }
    }
}

async fn a_log_that_went_back_is_read_from_its_start(opened: Opened) {
    let ids = |(entries, _): (Vec<Revocation>, Cursor)| entries.into_iter().map(|entry| entry.id).collect::<Vec<_>>();
    for number in 1..=3 {
        opened.append(number, &format!("lost{number}")).await;
    }
    let (read, cursor) = opened.other.revocations(&Cursor::default()).await.unwrap();
    assert_eq!(read.len(), 3);
    opened.lose_log();
    assert_eq!(ids(opened.other.revocations(&cursor).await.unwrap()), [""; 0]);
    opened.append(1, "first").await;
    assert_eq!(ids(opened.other.revocations(&cursor).await.unwrap()), ["first"]);
    // Also if the log has grown beyond the position meanwhile.
    for (number, id) in [(2, "second"), (3, "third"), (4, "fourth")] {
        opened.append(number, id).await;
    }
    assert_eq!(ids(opened.other.revocations(&cursor).await.unwrap()), ["first", "second", "third", "fourth"]);
}

async fn an_entry_that_lives_longer_does_not_stop_the_purge(Opened { store, other, .. }: Opened) {
    for (id, until) in [("long", NOW + 9), ("short", NOW + 1), ("long too", NOW + 9), ("short too", NOW + 1)] {
        store.revoke(Revocation { id: id.into(), until }).await.unwrap();
    }
    other.purge(NOW + 5).await.unwrap();
    let (left, _) = store.revocations(&Cursor::default()).await.unwrap();
    assert_eq!(left.iter().map(|entry| entry.id.as_str()).collect::<Vec<_>>(), ["long", "long too"]);
}

async fn a_long_log_is_read_in_parts(opened: Opened) {
    match opened.database() {
        Some(database) => database
            .execute_batch(
                "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
                 INSERT INTO revocations (id, until) SELECT i, 1 FROM n",
            )
            .unwrap(),
        None => opened.redis_command(
            r#"EVAL "for i = 1, 5000 do redis.call('XADD', KEYS[1], '*', 'id', i, 'until', 1) end" 1 tokenward:revocations"#,
        ),
    }
    let (mut cursor, mut ids, mut parts) = (Cursor::default(), Vec::new(), 0);
    loop {
        let (entries, next) = opened.store.revocations(&cursor).await.unwrap();
        if entries.is_empty() {
            break;
        }
        ids.extend(entries.into_iter().map(|entry| entry.id.parse::<u32>().unwrap()));
        (cursor, parts) = (next, parts + 1);
    }
    assert!(parts > 1);
    assert_eq!(ids, (1..=5_000).collect::<Vec<_>>());
}

async fn checks_tell_whether_the_store_is_writable_and_keeps_its_data(opened: Opened) {
    let Opened { store, other, .. } = &opened;
    store.check_writable().await.unwrap();
    other.check_writable().await.unwrap();
    assert_eq!(store.risks().await.unwrap(), Risks::default());
    // One node of a cluster is enough.
    if let Some(redis) = &opened.guards.1 {
        redis.command_of_one_node("CONFIG SET maxmemory-policy allkeys-lru");
        assert_eq!(other.risks().await.unwrap(), Risks { evicts: true, is_volatile: false });
        redis.command_of_one_node("CONFIG SET appendonly no");
        assert_eq!(other.risks().await.unwrap(), Risks { evicts: true, is_volatile: true });
        opened.redis_command("CONFIG SET maxmemory-policy noeviction");
        opened.redis_command("CONFIG SET maxmemory 1");
        assert!(store.check_writable().await.is_err());
        // Sign-outs continue.
        opened.redis_command("CONFIG SET maxmemory 0");
        store.create(new("s", "u"), NOW).await.unwrap();
        store.create(new("t", "u"), NOW).await.unwrap();
        opened.redis_command("CONFIG SET maxmemory 1");
        assert_eq!(other.end("s", NOW + REVOCATION_TTL).await.unwrap(), End::Ended);
        assert!(other.renew_credentials("u").await.unwrap());
        assert_eq!(other.end_all("u", NOW + REVOCATION_TTL).await.unwrap(), ["t"]);
        assert_eq!(store.revocations(&Cursor::default()).await.unwrap().0.len(), 2);
    }
}

/// A session with a shorter lifetime, as after a change of the settings, must not shorten the life of the index.
#[tokio::test]
async fn an_index_lives_as_long_as_its_longest_session() {
    let Opened { store, guards: (_, redis), .. } = redis().await;
    store.create(new("long", "u"), NOW).await.unwrap();
    store.create(NewSession { absolute_ttl: 100, ..new("short", "u") }, NOW).await.unwrap();
    let ttl = redis.unwrap().command("TTL tokenward:sessions:u");
    let ttl: u64 = ttl.trim().trim_start_matches(':').parse().unwrap();
    assert!((ABSOLUTE - 100..=ABSOLUTE).contains(&ttl), "{ttl}");
}

/// An operation on the store.
#[derive(Debug, Clone)]
enum Step {
    Begin {
        user: u8,
    },
    /// Presents a token of a session (by the order in which they began), `back` generations before the current one.
    Rotate {
        session: usize,
        back: i32,
        key: Option<u8>,
        grace: u64,
    },
    End {
        session: usize,
    },
    Settle {
        session: usize,
    },
    EndAll {
        user: u8,
    },
    Wait {
        seconds: u64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let key = prop_oneof![Just(None), (0_u8..2).prop_map(Some)];
    let rotate = (0_usize..4, prop_oneof![6 => Just(0), 4 => Just(1), 1 => Just(2), 1 => Just(-1)], key);
    prop_oneof![
        2 => (0_u8..2).prop_map(|user| Step::Begin { user }),
        12 => (rotate, prop_oneof![Just(0_u64), Just(10)])
            .prop_map(|((session, back, key), grace)| Step::Rotate { session, back, key, grace }),
        1 => (0_usize..4).prop_map(|session| Step::End { session }),
        1 => (0_usize..4).prop_map(|session| Step::Settle { session }),
        1 => (0_u8..2).prop_map(|user| Step::EndAll { user }),
        3 => prop_oneof![Just(1_u64), Just(9), Just(10), Just(119), Just(120), Just(400), Just(1_000)].prop_map(|seconds| Step::Wait { seconds }),
    ]
}

/// The rules of the contract in their simplest form.
#[derive(Default)]
struct Model {
    sessions: BTreeMap<String, Known>,
    ended: Vec<String>,
    /// Ended after they had expired: a store may have deleted them already.
    expired: Vec<String>,
}

struct Known {
    session: Session,
    /// The generation that the last rotation replaced, and the key of that rotation.
    replaced: Option<(u32, Option<KeyHash>)>,
    reused: bool,
}

impl Known {
    fn is_live(&self, now: u64) -> bool {
        !self.reused && self.session.idle_expires_at > now
    }
}

impl Model {
    fn rotate(&mut self, r: &Rotate, now: u64) -> Rotation {
        let Some(known) = self.sessions.get_mut(&r.sid).filter(|known| known.session.idle_expires_at > now) else {
            return Rotation::Unknown;
        };
        let session = &mut known.session;
        let age = now - session.last_used_at;
        if known.reused {
            return Rotation::Reused(session.user_id.clone());
        }
        let is_repeat = known.replaced.is_some_and(|(replaced, by)| {
            replaced == r.presented
                && match (r.key, by) {
                    (Some(one), Some(two)) => one == two,
                    (None, None) => age < r.grace,
                    _ => false,
                }
        });
        if r.presented >= session.generation || (is_repeat && r.key.is_some() && age >= r.repeat_window) {
            let is_late = r.presented < session.generation;
            session.generation = session.generation.max(r.presented) + 1;
            session.last_used_at = now;
            session.idle_expires_at = (now + r.idle_ttl).min(session.absolute_expires_at);
            session.repeats += u32::from(is_late);
            known.replaced = Some((r.presented, r.key));
            let session = session.clone();
            return if is_late { Rotation::RepeatedLate(session, age) } else { Rotation::Rotated(session) };
        }
        if is_repeat {
            session.repeats += 1;
            return Rotation::Repeated(session.clone(), age);
        }
        known.reused = true;
        self.ended.push(r.sid.clone());
        Rotation::Reused(known.session.user_id.clone())
    }

    fn end(&mut self, sid: &str, now: u64) -> End {
        match self.sessions.get(sid) {
            Some(known) if known.reused => return End::Reused(known.session.user_id.clone()),
            Some(known) if known.is_live(now) => self.ended.push(sid.to_owned()),
            Some(_) => self.expired.push(sid.to_owned()),
            None => return End::Unknown,
        }
        self.sessions.remove(sid);
        if self.expired.last().is_some_and(|last| last == sid) { End::Unknown } else { End::Ended }
    }
}

async fn rotation_behaves_like_the_model(Opened { store, other, .. }: Opened) {
    let cases = 150;
    let handle = tokio::runtime::Handle::current();
    let run = move || {
        let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
        let count = std::cell::Cell::new(0);
        runner.run(&prop::collection::vec(step(), 1..40), |steps| {
            count.set(count.get() + 1);
            handle.block_on(run_steps(&*store, &*other, count.get(), &steps));
            Ok(())
        })
    };
    tokio::task::spawn_blocking(run).await.unwrap().unwrap();
}

/// Runs the steps on the store, with alternating connections, and on the model; both must return the same.
async fn run_steps(store: &dyn Store, other: &dyn Store, case: u32, steps: &[Step]) {
    let (mut model, mut now, mut begun) = (Model::default(), NOW, Vec::<String>::new());
    let (_, cursor) = store.revocations(&Cursor::default()).await.unwrap();
    let user_id = |user: u8| format!("user-{case}-{user}");
    for number in 0..2 {
        store.add_user(user(&user_id(number), &user_id(number))).await.unwrap();
    }
    for (at, step) in steps.iter().enumerate() {
        let store = if at % 2 == 0 { store } else { other };
        match step {
            Step::Begin { user } => {
                let sid = format!("session-{case}-{}", begun.len());
                let session = store.create(new(&sid, &user_id(*user)), now).await.unwrap();
                model.sessions.insert(sid.clone(), Known { session, replaced: None, reused: false });
                begun.push(sid);
            }
            Step::Rotate { session, back, key, grace } => {
                let Some(sid) = begun.get(*session) else { continue };
                let current = model.sessions.get(sid).map_or(3, |known| known.session.generation);
                let presented = i64::from(current) - i64::from(*back);
                let Ok(presented) = u32::try_from(presented) else { continue };
                let rotate = Rotate { grace: *grace, ..rotate(sid, presented, key.map(|key| [key; 16])) };
                assert_eq!(store.rotate(rotate.clone(), now).await.unwrap(), model.rotate(&rotate, now), "{rotate:?}");
            }
            Step::End { session } => {
                let Some(sid) = begun.get(*session) else { continue };
                let ended = store.end(sid, now + REVOCATION_TTL).await.unwrap();
                let is_expired = model.sessions.get(sid).is_some_and(|known| known.session.idle_expires_at <= now);
                let expected = model.end(sid, now);
                assert!(ended == expected || is_expired || model.expired.contains(sid), "{sid}: {ended:?}");
            }
            Step::Settle { session } => {
                let Some(sid) = begun.get(*session) else { continue };
                if model.sessions.get(sid).is_some_and(|known| known.reused) {
                    store.settle(sid, now + REVOCATION_TTL).await.unwrap();
                    model.sessions.remove(sid);
                }
            }
            Step::EndAll { user } => {
                let mut ended = store.end_all(&user_id(*user), now + REVOCATION_TTL).await.unwrap();
                ended.sort();
                let of_user =
                    |(sid, known): (&String, &Known)| (known.session.user_id == user_id(*user)).then(|| sid.clone());
                let expected: Vec<_> = model.sessions.iter().filter_map(of_user).collect();
                let expected: Vec<_> = expected.into_iter().filter(|sid| model.end(sid, now) == End::Ended).collect();
                ended.retain(|sid| !model.expired.contains(sid));
                assert_eq!(ended, expected);
            }
            Step::Wait { seconds } => now += seconds,
        }
        for sid in &begun {
            let expected = model.sessions.get(sid).filter(|known| known.is_live(now));
            assert_eq!(store.find(sid, now).await.unwrap(), expected.map(|known| known.session.clone()));
        }
    }
    let (entries, _) = other.revocations(&cursor).await.unwrap();
    let mut logged: Vec<_> = entries.into_iter().map(|revocation| revocation.id).collect();
    logged.retain(|sid| !model.expired.contains(sid));
    logged.sort();
    // In Redis, `settle` logs the end of a reused session once more.
    logged.dedup();
    model.ended.sort();
    assert_eq!(logged, model.ended, "every end is logged");
}
