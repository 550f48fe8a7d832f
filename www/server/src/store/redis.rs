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
//! | `tokenward:email:<email>` | the id of the user with this email |

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use redis::aio::{ConnectionLike, ConnectionManager, ConnectionManagerConfig};
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::{Client, Cmd, FromRedisValue, Pipeline, RedisError, RedisFuture, Script, Value, cmd};
use tokio::sync::OnceCell;

use super::{
    Cursor, End, NewSession, Revocation, Rotate, Rotation, Session, SessionStore, StoreError, User, UserStore,
};

const REVOCATIONS: &str = "tokenward:revocations";
/// The number of log entries that one command reads.
const LOG_BATCH: usize = 10_000;
/// A Redis that takes longer counts as unavailable.
const TIMEOUT: Duration = Duration::from_secs(1);

/// Sessions and users in Redis.
pub struct RedisStore {
    server: RedisServer,
    rotate: Script,
    end: Script,
    user: Script,
}

enum RedisServer {
    One(ConnectionManager),
    Cluster { client: Box<ClusterClient>, connection: OnceCell<ClusterConnection> },
}

impl RedisStore {
    /// One Redis server. Does not connect yet: while the server is unavailable, every operation fails.
    pub fn single(url: &str) -> Result<Self, StoreError> {
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(TIMEOUT))
            .set_response_timeout(Some(TIMEOUT))
            .set_number_of_retries(0)
            .set_max_delay(TIMEOUT);
        let manager = ConnectionManager::new_lazy_with_config(Client::open(url)?, config)?;
        Ok(Self::new(RedisServer::One(manager)))
    }

    /// A cluster with these nodes; it tells the client of the others.
    pub fn cluster(urls: &[&str]) -> Result<Self, StoreError> {
        let client = ClusterClient::builder(urls.iter().copied())
            .connection_timeout(TIMEOUT)
            .response_timeout(TIMEOUT)
            .retries(2)
            .build()?;
        Ok(Self::new(RedisServer::Cluster { client: Box::new(client), connection: OnceCell::new() }))
    }

    fn new(server: RedisServer) -> Self {
        let [rotate, end, user] = [include_str!("rotate.lua"), include_str!("end.lua"), include_str!("user.lua")];
        Self { server, rotate: Script::new(rotate), end: Script::new(end), user: Script::new(user) }
    }

    async fn connection(&self) -> Result<Connection, StoreError> {
        Ok(match &self.server {
            RedisServer::One(manager) => Connection::One(manager.clone()),
            RedisServer::Cluster { client, connection } => {
                let connect = || async { client.get_async_connection().await };
                Connection::Cluster(connection.get_or_try_init(connect).await?.clone())
            }
        })
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

    /// At most [`LOG_BATCH`] log entries from a position on.
    async fn log(&self, from: &str) -> Result<Vec<(String, Revocation)>, StoreError> {
        type Entries = Vec<(String, HashMap<String, String>)>;
        let range = cmd("XRANGE").arg(REVOCATIONS).arg(from).arg("+").arg("COUNT").arg(LOG_BATCH).take();
        let entries: Entries = self.run(&range).await?;
        let read = |(position, mut fields): (String, HashMap<String, String>)| {
            let until = fields.get("until").and_then(|until| until.parse().ok()).unwrap_or(0);
            (position, Revocation { id: fields.remove("id").unwrap_or_default(), until })
        };
        Ok(entries.into_iter().map(read).collect())
    }

    /// Changes fields of a user, and raises the credential version.
    async fn change_user(&self, id: &str, rise: u64, fields: &[(&str, &str)]) -> Result<bool, StoreError> {
        let mut call = self.user.key(user_key(id));
        call.arg(rise);
        for (field, value) in fields {
            call.arg(*field).arg(*value);
        }
        Ok(call.invoke_async(&mut self.connection().await?).await?)
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

#[derive(Clone)]
enum Connection {
    One(ConnectionManager),
    Cluster(ClusterConnection),
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::One(one) => one.req_packed_command(cmd),
            Self::Cluster(cluster) => cluster.req_packed_command(cmd),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        cmd: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::One(one) => one.req_packed_commands(cmd, offset, count),
            Self::Cluster(cluster) => cluster.req_packed_commands(cmd, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::One(one) => one.get_db(),
            Self::Cluster(cluster) => cluster.get_db(),
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
        // The index expires with the session that expires last.
        let index_ttl = session.absolute_expires_at - now;
        let mut indexing = redis::pipe();
        indexing.cmd("ZADD").arg(&index).arg(session.absolute_expires_at).arg(&session.sid);
        indexing.cmd("ZREMRANGEBYSCORE").arg(&index).arg("-inf").arg(now);
        indexing.cmd("EXPIRE").arg(&index).arg(index_ttl);
        indexing.query_async::<()>(&mut self.connection().await?).await?;
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
        let mut call = self.end.prepare_invoke();
        let record: String = call.key(session_key(sid)).invoke_async(&mut self.connection().await?).await?;
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
        self.run(cmd("XADD").arg(REVOCATIONS).arg("*").arg("id").arg(id).arg("until").arg(until)).await
    }

    async fn revocations(&self, after: &Cursor) -> Result<(Vec<Revocation>, Cursor), StoreError> {
        let mut position = if after.0.is_empty() { "0-0".to_owned() } else { after.0.clone() };
        let mut found = Vec::new();
        loop {
            let entries = self.log(&format!("({position}")).await?;
            let last = entries.len() < LOG_BATCH;
            for (next, revocation) in entries {
                position = next;
                found.push(revocation);
            }
            if last {
                return Ok((found, Cursor(position)));
            }
        }
    }

    async fn purge(&self, now: u64) -> Result<(), StoreError> {
        // Redis deletes expired sessions. The log is in the order of time, so the oldest entries expire first.
        loop {
            let expired: Vec<_> = self
                .log("-")
                .await?
                .into_iter()
                .take_while(|(_, entry)| entry.until <= now)
                .map(|(position, _)| position)
                .collect();
            if expired.is_empty() {
                return Ok(());
            }
            self.run::<()>(cmd("XDEL").arg(REVOCATIONS).arg(expired)).await?;
        }
    }

    async fn ping(&self) -> Result<(), StoreError> {
        // GET, not PING: PING also succeeds on a replica without a master. The key never exists.
        self.run::<Value>(cmd("GET").arg("tokenward:ping")).await.map(drop)
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
        self.claim_email(&user).await?;
        let key = user_key(&user.id);
        let version = user.credential_version.to_string();
        let fields =
            [("email", &user.email), ("role", &user.role), ("password", &user.password_hash), ("version", &version)];
        self.run(cmd("HSET").arg(key).arg(&fields)).await
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
        self.run::<()>(cmd("DEL").arg(email_key(&user.email))).await?;
        Ok(true)
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
