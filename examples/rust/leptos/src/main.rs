//! The example app in Leptos.
use leptos::mount::mount_to_body;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos::web_sys::{FormData, HtmlFormElement, SubmitEvent};
use tokenward::leptos::{SignedIn, SignedOut, provide_auth, use_auth, use_session};
use tokenward::{AuthClient, AuthError, ErrorCode, Session};

#[derive(serde::Serialize)]
struct Credentials {
    email: String,
    password: String,
}

#[derive(Clone, PartialEq, serde::Deserialize)]
struct User {
    email: String,
}

fn main() {
    mount_to_body(App);
}

#[component]
fn App() -> impl IntoView {
    provide_auth(AuthClient::builder().build().expect("the options are valid"));
    view! {
        <h1>"Leptos"</h1>
        <SignedOut><Login/></SignedOut>
        <SignedIn><Home/></SignedIn>
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
fn Login() -> impl IntoView {
    let auth = use_auth();
    let problem = RwSignal::new(String::new());
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let form: HtmlFormElement = event_target(&event);
        let data = FormData::new_with_form(&form).expect("it is a form");
        let text = |name| data.get(name).as_string().unwrap_or_default();
        let credentials = Credentials { email: text("email"), password: text("password") };
        problem.set(String::new());
        spawn_local(async move {
            if let Err(error) = auth.get_value().login(&credentials).await {
                problem.set(explain(&error));
            }
        });
    };
    view! {
        <form on:submit=submit>
            <label>"Email " <input name="email" type="email" autocomplete="username" value="ada@example.com"/></label>
            <label>
                "Password "
                <input name="password" type="password" autocomplete="current-password" value="analytical engine"/>
            </label>
            <button type="submit">"Sign in"</button>
            <p role="alert">{problem}</p>
        </form>
    }
}

#[component]
fn Home() -> impl IntoView {
    let auth = use_auth();
    let session = use_session::<User>();
    let email = move || match session.get() {
        Ok(Session::SignedIn { user, .. }) => user.email,
        _ => String::new(),
    };
    let answer = RwSignal::new(None::<String>);
    let call = move |_| {
        spawn_local(async move {
            let text = match auth.get_value().fetch("/api/me").await {
                Ok(response) => response.text().await,
                Err(error) => Err(error),
            };
            answer.set(Some(text.unwrap_or_else(|error| explain(&error))));
        });
    };
    let sign_out = move |_| {
        spawn_local(async move {
            auth.get_value().logout().await;
        });
    };
    view! {
        <main>
            <p>"Signed in as " <b>{email}</b></p>
            <button on:click=call>"Call the API"</button>
            {move || answer.get().map(|text| view! { <pre>{text}</pre> })}
            <button on:click=sign_out>"Sign out"</button>
        </main>
    }
}
