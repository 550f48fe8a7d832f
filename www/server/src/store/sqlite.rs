//! The embedded store: one `SQLite` file in WAL mode, one transaction for each rotation.

use std::path::Path;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params, params_from_iter};
use tokio::sync::oneshot;

use super::{
    Cursor, End, KeyHash, NewSession, RecordStore, Revocation, Risks, Rotate, Rotation, Session, SessionStore,
    StoreError, User, UserStore,
};

/// The version of the schema. Version 0.1 does not read files of unreleased versions: there is no migration.
const SCHEMA_VERSION: u32 = 3;
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS users (
        id TEXT PRIMARY KEY, email TEXT NOT NULL COLLATE NOCASE, role TEXT NOT NULL,
        password_hash TEXT NOT NULL, credential_version INTEGER NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX IF NOT EXISTS users_with_password ON users (email) WHERE password_hash <> '';
    CREATE TABLE IF NOT EXISTS sessions (
        sid TEXT PRIMARY KEY, user_id TEXT NOT NULL, credential_version INTEGER NOT NULL,
        generation INTEGER NOT NULL, replaced INTEGER, rotated_by BLOB, repeats INTEGER NOT NULL,
        reused INTEGER NOT NULL DEFAULT 0, created_at INTEGER NOT NULL, last_used_at INTEGER NOT NULL,
        idle_expires_at INTEGER NOT NULL, absolute_expires_at INTEGER NOT NULL, user_agent TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS sessions_of_user ON sessions (user_id);
    CREATE INDEX IF NOT EXISTS sessions_by_expiry ON sessions (idle_expires_at);
    CREATE TABLE IF NOT EXISTS revocations (
        place INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, until INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS records (
        key TEXT PRIMARY KEY, value TEXT NOT NULL, until INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS records_by_expiry ON records (until);
";

const COLUMNS: &str = "sid, user_id, generation, created_at, last_used_at, idle_expires_at, absolute_expires_at,
    user_agent, repeats, credential_version";

/// The number of jobs that may wait; a further job fails with [`StoreError::Unavailable`].
const QUEUE: usize = 4_096;
/// The number of log entries that one job reads.
const LOG_BATCH: u32 = 2_000;
/// The number of rows that one statement deletes: other jobs wait while it runs.
const PURGE_BATCH: u32 = 1_000;

/// How long an expired session is kept, in seconds.
const PURGE_MARGIN: u64 = 86_400;

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// Sessions and users in one file.
///
/// One thread owns the connection that writes, and one the connection that reads, and each runs one job after the other. A
/// write waits while another process holds the write lock; in WAL mode, a read never does.
pub struct SqliteStore {
    writer: SyncSender<Job>,
    reader: SyncSender<Job>,
}

impl SqliteStore {
    /// Opens the file, or creates it.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let writer = start_thread(path).await?;
        Ok(Self { writer, reader: start_thread(path).await? })
    }

    async fn find_user(&self, query: &'static str, value: &str) -> Result<Option<User>, StoreError> {
        let value = value.to_owned();
        self.read(move |connection| connection.prepare_cached(query)?.query_row([value], user).optional()).await
    }

    /// Returns whether the user existed.
    async fn change_user(&self, statement: &'static str, values: Vec<String>) -> Result<bool, StoreError> {
        let execute = move |connection: &mut Connection| connection.execute(statement, params_from_iter(values));
        self.run(execute).await.map(|rows| rows > 0)
    }

    /// Runs a job that writes.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> Result<T, StoreError> {
        run_on(&self.writer, work).await
    }

    /// Runs a job that only reads.
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> Result<T, StoreError> {
        run_on(&self.reader, work).await
    }

    /// Like `run`, in a transaction. The transaction is immediate: it takes the write lock before it reads, so that no two
    /// transactions read the same state and then both change it.
    async fn transaction<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.run(move |connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let result = work(&transaction)?;
            transaction.commit()?;
            Ok(result)
        })
        .await
    }
}

