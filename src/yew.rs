//! The client in a Yew app (feature `yew`): a provider and hooks.
//!
//! ```no_run
//! use tokenward::yew::{AuthProvider, use_auth, use_session};
//! use tokenward::{AuthClient, Session};
//! use yew::prelude::*;
//!
//! #[derive(Clone, PartialEq, serde::Deserialize)]
//! struct User {
//!     email: String,
//! }
//!
//! #[component]
//! fn App() -> Html {
//!     let client = use_memo((), |_| AuthClient::builder().build().expect("the options are valid"));
//!     html! { <AuthProvider client={(*client).clone()}><Account/></AuthProvider> }
//! }
//!
//! #[component]
//! fn Account() -> Html {
//!     match use_session::<User>() {
//!         Ok(Session::SignedIn { user, .. }) => html! { <p>{ user.email }</p> },
//!         Ok(Session::SignedOut { .. }) => html! { "Sign in" },
//!         _ => html! {},
//!     }
//! }
//! ```

use futures_util::StreamExt;
use futures_util::future::{AbortHandle, Abortable};
use serde::de::DeserializeOwned;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::{AuthClient, AuthError, Session, SessionSnapshot};

/// What [`AuthProvider`] needs.
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct AuthProviderProps {
    /// The client.
    pub client: AuthClient,
    /// The components that use it.
    #[prop_or_default]
    pub children: Html,
}

/// The client and its session now, in the context of an app.
#[derive(Debug, Clone, PartialEq)]
struct Context {
    client: AuthClient,
    session: SessionSnapshot,
}

/// Provides the client to the components inside.
#[component]
pub fn AuthProvider(props: &AuthProviderProps) -> Html {
    let session = use_state_eq(|| props.client.snapshot());
    use_effect_with(props.client.clone(), {
        let session = session.clone();
        move |client| {
            let mut sessions = client.subscribe();
            let (stop, registration) = AbortHandle::new_pair();
            spawn_local(async move {
                let follow = async {
                    while let Some(snapshot) = sessions.next().await {
                        session.set(snapshot);
                    }
                };
                // It is aborted when the provider is unmounted.
                let _ = Abortable::new(follow, registration).await;
            });
            move || stop.abort()
        }
    });
    let context = Context { client: props.client.clone(), session: (*session).clone() };
    html! { <ContextProvider<Context> {context}>{ props.children.clone() }</ContextProvider<Context>> }
}

/// The client of the [`AuthProvider`] above.
///
/// # Panics
/// Without an [`AuthProvider`] above.
#[hook]
pub fn use_auth() -> AuthClient {
    use_auth_context().client
}

/// The session, with the user as the app's own type. The component renders again when the session changes.
///
/// # Errors
/// [`AuthError::Json`] if the server's user does not fit the type.
///
/// # Panics
/// Without an [`AuthProvider`] above.
#[hook]
pub fn use_session<U: DeserializeOwned>() -> Result<Session<U>, AuthError> {
    use_auth_context().session.decode()
}

/// Whether the user has a role. For display only.
///
/// # Panics
/// Without an [`AuthProvider`] above.
#[hook]
pub fn use_role(role: &str) -> bool {
    use_auth_context().session.has_role(role)
}

/// Why it is not known whether a user is signed in: the server cannot be reached. `None` in every other state.
///
/// # Panics
/// Without an [`AuthProvider`] above.
#[hook]
pub fn use_restore_error() -> Option<AuthError> {
    use_auth_context().session.restore_error().cloned()
}

#[hook]
fn use_auth_context() -> Context {
    use_context().expect("an AuthProvider is above")
}
