//! The other half of tokenward: a small auth server for tests and the demo, strict in behaviour.
//!
//! A request flows one way: `routes` reads it, `guard` and `limits` may refuse it, `tokens` makes and checks access
//! tokens, `sessions` asks a [`Store`] to rotate and hears what was revoked, `telemetry` counts. Errors are one enum,
//! [`ApiError`], which is also the wire's error table; [`config::SETTINGS`] lists what there is to set.

mod background;
pub mod config;
mod dialect;
mod dpop;
mod error;
mod guard;
mod keys;
mod limits;
mod passwords;
mod refresh_token;
mod revocations;
mod routes;
mod sessions;
mod store;
mod telemetry;
mod tokens;
pub mod users;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, SystemTime};

use tokio::net::TcpListener;

pub use config::{Config, ConfigProblems};
pub use dialect::Dialect;
pub use error::ApiError;
pub use keys::SigningAlgorithm;
pub use store::{
    Cursor, KeyHash, NewSession, RedisStore, Revocation, Rotate, Rotation, Session, SessionStore, SqliteStore, Store,
    StoreError, User, UserStore,
};
pub use telemetry::start_logging;

use config::StoreAt;
use routes::Server;

/// The accounts that exist where `DEMO=true`: email, password, role.
pub const DEMO_ACCOUNTS: [(&str, &str, &str); 2] =
    [("ada@example.com", "analytical engine", "admin"), ("grace@example.com", "nanoseconds", "user")];

/// How long requests under way may take after the server was told to stop.
const FAREWELL: Duration = Duration::from_secs(10);
/// A client that has not sent its headers by then never will.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Opens the store, listens, and serves until Ctrl-C or SIGTERM; requests under way are finished first.
pub async fn serve(config: Config) -> Result<(), Failure> {
    let listener = TcpListener::bind((config.host, config.port))
        .await
        .map_err(|error| format!("HOST, PORT: cannot listen on {}:{}: {error}", config.host, config.port))?;
    let address = listener.local_addr()?;
    let app = app(config).await?;
    println!("listening on http://{address}");
    let handle = axum_server::Handle::new();
    tokio::spawn({
        let handle = handle.clone();
        async move {
            shutdown().await;
            handle.graceful_shutdown(Some(FAREWELL));
        }
    });
    let mut server = axum_server::Server::<SocketAddr>::from_listener(listener).handle(handle).http1_only();
    let mut http1 = server.http_builder().http1();
    http1.timer(hyper_util::rt::TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT);
    server.serve(app.into_make_service_with_connect_info::<SocketAddr>()).await?;
    Ok(())
}

/// The whole application as a router, for [`serve`] and for tests that bring their own listener.
pub async fn app(config: Config) -> Result<axum::Router, Failure> {
    let store = open_store(&config).await?;
    let keys = config.keys()?;
    let server = Arc::new(Server {
        access: tokens::AccessTokens::new(keys.algorithm, keys.signing, keys.verifying, &config),
        refresh: refresh_token::RefreshTokens::new(&keys.refresh),
        proofs: dpop::Proofs::new(&keys.refresh[0], config.cookie_secure),
        limits: limits::Limits::new(&config),
        telemetry: telemetry::Telemetry::new(),
        passwords: passwords::Passwords::new(),
        sessions: sessions::Sessions::new(store, &config),
        expired: routes::demo::Expired::default(),
        faults: routes::demo::Faults::default(),
        loot: routes::demo::Loot::default(),
        request_prefix: format!("{:x}", u32::from_be_bytes(keys::random_bytes())),
        requests: AtomicU64::new(0),
        config,
    });
    // A store that is away now may come back: the server starts, and says so to whoever asks.
    let ready = background::catch_up(&server).await;
    background::start(&server, ready);
    Ok(routes::router(server))
}

/// The store of the settings.
pub async fn open_store(config: &Config) -> Result<Arc<dyn Store>, StoreError> {
    Ok(match &config.store {
        StoreAt::Sqlite(path) => Arc::new(SqliteStore::open(path).await?),
        StoreAt::Redis(url) => Arc::new(RedisStore::single(&url.0)?),
        StoreAt::RedisCluster(nodes) => {
            Arc::new(RedisStore::cluster(&nodes.iter().map(|node| node.0.as_str()).collect::<Vec<_>>())?)
        }
    })
}

/// The OpenAPI document of a server with default settings, as JSON.
pub fn openapi() -> String {
    routes::openapi(Dialect::Tokenward, false).to_pretty_json().unwrap_or_default()
}

/// Seconds since the epoch.
pub fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_secs())
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
