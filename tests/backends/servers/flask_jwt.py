"""Flask-JWT-Extended, as its documentation shows it: https://flask-jwt-extended.readthedocs.io

MODE=cookies: tokens in cookies, CSRF protection by double submit, logout by `unset_jwt_cookies`.
MODE=headers: the refresh token as Bearer, logout by DELETE, which puts the token on the app's blocklist.
"""

import os
from datetime import timedelta

from flask import Flask, jsonify, request
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    create_refresh_token,
    get_jwt,
    get_jwt_identity,
    jwt_required,
    set_access_cookies,
    set_refresh_cookies,
    unset_jwt_cookies,
)

COOKIES = os.environ.get("MODE") == "cookies"
app = Flask(__name__)
app.config["JWT_SECRET_KEY"] = "k" * 50
app.config["JWT_ACCESS_TOKEN_EXPIRES"] = timedelta(seconds=int(os.environ.get("ACCESS_SECONDS", "300")))
app.config["JWT_TOKEN_LOCATION"] = ["cookies" if COOKIES else "headers"]
app.config["JWT_COOKIE_SECURE"] = False
jwt = JWTManager(app)
blocklist = set()


@jwt.token_in_blocklist_loader
def is_revoked(header, payload):
    return payload["jti"] in blocklist


@app.post("/login")
def login():
    name, password = request.json.get("username"), request.json.get("password")
    if (name, password) != ("ada", "analytical engine"):
        return jsonify({"msg": "Bad username or password"}), 401
    access, refresh = create_access_token(identity=name), create_refresh_token(identity=name)
    if not COOKIES:
        return jsonify(access_token=access, refresh_token=refresh)
    response = jsonify({"msg": "login successful"})
    set_access_cookies(response, access)
    set_refresh_cookies(response, refresh)
    return response


@app.post("/refresh")
@jwt_required(refresh=True)
def refresh():
    access = create_access_token(identity=get_jwt_identity())
    if not COOKIES:
        return jsonify(access_token=access)
    response = jsonify({"msg": "refresh successful"})
    set_access_cookies(response, access)
    return response


@app.post("/logout")
def logout_with_cookies():
    response = jsonify({"msg": "logout successful"})
    unset_jwt_cookies(response)
    return response


@app.delete("/logout")
@jwt_required(verify_type=False)
def logout():
    blocklist.add(get_jwt()["jti"])
    return jsonify(msg=f"{get_jwt()['type'].capitalize()} token successfully revoked")


@app.get("/api/me")
@jwt_required()
def me():
    return jsonify(email=f"{get_jwt_identity()}@example.com")


@app.post("/api/echo")
@jwt_required()
def echo():
    return jsonify(request.json)


if __name__ == "__main__":
    from werkzeug.serving import make_server

    server = make_server("127.0.0.1", int(os.environ["PORT"]), app, threaded=True)
    print(f"listening on http://127.0.0.1:{server.port}", flush=True)
    server.serve_forever()
