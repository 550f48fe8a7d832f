//! Leptos: signs out a user who was not active for 15 minutes, and warns the user a minute before.
use std::time::Duration;

use leptos::mount::mount_to_body;
use leptos::prelude::*;
use leptos::task::spawn_local;
use tokenward::AuthClient;
use tokenward::leptos::{SignedIn, SignedOut, provide_auth, use_auth, use_idle_warning};

#[derive(serde::Serialize)]
struct Credentials {
    email: &'static str,
    password: &'static str,
}

const ADA: Credentials = Credentials { email: "ada@example.com", password: "analytical engine" };

fn main() {
    mount_to_body(App);
}

#[component]
fn App() -> impl IntoView {
    let client = AuthClient::builder().idle_timeout(Duration::from_secs(15 * 60));
    provide_auth(client.build().expect("the options are valid"));
    let auth = use_auth();
    let problem = RwSignal::new(String::new());
    let start = move |_| {
        problem.set(String::new());
        spawn_local(async move {
            if let Err(error) = auth.get_value().login(&ADA).await {
                problem.set(error.to_string());
            }
        });
    };
    view! {
        <h1>"Leptos"</h1>
        <SignedOut>
            <button on:click=start>"Sign in"</button>
            <p role="alert">{problem}</p>
        </SignedOut>
        <SignedIn>
            <p>"Signed in"</p>
            <IdleWarning/>
        </SignedIn>
    }
}

#[component]
fn IdleWarning() -> impl IntoView {
    let auth = use_auth();
    let sign_out_at = use_idle_warning();
    view! {
        <Show when=move || sign_out_at.get().is_some()>
            <p role="status">
                "You will be signed out soon. "
                <button on:click=move |_| auth.get_value().stay_active()>"Stay signed in"</button>
            </p>
        </Show>
    }
}