/// Opens a connection on a thread of its own, and returns the queue of its jobs.
async fn start_thread(path: &Path) -> Result<SyncSender<Job>, StoreError> {
    let path = path.to_owned();
    let (jobs, queue) = sync_channel::<Job>(QUEUE);
    let (opened, opening) = oneshot::channel();
    std::thread::spawn(move || match connect(&path) {
        Ok(mut connection) => {
            let _ = opened.send(Ok(()));
            for job in queue {
                job(&mut connection);
            }
        }
        Err(error) => drop(opened.send(Err(error))),
    });
    opening
        .await
        .unwrap_or_else(|error| Err(StoreError::Unavailable(error.to_string())))
        .map_err(|error| StoreError::Unavailable(format!("DATABASE: the file cannot be opened: {error}")))?;
    Ok(jobs)
}

async fn run_on<T: Send + 'static>(
    jobs: &SyncSender<Job>,
    work: impl FnOnce(&mut Connection) -> Result<T, rusqlite::Error> + Send + 'static,
) -> Result<T, StoreError> {
    let (done, answer) = oneshot::channel();
    let job: Job = Box::new(move |connection| drop(done.send(work(connection))));
    jobs.try_send(job).map_err(|error| StoreError::Unavailable(error.to_string()))?;
    answer.await.map_err(|error| StoreError::Unavailable(error.to_string()))?.map_err(StoreError::from)
}

fn connect(path: &Path) -> Result<Connection, StoreError> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)
            .map_err(|error| StoreError::Unavailable(format!("{}: {error}", folder.display())))?;
    }
    restrict_to_owner(path).map_err(|error| StoreError::Unavailable(format!("{}: {error}", path.display())))?;
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.busy_timeout(Duration::from_secs(5))?;
    // The schema and its version are written in one transaction, so that another server never sees one without the other.
    let tables: u32 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if tables > 0 && version != SCHEMA_VERSION {
        return Err(StoreError::Unavailable(format!(
            "{}: expected a file of schema version {SCHEMA_VERSION}, got version {version}; remove the file",
            path.display()
        )));
    }
    connection.execute_batch(&format!("BEGIN IMMEDIATE; {SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"))?;
    Ok(connection)
}

/// Creates the file with a mode that lets only its owner read it, and takes the rights of others from existing files.
/// `SQLite` gives the mode of the file to the files that it creates beside it.
#[cfg(unix)]
fn restrict_to_owner(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    std::fs::OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        match std::fs::metadata(&name) {
            Ok(metadata) if metadata.permissions().mode() & 0o077 != 0 => {
                std::fs::set_permissions(&name, std::fs::Permissions::from_mode(0o600))?;
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(not(unix))]
fn restrict_to_owner(_: &Path) -> std::io::Result<()> {
    Ok(())
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::ConstraintViolation) => Self::Taken,
            _ => Self::Unavailable(error.to_string()),
        }
    }
}

#[async_trait]
impl SessionStore for SqliteStore {
    async fn create(&self, new: NewSession, now: u64) -> Result<Session, StoreError> {
        let session = new.begin(now);
        let row = session.clone();
        let begins = self.transaction(move |connection| {
            let is_current = connection
                .prepare_cached("SELECT 1 FROM users WHERE id = ?1 AND credential_version = ?2")?
                .exists(params![row.user_id, seconds(row.credential_version)])?;
            if !is_current {
                return Ok(false);
            }
            connection
                .prepare_cached(&format!(
                    "INSERT INTO sessions ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
                ))?
                .execute(params![
                    row.sid,
                    row.user_id,
                    row.generation,
                    seconds(row.created_at),
                    seconds(row.last_used_at),
                    seconds(row.idle_expires_at),
                    seconds(row.absolute_expires_at),
                    row.user_agent,
                    row.repeats,
                    seconds(row.credential_version)
                ])?;
            Ok(true)
        });
        if begins.await? { Ok(session) } else { Err(StoreError::CredentialsChanged) }
    }

