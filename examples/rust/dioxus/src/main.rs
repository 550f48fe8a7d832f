//! The example app in Dioxus.
use dioxus::prelude::*;
use tokenward::dioxus::{AuthProvider, SignedOut, use_auth, use_session};
use tokenward::{AuthClient, AuthError, ErrorCode, Session};

#[derive(serde::Serialize)]
struct Credentials {
    email: String,
    password: String,
}

#[derive(serde::Deserialize)]
struct User {
    email: String,
}

fn main() {
    dioxus_web::launch::launch_cfg(app, dioxus_web::Config::new());
}

fn app() -> Element {
    let client = use_hook(|| AuthClient::builder().build().expect("the options are valid"));
    rsx! {
        h1 { "Dioxus" }
        AuthProvider { client,
            SignedOut { Login {} }
            Home {}
        }
    }
}

/// The text for the user depends on the code of the error; its message is for developers.
fn explain(error: &AuthError) -> String {
    match error {
        AuthError::Auth { code: ErrorCode::InvalidCredentials, .. } => "Wrong email or password.".into(),
        other => other.to_string(),
    }
}

#[component]
fn Login() -> Element {
    let auth = use_auth();
    let mut email = use_signal(|| "ada@example.com".to_string());
    let mut password = use_signal(|| "analytical engine".to_string());
    let mut problem = use_signal(String::new);
    let sign_in = move |event: FormEvent| {
        event.prevent_default();
        let auth = auth.clone();
        async move {
            problem.set(String::new());
            let credentials = Credentials { email: email(), password: password() };
            if let Err(error) = auth.login(&credentials).await {
                problem.set(explain(&error));
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
fn Home() -> Element {
    let auth = use_auth();
    let mut answer = use_signal(|| None::<String>);
    let user = match use_session::<User>() {
        Ok(Session::SignedIn { user, .. }) => user,
        Ok(Session::SignedOut { .. } | Session::Restoring) => return rsx! {},
        Err(error) => return rsx! { p { role: "alert", "{error}" } },
    };
    let client = auth.clone();
    let call = move |_| {
        let client = client.clone();
        async move {
            let text = match client.fetch("/api/me").await {
                Ok(response) => response.text().await,
                Err(error) => Err(error),
            };
            answer.set(Some(text.unwrap_or_else(|error| explain(&error))));
        }
    };
    let sign_out = move |_| {
        let auth = auth.clone();
        async move {
            auth.logout().await;
        }
    };
    rsx! {
        main {
            p { "Signed in as " b { "{user.email}" } }
            button { onclick: call, "Call the API" }
            if let Some(text) = answer() {
                pre { "{text}" }
            }
            button { onclick: sign_out, "Sign out" }
        }
    }
}
