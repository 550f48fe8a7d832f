"""dj-rest-auth with JWTs in cookies and CSRF protection: https://dj-rest-auth.readthedocs.io/en/latest/configuration.html"""

from datetime import timedelta

from django_site import ACCESS_SECONDS, api, configure, serve

configure(
    ["rest_framework.authtoken", "rest_framework_simplejwt.token_blacklist", "dj_rest_auth"],
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": ["dj_rest_auth.jwt_auth.JWTCookieAuthentication"],
        "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    },
    REST_AUTH={
        "USE_JWT": True,
        "SESSION_LOGIN": False,
        "JWT_AUTH_COOKIE": "access",
        "JWT_AUTH_REFRESH_COOKIE": "refresh",
        "JWT_AUTH_HTTPONLY": True,
        "JWT_AUTH_SAMESITE": "Lax",
        "JWT_AUTH_COOKIE_USE_CSRF": True,
        "JWT_AUTH_RETURN_EXPIRATION": True,
    },
    SIMPLE_JWT={
        "ACCESS_TOKEN_LIFETIME": timedelta(seconds=ACCESS_SECONDS),
        "ROTATE_REFRESH_TOKENS": True,
        "BLACKLIST_AFTER_ROTATION": True,
    },
)

from dj_rest_auth.jwt_auth import get_refresh_view
from dj_rest_auth.views import LoginView, LogoutView, UserDetailsView
from django.http import HttpResponse
from django.urls import path
from django.views.decorators.csrf import ensure_csrf_cookie

# A page that the browser loads before the login, as the page of an app does, sets the CSRF cookie.
page = ensure_csrf_cookie(lambda request: HttpResponse("<!doctype html>"))

urlpatterns = [
    path("", page),
    path("api/auth/login/", LoginView.as_view()),
    path("api/auth/logout/", LogoutView.as_view()),
    path("api/auth/user/", UserDetailsView.as_view()),
    path("api/auth/token/refresh/", get_refresh_view().as_view()),
    *api(),
]

if __name__ == "__main__":
    serve()
