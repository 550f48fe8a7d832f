//! Builds the server from the settings (production, and the demo if asked for), and runs it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use tokio::net::TcpListener;

use crate::config::{Config, Secret, StoreLocation};
use crate::demo::{self, Demo};
use crate::dialect::Dialect;
use crate::state::{AppState, Shared};
use crate::store::{RedisStore, SqliteStore, Store, StoreError};
use crate::{background, middleware, openapi as document, routes};

/// How long the requests that are being answered may take after the server received the signal to stop.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);
/// The time within which a client must send its headers.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// The bytes of a connection that are read ahead; also the limit of the headers.
const MAX_READ_BUFFER: usize = 64 * 1024;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Opens the store, listens, and serves until Ctrl-C or SIGTERM; then finishes the requests that are being answered.
pub async fn serve(mut config: Config) -> Result<(), BoxError> {
    let listener = TcpListener::bind((config.host, config.port))
        .await
        .map_err(|error| format!("HOST, PORT: cannot listen on {}:{}: {error}", config.host, config.port))?;
    let address = listener.local_addr()?;
    config.port = address.port();
    let (app, state) = build(config).await?;
    println!("listening on http://{address}");
    let handle = axum_server::Handle::new();
    tokio::spawn({
        let handle = handle.clone();
        async move {
            shutdown_signal().await;
            handle.graceful_shutdown(Some(SHUTDOWN_TIMEOUT));
        }
    });
    let mut server = axum_server::Server::<SocketAddr>::from_listener(listener).handle(handle).http1_only();
    let mut http1 = server.http_builder().http1();
    http1.timer(hyper_util::rt::TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT).max_buf_size(MAX_READ_BUFFER);
    server.serve(app.into_make_service_with_connect_info::<SocketAddr>()).await?;
    state.store_tasks.finish(SHUTDOWN_TIMEOUT).await;
    Ok(())
}

/// The whole application as a router, for [`serve`] and for tests that have their own listener.
pub async fn app(config: Config) -> Result<Router, BoxError> {
    build(config).await.map(|(router, _)| router)
}

async fn build(mut config: Config) -> Result<(Router, Shared), BoxError> {
    let store = open_store(&config).await?;
    let hooks = config.demo.then(|| demo::Hooks::new(&mut config));
    let extension = hooks.as_ref().map(demo::Hooks::token_extension);
    let blocked_users = if config.demo { &[] } else { &demo::DEMO_ACCOUNT_IDS[..] };
    let state = Arc::new(AppState::new(&config, store, extension, blocked_users)?);
    background::start(&state, config.demo.then(demo::Hooks::startup_task)).await;
    let demo = hooks.map(|hooks| Demo::new(hooks, state.clone()));
    Ok((router(&config, state.clone(), demo.as_ref()), state))
}

fn router(config: &Config, state: Shared, demo: Option<&Demo>) -> Router {
    let mut endpoints = routes::endpoints(config.dialect);
    if let Some(demo) = demo {
        endpoints = endpoints.merge(demo.endpoints());
    }
    let (router, descriptions) = endpoints.split_for_parts();
    let document =
        document::document(descriptions, config.dialect, &state.http.refresh_cookie).to_json().unwrap_or_default();
    let document = Bytes::from(document);
    let json = [(CONTENT_TYPE, "application/json")];
    let mut router = router.route("/openapi.json", get(move || async move { (json, document) }));
    router = match &config.demo_dir {
        Some(folder) => demo::page::serve(router, folder),
        None => router.fallback(routes::not_found),
    };
    if let Some(demo) = demo {
        router = demo.wrap(router);
    }
    router = router.method_not_allowed_fallback(routes::method_not_allowed);
    middleware::wrap(router, &state).with_state(state)
}

/// Opens the store that the settings name.
pub async fn open_store(config: &Config) -> Result<Arc<dyn Store>, StoreError> {
    Ok(match &config.store {
        StoreLocation::Sqlite(path) => Arc::new(SqliteStore::open(path).await?),
        StoreLocation::Redis(url, options) => Arc::new(RedisStore::single(url.expose(), options)?),
        StoreLocation::RedisCluster(nodes, options) => {
            let urls: Vec<_> = nodes.iter().map(Secret::expose).collect();
            Arc::new(RedisStore::cluster(&urls, options)?)
        }
    })
}

/// The `OpenAPI` document of a server with default settings, as JSON.
pub fn openapi() -> String {
    let (_, descriptions) = routes::endpoints(Dialect::Tokenward).split_for_parts();
    let dialect = Dialect::Tokenward;
    document::document(descriptions, dialect, dialect.refresh_cookie()).to_pretty_json().unwrap_or_default()
}

/// Waits for Ctrl-C or SIGTERM.
async fn shutdown_signal() {
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
