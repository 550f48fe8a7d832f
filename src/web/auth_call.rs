//! One auth call: sent by the host, and reduced to what the core decides on.

use js_sys::Promise;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;

use super::host::Answer as HostAnswer;
use crate::core::{Answer, Grant, Millis, Reply, TokenId, lifetime};

/// What came of it. `said` is for people; nothing is decided on it.
pub struct Came {
    pub reply: Reply,
    pub said: Option<String>,
}

/// Waits for the answer of a call that was sent, or could not be.
pub async fn answer(sent: Option<Promise>) -> Came {
    let unsent = Came { reply: Reply::Unsendable, said: None };
    let Some(promise) = sent else { return unsent };
    match JsFuture::from(promise).await {
        Ok(answer) => match answer.unchecked_ref::<HostAnswer>() {
            answer if answer.status() == 0 => unsent,
            answer => read(answer),
        },
        Err(_) => Came { reply: Reply::Unreachable, said: None },
    }
}

fn read(answer: &HostAnswer) -> Came {
    let grant = (answer.token() != 0).then(|| Grant {
        token: TokenId(answer.token()),
        life: lifetime(answer.expires_in(), answer.jwt_life()),
        subject: answer.subject(),
    });
    let retry_after = Some(answer.retry_after()).filter(|span| *span > 0.0).map(|span| span as Millis);
    let reply = Reply::Answered(Answer { status: answer.status(), code: answer.code(), retry_after, grant });
    Came { reply, said: answer.message() }
}