    async fn find(&self, sid: &str, now: u64) -> Result<Option<Session>, StoreError> {
        let sid = sid.to_owned();
        self.read(move |connection| {
            let found = find(connection, &sid, now)?;
            Ok(found.filter(|found| !found.reused).map(|found| found.session))
        })
        .await
    }

    async fn sessions_of(&self, user_id: &str, now: u64) -> Result<Vec<Session>, StoreError> {
        let user_id = user_id.to_owned();
        self.read(move |connection| {
            connection
                .prepare_cached(&format!(
                    "SELECT {COLUMNS} FROM sessions WHERE user_id = ?1 AND idle_expires_at > ?2 AND NOT reused
                     ORDER BY created_at DESC, sid"
                ))?
                .query_map(params![user_id, seconds(now)], session)?
                .collect()
        })
        .await
    }

    async fn oldest_sessions(&self, user_id: &str, except: &str, keep: usize) -> Result<Vec<String>, StoreError> {
        let (user_id, except) = (user_id.to_owned(), except.to_owned());
        self.read(move |connection| {
            connection
                .prepare_cached(
                    "SELECT sid FROM sessions WHERE user_id = ?1 AND NOT reused AND sid <> ?3
                     ORDER BY created_at DESC, sid LIMIT 100 OFFSET ?2",
                )?
                .query_map(params![user_id, i64::try_from(keep).unwrap_or(i64::MAX), except], |row| row.get(0))?
                .collect()
        })
        .await
    }

    async fn rotate(&self, rotate: Rotate, now: u64) -> Result<Rotation, StoreError> {
        self.transaction(move |connection| {
            let Some(Found { mut session, replaced, rotated_by, reused }) = find(connection, &rotate.sid, now)? else {
                return Ok(Rotation::Unknown);
            };
            let Some(next) = session.generation.max(rotate.presented).checked_add(1) else {
                return Ok(Rotation::Unknown);
            };
            let age = now.saturating_sub(session.last_used_at);
            let same_key = rotate.key.is_some() && rotate.key == rotated_by;
            let in_grace = rotate.key.is_none() && rotated_by.is_none() && age < rotate.grace;
            let is_current = rotate.presented >= session.generation;
            let is_repeat = !is_current && Some(rotate.presented) == replaced && (same_key || in_grace);
            if reused || (!is_current && !is_repeat) {
                if !reused {
                    connection.execute("UPDATE sessions SET reused = 1 WHERE sid = ?1", [&rotate.sid])?;
                    append(connection, &rotate.sid, now + rotate.revocation_ttl)?;
                }
                return Ok(Rotation::Reused(session.user_id));
            }
            session.repeats += u32::from(is_repeat);
            let is_early = is_repeat && (in_grace || age < rotate.repeat_window);
            if !is_early {
                session.generation = next;
                session.last_used_at = now;
                session.idle_expires_at = (now + rotate.idle_ttl).min(session.absolute_expires_at);
            }
            save_rotation(connection, &session, rotate.presented, rotate.key)?;
            Ok(match (is_current, is_early) {
                (true, _) => Rotation::Rotated(session),
                (false, true) => Rotation::Repeated(session, age),
                (false, false) => Rotation::RepeatedLate(session, age),
            })
        })
        .await
    }

    async fn end(&self, sid: &str, until: u64) -> Result<End, StoreError> {
        let sid = sid.to_owned();
        self.transaction(move |connection| end(connection, &sid, until)).await
    }

    async fn settle(&self, sid: &str, _until: u64) -> Result<(), StoreError> {
        // `rotate` has revoked the access tokens in the transaction in which it found the reuse.
        let sid = sid.to_owned();
        self.run(move |connection| connection.execute("DELETE FROM sessions WHERE sid = ?1 AND reused", [sid]))
            .await
            .map(drop)
    }

