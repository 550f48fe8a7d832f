"""fastapi-users with its two transports: https://fastapi-users.github.io/fastapi-users/latest/configuration/full-example/

/auth/jwt: Bearer and JWTs, which the server cannot revoke. /auth/cookie: a cookie whose tokens are in the database.
"""

import asyncio
import os
import uuid
from contextlib import asynccontextmanager

import uvicorn
from fastapi import Depends, FastAPI, Request
from fastapi_users import BaseUserManager, FastAPIUsers, UUIDIDMixin, schemas
from fastapi_users.authentication import (
    AuthenticationBackend,
    BearerTransport,
    CookieTransport,
    JWTStrategy,
)
from fastapi_users.authentication.strategy.db import AccessTokenDatabase, DatabaseStrategy
from fastapi_users_db_sqlalchemy import SQLAlchemyBaseUserTableUUID, SQLAlchemyUserDatabase
from fastapi_users_db_sqlalchemy.access_token import SQLAlchemyAccessTokenDatabase, SQLAlchemyBaseAccessTokenTableUUID
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.pool import StaticPool

ACCESS_SECONDS = int(os.environ.get("ACCESS_SECONDS", "300"))
SECRET = "k" * 50


class Base(DeclarativeBase):
    pass


class User(SQLAlchemyBaseUserTableUUID, Base):
    pass


class AccessToken(SQLAlchemyBaseAccessTokenTableUUID, Base):
    pass


engine = create_async_engine("sqlite+aiosqlite://", poolclass=StaticPool)
new_session = async_sessionmaker(engine, expire_on_commit=False)
# (One connection to a database in memory: one request at a time uses it.)
connection = asyncio.Lock()


async def database():
    async with connection, new_session() as session:
        yield session


async def user_database(session=Depends(database)):
    yield SQLAlchemyUserDatabase(session, User)


async def token_database(session=Depends(database)):
    yield SQLAlchemyAccessTokenDatabase(session, AccessToken)


class UserManager(UUIDIDMixin, BaseUserManager[User, uuid.UUID]):
    reset_password_token_secret = verification_token_secret = SECRET


async def user_manager(users=Depends(user_database)):
    yield UserManager(users)


def jwt_strategy():
    return JWTStrategy(secret=SECRET, lifetime_seconds=ACCESS_SECONDS)


def database_strategy(tokens: AccessTokenDatabase = Depends(token_database)):
    return DatabaseStrategy(tokens, lifetime_seconds=ACCESS_SECONDS)


bearer = AuthenticationBackend("jwt", BearerTransport(tokenUrl="auth/jwt/login"), jwt_strategy)
cookie = AuthenticationBackend(
    "cookie", CookieTransport(cookie_max_age=ACCESS_SECONDS, cookie_secure=False), database_strategy
)
fastapi_users = FastAPIUsers[User, uuid.UUID](user_manager, [bearer, cookie])
active_user = fastapi_users.current_user(active=True)


@asynccontextmanager
async def lifespan(_: FastAPI):
    async with engine.begin() as created:
        await created.run_sync(Base.metadata.create_all)
    async with new_session() as session:
        manager = UserManager(SQLAlchemyUserDatabase(session, User))
        await manager.create(schemas.BaseUserCreate(email="ada@example.com", password="analytical engine"))
    yield


app = FastAPI(lifespan=lifespan)
app.include_router(fastapi_users.get_auth_router(bearer), prefix="/auth/jwt")
app.include_router(fastapi_users.get_auth_router(cookie), prefix="/auth/cookie")
app.include_router(fastapi_users.get_users_router(schemas.BaseUser[uuid.UUID], schemas.BaseUserUpdate), prefix="/users")


@app.get("/api/me")
async def me(user: User = Depends(active_user)):
    return {"email": user.email}


@app.post("/api/echo")
async def echo(request: Request, _: User = Depends(active_user)):
    return await request.json()


if __name__ == "__main__":
    port = int(os.environ["PORT"])
    print(f"listening on http://127.0.0.1:{port}", flush=True)
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")
