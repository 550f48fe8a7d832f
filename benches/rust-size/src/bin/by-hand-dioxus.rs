//! The example app in Dioxus, with sign-in by hand.
use dioxus::prelude::*;
use tokenward_bench_size::{Credentials, Session, login};

fn main() {
    dioxus_web::launch::launch_cfg(app, dioxus_web::Config::new());
}

fn app() -> Element {
    let session = use_signal(|| None::<Session>);
    rsx! {
        h1 { "Dioxus" }
        if let Some(signed_in) = session() {
            Home { session, signed_in }
        } else {
            Login { session }
        }
    }
}

#[component]
fn Login(session: Signal<Option<Session>>) -> Element {
    let mut email = use_signal(|| "ada@example.com".to_string());
    let mut password = use_signal(|| "analytical engine".to_string());
    let mut problem = use_signal(String::new);
    let sign_in = move |event: FormEvent| {
        event.prevent_default();
        async move {
            problem.set(String::new());
            match login(&Credentials { email: email(), password: password() }).await {
                Ok(signed_in) => session.set(Some(signed_in)),
                Err(error) => problem.set(error),
            }
        }
    };
    rsx! {
        form { onsubmit: sign_in,
            label {
                "Email "
                input {
                    r#type: "email",
                    autocomplete: "username",
                    value: "{email}",
                    oninput: move |event| email.set(event.value()),
                }
            }
            label {
                "Password "
                input {
                    r#type: "password",
                    autocomplete: "current-password",
                    value: "{password}",
                    oninput: move |event| password.set(event.value()),
                }
            }
            button { r#type: "submit", "Sign in" }
            p { role: "alert", "{problem}" }
        }
    }
}

#[component]
fn Home(session: Signal<Option<Session>>, signed_in: Session) -> Element {
    let mut answer = use_signal(|| None::<String>);
    let email = signed_in.user.email.clone();
    let client = signed_in.clone();
    let call = move |_| {
        let client = client.clone();
        async move { answer.set(Some(client.call("/api/me").await.unwrap_or_else(|error| error))) }
    };
    let sign_out = move |_| {
        let signed_in = signed_in.clone();
        async move {
            signed_in.logout().await;
            session.set(None);
        }
    };
    rsx! {
        main {
            p { "Signed in as " b { "{email}" } }
            button { onclick: call, "Call the API" }
            if let Some(text) = answer() {
                pre { "{text}" }
            }
            button { onclick: sign_out, "Sign out" }
        }
    }
}
