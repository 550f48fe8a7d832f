"""Sign-in at an OpenID provider for the server beside this file: docs/reference/sign-in-endpoints.md has the endpoints.

The server is the OAuth client. It stores nothing about a sign-in under way: `state` carries what the callback needs.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import os
import re
import secrets
import time
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

import httpx
import jwt
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

ISSUER = os.environ.get("OIDC_ISSUER", "")
CLIENT_ID = os.environ.get("OIDC_CLIENT_ID", "")
CLIENT_SECRET = os.environ.get("OIDC_CLIENT_SECRET", "")
SCOPE = os.environ.get("OIDC_SCOPE", "openid email profile")
PUBLIC_URL = os.environ.get("PUBLIC_URL", "")
SIGN_IN_LIFE = 600  # seconds
MOST_ATTEMPTS = 3
KEY = os.environ.get("STATE_KEY", "").encode() or secrets.token_bytes(32)  # the same for all servers behind one address
ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]
PROMPTS = ("none", "login", "select_account", "consent")
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
DONE = """<!doctype html><title>Signed in</title><script>
new BroadcastChannel('tokenward:sign-in').postMessage(location.hash.slice(1));
setTimeout(close, 50);
</script>"""


class SignInError(Exception):
    """An error of the contract, such as provider_refused."""


class CodeLost(Exception):
    """The provider may have redeemed the code, and the response is lost."""


def mac(*parts: str) -> str:
    digest = hmac.digest(KEY, "\0".join(parts).encode(), "sha256")
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def seal(label: str, value: dict) -> str:
    body = base64.urlsafe_b64encode(json.dumps(value).encode()).decode()
    return f"{body}.{mac(label, body)}"


def unseal(label: str, text: str | None) -> dict | None:
    body, _, tag = (text or "").partition(".")
    valid = hmac.compare_digest(tag.encode(), mac(label, body).encode())
    return json.loads(base64.urlsafe_b64decode(body)) if valid else None


def local_path(given: str | None) -> str:
    """A path of this origin. A browser reads `//host` and `/\\host` as another origin, and `%2e` as a dot."""
    text = given or "/"
    plain = len(text.encode()) <= 1_000 and not any(character < " " or character == "\\" for character in text)
    if not plain or not text.startswith("/") or text.startswith("//"):
        return "/"
    place, mark, rest = text.partition("#")
    path, question, query = place.partition("?")
    dots = re.sub(r"%2e", ".", path, flags=re.IGNORECASE)
    if re.search(r"/\.{1,2}(/|$)", dots):
        # `urljoin` drops an empty segment, and a browser does not: `/.//host` would become another path, or another origin.
        path = "//" if "//" in dots else urlsplit(urljoin(PUBLIC_URL + "/", dots)).path
    return "/" if path.startswith(("//", "/auth/")) else f"{path}{question}{query}{mark}{rest}"


def is_navigation(request: Request) -> bool:
    """Another request, such as that of an image, must not sign out. Old browsers do not send these headers."""
    mode, dest = request.headers.get("sec-fetch-mode", "navigate"), request.headers.get("sec-fetch-dest", "document")
    return mode == "navigate" and dest == "document"


def browsers_of(request: Request):
    """The random values that tie a sign-in to this browser. Without its own, a callback redeems nothing."""
    return (value for name, value in request.cookies.items() if name.startswith("login-") and len(value) == 24)


def back(mark: str, sign_in: dict) -> RedirectResponse:
    """Sends the browser back to the app, or to the page on which a popup ends."""
    place, popup = sign_in.get("return_to", "/"), sign_in.get("popup")
    target = f"/auth/done#{popup}{mark}" if popup else f"{place}{'' if '#' in place else '#'}{mark}"
    return RedirectResponse(target, 303, {"cache-control": "no-store", "referrer-policy": "no-referrer"})


def failed(error: str, sign_in: dict | None = None) -> RedirectResponse:
    return back(f"~sign-in-error={error}", sign_in or {})


def error_of_provider(error: str) -> str:
    if error in ("login_required", "interaction_required", "consent_required", "account_selection_required"):
        return "interaction_required"
    if error in ("temporarily_unavailable", "server_error"):
        return "provider_unavailable"
    return "access_denied" if error == "access_denied" else "provider_refused"


class Provider:
    """The provider's metadata and keys. After a failure, the next request asks again."""

    def __init__(self) -> None:
        self.metadata: dict = {}
        self.keys: jwt.PyJWKClient | None = None

    async def load(self) -> dict:
        if not self.metadata:
            try:
                async with httpx.AsyncClient(timeout=5) as client:
                    response = await client.get(ISSUER.rstrip("/") + "/.well-known/openid-configuration")
                metadata = response.raise_for_status().json()
            except (httpx.HTTPError, ValueError):
                raise SignInError("provider_unavailable") from None
            if metadata.get("issuer") != ISSUER:
                raise SignInError("provider_refused")
            self.keys = jwt.PyJWKClient(metadata["jwks_uri"], timeout=5)
            self.metadata = metadata
        return self.metadata

    async def verify(self, token: str, required: list[str]) -> dict:
        await self.load()
        key = await asyncio.to_thread(self.keys.get_signing_key_from_jwt, token)
        required = ["iss", "aud", "exp", "iat", *required]
        return jwt.decode(
            token, key, ALGORITHMS, audience=CLIENT_ID, issuer=ISSUER, leeway=5, options={"require": required}
        )

    def client(self) -> AsyncOAuth2Client:
        redirect = f"{PUBLIC_URL}/auth/callback"
        return AsyncOAuth2Client(
            CLIENT_ID, CLIENT_SECRET, redirect_uri=redirect, scope=SCOPE, code_challenge_method="S256", timeout=5
        )

    async def redeem(self, code: str, verifier: str) -> str:
        """Exchanges the code for an ID token. A 5xx has not spent the code, so the same is sent again."""
        metadata = await self.load()
        for attempt in range(4):
            try:
                async with self.client() as client:
                    tokens = await client.fetch_token(metadata["token_endpoint"], code=code, code_verifier=verifier)
                return tokens.get("id_token", "")
            except (httpx.HTTPStatusError, httpx.ConnectError):
                if attempt == 3:
                    raise SignInError("provider_unavailable") from None
            except httpx.TransportError:
                raise CodeLost from None
            except OAuthError as error:
                # After a 5xx, invalid_grant means that the provider had redeemed the code.
                if attempt > 0 and error.error == "invalid_grant":
                    raise CodeLost from None
                raise SignInError("provider_refused") from None
            await asyncio.sleep(0.3 * 3**attempt)
        raise SignInError("provider_unavailable")


