//! The example app in Yew, with sign-in by hand.
use tokenward_bench_size::{Credentials, Session, login};
use wasm_bindgen_futures::spawn_local;
use web_sys::{FormData, HtmlFormElement};
use yew::prelude::*;

fn main() {
    yew::Renderer::<App>::new().render();
}

#[component]
fn App() -> Html {
    let session = use_state(|| None::<Session>);
    html! {
        <>
            <h1>{ "Yew" }</h1>
            if let Some(signed_in) = &*session {
                <Home signed_in={signed_in.clone()} session={session.clone()}/>
            } else {
                <Login session={session.clone()}/>
            }
        </>
    }
}

#[derive(PartialEq, Properties)]
struct LoginProps {
    session: UseStateHandle<Option<Session>>,
}

#[component]
fn Login(props: &LoginProps) -> Html {
    let problem = use_state(String::new);
    let onsubmit = {
        let (session, problem) = (props.session.clone(), problem.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let form: HtmlFormElement = event.target_unchecked_into();
            let data = FormData::new_with_form(&form).expect("it is a form");
            let text = |name| data.get(name).as_string().unwrap_or_default();
            let credentials = Credentials { email: text("email"), password: text("password") };
            problem.set(String::new());
            let (session, problem) = (session.clone(), problem.clone());
            spawn_local(async move {
                match login(&credentials).await {
                    Ok(signed_in) => session.set(Some(signed_in)),
                    Err(error) => problem.set(error),
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
    signed_in: Session,
    session: UseStateHandle<Option<Session>>,
}

#[component]
fn Home(props: &HomeProps) -> Html {
    let answer = use_state(|| None::<String>);
    let call = {
        let (signed_in, answer) = (props.signed_in.clone(), answer.clone());
        Callback::from(move |_: MouseEvent| {
            let (signed_in, answer) = (signed_in.clone(), answer.clone());
            spawn_local(async move {
                let text = signed_in.call("/api/me").await;
                answer.set(Some(text.unwrap_or_else(|error| error)));
            });
        })
    };
    let sign_out = {
        let (signed_in, session) = (props.signed_in.clone(), props.session.clone());
        Callback::from(move |_: MouseEvent| {
            let (signed_in, session) = (signed_in.clone(), session.clone());
            spawn_local(async move {
                signed_in.logout().await;
                session.set(None);
            });
        })
    };
    html! {
        <main>
            <p>{ "Signed in as " }<b>{ &props.signed_in.user.email }</b></p>
            <button onclick={call}>{ "Call the API" }</button>
            if let Some(text) = &*answer {
                <pre>{ text }</pre>
            }
            <button onclick={sign_out}>{ "Sign out" }</button>
        </main>
    }
}
