//! The client in a Leptos app (feature `leptos`): context, signals, and two components.
//!
//! ```no_run
//! use leptos::prelude::*;
//! use tokenward::leptos::{SignedIn, SignedOut, provide_auth, use_auth, use_session};
//! use tokenward::{AuthClient, Session};
//!
//! #[derive(Clone, PartialEq, serde::Deserialize)]
//! struct User {
//!     email: String,
//! }
//!
//! #[component]
//! fn App() -> impl IntoView {
//!     provide_auth(AuthClient::builder().build().expect("the options are valid"));
//!     view! {
//!         <SignedOut>"Sign in"</SignedOut>
//!         <SignedIn><Account/></SignedIn>
//!     }
//! }
//!
//! #[component]
//! fn Account() -> impl IntoView {
//!     let session = use_session::<User>();
//!     let email = move || match session.get() {
//!         Ok(Session::SignedIn { user, .. }) => user.email,
//!         _ => String::new(),
//!     };
//!     view! { <p>{email}</p> }
//! }
//! ```
//!
//! On a server that renders the app, the client does nothing: the session is `Restoring`, and neither component renders its
//! children. The server may drop the values of a component on another thread than it made them, and a client panics there: keep
//! the [`AuthHandle`] of [`use_auth`], and no client, in a signal or a `StoredValue`.

use futures_util::StreamExt;
#[cfg(feature = "idle")]
use futures_util::future::{AbortHandle, Abortable};
use leptos::prelude::*;
use serde::de::DeserializeOwned;
use wasm_bindgen_futures::spawn_local;

use crate::{AuthClient, AuthError, Session, SessionSnapshot, SessionStatus};

/// The client and its session, in the context of an app.
#[derive(Clone, Copy)]
struct Context {
    client: StoredValue<AuthClient, LocalStorage>,
    session: ReadSignal<SessionSnapshot, LocalStorage>,
}

/// Provides the client to the components below. On a server that is compiled for the host, it does nothing.
pub fn provide_auth(client: AuthClient) {
    if !cfg!(target_arch = "wasm32") {
        return; // on a server there is nothing to provide, and values may be dropped on another thread
    }
    // The page of a server that renders the app shows a session that is restored; hydration must begin with the same.
    let (session, set_session) = signal_local(SessionSnapshot::RESTORING);
    let mut sessions = client.subscribe();
    spawn_local(async move {
        while let Some(session) = sessions.next().await {
            // The owner of the signal may have been disposed of.
            if set_session.try_set(session).is_some() {
                break;
            }
        }
    });
    provide_context(Context { client: StoredValue::new_local(client), session });
}

/// The client in an app, as a value that the closures of a view can copy.
#[derive(Debug, Clone, Copy)]
pub struct AuthHandle(Option<StoredValue<AuthClient, LocalStorage>>);

impl AuthHandle {
    /// The client. On a server that renders the app, it is one that does nothing.
    ///
    /// # Panics
    /// After the component that called [`provide_auth`] was unmounted.
    pub fn get_value(&self) -> AuthClient {
        self.0.map_or_else(AuthClient::outside_of_a_browser, |client| client.get_value())
    }
}

/// The client that [`provide_auth`] provided.
///
/// ```no_run
/// # use leptos::prelude::*;
/// # use leptos::task::spawn_local;
/// # use tokenward::leptos::use_auth;
/// #[component]
/// fn SignOut() -> impl IntoView {
///     let auth = use_auth();
///     let sign_out = move |_| {
///         spawn_local(async move {
///             auth.get_value().logout().await;
///         });
///     };
///     view! { <button on:click=sign_out>"Sign out"</button> }
/// }
/// ```
///
/// # Panics
/// In a browser, without [`provide_auth`] in a component above.
pub fn use_auth() -> AuthHandle {
    AuthHandle(context().map(|context| context.client))
}

