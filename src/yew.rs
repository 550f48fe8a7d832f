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

use futures_util::future::{AbortHandle, Abortable, ready};
use futures_util::{Stream, StreamExt};
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
    // The page of a server that renders the app shows a session that is restored; hydration must begin with the same.
    let restoring = Context { client: props.client.clone(), session: SessionSnapshot::RESTORING };
    let present = use_state_eq(|| restoring.clone());
    use_effect_with(props.client.clone(), {
        let present = present.clone();
        move |client| {
            let client = client.clone();
            follow(client.subscribe(), move |session| present.set(Context { client: client.clone(), session }))
        }
    });
    // (The session of another client is that of another user.)
    let context = if present.client == props.client { (*present).clone() } else { restoring };
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

/// While the user is warned ([`idle_timeout`](crate::AuthClientBuilder::idle_timeout)), the time at which the client will sign them out,
/// in milliseconds since the epoch; `None` otherwise.
///
/// ```no_run
/// # use tokenward::yew::{use_auth, use_idle_warning};
/// # use yew::prelude::*;
/// #[component]
/// fn IdleWarning() -> Html {
///     let auth = use_auth();
///     let stay = Callback::from(move |_: MouseEvent| auth.stay_active());
///     match use_idle_warning() {
///         Some(_) => html! { <button onclick={stay}>{ "Stay signed in" }</button> },
///         None => html! {},
///     }
/// }
/// ```
///
/// # Panics
/// Without an [`AuthProvider`] above.
#[cfg(feature = "idle")]
#[hook]
pub fn use_idle_warning() -> Option<f64> {
    let client = use_auth_context().client;
    let sign_out_at = use_state_eq(|| None);
    use_effect_with(client, {
        let sign_out_at = sign_out_at.clone();
        move |client| follow(client.idle_warnings(), move |warning| sign_out_at.set(warning))
    });
    *sign_out_at
}

/// Calls the function with each value of the stream. Returns a function that stops this: the effect calls it when the component is
/// unmounted.
fn follow<S: Stream + 'static>(stream: S, mut handle: impl FnMut(S::Item) + 'static) -> impl FnOnce() {
    let (stop, registration) = AbortHandle::new_pair();
    spawn_local(async move {
        let all = stream.for_each(|value| {
            handle(value);
            ready(())
        });
        let _ = Abortable::new(all, registration).await;
    });
    move || stop.abort()
}

#[hook]
fn use_auth_context() -> Context {
    use_context().expect("an AuthProvider is above")
}
