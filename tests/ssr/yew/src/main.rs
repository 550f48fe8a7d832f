//! An app in Yew that a server renders: with the feature `ssr` the program prints its HTML, and with `hydrate` it is the page.
use std::time::Duration;

use tokenward::yew::{AuthProvider, use_auth, use_idle_warning, use_restore_error, use_role, use_session};
use tokenward::{AuthClient, Session};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

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
    yew::Renderer::<App>::new().hydrate();
}

#[cfg(not(feature = "hydrate"))]
#[tokio::main(flavor = "current_thread")]
async fn main() {
    println!("{}", yew::ServerRenderer::<App>::new().render().await);
}

#[component]
fn App() -> Html {
    let client = use_memo((), |()| {
        AuthClient::builder().idle_timeout(Duration::from_secs(15 * 60)).build().expect("the options are valid")
    });
    html! { <AuthProvider client={(*client).clone()}><Page/></AuthProvider> }
}

#[component]
fn Page() -> Html {
    let auth = use_auth();
    let status = use_session::<User>();
    let is_admin = use_role("admin");
    let error = use_restore_error();
    let sign_out_at = use_idle_warning();
    let sign_in = {
        let auth = auth.clone();
        Callback::from(move |_: MouseEvent| {
            let auth = auth.clone();
            spawn_local(async move {
                auth.login(&ADA).await.expect("the user is known");
            });
        })
    };
    let sign_out = Callback::from(move |_: MouseEvent| {
        let auth = auth.clone();
        spawn_local(async move {
            auth.logout().await;
        });
    });
    let (status, button) = match status {
        Ok(Session::Restoring) => ("restoring", html! {}),
        Ok(Session::SignedIn { .. }) => ("signed in", html! { <button onclick={sign_out}>{ "Sign out" }</button> }),
        Ok(Session::SignedOut { .. }) => ("signed out", html! { <button onclick={sign_in}>{ "Sign in" }</button> }),
        Err(_) => ("not a user", html! {}),
    };
    html! {
        <>
            <p id="status">{ status }</p>
            <p>{ is_admin.then_some("administrator") }</p>
            <p>{ error.map(|error| error.to_string()) }</p>
            <p>{ sign_out_at.map(|_| "idle") }</p>
            { button }
        </>
    }
}