/// The session, with the user as the app's own type. The error is that the server's user does not fit the type.
///
/// # Panics
/// In a browser, without [`provide_auth`] in a component above.
pub fn use_session<U>() -> Signal<Result<Session<U>, AuthError>>
where
    U: DeserializeOwned + Clone + PartialEq + Send + Sync + 'static,
{
    match context() {
        Some(context) => Signal::derive(move || context.session.get().decode()),
        None => Signal::derive(|| Ok(Session::Restoring)),
    }
}

/// Whether the user has a role. For display only.
///
/// # Panics
/// In a browser, without [`provide_auth`] in a component above.
pub fn use_role(role: impl Into<String>) -> Signal<bool> {
    let role = role.into();
    match context() {
        Some(context) => Signal::derive(move || context.session.get().has_role(&role)),
        None => Signal::derive(|| false),
    }
}

/// Why it is not known whether a user is signed in: the server cannot be reached. `None` in every other state.
///
/// # Panics
/// In a browser, without [`provide_auth`] in a component above.
pub fn use_restore_error() -> Signal<Option<AuthError>> {
    match context() {
        Some(context) => Signal::derive(move || context.session.get().restore_error().cloned()),
        None => Signal::derive(|| None),
    }
}

/// While the user is warned ([`idle_timeout`](crate::AuthClientBuilder::idle_timeout)), the time at which the client will sign them out,
/// in milliseconds since the epoch; `None` otherwise.
///
/// ```no_run
/// # use leptos::prelude::*;
/// # use tokenward::leptos::{use_auth, use_idle_warning};
/// #[component]
/// fn IdleWarning() -> impl IntoView {
///     let auth = use_auth();
///     let sign_out_at = use_idle_warning();
///     view! {
///         <Show when=move || sign_out_at.get().is_some()>
///             <button on:click=move |_| auth.get_value().stay_active()>"Stay signed in"</button>
///         </Show>
///     }
/// }
/// ```
///
/// # Panics
/// In a browser, without [`provide_auth`] in a component above.
#[cfg(feature = "idle")]
pub fn use_idle_warning() -> Signal<Option<f64>> {
    let Some(context) = context() else { return Signal::derive(|| None) };
    let (sign_out_at, set_sign_out_at) = signal(None);
    let mut warnings = context.client.get_value().idle_warnings();
    let (stop, registration) = AbortHandle::new_pair();
    on_cleanup(move || stop.abort());
    let follow = async move {
        while let Some(warning) = warnings.next().await {
            set_sign_out_at.set(warning);
        }
    };
    spawn_local(async move {
        // The cleanup of the component aborts it.
        let _ = Abortable::new(follow, registration).await;
    });
    sign_out_at.into()
}

/// `None` on a server that is compiled for the host.
fn context() -> Option<Context> {
    cfg!(target_arch = "wasm32").then(|| use_context().expect("provide_auth was called in a component above"))
}

fn status_is(test: fn(SessionStatus) -> bool) -> impl Fn() -> bool + Send + Sync + Clone {
    let context = context();
    move || context.is_some_and(|context| test(context.session.get().status()))
}

/// Renders its children while a user is signed in, else `fallback`.
///
/// # Panics
/// In a browser, without [`provide_auth`] in a component above.
#[component]
pub fn SignedIn(
    /// What is rendered while a user is signed in.
    children: ChildrenFn,
    /// What is rendered else.
    #[prop(optional, into)]
    fallback: ViewFn,
) -> impl IntoView {
    let is_signed_in = Memo::new({
        let test = status_is(|status| matches!(status, SessionStatus::SignedIn { .. }));
        move |_| test()
    });
    view! { <Show when=move || is_signed_in.get() fallback=fallback>{children()}</Show> }
}

/// Renders its children while no user is signed in; not while the session is restored.
///
/// # Panics
/// In a browser, without [`provide_auth`] in a component above.
#[component]
pub fn SignedOut(
    /// What is rendered while no user is signed in.
    children: ChildrenFn,
) -> impl IntoView {
    let is_signed_out = Memo::new({
        let test = status_is(|status| matches!(status, SessionStatus::SignedOut { .. }));
        move |_| test()
    });
    view! { <Show when=move || is_signed_out.get()>{children()}</Show> }
}
