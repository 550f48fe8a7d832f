//! The store for several servers: Redis 6.2 or newer, one server or a cluster.
//!
//! A session is one key, so a rotation is one script in one hash slot. An operation on several keys runs in an order that
//! survives a crash in between. A session is in its user's index before its record exists. A session ends in three steps:
//! it is marked as ended (no refresh token opens it), appended to the log of revocations (every server rejects its access
//! tokens), and deleted. An operation that finds a session marked as ended finishes the steps. A session that ends by reuse
//! is marked as reused, and `settle` takes the last two steps. No command scans.
//!
//! | key | value |
//! | --- | --- |
//! | `tokenward:session:<sid>` | the session's record, a string; expires with the session |
//! | `tokenward:sessions:<user id>` | a sorted set of the user's `sid`s; the score is the absolute expiry in seconds |
//! | `tokenward:revocations` | a stream of `sid`s and `jti`s, each with the second until which it matters |
//! | `tokenward:user:<id>` | a hash: the user |
//! | `tokenward:email:<email>` | the id of the user with a password and this email |
//! | `tokenward:record:<key>` | a record of [`RecordStore`], a string that expires |

mod connection;
mod durability;

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use redis::{Cmd, FromRedisValue, RedisError, Script, Value, cmd};

use self::connection::{Connection, RedisServer};
use self::durability::Durability;
pub use self::durability::WaitFor;
use super::{
    Cursor, End, NewSession, RecordStore, Revocation, Risks, Rotate, Rotation, Session, SessionStore, StoreError, User,
    UserStore,
};

const REVOCATIONS: &str = "tokenward:revocations";
/// The number of log entries that one command reads.
const LOG_BATCH: usize = 2_000;
/// The number of keys that a check writes in a cluster, so that most of its nodes are checked.
const CLUSTER_CHECKS: u32 = 8;
/// The number of old sessions that one login ends.
const OLDEST_BATCH: usize = 100;
/// A Redis that takes longer counts as unavailable.
const TIMEOUT: Duration = Duration::from_secs(1);

/// Sessions and users in Redis.
pub struct RedisStore {
    server: RedisServer,
    durability: Option<Durability>,
    rotate: Script,
    index: Script,
    time: Script,
    add_user: Script,
    replace_record: Script,
    end: FreeingScript,
    log: FreeingScript,
    user: FreeingScript,
}

/// How a server uses Redis.
#[derive(Debug, Clone, Default)]
pub struct RedisOptions {
    /// For TLS: the certificates (PEM) that the certificate of Redis must follow from, instead of those of the system.
    pub ca: Option<Vec<u8>>,
    /// What [`SessionStore::confirm`] waits for.
    pub wait_for: WaitFor,
}

impl RedisStore {
    /// One Redis server. Does not connect yet: while the server is unavailable, every operation fails.
    pub fn single(url: &str, options: &RedisOptions) -> Result<Self, StoreError> {
        Self::open(options, |timeout| RedisServer::single(url, options.ca.as_deref(), timeout))
    }

    /// A cluster with these nodes; it tells the client of the others.
    pub fn cluster(urls: &[&str], options: &RedisOptions) -> Result<Self, StoreError> {
        Self::open(options, |timeout| RedisServer::cluster(urls, options.ca.as_deref(), timeout))
    }

    fn open(
        RedisOptions { wait_for, .. }: &RedisOptions,
        connect: impl Fn(Duration) -> Result<RedisServer, StoreError>,
    ) -> Result<Self, StoreError> {
        let waiting = (!wait_for.is_nothing()).then(|| connect(wait_for.timeout())).transpose()?;
        Ok(Self {
            server: connect(TIMEOUT)?,
            durability: waiting.map(|server| Durability::new(*wait_for, server)),
            rotate: Script::new(include_str!("rotate.lua")),
            index: Script::new(include_str!("index.lua")),
            time: Script::new("return tonumber(redis.call('TIME')[1])"),
            add_user: Script::new(include_str!("add_user.lua")),
            replace_record: Script::new(include_str!("replace_record.lua")),
            end: FreeingScript::new(include_str!("end.lua")),
            log: FreeingScript::new(include_str!("log.lua")),
            user: FreeingScript::new(include_str!("user.lua")),
        })
    }