    async fn end_all(&self, user_id: &str, until: u64) -> Result<Vec<String>, StoreError> {
        let user_id = user_id.to_owned();
        self.transaction(move |connection| {
            let sids: Vec<String> = connection
                .prepare_cached("SELECT sid FROM sessions WHERE user_id = ?1 AND NOT reused")?
                .query_map([user_id], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            for sid in &sids {
                end(connection, sid, until)?;
            }
            Ok(sids)
        })
        .await
    }

    async fn revoke(&self, revocation: Revocation) -> Result<(), StoreError> {
        self.run(move |connection| append(connection, &revocation.id, revocation.until)).await
    }

    async fn revocations(&self, after: &Cursor) -> Result<(Vec<Revocation>, Cursor), StoreError> {
        let known: Option<(i64, String)> =
            after.0.split_once(' ').and_then(|(place, id)| Some((place.parse().ok()?, id.to_owned())));
        self.read(move |connection| {
            let Some((place, id)) = known else { return log(connection, 0) };
            let at_cursor: Option<String> = connection
                .prepare_cached("SELECT id FROM revocations WHERE place = ?1")?
                .query_row([place], |row| row.get(0))
                .optional()?;
            log(connection, if at_cursor == Some(id) { place } else { 0 })
        })
        .await
        .map(|(entries, cursor)| (entries, cursor.unwrap_or_else(|| after.clone())))
    }

    async fn purge(&self, now: u64) -> Result<(), StoreError> {
        // Expired sessions stay for a while, because `now` is wrong if the server started with a wrong clock.
        let statements = [
            (
                now.saturating_sub(PURGE_MARGIN),
                "DELETE FROM sessions WHERE sid IN (SELECT sid FROM sessions WHERE idle_expires_at <= ?1 LIMIT ?2)",
            ),
            (now, "DELETE FROM revocations WHERE place IN (SELECT place FROM revocations WHERE until <= ?1 LIMIT ?2)"),
            (now, "DELETE FROM records WHERE key IN (SELECT key FROM records WHERE until <= ?1 LIMIT ?2)"),
        ];
        for (before, statement) in statements {
            let delete =
                move |connection: &mut Connection| connection.execute(statement, params![seconds(before), PURGE_BATCH]);
            while self.run(delete).await? > 0 {}
        }
        Ok(())
    }

    async fn confirm(&self) -> Result<(), StoreError> {
        // Every transaction is on the disk before it is answered.
        Ok(())
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.read(|connection| connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))).await
    }

    async fn check_writable(&self) -> Result<(), StoreError> {
        self.transaction(|connection| connection.pragma_update(None, "user_version", SCHEMA_VERSION)).await
    }

    async fn time(&self) -> Result<Option<u64>, StoreError> {
        // All servers of one file are on one machine.
        Ok(None)
    }

    async fn risks(&self) -> Result<Risks, StoreError> {
        Ok(Risks::default())
    }
}

#[async_trait]
impl UserStore for SqliteStore {
    async fn user_by_email(&self, email: &str) -> Result<Option<User>, StoreError> {
        let query = "SELECT id, email, role, password_hash, credential_version FROM users
            WHERE email = ?1 AND password_hash <> ''";
        self.find_user(query, email).await
    }

    async fn user(&self, id: &str) -> Result<Option<User>, StoreError> {
        self.find_user("SELECT id, email, role, password_hash, credential_version FROM users WHERE id = ?1", id).await
    }

    async fn add_user(&self, user: User) -> Result<(), StoreError> {
        self.run(move |connection| {
            connection.execute(
                "INSERT INTO users (id, email, role, password_hash, credential_version) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![user.id, user.email, user.role, user.password_hash, seconds(user.credential_version)],
            )
        })
        .await
        .map(drop)
    }

    async fn change_email(&self, id: &str, email: &str) -> Result<bool, StoreError> {
        let statement = "UPDATE users SET email = ?2 WHERE id = ?1 AND password_hash = ''";
        self.change_user(statement, vec![id.to_owned(), email.to_owned()]).await
    }

