//! The client in a Dioxus app (feature `dioxus`): a provider, hooks, and two components.
//!
//! ```no_run
//! use dioxus::prelude::*;
//! use tokenward::dioxus::{AuthProvider, SignedIn, SignedOut, use_session};
//! use tokenward::{AuthClient, Session};
//!
//! #[derive(serde::Deserialize)]
//! struct User {
//!     email: String,
//! }
//!
//! fn app() -> Element {
//!     let client = use_hook(|| AuthClient::builder().build().expect("the options are valid"));
//!     rsx! {
//!         AuthProvider { client,
//!             SignedOut { "Sign in" }
//!             SignedIn { Account {} }
//!         }
//!     }
//! }
//!
//! #[component]
//! fn Account() -> Element {
//!     match use_session::<User>() {
//!         Ok(Session::SignedIn { user, .. }) => rsx! { p { "{user.email}" } },
//!         _ => rsx! {},
//!     }
//! }
//! ```
//!
//! On a server that renders the app, the client does nothing: the session is `Restoring`, and neither component renders its
//! children.

use dioxus::prelude::*;
use futures_util::StreamExt;
use serde::de::DeserializeOwned;

use crate::{AuthClient, AuthError, Session, SessionSnapshot, SessionStatus};

/// The client and its session now, in the context of an app.
#[derive(Clone)]
struct Context {
    client: AuthClient,
    session: Signal<SessionSnapshot>,
}

/// Provides the client to the components inside. The client of the first rendering stays.
#[component]
pub fn AuthProvider(
    /// The client.
    client: AuthClient,
    /// The components that use it.
    children: Element,
) -> Element {
    // The page of a server that renders the app shows a session that is restored; hydration must begin with the same.
    let mut session = use_signal(|| SessionSnapshot::RESTORING);
    let context = use_context_provider(|| Context { client, session });
    // Dioxus drops the task with the component.
    use_hook(|| {
        let mut sessions = context.client.subscribe();
        spawn(async move {
            while let Some(snapshot) = sessions.next().await {
                session.set(snapshot);
            }
        })
    });
    children
}

/// The client of the [`AuthProvider`] above.
///
/// # Panics
/// Without an [`AuthProvider`] above.
pub fn use_auth() -> AuthClient {
    use_context::<Context>().client
}

/// The session, with the user as the app's own type. The component renders again when the session changes.
///
/// # Errors
/// [`AuthError::Json`] if the server's user does not fit the type.
///
/// # Panics
/// Without an [`AuthProvider`] above.
pub fn use_session<U: DeserializeOwned>() -> Result<Session<U>, AuthError> {
    use_context::<Context>().session.read().decode()
}

/// Whether the user has a role. For display only.
///
/// # Panics
/// Without an [`AuthProvider`] above.
pub fn use_role(role: &str) -> bool {
    use_context::<Context>().session.read().has_role(role)
}

/// Why it is not known whether a user is signed in: the server cannot be reached. `None` in every other state.
///
/// # Panics
/// Without an [`AuthProvider`] above.
pub fn use_restore_error() -> Option<AuthError> {
    use_context::<Context>().session.read().restore_error().cloned()
}

/// While the user is warned ([`idle_timeout`](crate::AuthClientBuilder::idle_timeout)), the time at which the client will sign them out,
/// in milliseconds since the epoch; `None` otherwise.
///
/// ```no_run
/// # use dioxus::prelude::*;
/// # use tokenward::dioxus::{use_auth, use_idle_warning};
/// #[component]
/// fn IdleWarning() -> Element {
///     let auth = use_auth();
///     let sign_out_at = use_idle_warning();
///     rsx! {
///         if sign_out_at.is_some() {
///             button { onclick: move |_| auth.stay_active(), "Stay signed in" }
///         }
///     }
/// }
/// ```
///
/// # Panics
/// Without an [`AuthProvider`] above.
#[cfg(feature = "idle")]
pub fn use_idle_warning() -> Option<f64> {
    let client = use_auth();
    let mut sign_out_at = use_signal(|| None);
    use_hook(|| {
        let mut warnings = client.idle_warnings();
        spawn(async move {
            while let Some(warning) = warnings.next().await {
                sign_out_at.set(warning);
            }
        })
    });
    sign_out_at()
}

/// Renders its children while a user is signed in.
#[component]
pub fn SignedIn(children: Element) -> Element {
    let signed_in = use_context::<Context>().session.read().is_signed_in();
    if signed_in {
        children
    } else {
        rsx! {}
    }
}

/// Renders its children while no user is signed in; not while the session is restored.
#[component]
pub fn SignedOut(children: Element) -> Element {
    let status = use_context::<Context>().session.read().status();
    if matches!(status, SessionStatus::SignedOut { .. }) {
        children
    } else {
        rsx! {}
    }
}
