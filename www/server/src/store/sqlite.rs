//! The embedded store: one `SQLite` file, in WAL mode, one transaction per rotation.

use std::path::Path;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};

use super::{NewSession, Rotation, Session, SessionStore, StoreError, User, UserStore};

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS users (
        id TEXT PRIMARY KEY, email TEXT NOT NULL UNIQUE COLLATE NOCASE, role TEXT NOT NULL, password_hash TEXT NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS sessions (
        sid TEXT PRIMARY KEY, user_id TEXT NOT NULL, generation INTEGER NOT NULL, rotated_by BLOB,
        created_at INTEGER NOT NULL, last_used_at INTEGER NOT NULL,
        idle_expires_at INTEGER NOT NULL, absolute_expires_at INTEGER NOT NULL, user_agent TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS sessions_of_user ON sessions (user_id);
    CREATE INDEX IF NOT EXISTS sessions_by_expiry ON sessions (idle_expires_at);
";

const COLUMNS: &str =
    "sid, user_id, generation, created_at, last_used_at, idle_expires_at, absolute_expires_at, user_agent";

/// Sessions and users in one file.
pub struct SqliteStore {
    connection: Arc<Mutex<Connection>>,
}

impl SqliteStore {
    /// Opens the file, and makes it where there is none.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let path = path.to_owned();
        let connection = blocking(move || {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)
                    .map_err(|error| StoreError(format!("DATABASE: {}: {error}", folder.display())))?;
            }
            let connection = Connection::open(&path)?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.pragma_update(None, "synchronous", "FULL")?;
            connection.busy_timeout(std::time::Duration::from_secs(5))?;
            connection.execute_batch(SCHEMA)?;
            Ok(connection)
        })
        .await
        .map_err(|error: StoreError| StoreError(format!("DATABASE: the file cannot be opened: {error}")))?;
        Ok(Self { connection: Arc::new(Mutex::new(connection)) })
    }

    async fn find_user(&self, query: &'static str, value: &str) -> Result<Option<User>, StoreError> {
        let value = value.to_owned();
        self.with(move |connection| connection.prepare_cached(query)?.query_row([value], user).optional()).await
    }

    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> Result<T, StoreError> {
        let connection = self.connection.clone();
        blocking(move || {
            let mut connection = connection.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            work(&mut connection).map_err(StoreError::from)
        })
        .await
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(StoreError(error.to_string())))
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self(error.to_string())
    }
}

#[async_trait]
impl SessionStore for SqliteStore {
    async fn create(&self, new: NewSession, now: u64) -> Result<Session, StoreError> {
        let session = Session {
            sid: new.sid,
            user_id: new.user_id,
            generation: 0,
            created_at: now,
            last_used_at: now,
            idle_expires_at: now + new.idle_ttl.min(new.absolute_ttl),
            absolute_expires_at: now + new.absolute_ttl,
            user_agent: new.user_agent,
        };
        let row = session.clone();
        self.with(move |connection| {
            // A sign-in is rare enough to carry the cleaning.
            connection.execute("DELETE FROM sessions WHERE idle_expires_at <= ?1", [seconds(now)])?;
            connection.execute(
                &format!("INSERT INTO sessions ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"),
                params![
                    row.sid,
                    row.user_id,
                    row.generation,
                    seconds(row.created_at),
                    seconds(row.last_used_at),
                    seconds(row.idle_expires_at),
                    seconds(row.absolute_expires_at),
                    row.user_agent
                ],
            )
        })
        .await?;
        Ok(session)
    }

    async fn find(&self, sid: &str, now: u64) -> Result<Option<Session>, StoreError> {
        let sid = sid.to_owned();
        self.with(move |connection| find(connection, &sid, now)).await
    }