def add_sign_in(app: FastAPI, sessions: dict, begin, set_cookie, proven_session, clear_cookie) -> None:
    """Adds the endpoints to an app, which passes its sessions and how it begins one and sets its cookie."""
    provider = Provider()
    exchanges: dict[str, asyncio.Task] = {}  # of the last minute, by state: a callback that comes twice shares one
    logouts: dict[str, float] = {}  # the ids of logout tokens, and when they expire

    async def to_provider(browser: str, sign_in: dict) -> Response:
        try:
            metadata = await provider.load()
            state = seal("state", {**sign_in, "at": time.time(), "id": secrets.token_urlsafe(9)})
            async with provider.client() as client:
                url, _ = client.create_authorization_url(
                    metadata["authorization_endpoint"],
                    state=state,
                    nonce=mac("nonce", state, browser),
                    code_verifier=mac("verifier", state, browser),
                    **sign_in["parameters"],
                )
                if pushed := metadata.get("pushed_authorization_request_endpoint"):  # RFC 9126
                    form = dict(parse_qsl(urlsplit(url).query))
                    async with httpx.AsyncClient(timeout=5, auth=(CLIENT_ID, CLIENT_SECRET)) as pusher:
                        answer = (await pusher.post(pushed, data=form)).raise_for_status()
                    request = {"client_id": CLIENT_ID, "request_uri": answer.json()["request_uri"]}
                    url = f"{metadata['authorization_endpoint']}?{urlencode(request)}"
            return RedirectResponse(url, 303, {"cache-control": "no-store"})
        except SignInError as error:
            return failed(str(error), sign_in)
        except (httpx.HTTPError, ValueError, KeyError):
            return failed("provider_unavailable", sign_in)

    async def exchange(code: str, state: str, browser: str, sign_in: dict):
        id_token = await provider.redeem(code, mac("verifier", state, browser))
        try:
            claims = await provider.verify(id_token, ["sub"])
        except jwt.PyJWKClientConnectionError:
            raise CodeLost from None
        except jwt.PyJWTError:
            raise SignInError("provider_refused") from None
        fresh = "max_age" not in sign_in["parameters"] or (
            claims.get("auth_time", 0) >= time.time() - int(sign_in["parameters"]["max_age"]) - 5
        )
        same = hmac.compare_digest(str(claims.get("nonce")).encode(), mac("nonce", state, browser).encode())
        if not fresh or not same or claims.get("azp", CLIENT_ID) != CLIENT_ID:
            raise SignInError("provider_refused")
        email = claims.get("email", "")
        user = {"id": digest(f"{ISSUER} {claims['sub']}"), "email": email, "name": claims.get("name", email)}
        more = {"sub": claims["sub"], "sid": claims.get("sid"), "id_token": id_token}
        return begin(user, **more, replaces=sign_in["former"])

    @app.get("/auth/start")
    async def start(request: Request) -> Response:
        query = request.query_params
        browser = next(browsers_of(request), None) or secrets.token_urlsafe(18)
        parameters = {
            "prompt": query.get("prompt") if query.get("prompt") in PROMPTS else None,
            "login_hint": query.get("loginHint"),
            "acr_values": query.get("acr"),
            "max_age": query.get("maxAge") if query.get("maxAge", "").isdecimal() else None,
        }
        # The present cookie is SameSite=Strict: it comes with this request, not with the provider's redirect.
        session = proven_session(request)
        sign_in = {
            "browser": digest(browser),
            "attempt": 1,
            "return_to": local_path(query.get("returnTo")),
            "popup": query.get("popup") if re.fullmatch(r"[A-Za-z0-9_-]{1,40}", query.get("popup", "")) else None,
            "former": session.id if session else "",
            "parameters": {name: value for name, value in parameters.items() if value},
        }
        response = await to_provider(browser, sign_in)
        secure = os.environ.get("COOKIE_SECURE") != "false"
        # The name follows from the value: where several tabs begin at once, no response replaces the cookie of another.
        name = f"login-{browser[:6]}"
        response.set_cookie(name, browser, SIGN_IN_LIFE, path="/auth", secure=secure, httponly=True, samesite="lax")
        return response

    @app.get("/auth/callback")
    async def callback(request: Request) -> Response:
        query = request.query_params
        state = query.get("state", "")
        sign_in = unseal("state", state)
        if not sign_in:
            return failed("stale_sign_in")
        browser = next((one for one in browsers_of(request) if digest(one) == sign_in["browser"]), None)
        if not browser or time.time() - sign_in["at"] > SIGN_IN_LIFE:
            return failed("stale_sign_in", sign_in)

        async def start_over() -> Response:
            # The provider does not ask again for what the user has just entered.
            parameters = dict(sign_in["parameters"])
            if parameters.get("prompt") != "none":
                parameters.pop("prompt", None)
            again = {"parameters": parameters, "attempt": sign_in["attempt"] + 1}
            return await to_provider(browser, {**sign_in, **again})

        try:
            metadata = await provider.load()
            promised = metadata.get("authorization_response_iss_parameter_supported")
            if query.get("iss", None if promised else ISSUER) != ISSUER:  # RFC 9207
                raise SignInError("provider_refused")
            if "error" in query:
                raise SignInError(error_of_provider(query["error"]))
            if not query.get("code"):
                raise SignInError("provider_refused")
            if state not in exchanges:
                # A task of its own: when the user reloads, the browser drops this request, and the code is spent.
                exchanges[state] = asyncio.create_task(exchange(query["code"], state, browser, sign_in))
                asyncio.get_running_loop().call_later(60, exchanges.pop, state, None)
            session, secret = await asyncio.shield(exchanges[state])
        except CodeLost:
            # The code is spent. Another one costs a redirect and no click.
            if sign_in["attempt"] < MOST_ATTEMPTS:
                return await start_over()
            return failed("provider_unavailable", sign_in)
        except SignInError as error:
            return failed(str(error), sign_in)
        if session.id not in sessions:
            return failed("stale_sign_in", sign_in)
        response = back("~signed-in", sign_in)
        # If the page has refreshed since, then the browser has a later cookie.
        if hmac.compare_digest(session.current, hashlib.sha256(secret.encode()).digest()):
            set_cookie(response, session, secret)
        return response

    @app.get("/auth/done")
    async def done() -> HTMLResponse:
        policy = "default-src 'none'; script-src 'unsafe-inline'"
        return HTMLResponse(DONE, headers={"cache-control": "no-store", "content-security-policy": policy})

    @app.get("/auth/end")
    async def end(request: Request) -> Response:
        if returned := unseal("end", request.query_params.get("state")):
            return back("~signed-out", returned)
        if request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none") or not is_navigation(request):
            return RedirectResponse("/", 303)
        sign_in = {"return_to": local_path(request.query_params.get("returnTo"))}
        response: Response = back("~signed-out", sign_in)
        session = proven_session(request)
        if session:
            sessions.pop(session.id, None)
        if session and session.id_token:
            try:
                metadata = await provider.load()
            except SignInError:
                metadata = {}
            if endpoint := metadata.get("end_session_endpoint"):
                parameters = {
                    "id_token_hint": session.id_token,
                    "post_logout_redirect_uri": f"{PUBLIC_URL}/auth/end",
                    "state": seal("end", sign_in),
                }
                response = RedirectResponse(f"{endpoint}?{urlencode(parameters)}", 303, {"cache-control": "no-store"})
        clear_cookie(response)
        return response

    @app.post("/auth/backchannel-logout")
    async def backchannel_logout(request: Request) -> Response:
        try:
            token = (await request.body()).decode().partition("logout_token=")[2].partition("&")[0]
            claims = await provider.verify(token, ["jti", "events"])
            named = claims.get("sid") or claims.get("sub")
            if LOGOUT_EVENT not in claims["events"] or "nonce" in claims or not named or claims["jti"] in logouts:
                raise jwt.InvalidTokenError
        except (jwt.PyJWTError, SignInError, UnicodeDecodeError):
            return JSONResponse({"error": "invalid_request"}, 400, {"cache-control": "no-store"})
        for jti in [jti for jti, expires in logouts.items() if expires < time.time()]:
            del logouts[jti]
        logouts[claims["jti"]] = claims["exp"] + 5
        for session in list(sessions.values()):
            same = session.sid == claims["sid"] if "sid" in claims else session.sub == claims["sub"]
            if session.id_token and same:
                del sessions[session.id]
        return Response(status_code=200, headers={"cache-control": "no-store"})
