//! Where a browser goes after a sign-in or a sign-out: never to another site.

use reqwest::Url;

use super::Mark;

const MAX_LENGTH: usize = 1_000;
/// Stands for the origin of this server while an address is checked.
const HERE: &str = "http://tokenward.invalid";
/// The browser does not return to these endpoints: they would begin the next sign-in.
const AUTH_PATH: &str = "/auth/";

/// A path of this origin with query and fragment, or an address of an origin in `ALLOWED_ORIGINS`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnTo(String);

impl ReturnTo {
    /// Reads the parameter `returnTo`; `/` if it is missing or leads elsewhere.
    pub fn read(text: Option<&str>, allowed_origins: &[String]) -> Self {
        let here = Url::parse(HERE).expect("the address is valid");
        let read = |text: &str| {
            if text.len() > MAX_LENGTH || text.chars().any(char::is_control) {
                return None;
            }
            let url = here.join(text).ok()?;
            let path = match (url.query(), url.fragment()) {
                (Some(query), Some(fragment)) => format!("{}?{query}#{fragment}", url.path()),
                (Some(query), None) => format!("{}?{query}", url.path()),
                (None, Some(fragment)) => format!("{}#{fragment}", url.path()),
                (None, None) => url.path().to_owned(),
            };
            if url.origin() == here.origin() {
                let is_path = text.starts_with('/') && !url.path().starts_with(AUTH_PATH) && !path.starts_with("//");
                return is_path.then_some(Self(path));
            }
            let origin = url.origin().ascii_serialization();
            let allowed = allowed_origins.contains(&origin) && url.username().is_empty();
            allowed.then(|| Self(format!("{origin}{path}")))
        };
        text.and_then(read).unwrap_or_else(|| Self("/".into()))
    }

    /// The address, for `state`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address with a mark behind its fragment.
    pub fn marked(&self, mark: Mark) -> String {
        let hash = if self.0.contains('#') { "" } else { "#" };
        format!("{}{hash}{mark}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_returns_to_this_origin_or_to_an_allowed_one() {
        let allowed = ["https://app.example.com".to_owned()];
        for (text, expected) in [
            ("/", "/"),
            ("/orders/7?tab=2#items", "/orders/7?tab=2#items"),
            ("/#/route?x=1", "/#/route?x=1"),
            ("/über", "/%C3%BCber"),
            ("/a/../b", "/b"),
            ("https://app.example.com/x?y#z", "https://app.example.com/x?y#z"),
            ("https://app.example.com", "https://app.example.com/"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("\\\\evil.example", "/"),
            ("/\t/evil.example", "/"),
            ("/%09/evil.example", "/%09/evil.example"),
            ("/.//evil.example", "/"),
            ("/..//evil.example", "/"),
            ("https://evil.example", "/"),
            ("https://app.example.com@evil.example/", "/"),
            ("https://user@app.example.com/", "/"),
            ("https://app.example.com.evil.example/", "/"),
            ("http://app.example.com/", "/"),
            ("javascript:alert(1)", "/"),
            ("data:text/html,x", "/"),
            ("http://tokenward.invalid/x", "/"),
            ("orders", "/"),
            ("", "/"),
            ("/auth/callback?code=x", "/"),
            ("/x/../auth/start", "/"),
            ("/a\r\nset-cookie: x=y", "/"),
            ("/a\u{0}", "/"),
        ] {
            assert_eq!(ReturnTo::read(Some(text), &allowed).as_str(), expected, "{text:?}");
        }
        assert_eq!(ReturnTo::read(Some(&format!("/{}", "a".repeat(10_000))), &allowed).as_str(), "/");
        assert_eq!(ReturnTo::read(None, &allowed).as_str(), "/");
    }

    #[test]
    fn a_mark_is_behind_the_fragment_of_the_app() {
        let marked = |text| ReturnTo::read(Some(text), &[]).marked(Mark::SignedIn);
        assert_eq!(marked("/a?b"), "/a?b#~signed-in");
        assert_eq!(marked("/a?b#c"), "/a?b#c~signed-in");
    }
}
