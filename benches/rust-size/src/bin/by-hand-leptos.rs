//! The example app in Leptos, with sign-in by hand.
use leptos::mount::mount_to_body;
use leptos::prelude::*;
use leptos::web_sys::{FormData, HtmlFormElement, SubmitEvent};
use tokenward_bench_size::{Credentials, Session, login};
use wasm_bindgen_futures::spawn_local;

fn main() {
    mount_to_body(App);
}

#[component]
fn App() -> impl IntoView {
    let session = RwSignal::new(None::<Session>);
    view! {
        <h1>"Leptos"</h1>
        {move || match session.get() {
            None => view! { <Login session/> }.into_any(),
            Some(signed_in) => view! { <Home session signed_in/> }.into_any(),
        }}
    }
}

#[component]
fn Login(session: RwSignal<Option<Session>>) -> impl IntoView {
    let problem = RwSignal::new(String::new());
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let form: HtmlFormElement = event_target(&event);
        let data = FormData::new_with_form(&form).expect("it is a form");
        let text = |name| data.get(name).as_string().unwrap_or_default();
        let credentials = Credentials { email: text("email"), password: text("password") };
        problem.set(String::new());
        spawn_local(async move {
            match login(&credentials).await {
                Ok(signed_in) => session.set(Some(signed_in)),
                Err(error) => problem.set(error),
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
fn Home(session: RwSignal<Option<Session>>, signed_in: Session) -> impl IntoView {
    let email = signed_in.user.email.clone();
    let signed_in = StoredValue::new(signed_in);
    let answer = RwSignal::new(None::<String>);
    let call = move |_| {
        spawn_local(async move {
            let text = signed_in.get_value().call("/api/me").await;
            answer.set(Some(text.unwrap_or_else(|error| error)));
        });
    };
    let sign_out = move |_| {
        spawn_local(async move {
            signed_in.get_value().logout().await;
            session.set(None);
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
