"""The server's half of tokenward in FastAPI: three endpoints, rotation, reuse detection, and one call that wants a token.

Sessions are in memory and passwords in the source: put a database and a password hash (argon2id) in their place.
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

LIFE = int(os.environ.get("ACCESS_TTL", "900"))  # seconds
KEY = secrets.token_bytes(32)
USERS = {"ada@example.com": {"id": "1", "email": "ada@example.com", "name": "Ada", "password": "analytical engine"}}


@dataclass
class Session:
    """Hashes of the present refresh token and of the one before, with the key that rotated it and what came of it."""

    id: str
    user: dict
    present: bytes
    before: bytes = b""
    key: str | None = None
    successor: str = ""


class Credentials(BaseModel):
    email: str
    password: str


class Refused(Exception):
    def __init__(self, status: int, code: str, message: str):
        self.status, self.code, self.message = status, code, message


sessions: dict[str, Session] = {}
app = FastAPI()


def digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def public(user: dict) -> dict:
    return {name: user[name] for name in ("id", "email", "name")}


@app.exception_handler(Refused)
async def refused(_: Request, why: Refused) -> JSONResponse:
    headers = {"www-authenticate": 'Bearer error="invalid_token"'} if why.code == "INVALID_TOKEN" else None
    return JSONResponse({"error": {"code": why.code, "message": why.message}}, why.status, headers)


@app.middleware("http")
async def same_origin(request: Request, proceed):
    """The cookie is SameSite=Strict; browsers also say themselves where a request comes from."""
    site = request.headers.get("sec-fetch-site", "same-origin")
    if request.url.path.startswith("/auth/") and site not in ("same-origin", "none"):
        return JSONResponse({"error": {"code": "CSRF_REJECTED", "message": f"came from {site}"}}, 403)
    return await proceed(request)


def grant(response: Response, session: Session, secret: str) -> dict:
    now = int(time.time())
    claims = {"sub": session.user["id"], "name": session.user["name"], "iat": now, "exp": now + LIFE}
    response.set_cookie(
        "refresh_token",
        f"{session.id}.{secret}",
        httponly=True,
        samesite="strict",
        secure=os.environ.get("COOKIE_SECURE") != "false",
        path="/auth",
        max_age=7 * 86_400,
    )
    response.headers["cache-control"] = "no-store"
    token = jwt.encode(claims, KEY, algorithm="HS256")
    return {"accessToken": token, "expiresIn": LIFE, "user": public(session.user)}


@app.post("/auth/login")
async def login(credentials: Credentials, response: Response) -> dict:
    user = USERS.get(credentials.email)
    if not user or not hmac.compare_digest(user["password"].encode(), credentials.password.encode()):
        raise Refused(401, "INVALID_CREDENTIALS", "wrong email or password")
    secret = secrets.token_urlsafe(32)
    session = Session(secrets.token_urlsafe(16), user, digest(secret))
    sessions[session.id] = session
    return grant(response, session, secret)


def presented(request: Request) -> tuple[Session | None, str]:
    sid, _, secret = request.cookies.get("refresh_token", "").partition(".")
    return sessions.get(sid), secret


@app.post("/auth/refresh")
async def refresh(request: Request, response: Response) -> dict:
    session, secret = presented(request)
    if not session:
        raise Refused(401, "INVALID_REFRESH_TOKEN", "no such session")
    key = request.headers.get("idempotency-key")
    if hmac.compare_digest(digest(secret), session.present):
        successor = secrets.token_urlsafe(32)
        # The successor is kept for as long as its predecessor may be repeated.
        session.before, session.present = session.present, digest(successor)
        session.key, session.successor = key, successor
        return grant(response, session, successor)
    # A lost answer, a reload, two tabs: the same key asks for the same successor.
    if key and key == session.key and hmac.compare_digest(digest(secret), session.before):
        return grant(response, session, session.successor)
    # Anything else is a second use: somebody has a stolen token.
    del sessions[session.id]
    raise Refused(401, "REFRESH_TOKEN_REUSED", "this refresh token was used before; the session is over")


@app.post("/auth/logout", status_code=204)
async def logout(request: Request, response: Response) -> None:
    session, _ = presented(request)
    if session:
        del sessions[session.id]
    response.delete_cookie("refresh_token", path="/auth")


def current_user(request: Request) -> dict:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    try:
        if scheme != "Bearer":
            raise jwt.InvalidTokenError
        claims = jwt.decode(token, KEY, algorithms=["HS256"])
    except jwt.InvalidTokenError:
        raise Refused(401, "INVALID_TOKEN", "expected a token that is good") from None
    return next(user for user in USERS.values() if user["id"] == claims["sub"])


@app.get("/api/me")
async def me(user: dict = Depends(current_user)) -> dict:
    return public(user)


if __name__ == "__main__":
    port = int(os.environ.get("PORT", "3000"))
    print(f"listening on http://127.0.0.1:{port}", flush=True)
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")
