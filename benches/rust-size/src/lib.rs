//! Sign-in by hand with gloo-net, for the apps in `src/bin`: each is an app of `examples/rust` without tokenward. There is no
//! refresh, no renewal, no second attempt, and no other tab.
use gloo_net::http::Request;
use serde::{Deserialize, Serialize};

/// What the user entered.
#[derive(Serialize)]
pub struct Credentials {
    /// The e-mail address.
    pub email: String,
    /// The password.
    pub password: String,
}

/// What the app knows of the user.
#[derive(Clone, PartialEq, Deserialize)]
pub struct User {
    /// The e-mail address.
    pub email: String,
}

/// A signed-in user and the access token.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    access_token: String,
    /// The user.
    pub user: User,
}

/// Signs in. The error is a message for the user.
pub async fn login(credentials: &Credentials) -> Result<Session, String> {
    let request = Request::post("/auth/login").json(credentials).map_err(|error| error.to_string())?;
    let answer = request.send().await.map_err(|error| error.to_string())?;
    if answer.status() == 401 {
        return Err("Wrong email or password.".into());
    }
    answer.json().await.map_err(|error| error.to_string())
}

impl Session {
    /// Calls the API, and returns the text of its answer.
    pub async fn call(&self, url: &str) -> Result<String, String> {
        let request = Request::get(url).header("authorization", &format!("Bearer {}", self.access_token));
        let answer = request.send().await.map_err(|error| error.to_string())?;
        answer.text().await.map_err(|error| error.to_string())
    }

    /// Signs out.
    pub async fn logout(&self) {
        let _ = Request::post("/auth/logout").send().await;
    }
}
