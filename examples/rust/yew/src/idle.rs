//! Yew: signs out a user who was not active for 15 minutes, and warns the user a minute before.
use std::time::Duration;

use tokenward::yew::{AuthProvider, use_auth, use_idle_warning, use_session};
use tokenward::{AuthClient, Session};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

#[derive(serde::Deserialize)]
struct User {}

#[derive(serde::Serialize)]
struct Credentials {
    email: &'static str,
    password: &'static str,
}

const ADA: Credentials = Credentials { email: "ada@example.com", password: "analytical engine" };

fn main() {
    yew::Renderer::<App>::new().render();
}

#[component]
fn App() -> Html {
    let client = use_memo((), |()| {
        let client = AuthClient::builder().idle_timeout(Duration::from_secs(15 * 60));
        client.build().expect("the options are valid")
    });
    html! {
        <>
            <h1>{ "Yew" }</h1>
            <AuthProvider client={(*client).clone()}><Page/></AuthProvider>
        </>
    }
}

#[component]
fn Page() -> Html {
    let auth = use_auth();
    let problem = use_state(String::new);
    let start = {
        let problem = problem.clone();
        Callback::from(move |_: MouseEvent| {
            problem.set(String::new());
            let (auth, problem) = (auth.clone(), problem.clone());
            spawn_local(async move {
                if let Err(error) = auth.login(&ADA).await {
                    problem.set(error.to_string());
                }
            });
        })
    };
    match use_session::<User>() {
        Ok(Session::SignedIn { .. }) => html! { <><p>{ "Signed in" }</p><IdleWarning/></> },
        Ok(Session::SignedOut { .. }) => html! {
            <>
                <button onclick={start}>{ "Sign in" }</button>
                <p role="alert">{ &*problem }</p>
            </>
        },
        Ok(Session::Restoring) => html! {},
        Err(error) => html! { <p role="alert">{ error.to_string() }</p> },
    }
}

#[component]
fn IdleWarning() -> Html {
    let auth = use_auth();
    let stay = Callback::from(move |_: MouseEvent| auth.stay_active());
    match use_idle_warning() {
        Some(_) => html! {
            <p role="status">
                { "You will be signed out soon. " }
                <button onclick={stay}>{ "Stay signed in" }</button>
            </p>
        },
        None => html! {},
    }
}
