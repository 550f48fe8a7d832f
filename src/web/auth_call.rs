//! One auth call: sent by the host, timed here, and reduced to what the core decides on.

use futures_util::future::{Either, select};
use gloo_timers::future::TimeoutFuture;
use js_sys::{JSON, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, AbortSignal};

use super::host::{Answer as HostAnswer, Host};
use super::snapshot::Profile;
use crate::core::{Answer, Grant, Millis, Reply, TokenId, decode_payload, lifetime};

/// What to send.
pub struct AuthCall<'a> {
    pub endpoint: &'a str,
    /// JSON.
    pub body: Option<&'a str>,
    /// The signal of the app's own call.
    pub caller: Option<&'a AbortSignal>,
}

impl<'a> AuthCall<'a> {
    pub fn to(endpoint: &'a str) -> Self {
        Self { endpoint, body: None, caller: None }
    }
}

/// What came of it. `profile` and `answer` are for people; nothing is decided on them.
pub struct Came {
    pub reply: Reply,
    pub profile: Profile,
    pub answer: Option<HostAnswer>,
}

impl Came {
    /// Whether the server did what it was asked.
    pub fn succeeded(&self) -> bool {
        matches!(&self.reply, Reply::Answered(answer) if (200..300).contains(&answer.status))
    }

    fn nothing(reply: Reply) -> Self {
        Self { reply, profile: Profile::NOBODY, answer: None }
    }
}

/// Sends now, and resolves with the answer or the timeout (after which the request is aborted).
pub fn send(host: &Host, call: &AuthCall, abort: &AbortController, timeout: u32) -> impl Future<Output = Came> + use<> {
    let sent = host.call(call.endpoint, call.body, &abort.signal(), call.caller);
    let abort = abort.clone();
    async move {
        let Ok(promise) = sent else {
            return Came::nothing(Reply::Unreachable);
        };
        match select(JsFuture::from(promise), TimeoutFuture::new(timeout)).await {
            Either::Left((Ok(answer), _)) => read(answer.unchecked_into()),
            Either::Left((Err(_), _)) => Came::nothing(Reply::Unreachable),
            Either::Right(((), _)) => {
                abort.abort();
                Came::nothing(Reply::TimedOut)
            }
        }
    }
}

fn read(answer: HostAnswer) -> Came {
    let claims = claims(&answer);
    let number = |name| Reflect::get(&claims, &JsValue::from_str(name)).ok()?.as_f64();
    let grant = (answer.token() != 0).then(|| Grant {
        token: TokenId(answer.token()),
        life: lifetime(Some(answer.expires_in()), number("exp"), number("iat")),
        subject: subject(&answer.user(), "id").or_else(|| subject(&claims, "sub")),
    });
    let retry_after = Some(answer.retry_after()).filter(|span| *span > 0.0).map(|span| span as Millis);
    Came {
        reply: Reply::Answered(Answer { status: answer.status(), code: answer.code(), retry_after, grant }),
        profile: Profile { user: answer.user(), claims },
        answer: Some(answer),
    }
}

/// The JWT's payload as an object, or `null` for an opaque token.
fn claims(answer: &HostAnswer) -> JsValue {
    answer
        .payload()
        .and_then(|segment| JSON::parse(&decode_payload(&segment)?).ok())
        .filter(JsValue::is_object)
        .unwrap_or(JsValue::NULL)
}

/// An identity as a string, whether the server writes it as one or as a number.
fn subject(object: &JsValue, name: &str) -> Option<String> {
    let value = Reflect::get(object, &JsValue::from_str(name)).ok()?;
    value.as_string().or_else(|| value.as_f64().and_then(|_| JSON::stringify(&value).ok()?.as_string()))
}
