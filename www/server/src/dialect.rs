//! The shapes in which other servers say the same things, so that a client's dialects can be tried against this one.

/// `DIALECT`: what answers look like. What is decided is the same in all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// `{accessToken, tokenType, expiresIn, user}`, refresh token in a cookie, `{error: {code, message}}`.
    Tokenward,
    /// `{error: "text"}`, and `{success: true}` at logout.
    ErrorText,
    /// No `expiresIn`, a cookie `refreshToken`, `{error: "text", code}`.
    NoExpiresIn,
    /// Both tokens in the body, `{error: {code, message}}`.
    Body,
    /// `/oauth/token` and `/oauth/revoke` (RFC 6749 §4.3, §6; RFC 7009), besides the rest.
    Oauth2,
    /// Both tokens in httpOnly cookies, `{success: true}`.
    CookiesOnly,
}

impl Dialect {
    /// By its name in `DIALECT`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "tokenward" => Some(Self::Tokenward),
            "error-text" => Some(Self::ErrorText),
            "no-expires-in" => Some(Self::NoExpiresIn),
            "body" => Some(Self::Body),
            "oauth2" => Some(Self::Oauth2),
            "cookies-only" => Some(Self::CookiesOnly),
            _ => None,
        }
    }

    /// The name of the refresh cookie.
    pub fn refresh_cookie(self) -> &'static str {
        match self {
            Self::NoExpiresIn | Self::CookiesOnly => "refreshToken",
            _ => "refresh_token",
        }
    }

    /// The name of the cookie with the access token, where there is one.
    pub fn access_cookie(self) -> Option<&'static str> {
        (self == Self::CookiesOnly).then_some("accessToken")
    }

    /// Whether a success without anything to say is `{success: true}` with 200 instead of 204.
    pub fn says_success(self) -> bool {
        matches!(self, Self::ErrorText | Self::CookiesOnly)
    }
}