    async fn rotate(
        &self,
        sid: &str,
        presented: u32,
        key: Option<[u8; 32]>,
        idle_ttl: u64,
        now: u64,
    ) -> Result<Rotation, StoreError> {
        let sid = sid.to_owned();
        self.with(move |connection| {
            // Immediate: the write lock is taken before the first look, so that no two rotations see the same state.
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let Some(mut session) = find(&transaction, &sid, now)? else {
                return Ok(Rotation::Unknown);
            };
            let rotation = if presented == session.generation {
                session.generation += 1;
                session.last_used_at = now;
                session.idle_expires_at = (now + idle_ttl).min(session.absolute_expires_at);
                transaction
                    .prepare_cached(
                        "UPDATE sessions SET generation = ?2, rotated_by = ?3, last_used_at = ?4, idle_expires_at = ?5
                         WHERE sid = ?1",
                    )?
                    .execute(params![sid, session.generation, key, seconds(now), seconds(session.idle_expires_at)])?;
                Rotation::Rotated(session)
            } else if presented.checked_add(1) == Some(session.generation)
                && key.is_some()
                && key == rotated_by(&transaction, &sid)?
            {
                Rotation::Repeated(session)
            } else {
                transaction.execute("DELETE FROM sessions WHERE sid = ?1", [&sid])?;
                Rotation::Reused
            };
            transaction.commit()?;
            Ok(rotation)
        })
        .await
    }

    async fn end(&self, sid: &str) -> Result<bool, StoreError> {
        let sid = sid.to_owned();
        self.with(move |connection| connection.execute("DELETE FROM sessions WHERE sid = ?1", [sid]))
            .await
            .map(|rows| rows > 0)
    }

    async fn end_all(&self, user_id: &str) -> Result<usize, StoreError> {
        let user_id = user_id.to_owned();
        self.with(move |connection| connection.execute("DELETE FROM sessions WHERE user_id = ?1", [user_id])).await
    }
}

#[async_trait]
impl UserStore for SqliteStore {
    async fn user_by_email(&self, email: &str) -> Result<Option<User>, StoreError> {
        self.find_user("SELECT id, email, role, password_hash FROM users WHERE email = ?1", email).await
    }

    async fn user(&self, id: &str) -> Result<Option<User>, StoreError> {
        self.find_user("SELECT id, email, role, password_hash FROM users WHERE id = ?1", id).await
    }

    async fn add_user(&self, user: User) -> Result<(), StoreError> {
        self.with(move |connection| {
            connection.execute(
                "INSERT INTO users (id, email, role, password_hash) VALUES (?1, ?2, ?3, ?4)",
                params![user.id, user.email, user.role, user.password_hash],
            )
        })
        .await
        .map(drop)
    }
}

fn find(connection: &Connection, sid: &str, now: u64) -> Result<Option<Session>, rusqlite::Error> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM sessions WHERE sid = ?1 AND idle_expires_at > ?2 AND absolute_expires_at > ?2"
        ))?
        .query_row(params![sid, seconds(now)], session)
        .optional()
}

fn rotated_by(connection: &Connection, sid: &str) -> Result<Option<[u8; 32]>, rusqlite::Error> {
    connection.query_row("SELECT rotated_by FROM sessions WHERE sid = ?1", [sid], |row| row.get(0))
}

fn session(row: &Row) -> Result<Session, rusqlite::Error> {
    let seconds = |index| row.get(index).map(i64::cast_unsigned);
    Ok(Session {
        sid: row.get(0)?,
        user_id: row.get(1)?,
        generation: row.get(2)?,
        created_at: seconds(3)?,
        last_used_at: seconds(4)?,
        idle_expires_at: seconds(5)?,
        absolute_expires_at: seconds(6)?,
        user_agent: row.get(7)?,
    })
}

fn user(row: &Row) -> Result<User, rusqlite::Error> {
    Ok(User { id: row.get(0)?, email: row.get(1)?, role: row.get(2)?, password_hash: row.get(3)? })
}

fn seconds(time: u64) -> i64 {
    i64::try_from(time).unwrap_or(i64::MAX)
}
