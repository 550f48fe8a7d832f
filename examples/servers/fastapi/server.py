"""An auth server for tokenward in FastAPI: login, refresh with rotation and reuse detection, logout, a protected API.

Sessions are in memory and passwords in the source: replace them by a database and a password hash (argon2id).
"""

import hashlib
import hmac
import os
import secrets
import time
from dataclasses import dataclass

import jwt
import uvicorn
from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from sign_in import add_sign_in

ACCESS_TTL = int(os.environ.get("ACCESS_TTL", "900"))  # seconds
SIGNING_KEY = secrets.token_bytes(32)
USERS = {"ada@example.com": {"id": "1", "email": "ada@example.com", "name": "Ada", "password": "analytical engine"}}


@dataclass
class Session:
    """The hashes of the current and the previous refresh token; the key and the successor of the rotation between."""

    id: str
    user: dict
    current: bytes
    previous: bytes = b""
    key: str | None = None
    successor: str = ""
    # Of a sign-in at a provider: the user, the session and the ID token there.
    sub: str | None = None
    sid: str | None = None
    id_token: str = ""
    # The session that ends when the browser refreshes this one.
    replaces: str = ""


class Credentials(BaseModel):
    email: str
    password: str


class Rejected(Exception):
    def __init__(self, status: int, code: str, message: str):
        self.status, self.code, self.message = status, code, message


sessions: dict[str, Session] = {}
app = FastAPI()


def digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def public(user: dict) -> dict:
    return {name: user[name] for name in ("id", "email", "name")}


@app.exception_handler(Rejected)
async def rejected(_: Request, error: Rejected) -> JSONResponse:
    headers = {"www-authenticate": 'Bearer error="invalid_token"'} if error.code == "INVALID_TOKEN" else None
    return JSONResponse({"error": {"code": error.code, "message": error.message}}, error.status, headers)


@app.middleware("http")
async def same_origin(request: Request, proceed):
    """The cookie is SameSite=Strict. Browsers also send the source of a request in Sec-Fetch-Site."""
    site = request.headers.get("sec-fetch-site", "same-origin")
    # The provider redirects to these endpoints, from another site.
    navigation = request.url.path in ("/auth/start", "/auth/callback", "/auth/done", "/auth/end")
    if request.url.path.startswith("/auth/") and not navigation and site not in ("same-origin", "none"):
        message = f"expected a request from this origin, got one from {site}"
        return JSONResponse({"error": {"code": "CSRF_REJECTED", "message": message}}, 403)
    return await proceed(request)


def begin(user: dict, **more: str | None) -> tuple[Session, str]:
    secret = secrets.token_urlsafe(32)
    session = Session(secrets.token_urlsafe(16), user, digest(secret), **more)
    sessions[session.id] = session
    return session, secret


def set_cookie(response: Response, session: Session, secret: str) -> None:
    response.set_cookie(
        "refresh_token",
        f"{session.id}.{secret}",
        httponly=True,
        samesite="strict",
        secure=os.environ.get("COOKIE_SECURE") != "false",
        path="/auth",
        max_age=7 * 86_400,
    )


def clear_cookie(response: Response) -> None:
    response.delete_cookie("refresh_token", path="/auth")


def issue_tokens(response: Response, session: Session, secret: str) -> dict:
    now = int(time.time())
    claims = {"sub": session.user["id"], "sid": session.id, "iat": now, "exp": now + ACCESS_TTL}
    claims["name"] = session.user["name"]
    set_cookie(response, session, secret)
    response.headers["cache-control"] = "no-store"
    token = jwt.encode(claims, SIGNING_KEY, algorithm="HS256")
    return {"accessToken": token, "expiresIn": ACCESS_TTL, "user": public(session.user)}


@app.post("/auth/login")
async def login(credentials: Credentials, response: Response) -> dict:
    user = USERS.get(credentials.email)
    if not user or not hmac.compare_digest(user["password"].encode(), credentials.password.encode()):
        raise Rejected(401, "INVALID_CREDENTIALS", "wrong email or password")
    session, secret = begin(user)
    return issue_tokens(response, session, secret)


def read_cookie(request: Request) -> tuple[Session | None, str]:
    sid, _, secret = request.cookies.get("refresh_token", "").partition(".")
    return sessions.get(sid), secret


def proven_session(request: Request) -> Session | None:
    """The session of a cookie whose secret is the current or the previous one: an id alone proves nothing."""
    session, secret = read_cookie(request)
    hashes = (session.current, session.previous) if session else ()
    return session if any(hmac.compare_digest(digest(secret), one) for one in hashes) else None


@app.post("/auth/refresh")
async def refresh(request: Request, response: Response) -> dict:
    session, secret = read_cookie(request)
    if not session:
        raise Rejected(401, "INVALID_REFRESH_TOKEN", "no such session")
    key = request.headers.get("idempotency-key")
    if hmac.compare_digest(digest(secret), session.current):
        successor = secrets.token_urlsafe(32)
        # The browser has the new session now. Before, another tab may have sent the cookie of the one that it replaces.
        sessions.pop(session.replaces, None)
        # The successor is stored, because a request with its predecessor may be repeated.
        session.previous, session.current = session.current, digest(successor)
        session.key, session.successor = key, successor
        return issue_tokens(response, session, successor)
    # A repeated request (a lost response, a reload, two tabs) has the same key and gets the same successor.
    if key and key == session.key and hmac.compare_digest(digest(secret), session.previous):
        return issue_tokens(response, session, session.successor)
    # Every other second use counts as theft.
    del sessions[session.id]
    raise Rejected(401, "REFRESH_TOKEN_REUSED", "this refresh token was used before; the session has ended")


@app.post("/auth/logout", status_code=204)
async def logout(request: Request, response: Response) -> None:
    session, _ = read_cookie(request)
    if session:
        del sessions[session.id]
    clear_cookie(response)


def current_user(request: Request) -> dict:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    try:
        if scheme != "Bearer":
            raise jwt.InvalidTokenError
        claims = jwt.decode(token, SIGNING_KEY, algorithms=["HS256"])
        # The session may have ended since the token was issued.
        return sessions[claims["sid"]].user
    except (jwt.InvalidTokenError, KeyError):
        raise Rejected(401, "INVALID_TOKEN", "expected a valid access token") from None


@app.get("/api/me")
async def me(user: dict = Depends(current_user)) -> dict:
    return public(user)


if os.environ.get("OIDC_ISSUER"):
    add_sign_in(app, sessions, begin, set_cookie, proven_session, clear_cookie)

if __name__ == "__main__":
    port = int(os.environ.get("PORT", "3000"))
    print(f"listening on http://127.0.0.1:{port}", flush=True)
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")