    async fn connection(&self) -> Result<Connection, StoreError> {
        self.server.connection().await
    }

    async fn run<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, StoreError> {
        Ok(command.query_async(&mut self.connection().await?).await?)
    }

    /// The last two steps of ending a session. The order matters: the record is deleted after the revocation is logged.
    async fn finish_ending(&self, sid: &str, user_id: &str, until: u64) -> Result<(), StoreError> {
        self.revoke(Revocation { id: sid.to_owned(), until }).await?;
        self.run::<()>(cmd("DEL").arg(session_key(sid))).await?;
        self.run(cmd("ZREM").arg(index_key(user_id)).arg(sid)).await
    }

    /// At most `count` log entries from a position on.
    async fn log(&self, from: &str, count: usize) -> Result<Vec<(String, Revocation)>, StoreError> {
        type Entries = Vec<(String, HashMap<String, String>)>;
        let range = cmd("XRANGE").arg(REVOCATIONS).arg(from).arg("+").arg("COUNT").arg(count).take();
        let entries: Entries = self.run(&range).await?;
        let read = |(position, mut fields): (String, HashMap<String, String>)| {
            let until = fields.get("until").and_then(|until| until.parse().ok()).unwrap_or(0);
            (position, Revocation { id: fields.remove("id").unwrap_or_default(), until })
        };
        Ok(entries.into_iter().map(read).collect())
    }

    /// Changes fields of a user, and raises the credential version.
    async fn change_user(&self, id: &str, rise: u64, fields: &[(&str, &str)]) -> Result<bool, StoreError> {
        let rise = rise.to_string();
        let mut arguments = vec![rise.as_str()];
        arguments.extend(fields.iter().flat_map(|(field, value)| [*field, *value]));
        self.user.run(&mut self.connection().await?, &user_key(id), &arguments).await
    }

    async fn claim_email(&self, user: &User) -> Result<(), StoreError> {
        let key = email_key(&user.email);
        if self.run::<bool>(cmd("SETNX").arg(&key).arg(&user.id)).await? {
            return Ok(());
        }
        // The email is free all the same if a crash left it without a user.
        let owner: Option<String> = self.run(cmd("GET").arg(&key)).await?;
        let taken = match owner {
            Some(owner) => self.user(&owner).await?.is_some(),
            None => false,
        };
        if taken { Err(StoreError::Taken) } else { self.run(cmd("SET").arg(&key).arg(&user.id)).await }
    }
}

/// A script that ends sessions. It also runs while Redis is out of memory, because it frees more memory than it takes.
struct FreeingScript {
    script: Script,
    /// The same with a flag that Redis 7 knows and Redis 6.2 rejects.
    when_full: Script,
}

impl FreeingScript {
    fn new(source: &str) -> Self {
        Self { script: Script::new(source), when_full: Script::new(&format!("#!lua flags=allow-oom\n{source}")) }
    }

    async fn run<T: FromRedisValue>(
        &self,
        connection: &mut Connection,
        key: &str,
        arguments: &[&str],
    ) -> Result<T, StoreError> {
        match self.script.key(key).arg(arguments).invoke_async(connection).await {
            Err(error) if error.code() == Some("OOM") => {
                Ok(self.when_full.key(key).arg(arguments).invoke_async(connection).await?)
            }
            result => Ok(result?),
        }
    }
}

