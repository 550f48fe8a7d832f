//! The response formats of other auth servers, so that every dialect of the client can be tested against this server.

/// `DIALECT`: the format of responses. Decisions are the same in all of them.
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
    /// Also `/oauth/token` and `/oauth/revoke` (RFC 6749 §4.3, §6; RFC 7009).
    Oauth2,
    /// Both tokens in httpOnly cookies, `{success: true}`.
    CookiesOnly,
}

impl Dialect {
    /// Reads a value of `DIALECT`.
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
            Self::Tokenward | Self::ErrorText | Self::Body | Self::Oauth2 => "refresh_token",
        }
    }

    /// The name of the access token's cookie, in the dialect that has one.
    pub fn access_cookie(self) -> Option<&'static str> {
        (self == Self::CookiesOnly).then_some("accessToken")
    }

    /// Whether a success without content is 200 `{success: true}` instead of 204.
    pub fn says_success(self) -> bool {
        matches!(self, Self::ErrorText | Self::CookiesOnly)
    }
}