    async fn change_role(&self, id: &str, role: &str) -> Result<bool, StoreError> {
        let statement = "UPDATE users SET role = ?2 WHERE id = ?1";
        self.change_user(statement, vec![id.to_owned(), role.to_owned()]).await
    }

    async fn change_password(&self, id: &str, password_hash: &str) -> Result<bool, StoreError> {
        let statement =
            "UPDATE users SET password_hash = ?2, credential_version = credential_version + 1 WHERE id = ?1";
        self.change_user(statement, vec![id.to_owned(), password_hash.to_owned()]).await
    }

    async fn renew_credentials(&self, id: &str) -> Result<bool, StoreError> {
        let statement = "UPDATE users SET credential_version = credential_version + 1 WHERE id = ?1";
        self.change_user(statement, vec![id.to_owned()]).await
    }

    async fn remove_user(&self, id: &str) -> Result<bool, StoreError> {
        let id = id.to_owned();
        self.run(move |connection| connection.execute("DELETE FROM users WHERE id = ?1", [id]))
            .await
            .map(|rows| rows > 0)
    }
}

#[async_trait]
impl RecordStore for SqliteStore {
    async fn add_record(&self, key: &str, value: &str, until: u64, now: u64) -> Result<bool, StoreError> {
        let (key, value) = (key.to_owned(), value.to_owned());
        let statement = "INSERT INTO records (key, value, until) VALUES (?1, ?2, ?3)
            ON CONFLICT (key) DO UPDATE SET value = ?2, until = ?3 WHERE until <= ?4";
        self.run(move |connection| connection.execute(statement, params![key, value, seconds(until), seconds(now)]))
            .await
            .map(|rows| rows > 0)
    }

    async fn set_record(&self, key: &str, value: &str, until: u64, _now: u64) -> Result<(), StoreError> {
        let (key, value) = (key.to_owned(), value.to_owned());
        let statement = "INSERT OR REPLACE INTO records (key, value, until) VALUES (?1, ?2, ?3)";
        self.run(move |connection| connection.execute(statement, params![key, value, seconds(until)])).await.map(drop)
    }

    async fn replace_record(
        &self,
        key: &str,
        expected: &str,
        value: &str,
        until: u64,
        now: u64,
    ) -> Result<bool, StoreError> {
        let (key, expected, value) = (key.to_owned(), expected.to_owned(), value.to_owned());
        let statement = "UPDATE records SET value = ?3, until = ?4 WHERE key = ?1 AND value = ?2 AND until > ?5";
        self.run(move |connection| {
            connection.execute(statement, params![key, expected, value, seconds(until), seconds(now)])
        })
        .await
        .map(|rows| rows > 0)
    }

    async fn take_record(&self, key: &str, now: u64) -> Result<Option<String>, StoreError> {
        let key = key.to_owned();
        let statement = "DELETE FROM records WHERE key = ?1 AND until > ?2 RETURNING value";
        self.run(move |connection| {
            connection.prepare_cached(statement)?.query_row(params![key, seconds(now)], |row| row.get(0)).optional()
        })
        .await
    }

    async fn record(&self, key: &str, now: u64) -> Result<Option<String>, StoreError> {
        let key = key.to_owned();
        let query = "SELECT value FROM records WHERE key = ?1 AND until > ?2";
        self.read(move |connection| {
            connection.prepare_cached(query)?.query_row(params![key, seconds(now)], |row| row.get(0)).optional()
        })
        .await
    }
}

/// Deletes a session and logs the revocation, unless the session ended by reuse.
fn end(connection: &Connection, sid: &str, until: u64) -> Result<End, rusqlite::Error> {
    if connection.prepare_cached("DELETE FROM sessions WHERE sid = ?1 AND NOT reused")?.execute([sid])? > 0 {
        append(connection, sid, until)?;
        return Ok(End::Ended);
    }
    let reused = connection
        .prepare_cached("SELECT user_id FROM sessions WHERE sid = ?1")?
        .query_row([sid], |row| row.get(0))
        .optional()?;
    Ok(reused.map_or(End::Unknown, End::Reused))
}

