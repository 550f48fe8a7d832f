//! Fills the store of the settings with sessions of as many users, to measure the size of a session:
//! `cargo run --release -p tokenward-server --example fill_store -- 100000`.

use std::sync::Arc;

use tokenward_server::{Config, NewSession, StoreError, now, open_store};
use tokio::task::JoinSet;

const WORKERS: usize = 64;
const USER_AGENT: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36";

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let count: usize = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(100_000);
    let config = Config::from_env(|name| std::env::var(name).ok())?;
    let store = open_store(&config).await?;
    let mut work = JoinSet::new();
    for worker in 0..WORKERS {
        let store = Arc::clone(&store);
        let (idle_ttl, absolute_ttl) = (config.refresh_idle_ttl, config.refresh_absolute_ttl);
        work.spawn(async move {
            for number in (worker..count).step_by(WORKERS) {
                let session = NewSession {
                    // Ids as long as those of real sign-ins.
                    sid: format!("{number:022}"),
                    user_id: format!("{number:016}"),
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
    println!("{count} sessions");
    Ok(())
}
