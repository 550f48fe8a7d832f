"""The tutorial of FastAPI: https://fastapi.tiangolo.com/tutorial/security/oauth2-jwt/ (one token, no refresh, no logout)."""

import os
from datetime import datetime, timedelta, timezone
from typing import Annotated

import jwt
import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Request, status
from fastapi.security import OAuth2PasswordBearer, OAuth2PasswordRequestForm
from jwt.exceptions import InvalidTokenError
from pydantic import BaseModel

ACCESS_SECONDS = int(os.environ.get("ACCESS_SECONDS", "300"))
SECRET_KEY = "k" * 50
USERS = {"ada": {"username": "ada", "email": "ada@example.com", "password": "analytical engine"}}

app = FastAPI()
oauth2_scheme = OAuth2PasswordBearer(tokenUrl="token")


class Token(BaseModel):
    access_token: str
    token_type: str


@app.post("/token")
async def login_for_access_token(form_data: Annotated[OAuth2PasswordRequestForm, Depends()]) -> Token:
    user = USERS.get(form_data.username)
    if not user or user["password"] != form_data.password:
        raise HTTPException(
            status_code=status.HTTP_401_UNAUTHORIZED,
            detail="Incorrect username or password",
            headers={"WWW-Authenticate": "Bearer"},
        )
    expire = datetime.now(timezone.utc) + timedelta(seconds=ACCESS_SECONDS)
    token = jwt.encode({"sub": user["username"], "exp": expire}, SECRET_KEY, algorithm="HS256")
    return Token(access_token=token, token_type="bearer")


async def get_current_user(token: Annotated[str, Depends(oauth2_scheme)]) -> dict:
    try:
        return USERS[jwt.decode(token, SECRET_KEY, algorithms=["HS256"])["sub"]]
    except (InvalidTokenError, KeyError):
        raise HTTPException(
            status_code=status.HTTP_401_UNAUTHORIZED,
            detail="Could not validate credentials",
            headers={"WWW-Authenticate": "Bearer"},
        ) from None


CurrentUser = Annotated[dict, Depends(get_current_user)]


@app.get("/users/me/")
@app.get("/api/me")
async def me(user: CurrentUser):
    return {"username": user["username"], "email": user["email"]}


@app.post("/api/echo")
async def echo(request: Request, _: CurrentUser):
    return await request.json()


if __name__ == "__main__":
    port = int(os.environ["PORT"])
    print(f"listening on http://127.0.0.1:{port}", flush=True)
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")
