//! Dioxus: signs out a user who was not active for 15 minutes, and warns the user a minute before.
use std::time::Duration;

use dioxus::prelude::*;
use tokenward::AuthClient;
use tokenward::dioxus::{AuthProvider, SignedIn, SignedOut, use_auth, use_idle_warning};

#[derive(serde::Serialize)]
struct Credentials {
    email: &'static str,
    password: &'static str,
}

const ADA: Credentials = Credentials { email: "ada@example.com", password: "analytical engine" };

fn main() {
    dioxus_web::launch::launch_cfg(app, dioxus_web::Config::new());
}

fn app() -> Element {
    let client = use_hook(|| {
        let client = AuthClient::builder().idle_timeout(Duration::from_secs(15 * 60));
        client.build().expect("the options are valid")
    });
    rsx! {
        h1 { "Dioxus" }
        AuthProvider { client,
            SignedOut { Login {} }
            SignedIn {
                p { "Signed in" }
                IdleWarning {}
            }
        }
    }
}

#[component]
fn Login() -> Element {
    let auth = use_auth();
    let mut problem = use_signal(String::new);
    let start = move |_| {
        let auth = auth.clone();
        async move {
            if let Err(error) = auth.login(&ADA).await {
                problem.set(error.to_string());
            }
        }
    };
    rsx! {
        button { onclick: start, "Sign in" }
        p { role: "alert", "{problem}" }
    }
}

#[component]
fn IdleWarning() -> Element {
    let auth = use_auth();
    let sign_out_at = use_idle_warning();
    rsx! {
        if sign_out_at.is_some() {
            p { role: "status",
                "You will be signed out soon. "
                button { onclick: move |_| auth.stay_active(), "Stay signed in" }
            }
        }
    }
}
