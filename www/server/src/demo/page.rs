//! `DEMO_DIR`: serves the demo page.

use std::path::Path;

use axum::Router;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::{MethodRouter, get, get_service};
use tower_http::services::{ServeDir, ServeFile};

use crate::middleware::security_headers::content_security_policy;
use crate::routes::not_found;
use crate::state::Shared;

/// The policy of `/own-server`: the page may connect to any server.
const OWN_SERVER_POLICY: &str = content_security_policy!(" http: https:");

/// Serves the folder at `/`, and the page again at `/own-server`, where developers try it against their own servers.
pub fn serve(router: Router<Shared>, folder: &Path) -> Router<Shared> {
    router
        .route_service("/own-server", own_server(folder))
        .fallback_service(ServeDir::new(folder).fallback(get(not_found)))
}

fn own_server(folder: &Path) -> MethodRouter {
    let policy = [(CONTENT_SECURITY_POLICY, HeaderValue::from_static(OWN_SERVER_POLICY))];
    get_service(ServeFile::new(folder.join("index.html"))).layer(map_response(move |response: Response| {
        let policy = policy.clone();
        async move { (policy, response) }
    }))
}