impl From<RedisError> for StoreError {
    fn from(error: RedisError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

#[async_trait]
impl SessionStore for RedisStore {
    async fn create(&self, new: NewSession, now: u64) -> Result<Session, StoreError> {
        let session = new.begin(now);
        let index = index_key(&session.user_id);
        let mut indexing = self.index.key(&index);
        indexing.arg(&session.sid).arg(session.absolute_expires_at).arg(now);
        indexing.invoke_async::<()>(&mut self.connection().await?).await?;
        let ttl = session.idle_expires_at - now;
        self.run::<()>(cmd("SET").arg(session_key(&session.sid)).arg(write_record(&session)).arg("EX").arg(ttl))
            .await?;
        // The record exists and is in the index, so a change of the version after this check ends the session.
        let version: Option<u64> = self.run(cmd("HGET").arg(user_key(&session.user_id)).arg("version")).await?;
        if version != Some(session.credential_version) {
            self.run::<()>(cmd("DEL").arg(session_key(&session.sid))).await?;
            self.run::<()>(cmd("ZREM").arg(&index).arg(&session.sid)).await?;
            return Err(StoreError::CredentialsChanged);
        }
        Ok(session)
    }

    async fn find(&self, sid: &str, now: u64) -> Result<Option<Session>, StoreError> {
        let record: Option<String> = self.run(cmd("GET").arg(session_key(sid))).await?;
        let live = record.filter(|record| record.starts_with("live|"));
        let session = live.map(|record| read_record(sid, &record)).transpose()?;
        Ok(session.filter(|session| session.idle_expires_at > now))
    }

    async fn sessions_of(&self, user_id: &str, now: u64) -> Result<Vec<Session>, StoreError> {
        let sids: Vec<String> = self.run(cmd("ZRANGE").arg(index_key(user_id)).arg(0).arg(-1)).await?;
        let mut sessions = Vec::new();
        for sid in sids {
            sessions.extend(self.find(&sid, now).await?);
        }
        sessions.sort_by(|a, b| b.created_at.cmp(&a.created_at).then_with(|| a.sid.cmp(&b.sid)));
        Ok(sessions)
    }

    async fn oldest_sessions(&self, user_id: &str, except: &str, keep: usize) -> Result<Vec<String>, StoreError> {
        let index = index_key(user_id);
        let count: usize = self.run(cmd("ZCARD").arg(&index)).await?;
        let Some(excess) = count.checked_sub(keep + 1).filter(|excess| *excess > 0) else { return Ok(Vec::new()) };
        let sids: Vec<String> = self.run(cmd("ZRANGE").arg(&index).arg(0).arg(excess.min(OLDEST_BATCH))).await?;
        let mut existing = Vec::new();
        for sid in sids.into_iter().filter(|sid| sid != except).take(excess) {
            if self.run::<bool>(cmd("EXISTS").arg(session_key(&sid))).await? {
                existing.push(sid);
            } else {
                self.run::<()>(cmd("ZREM").arg(&index).arg(&sid)).await?;
            }
        }
        Ok(existing)
    }

    async fn rotate(&self, rotate: Rotate, now: u64) -> Result<Rotation, StoreError> {
        let Rotate { sid, presented, key, idle_ttl, repeat_window, grace, revocation_ttl } = rotate;
        if presented == u32::MAX {
            return Ok(Rotation::Unknown);
        }
        let mut call = self.rotate.key(session_key(&sid));
        call.arg(presented).arg(key.map(|key| BASE64_URL_SAFE_NO_PAD.encode(key)).unwrap_or_default());
        call.arg(idle_ttl).arg(repeat_window).arg(grace).arg(now);
        let (outcome, record, age): (String, String, u64) = call.invoke_async(&mut self.connection().await?).await?;
        if outcome == "unknown" {
            return Ok(Rotation::Unknown);
        }
        let session = read_record(&sid, &record)?;
        match outcome.as_str() {
            "rotated" => return Ok(Rotation::Rotated(session)),
            "repeated" => return Ok(Rotation::Repeated(session, age)),
            "late" => return Ok(Rotation::RepeatedLate(session, age)),
            "reused" => {
                // If this fails, the alarm must be raised all the same; `settle` revokes the access tokens again.
                let revocation = Revocation { id: sid, until: now + revocation_ttl };
                if let Err(error) = self.revoke(revocation).await {
                    tracing::warn!(%error, "the end of a session by reuse could not be logged in the store yet");
                }
                return Ok(Rotation::Reused(session.user_id));
            }
            "alarm" => return Ok(Rotation::Reused(session.user_id)),
            _ => self.finish_ending(&sid, &session.user_id, now + revocation_ttl).await?,
        }
        Ok(Rotation::Unknown)
    }

    async fn end(&self, sid: &str, until: u64) -> Result<End, StoreError> {
        let record: String = self.end.run(&mut self.connection().await?, &session_key(sid), &[]).await?;
        if record.is_empty() {
            return Ok(End::Unknown);
        }
        let user_id = read_record(sid, &record)?.user_id;
        if record.starts_with("reused|") {
            return Ok(End::Reused(user_id));
        }
        self.finish_ending(sid, &user_id, until).await?;
        Ok(End::Ended)
    }

    async fn settle(&self, sid: &str, until: u64) -> Result<(), StoreError> {
        let record: Option<String> = self.run(cmd("GET").arg(session_key(sid))).await?;
        match record {
            Some(record) => self.finish_ending(sid, &read_record(sid, &record)?.user_id, until).await,
            None => Ok(()),
        }
    }

    async fn end_all(&self, user_id: &str, until: u64) -> Result<Vec<String>, StoreError> {
        let sids: Vec<String> = self.run(cmd("ZRANGE").arg(index_key(user_id)).arg(0).arg(-1)).await?;
        let mut ended = Vec::new();
        for sid in sids {
            if self.end(&sid, until).await? == End::Ended {
                ended.push(sid);
            }
        }
        Ok(ended)
    }

    async fn revoke(&self, Revocation { id, until }: Revocation) -> Result<(), StoreError> {
        let until = until.to_string();
        self.log.run::<Value>(&mut self.connection().await?, REVOCATIONS, &[&id, &until]).await.map(drop)
    }

    async fn revocations(&self, after: &Cursor) -> Result<(Vec<Revocation>, Cursor), StoreError> {
        let mut entries = Vec::new();
        let mut is_at_cursor = false;
        if let Some((position, id)) = after.0.split_once(' ') {
            entries = self.log(position, LOG_BATCH + 1).await?;
            is_at_cursor = entries.first().is_some_and(|(at, entry)| at == position && entry.id == id);
        }
        if is_at_cursor {
            entries.remove(0);
        } else {
            entries = self.log("-", LOG_BATCH).await?;
        }
        let cursor = entries.last().map(|(position, entry)| Cursor(format!("{position} {}", entry.id)));
        Ok((entries_of(entries), cursor.unwrap_or_else(|| after.clone())))
    }

    async fn purge(&self, now: u64) -> Result<(), StoreError> {
        // Redis deletes expired sessions. Entries that live longer may be among the entries of the log.
        let mut from = "-".to_owned();
        loop {
            let entries = self.log(&from, LOG_BATCH).await?;
            let Some((last, _)) = entries.last() else { return Ok(()) };
            from = format!("({last}");
            let expired: Vec<_> = entries.iter().filter(|(_, entry)| entry.until <= now).map(|(at, _)| at).collect();
            if !expired.is_empty() {
                self.run::<()>(cmd("XDEL").arg(REVOCATIONS).arg(expired)).await?;
            }
        }
    }

    async fn confirm(&self) -> Result<(), StoreError> {
        match &self.durability {
            Some(durability) => durability.confirm().await,
            None => Ok(()),
        }
    }

    async fn ping(&self) -> Result<(), StoreError> {
        // GET, not PING: PING also succeeds on a replica without a master. The key never exists.
        self.run::<Value>(cmd("GET").arg("tokenward:ping")).await.map(drop)
    }

    async fn check_writable(&self) -> Result<(), StoreError> {
        let checks = if matches!(self.server, RedisServer::One(_)) { 1 } else { CLUSTER_CHECKS };
        for number in 0..checks {
            self.run::<()>(cmd("SET").arg(format!("tokenward:check:{number}")).arg("").arg("EX").arg(60)).await?;
        }
        Ok(())
    }

    async fn time(&self) -> Result<Option<u64>, StoreError> {
        // A script with a key, so that in a cluster all servers ask the same node.
        let seconds: u64 = self.time.key(REVOCATIONS).invoke_async(&mut self.connection().await?).await?;
        Ok(Some(seconds))
    }

    async fn risks(&self) -> Result<Risks, StoreError> {
        let mut info = Vec::new();
        for section in ["memory", "persistence"] {
            texts_of(self.run(cmd("INFO").arg(section)).await?, &mut info);
        }
        let has = |field: &str, is_risk: fn(&str) -> bool| {
            info.iter().flat_map(|text| text.lines()).any(|line| line.strip_prefix(field).is_some_and(is_risk))
        };
        Ok(Risks {
            evicts: has("maxmemory_policy:", |policy| policy != "noeviction"),
            is_volatile: has("aof_enabled:", |enabled| enabled != "1"),
        })
    }
}

#[async_trait]
impl UserStore for RedisStore {
    async fn user_by_email(&self, email: &str) -> Result<Option<User>, StoreError> {
        let id: Option<String> = self.run(cmd("GET").arg(email_key(email))).await?;
        match id {
            Some(id) => self.user(&id).await,
            None => Ok(None),
        }
    }

    async fn user(&self, id: &str) -> Result<Option<User>, StoreError> {
        let fields: (Option<String>, Option<String>, Option<String>, Option<u64>) =
            self.run(cmd("HMGET").arg(user_key(id)).arg(&["email", "role", "password", "version"])).await?;
        Ok(match fields {
            (Some(email), Some(role), Some(password_hash), Some(credential_version)) => {
                Some(User { id: id.to_owned(), email, role, password_hash, credential_version })
            }
            _ => None,
        })
    }

    async fn add_user(&self, user: User) -> Result<(), StoreError> {
        if self.user(&user.id).await?.is_some() {
            return Err(StoreError::Taken);
        }
        if !user.password_hash.is_empty() {
            self.claim_email(&user).await?;
        }
        let version = user.credential_version.to_string();
        let fields =
            [("email", &user.email), ("role", &user.role), ("password", &user.password_hash), ("version", &version)];
        let mut adding = self.add_user.key(user_key(&user.id));
        for (field, value) in fields {
            adding.arg(field).arg(value);
        }
        let is_new: bool = adding.invoke_async(&mut self.connection().await?).await?;
        if is_new { Ok(()) } else { Err(StoreError::Taken) }
    }

    async fn change_email(&self, id: &str, email: &str) -> Result<bool, StoreError> {
        match self.user(id).await? {
            Some(user) if user.password_hash.is_empty() => self.change_user(id, 0, &[("email", email)]).await,
            _ => Ok(false),
        }
    }

    async fn change_role(&self, id: &str, role: &str) -> Result<bool, StoreError> {
        self.change_user(id, 0, &[("role", role)]).await
    }

    async fn change_password(&self, id: &str, password_hash: &str) -> Result<bool, StoreError> {
        self.change_user(id, 1, &[("password", password_hash)]).await
    }

    async fn renew_credentials(&self, id: &str) -> Result<bool, StoreError> {
        self.change_user(id, 1, &[]).await
    }

    async fn remove_user(&self, id: &str) -> Result<bool, StoreError> {
        let Some(user) = self.user(id).await? else { return Ok(false) };
        self.run::<()>(cmd("DEL").arg(user_key(id))).await?;
        if !user.password_hash.is_empty() {
            self.run::<()>(cmd("DEL").arg(email_key(&user.email))).await?;
        }
        Ok(true)
    }
}

#[async_trait]
impl RecordStore for RedisStore {
    async fn add_record(&self, key: &str, value: &str, until: u64, now: u64) -> Result<bool, StoreError> {
        let ttl = until.saturating_sub(now).max(1);
        let set = cmd("SET").arg(record_key(key)).arg(value).arg("NX").arg("EX").arg(ttl).take();
        Ok(self.run::<Option<String>>(&set).await?.is_some())
    }

    async fn set_record(&self, key: &str, value: &str, until: u64, now: u64) -> Result<(), StoreError> {
        let ttl = until.saturating_sub(now).max(1);
        self.run(cmd("SET").arg(record_key(key)).arg(value).arg("EX").arg(ttl)).await
    }

    async fn replace_record(
        &self,
        key: &str,
        expected: &str,
        value: &str,
        until: u64,
        now: u64,
    ) -> Result<bool, StoreError> {
        let ttl = until.saturating_sub(now).max(1);
        let mut call = self.replace_record.key(record_key(key));
        call.arg(expected).arg(value).arg(ttl);
        Ok(call.invoke_async(&mut self.connection().await?).await?)
    }

    async fn take_record(&self, key: &str, _now: u64) -> Result<Option<String>, StoreError> {
        self.run(cmd("GETDEL").arg(record_key(key))).await
    }

    async fn record(&self, key: &str, _now: u64) -> Result<Option<String>, StoreError> {
        self.run(cmd("GET").arg(record_key(key))).await
    }
}

fn entries_of(entries: Vec<(String, Revocation)>) -> Vec<Revocation> {
    entries.into_iter().map(|(_, entry)| entry).collect()
}

/// The strings in a response; a cluster returns one for each node.
fn texts_of(value: Value, texts: &mut Vec<String>) {
    match value {
        Value::BulkString(bytes) => texts.push(String::from_utf8_lossy(&bytes).into_owned()),
        Value::SimpleString(text) | Value::VerbatimString { text, .. } => texts.push(text),
        Value::Array(values) => values.into_iter().for_each(|value| texts_of(value, texts)),
        Value::Map(pairs) => pairs.into_iter().for_each(|(_, value)| texts_of(value, texts)),
        _ => {}
    }
}

fn session_key(sid: &str) -> String {
    format!("tokenward:session:{sid}")
}

fn index_key(user_id: &str) -> String {
    format!("tokenward:sessions:{user_id}")
}

fn user_key(id: &str) -> String {
    format!("tokenward:user:{id}")
}

fn record_key(key: &str) -> String {
    format!("tokenward:record:{key}")
}

fn email_key(email: &str) -> String {
    format!("tokenward:email:{}", email.to_ascii_lowercase())
}

/// The record of a session: a string, not a hash, because Redis stores a hash with a value over 64 bytes less compactly.
/// Version 0.1 does not read records of unreleased versions.
fn write_record(session: &Session) -> String {
    let Session { generation, repeats, created_at, last_used_at, idle_expires_at, absolute_expires_at, .. } = session;
    let (version, user_id, user_agent) = (session.credential_version, &session.user_id, &session.user_agent);
    // A session that was never rotated has no replaced generation and no key.
    format!(
        "live|{generation}|||{repeats}|{created_at}|{last_used_at}|{idle_expires_at}|{absolute_expires_at}|{version}|{user_id}|{user_agent}"
    )
}

fn read_record(sid: &str, record: &str) -> Result<Session, StoreError> {
    let parse = || {
        let mut fields = record.splitn(12, '|').skip(1);
        let generation = fields.next()?.parse().ok()?;
        let repeats = fields.by_ref().nth(2)?.parse().ok()?;
        let mut seconds = fields.by_ref().take(4).map(str::parse);
        let mut second = || seconds.next()?.ok();
        Some(Session {
            sid: sid.to_owned(),
            generation,
            created_at: second()?,
            last_used_at: second()?,
            idle_expires_at: second()?,
            absolute_expires_at: second()?,
            credential_version: fields.next()?.parse().ok()?,
            user_id: fields.next()?.to_owned(),
            user_agent: fields.next()?.to_owned(),
            repeats,
        })
    };
    parse().ok_or_else(|| {
        StoreError::Unavailable("Redis: expected a session record of twelve fields, got a damaged one".into())
    })
}
