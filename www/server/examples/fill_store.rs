//! Fills the store of the settings with users, or with one session of each of them, to measure the size of a session:
//! `cargo run --release -p tokenward-server --example fill_store -- users 100000`, then `sessions 100000`.

use std::sync::Arc;

use tokenward_server::{Config, NewSession, StoreError, User, now, open_store};
use tokio::task::JoinSet;

const WORKERS: usize = 64;
const USER_AGENT: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36";

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let count: usize = std::env::args().nth(2).and_then(|count| count.parse().ok()).unwrap_or(100_000);
    let only_users = std::env::args().nth(1).is_some_and(|what| what == "users");
    let config = Config::from_env(|name| std::env::var(name).ok())?;
    let store = open_store(&config).await?;
    let mut work = JoinSet::new();
    for worker in 0..WORKERS {
        let store = Arc::clone(&store);
        let (idle_ttl, absolute_ttl) = (config.refresh_idle_ttl, config.refresh_absolute_ttl);
        work.spawn(async move {
            for number in (worker..count).step_by(WORKERS) {
                // Ids as long as those of real users and sign-ins.
                let user_id = format!("{number:016}");
                if only_users {
                    let email = format!("user{number}@example.com");
                    let (role, password_hash) = ("user".to_owned(), "$argon2id$".repeat(10));
                    store.add_user(User { id: user_id, email, role, password_hash, credential_version: 0 }).await?;
                    continue;
                }
                let session = NewSession {
                    sid: format!("{number:022}"),
                    user_id,
                    credential_version: 0,
                    user_agent: USER_AGENT.into(),
                    idle_ttl,
                    absolute_ttl,
                };
                store.create(session, now()).await?;
            }
            Ok::<_, StoreError>(())
        });
    }
    for result in work.join_all().await {
        result?;
    }
    println!("{count} {}", if only_users { "users" } else { "sessions" });
    Ok(())
}
