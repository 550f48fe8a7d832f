//! An app in Leptos that a server renders: with the feature `ssr` the program prints its HTML, and with `hydrate` it is the page.
use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use tokenward::leptos::{
    SignedIn, SignedOut, provide_auth, use_auth, use_idle_warning, use_restore_error, use_role, use_session,
};
use tokenward::{AuthClient, Session};

#[derive(serde::Serialize)]
struct Credentials {
    email: &'static str,
    password: &'static str,
}

const ADA: Credentials = Credentials { email: "ada@example.com", password: "analytical engine" };

#[derive(Clone, PartialEq, serde::Deserialize)]
struct User {
    email: String,
}

#[cfg(feature = "hydrate")]
fn main() {
    leptos::mount::hydrate_body(App);
}

/// Drops the components on another thread, as a server with several threads does.
#[cfg(not(feature = "hydrate"))]
fn main() {
    let render = || {
        let owner = Owner::new();
        let html = owner.with(|| App().to_html());
        (owner, html)
    };
    let (owner, html) = std::thread::spawn(render).join().expect("the app is rendered");
    std::thread::spawn(move || drop(owner)).join().expect("the app is dropped");
    println!("{html}");
}

#[component]
fn App() -> impl IntoView {
    let client = AuthClient::builder().idle_timeout(Duration::from_secs(15 * 60));
    provide_auth(client.build().expect("the options are valid"));
    view! {
        <Status/>
        <SignedOut><SignIn/></SignedOut>
        <SignedIn fallback=|| view! { <p>"No user"</p> }><Home/></SignedIn>
    }
}

#[component]
fn Status() -> impl IntoView {
    let session = use_session::<User>();
    let status = move || match session.get() {
        Ok(Session::Restoring) => "restoring",
        Ok(Session::SignedIn { .. }) => "signed in",
        Ok(Session::SignedOut { .. }) => "signed out",
        Err(_) => "not a user",
    };
    let is_admin = use_role("admin");
    let error = use_restore_error();
    let sign_out_at = use_idle_warning();
    view! {
        <p id="status">{status}</p>
        <p>{move || is_admin.get().then_some("administrator")}</p>
        <p>{move || error.get().map(|error| error.to_string())}</p>
        <p>{move || sign_out_at.get().map(|_| "idle")}</p>
    }
}

#[component]
fn SignIn() -> impl IntoView {
    let auth = use_auth();
    let sign_in = move |_| {
        spawn_local(async move {
            auth.get_value().login(&ADA).await.expect("the user is known");
        });
    };
    view! { <button on:click=sign_in>"Sign in"</button> }
}

#[component]
fn Home() -> impl IntoView {
    let auth = use_auth();
    let sign_out = move |_| {
        spawn_local(async move {
            auth.get_value().logout().await;
        });
    };
    view! { <button on:click=sign_out>"Sign out"</button> }
}
