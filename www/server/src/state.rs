//! The state that all handlers of the production server share.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::http::HeaderMap;

use crate::config::Config;
use crate::dialect::Dialect;
use crate::middleware::request_context::RequestIds;
use crate::passwords::Passwords;
use crate::rate_limit::{RateLimits, client_address};
use crate::session::Sessions;
use crate::sign_in::SignIn;
use crate::store::Store;
use crate::store_tasks::StoreTasks;
use crate::telemetry::Telemetry;
use crate::token::access::{AccessTokens, TokenExtension};
use crate::token::dpop::DpopProofs;
use crate::token::refresh::RefreshTokens;
use crate::write_check::WriteCheck;

/// The state, as handlers receive it.
pub type Shared = Arc<AppState>;

/// What every handler shares.
pub struct AppState {
    pub http: HttpSettings,
    pub access_tokens: AccessTokens,
    pub refresh_tokens: RefreshTokens,
    pub dpop_proofs: DpopProofs,
    pub passwords: Passwords,
    pub rate_limits: RateLimits,
    pub sessions: Sessions,
    pub store_tasks: StoreTasks,
    pub telemetry: Arc<Telemetry>,
    pub request_ids: RequestIds,
    pub write_check: WriteCheck,
    pub sign_in: SignIn,
}

/// The settings that shape requests and responses.
pub struct HttpSettings {
    pub dialect: Dialect,
    pub allowed_origins: Vec<String>,
    pub cookie_secure: bool,
    /// The name of the refresh cookie, and of the access token's cookie in the dialect that has one.
    pub refresh_cookie: String,
    pub access_cookie: Option<String>,
    /// The name of the cookie that ties a sign-in at a provider to its browser.
    pub login_cookie: String,
    /// The path of the refresh cookie: browsers send it to the auth endpoints only, unless its name requires the path `/`.
    pub refresh_cookie_path: &'static str,
    proxies: usize,
}

impl AppState {
    /// Reads or generates the keys and builds the state.
    pub fn new(
        config: &Config,
        store: Arc<dyn Store>,
        extension: Option<Arc<dyn TokenExtension>>,
        blocked_users: &'static [&'static str],
    ) -> std::io::Result<Self> {
        let keys = config.keys()?;
        let telemetry = Arc::new(Telemetry::new());
        let prefix = if config.cookie_host_prefix { "__Host-" } else { "" };
        Ok(Self {
            http: HttpSettings {
                dialect: config.dialect,
                allowed_origins: config.allowed_origins.clone(),
                cookie_secure: config.cookie_secure,
                refresh_cookie: format!("{prefix}{}", config.dialect.refresh_cookie()),
                access_cookie: config.dialect.access_cookie().map(|name| format!("{prefix}{name}")),
                login_cookie: format!("{prefix}login-"),
                refresh_cookie_path: if config.cookie_host_prefix { "/" } else { "/auth" },
                proxies: config.proxies,
            },
            sign_in: SignIn::new(config, &keys.refresh)?,
            access_tokens: AccessTokens::new(keys.algorithm, keys.signing, keys.verifying, config, extension),
            refresh_tokens: RefreshTokens::new(&keys.refresh),
            dpop_proofs: DpopProofs::new(&keys.refresh[0], config.cookie_secure),
            passwords: Passwords::new(),
            rate_limits: RateLimits::new(config),
            sessions: Sessions::new(store, config, telemetry.clone(), blocked_users),
            store_tasks: StoreTasks::new(),
            telemetry,
            request_ids: RequestIds::new(),
            write_check: WriteCheck::default(),
        })
    }
}

impl HttpSettings {
    /// The address of the client that sent a request through `peer`.
    pub fn client_address(&self, peer: SocketAddr, headers: &HeaderMap) -> IpAddr {
        client_address(peer.ip(), headers, self.proxies)
    }
}
