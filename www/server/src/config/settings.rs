//! The list of settings. The reader takes names and defaults from it; `--help` and the table in the docs are printed from
//! it.

use std::fmt::Write;

/// A setting: an environment variable.
pub struct Setting {
    /// The variable's name.
    pub name: &'static str,
    /// The value of a variable that is not set; empty if there is no default.
    pub default: &'static str,
    /// The accepted values.
    pub expected: &'static str,
    /// What the setting does.
    pub description: &'static str,
}

const fn setting(
    name: &'static str,
    default: &'static str,
    expected: &'static str,
    description: &'static str,
) -> Setting {
    Setting { name, default, expected, description }
}

const SECONDS: &str = "seconds from 1 to 315360000";
const FLAG: &str = "true or false";
const TEXT: &str = "a string that is not empty";
const REFRESH_KEYS: &str = "32 random bytes as base64url";

/// All settings. Secrets (`SIGNING_KEY`, `VERIFYING_KEYS`, `REFRESH_KEY`, `OLD_REFRESH_KEYS`, `REDIS_URL`,
/// `OIDC_CLIENT_SECRET`, `OIDC_CLIENT_KEY`) may be given as files instead: `SIGNING_KEY_FILE` and so on.
pub const SETTINGS: &[Setting] = &[
    setting("HOST", "127.0.0.1", "an IP address", "The address to listen on."),
    setting("PORT", "8080", "a port from 0 to 65535", "The port to listen on; 0 chooses a free one."),
    setting(
        "PROXIES",
        "0",
        "a number from 0 to 16",
        "The number of reverse proxies in front of the server. It trusts as many entries of `X-Forwarded-For`, from the right.",
    ),
    setting(
        "DATABASE",
        "data/tokenward.db",
        "a path",
        "The SQLite file of the embedded store. The server creates it, and keys that are not set beside it.",
    ),
    setting(
        "REDIS_URL",
        "",
        "redis://[[user]:password@]host[:port][/db], rediss:// for TLS, several separated by commas for a cluster",
        "Stores sessions and users in Redis, for several servers. `SIGNING_KEY` and `REFRESH_KEY` must be set then.",
    ),
    setting(
        "REDIS_CA",
        "",
        "a PEM file with certificates",
        "The authorities whose certificates the server accepts from Redis (`rediss://`), instead of those of the system.",
    ),
    setting("REDIS_CLUSTER", "false", FLAG, "Whether `REDIS_URL` names nodes of a Redis Cluster."),
    setting(
        "REDIS_WAIT_REPLICAS",
        "0",
        "a number from 0 to 16",
        "The number of replicas that must have received the end of a session before the server reports it as ended; otherwise it answers 503. In a cluster, each master waits for its own replicas.",
    ),
    setting(
        "REDIS_WAIT_DISK",
        "false",
        FLAG,
        "Whether the end of a session must be on the disk of Redis (and of `REDIS_WAIT_REPLICAS` replicas) before the server reports it as ended; otherwise it answers 503. Redis before 7.2 needs `appendfsync always`.",
    ),
    setting("ISSUER", "tokenward", TEXT, "The claim `iss`."),
    setting("AUDIENCE", "tokenward", TEXT, "The claim `aud`."),
    setting("ALGORITHM", "EdDSA", "EdDSA, RS256 or HS256", "The algorithm that signs access tokens."),
    setting(
        "SIGNING_KEY",
        "",
        "a PKCS#8 PEM (EdDSA; RS256 with at least 2048 bits) or at least 32 bytes as base64url (HS256)",
        "Signs access tokens. With the embedded store, the server generates it on the first start.",
    ),
    setting(
        "VERIFYING_KEYS",
        "",
        "keys as for SIGNING_KEY, or public keys as PEM; secrets separated by commas",
        "Further keys that verify access tokens: the previous key until its tokens have expired, and the next key.",
    ),
    setting(
        "REFRESH_KEY",
        "",
        REFRESH_KEYS,
        "Signs refresh tokens. With the embedded store, the server generates it on the first start.",
    ),
    setting(
        "OLD_REFRESH_KEYS",
        "",
        "keys as for REFRESH_KEY, separated by commas",
        "Previous keys, whose refresh tokens remain valid.",
    ),
    setting(
        "LEEWAY",
        "5",
        "seconds from 0 to 300",
        "The clock difference between servers that checks of `exp` and `nbf` tolerate.",
    ),
    setting("ACCESS_TTL", "900", SECONDS, "The lifetime of an access token."),
    setting("REFRESH_IDLE_TTL", "604800", SECONDS, "The time after which a session ends that is not refreshed."),
    setting("REFRESH_ABSOLUTE_TTL", "2592000", SECONDS, "The time after which every session ends."),
    setting(
        "REUSE_REVOKES",
        "session",
        "session or user",
        "What a reused refresh token ends: its session, or all sessions of the user.",
    ),
    setting(
        "REPEAT_WINDOW",
        "120",
        "seconds from 1 to 86400",
        "The time after a rotation within which a request with its `Idempotency-Key` is answered with the same successor again; a later one gets a new successor.",
    ),
    setting(
        "ROTATION_GRACE",
        "0",
        "seconds from 0 to 300",
        "The time within which a client without `Idempotency-Key` may repeat a refresh. The tokenward client sends the key.",
    ),
    setting(
        "REVOCATION_MAX_LAG",
        "5",
        "seconds from 1 to 3600",
        "The time after which a server that cannot read the revocations of the others answers 503 instead of accepting tokens.",
    ),
    setting(
        "DIALECT",
        "tokenward",
        "tokenward, error-text, no-expires-in, body, oauth2 or cookies-only",
        "The format of responses: see below.",
    ),
    setting(
        "ALLOWED_ORIGINS",
        "",
        "origins such as https://app.example.com, separated by commas",
        "Other origins whose pages may send requests with credentials.",
    ),
    setting("COOKIE_SECURE", "true", FLAG, "Whether cookies are `Secure`; false only if clients use plain http."),
    setting(
        "COOKIE_HOST_PREFIX",
        "false",
        FLAG,
        "Whether cookies have the prefix `__Host-` and the path `/`, so that no page of a sibling domain can set them.",
    ),
    setting(
        "LOGIN_LIMIT",
        "10",
        "logins per minute, from 1 to 1000000",
        "The limit for one account from one address (for IPv6, one /48 network). The limit of an address is six times as high; ten times as high is that of a /48 network, and that of one account from all addresses from which it has not signed in before.",
    ),
    setting(
        "REFRESH_LIMIT",
        "100",
        "refreshes, from 1 to 1000000",
        "The number of refreshes that a session may send at once, because many tabs may resume together; then one per second.",
    ),
    setting(
        "MAX_SESSIONS",
        "500",
        "sessions, from 1 to 1000000",
        "The number of sessions that a user may have; a further login ends the oldest.",
    ),
    setting(
        "PUBLIC_URL",
        "",
        "an https origin such as https://app.example.com, or http on a loopback address",
        "The origin at which browsers reach this server. Required for sign-in at an identity provider, where `<PUBLIC_URL>/auth/callback` is the redirect URI.",
    ),
    setting(
        "OIDC_ISSUER",
        "",
        "an https address, or http on a loopback address",
        "The issuer of an identity provider (OpenID Connect) at which users may sign in.",
    ),
    setting("OIDC_CLIENT_ID", "", TEXT, "The id of this server as a client of the provider."),
    setting(
        "OIDC_CLIENT_SECRET",
        "",
        TEXT,
        "The client's secret. Without it and without a key, the client is a public one.",
    ),
    setting(
        "OIDC_CLIENT_KEY",
        "",
        "a PKCS#8 PEM of an RSA, P-256 or Ed25519 key",
        "Signs the client's assertions (`private_key_jwt`), instead of a secret.",
    ),
    setting("OIDC_SCOPE", "openid email profile", "scopes with openid among them", "The scope of a sign-in."),
    setting(
        "OIDC_ROLE_CLAIM",
        "",
        "the name of a claim, with dots for a path such as realm_access.roles",
        "The claim of the ID token that has the user's role or roles. Without it, a new user has the role `user`.",
    ),
    setting(
        "OIDC_ROLES",
        "admin",
        "roles, separated by commas",
        "The roles that the claim may give, the most powerful first. A user with none of them has the role `user`.",
    ),
    setting(
        "OIDC_USERS",
        "create",
        "create or known",
        "Whether a user who signs in for the first time is created, or rejected unless `user add --issuer --subject` has added the user.",
    ),
    setting(
        "OIDC_TOKENS",
        "own",
        "own or provider",
        "Whose access tokens the page receives: those of this server, or those of the provider, which the server then renews with the provider's refresh token (mediation). `provider` needs `DIALECT=tokenward` and excludes DPoP.",
    ),
    setting(
        "OIDC_PROVIDERS",
        "",
        "names of lower-case letters and digits, separated by commas",
        "Further providers. The settings of a provider `corp` are `OIDC_CORP_ISSUER` and so on.",
    ),
    setting("LOG", "text", "text, json or off", "The format of events on the standard output."),
    setting(
        "DEMO",
        "false",
        FLAG,
        "Adds demo accounts with published passwords, and switches that cause faults. Without it, these accounts cannot sign in.",
    ),
    setting(
        "DEMO_PUBLIC",
        "false",
        FLAG,
        "Confirms `DEMO=true` on an address that is not a loopback address, behind a proxy, or with Redis.",
    ),
    setting("DEMO_DIR", "", "a folder", "The built demo page, served at `/`."),
];

/// The setting with this name. Panics if there is none.
pub(super) fn find(name: &str) -> &'static Setting {
    SETTINGS.iter().find(|setting| setting.name == name).expect("every setting that is read is listed")
}

/// The table of settings for the docs, in Markdown.
pub(super) fn markdown_table() -> String {
    let mut table = String::from("| variable | default | values | |\n| --- | --- | --- | --- |\n");
    for Setting { name, default, expected, description } in SETTINGS {
        let default = if default.is_empty() { String::new() } else { format!("`{default}`") };
        let _ = writeln!(table, "| `{name}` | {default} | {expected} | {description} |");
    }
    table
}

/// The settings for `--help`.
pub(super) fn help() -> String {
    let mut text = String::from("Settings are environment variables:\n");
    for Setting { name, default, expected, description } in SETTINGS {
        let default = if default.is_empty() { String::new() } else { format!(" [default: {default}]") };
        let _ = write!(text, "\n  {name}{default}\n      {description}\n      Values: {expected}.\n");
    }
    text
}
