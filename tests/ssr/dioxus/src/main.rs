//! An app in Dioxus that a server renders: with the feature `ssr` the program prints its HTML, and with `hydrate` it is the page.
use std::time::Duration;

use dioxus::prelude::*;
use tokenward::dioxus::{
    AuthProvider, SignedIn, SignedOut, use_auth, use_idle_warning, use_restore_error, use_role, use_session,
};
use tokenward::{AuthClient, Session};

#[derive(serde::Serialize)]
struct Credentials {
    email: &'static str,
    password: &'static str,
}

const ADA: Credentials = Credentials { email: "ada@example.com", password: "analytical engine" };

#[derive(serde::Deserialize)]
struct User {
    #[expect(dead_code, reason = "the user must have it")]
    email: String,
}

#[cfg(feature = "hydrate")]
fn main() {
    dioxus_web::launch::launch_cfg(app, dioxus_web::Config::new().hydrate(true));
}

#[cfg(not(feature = "hydrate"))]
fn main() {
    let mut page = VirtualDom::new(app);
    page.rebuild_in_place();
    println!("{}", dioxus_ssr::pre_render(&page));
}

fn app() -> Element {
    let client = use_hook(|| {
        AuthClient::builder().idle_timeout(Duration::from_secs(15 * 60)).build().expect("the options are valid")
    });
    rsx! {
        AuthProvider { client,
            Status {}
            SignedOut { SignIn {} }
            SignedIn { Home {} }
        }
    }
}

#[component]
fn Status() -> Element {
    let status = match use_session::<User>() {
        Ok(Session::Restoring) => "restoring",
        Ok(Session::SignedIn { .. }) => "signed in",
        Ok(Session::SignedOut { .. }) => "signed out",
        Err(_) => "not a user",
    };
    let is_admin = use_role("admin");
    let error = use_restore_error().map(|error| error.to_string()).unwrap_or_default();
    let is_idle = use_idle_warning().is_some();
    rsx! {
        p { id: "status", "{status}" }
        p { if is_admin { "administrator" } }
        p { "{error}" }
        p { if is_idle { "idle" } }
    }
}

#[component]
fn SignIn() -> Element {
    let auth = use_auth();
    let sign_in = move |_| {
        let auth = auth.clone();
        async move {
            auth.login(&ADA).await.expect("the user is known");
        }
    };
    rsx! { button { onclick: sign_in, "Sign in" } }
}

#[component]
fn Home() -> Element {
    let auth = use_auth();
    let sign_out = move |_| {
        let auth = auth.clone();
        async move {
            auth.logout().await;
        }
    };
    rsx! { button { onclick: sign_out, "Sign out" } }
}
