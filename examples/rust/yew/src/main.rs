//! The example app in Yew.
use tokenward::yew::{AuthProvider, use_auth, use_session};
use tokenward::{AuthClient, AuthError, ErrorCode, Session};
use wasm_bindgen_futures::spawn_local;
use web_sys::{FormData, HtmlFormElement};
use yew::prelude::*;

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
    yew::Renderer::<App>::new().render();
}

#[component]
fn App() -> Html {
    let client = use_memo((), |()| AuthClient::builder().build().expect("the options are valid"));
    html! {
        <>
            <h1>{ "Yew" }</h1>
            <AuthProvider client={(*client).clone()}><Page/></AuthProvider>
        </>
    }
}

#[component]
fn Page() -> Html {
    match use_session::<User>() {
        Ok(Session::SignedIn { user, .. }) => html! { <Home email={user.email}/> },
        Ok(Session::SignedOut { .. }) => html! { <Login/> },
        Ok(Session::Restoring) => html! {},
        Err(error) => html! { <p role="alert">{ error.to_string() }</p> },
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
fn Login() -> Html {
    let auth = use_auth();
    let problem = use_state(String::new);
    let onsubmit = {
        let problem = problem.clone();
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let form: HtmlFormElement = event.target_unchecked_into();
            let data = FormData::new_with_form(&form).expect("it is a form");
            let text = |name| data.get(name).as_string().unwrap_or_default();
            let credentials = Credentials { email: text("email"), password: text("password") };
            problem.set(String::new());
            let (auth, problem) = (auth.clone(), problem.clone());
            spawn_local(async move {
                if let Err(error) = auth.login(&credentials).await {
                    problem.set(explain(&error));
                }
            });
        })
    };
    html! {
        <form {onsubmit}>
            <label>{ "Email " }<input name="email" type="email" autocomplete="username" value="ada@example.com"/></label>
            <label>
                { "Password " }
                <input name="password" type="password" autocomplete="current-password" value="analytical engine"/>
            </label>
            <button type="submit">{ "Sign in" }</button>
            <p role="alert">{ &*problem }</p>
        </form>
    }
}

#[derive(PartialEq, Properties)]
struct HomeProps {
    email: String,
}

#[component]
fn Home(props: &HomeProps) -> Html {
    let auth = use_auth();
    let answer = use_state(|| None::<String>);
    let call = {
        let (auth, answer) = (auth.clone(), answer.clone());
        Callback::from(move |_: MouseEvent| {
            let (auth, answer) = (auth.clone(), answer.clone());
            spawn_local(async move {
                let text = match auth.fetch("/api/me").await {
                    Ok(response) => response.text().await,
                    Err(error) => Err(error),
                };
                answer.set(Some(text.unwrap_or_else(|error| explain(&error))));
            });
        })
    };
    let sign_out = Callback::from(move |_: MouseEvent| {
        let auth = auth.clone();
        spawn_local(async move {
            auth.logout().await;
        });
    });
    html! {
        <main>
            <p>{ "Signed in as " }<b>{ &props.email }</b></p>
            <button onclick={call}>{ "Call the API" }</button>
            if let Some(text) = &*answer {
                <pre>{ text }</pre>
            }
            <button onclick={sign_out}>{ "Sign out" }</button>
        </main>
    }
}