/// The log entries after a place, at most [`LOG_BATCH`], and the cursor of the last of them.
fn log(connection: &Connection, after: i64) -> Result<(Vec<Revocation>, Option<Cursor>), rusqlite::Error> {
    let mut query = connection
        .prepare_cached("SELECT place, id, until FROM revocations WHERE place > ?1 ORDER BY place LIMIT ?2")?;
    let mut rows = query.query(params![after, LOG_BATCH])?;
    let (mut found, mut cursor) = (Vec::new(), None);
    while let Some(row) = rows.next()? {
        let (place, id): (i64, String) = (row.get(0)?, row.get(1)?);
        cursor = Some(Cursor(format!("{place} {id}")));
        found.push(Revocation { id, until: row.get(2).map(i64::cast_unsigned)? });
    }
    Ok((found, cursor))
}

/// Appends to the log of revocations.
fn append(connection: &Connection, id: &str, until: u64) -> Result<(), rusqlite::Error> {
    connection
        .prepare_cached("INSERT INTO revocations (id, until) VALUES (?1, ?2)")?
        .execute(params![id, seconds(until)])
        .map(drop)
}

/// A session and its last rotation.
struct Found {
    session: Session,
    /// The generation that the last rotation replaced.
    replaced: Option<u32>,
    /// The hash of the `Idempotency-Key` of the last rotation.
    rotated_by: Option<KeyHash>,
    /// Whether the session ended by reuse.
    reused: bool,
}

fn find(connection: &Connection, sid: &str, now: u64) -> Result<Option<Found>, rusqlite::Error> {
    let read = |row: &Row| {
        let (replaced, rotated_by, reused) = (row.get(10)?, row.get(11)?, row.get(12)?);
        Ok(Found { session: session(row)?, replaced, rotated_by, reused })
    };
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS}, replaced, rotated_by, reused FROM sessions WHERE sid = ?1 AND idle_expires_at > ?2"
        ))?
        .query_row(params![sid, seconds(now)], read)
        .optional()
}

fn save_rotation(
    connection: &Connection,
    session: &Session,
    replaced: u32,
    key: Option<KeyHash>,
) -> Result<(), rusqlite::Error> {
    let Session { sid, generation, repeats, .. } = session;
    let (last_used_at, idle_expires_at) = (seconds(session.last_used_at), seconds(session.idle_expires_at));
    connection
        .prepare_cached(
            "UPDATE sessions SET generation = ?2, replaced = ?3, rotated_by = ?4, repeats = ?5, last_used_at = ?6,
             idle_expires_at = ?7 WHERE sid = ?1",
        )?
        .execute(params![sid, generation, replaced, key, repeats, last_used_at, idle_expires_at])
        .map(drop)
}

fn session(row: &Row) -> Result<Session, rusqlite::Error> {
    let seconds = |column| row.get(column).map(i64::cast_unsigned);
    Ok(Session {
        sid: row.get(0)?,
        user_id: row.get(1)?,
        generation: row.get(2)?,
        created_at: seconds(3)?,
        last_used_at: seconds(4)?,
        idle_expires_at: seconds(5)?,
        absolute_expires_at: seconds(6)?,
        user_agent: row.get(7)?,
        repeats: row.get(8)?,
        credential_version: seconds(9)?,
    })
}

fn user(row: &Row) -> Result<User, rusqlite::Error> {
    Ok(User {
        id: row.get(0)?,
        email: row.get(1)?,
        role: row.get(2)?,
        password_hash: row.get(3)?,
        credential_version: row.get(4).map(i64::cast_unsigned)?,
    })
}

/// A time for an SQL parameter.
fn seconds(time: u64) -> i64 {
    i64::try_from(time).unwrap_or(i64::MAX)
}
