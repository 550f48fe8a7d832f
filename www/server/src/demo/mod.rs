//! `DEMO=true`: demo accounts, and switches with which the demo page and the tests make things fail.
//!
//! The demo has a separate state and joins the production server at five points: a separate router, a layer around all
//! endpoints ([`faults`]), a token extension ([`tokens`]), a startup task ([`accounts`]) and an identity provider
//! ([`provider`]). The production state, the
//! extractors and the token code do not know of it.

mod accounts;
mod faults;
pub mod page;
mod provider;
mod session_end;
mod theft;
mod tokens;

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef;
use axum::middleware::from_fn_with_state;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use self::accounts::{DEMO_ACCOUNT_IDS, DEMO_ACCOUNTS};
use crate::background::StartupTask;
use crate::config::Config;
use crate::state::Shared;
use crate::token::access::TokenExtension;

/// The parts of the demo that the production state is built with.
#[derive(Clone)]
pub struct Hooks {
    tokens: Arc<tokens::DemoTokens>,
    provider: Option<Arc<provider::DemoProvider>>,
}

impl Hooks {
    /// Adds the identity provider of the demo to the settings, unless browsers could not reach it.
    pub fn new(config: &mut Config) -> Self {
        let added = provider::DemoProvider::new(config);
        let provider = added.map(|(provider, client)| {
            config.providers.push(client);
            Arc::new(provider)
        });
        Self { tokens: Arc::default(), provider }
    }

    pub fn token_extension(&self) -> Arc<dyn TokenExtension> {
        self.tokens.clone()
    }

    pub fn startup_task() -> Arc<dyn StartupTask> {
        Arc::new(accounts::AddDemoAccounts)
    }
}

/// The state of the demo's endpoints.
#[derive(Clone)]
pub struct Demo {
    server: Shared,
    tokens: Arc<tokens::DemoTokens>,
    faults: Arc<faults::Faults>,
    stolen: Arc<theft::StolenTokens>,
    provider: Option<Arc<provider::DemoProvider>>,
}

impl FromRef<Demo> for Shared {
    fn from_ref(demo: &Demo) -> Self {
        demo.server.clone()
    }
}

impl Demo {
    pub fn new(hooks: Hooks, server: Shared) -> Self {
        Self { server, tokens: hooks.tokens, faults: Arc::default(), stolen: Arc::default(), provider: hooks.provider }
    }

    /// The endpoints of the switches, with their `OpenAPI` descriptions.
    pub fn endpoints(&self) -> OpenApiRouter<Shared> {
        OpenApiRouter::new()
            .routes(routes!(tokens::expire_token))
            .routes(routes!(faults::start_fault, faults::end_faults))
            .routes(routes!(theft::steal))
            .routes(routes!(theft::use_stolen_token))
            .routes(routes!(session_end::session_end))
            .routes(routes!(provider::provider_logout))
            .merge(provider::endpoints())
            .with_state(self.clone())
    }

    /// Adds the layer that injects faults.
    pub fn wrap(&self, router: Router<Shared>) -> Router<Shared> {
        router.layer(from_fn_with_state(self.clone(), faults::inject_fault))
    }
}
