//! The other half of tokenward: a small auth server for tests and the demo, strict in behaviour.
//!
//! A request flows one way: `routes` reads it, `guard` and `limits` may refuse it, `tokens` makes and checks tokens,
//! a [`SessionStore`] rotates, `telemetry` counts. Errors are one enum, [`ApiError`], which is also the wire's error table.

mod config;
mod error;
mod guard;
mod limits;
mod passwords;
mod refresh_token;
mod routes;
mod store;
mod telemetry;
mod tokens;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;

pub use config::{Config, ConfigProblems};
pub use error::ApiError;
pub use store::{NewSession, Rotation, Session, SessionStore, SqliteStore, StoreError, User, UserStore};

/// The accounts that exist where `DEMO=true`: email, password, role.
pub const DEMO_ACCOUNTS: [(&str, &str, &str); 2] =
    [("ada@example.com", "analytical engine", "admin"), ("grace@example.com", "nanoseconds", "user")];

/// Opens the store, listens, and serves until Ctrl-C or SIGTERM; requests under way are finished first.
pub async fn serve(config: Config) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let listener = TcpListener::bind((config.host, config.port))
        .await
        .map_err(|error| format!("HOST, PORT: cannot listen on {}:{}: {error}", config.host, config.port))?;
    let address = listener.local_addr()?;
    let app = app(config).await?;
    println!("listening on http://{address}");
    axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>())
        .with_graceful_shutdown(shutdown())
        .await?;
    Ok(())
}

/// The whole application as a router, for [`serve`] and for tests that bring their own listener.
pub async fn app(config: Config) -> Result<axum::Router, Box<dyn std::error::Error + Send + Sync>> {
    let store = Arc::new(SqliteStore::open(&config.database).await?);
    let keys = config.keys()?;
    let passwords = passwords::Passwords::new();
    if config.demo {
        for (email, password, role) in DEMO_ACCOUNTS {
            if store.user_by_email(email).await?.is_none() {
                let password_hash = passwords.hash(password.to_owned()).await;
                store
                    .add_user(User {
                        id: format!("demo-{role}"),
                        email: email.into(),
                        role: role.into(),
                        password_hash,
                    })
                    .await?;
            }
        }
    }
    Ok(routes::router(routes::Server {
        access: tokens::AccessTokens::new(&keys.signing, &config)?,
        refresh: refresh_token::RefreshTokens::new(keys.refresh),
        limits: limits::Limits::new(&config),
        telemetry: telemetry::Telemetry::default(),
        passwords,
        sessions: store.clone(),
        users: store,
        expired: routes::demo::Expired::default(),
        config,
    }))
}

async fn shutdown() {
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! { () = interrupt => {}, () = terminate => {} }
}
