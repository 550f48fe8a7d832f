//! The clients of a Rust app that `npm run bench` compares: the crate `tokenward`, and sign-in by hand with gloo-net. Each makes
//! its calls in Rust, so the only boundary to JavaScript that is measured is that of `fetch`.

use gloo_net::http::Request;
use serde::{Deserialize, Serialize};
use tokenward::{AuthClient, Transport};
use wasm_bindgen::prelude::*;

#[derive(Serialize)]
struct Credentials {
    email: String,
    password: String,
    transport: &'static str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tokens {
    access_token: String,
}

impl Credentials {
    fn new(email: String, password: String) -> Self {
        Self { email, password, transport: "body" }
    }
}

/// Sign-in by hand: the token in a `String`, and a header for each call.
#[wasm_bindgen]
pub struct ByHand {
    authorization: String,
}

#[wasm_bindgen]
impl ByHand {
    /// Signs in with the demo server.
    pub async fn login(email: String, password: String) -> Result<ByHand, JsError> {
        let request = Request::post("/auth/login").json(&Credentials::new(email, password))?;
        let tokens: Tokens = request.send().await?.json().await?;
        Ok(Self { authorization: format!("Bearer {}", tokens.access_token) })
    }

    /// Makes `count` calls, one after another.
    pub async fn calls(&self, url: String, count: u32) -> Result<(), JsError> {
        for _ in 0..count {
            Request::get(&url).header("authorization", &self.authorization).send().await?;
        }
        Ok(())
    }
}

/// The client of the crate.
#[wasm_bindgen]
pub struct Tokenward {
    auth: AuthClient,
}

#[wasm_bindgen]
impl Tokenward {
    /// Signs in with the demo server.
    pub async fn login(email: String, password: String) -> Result<Tokenward, JsError> {
        let auth = AuthClient::builder().name("rust-bench").transport(Transport::Body).build()?;
        auth.login(&Credentials::new(email, password)).await?;
        Ok(Self { auth })
    }

    /// Makes `count` calls, one after another.
    pub async fn calls(&self, url: String, count: u32) -> Result<(), JsError> {
        for _ in 0..count {
            self.auth.fetch(url.as_str()).await?;
        }
        Ok(())
    }
}
