"""django-oauth-toolkit, a public client with the password grant: https://django-oauth-toolkit.readthedocs.io"""

from django_site import ACCESS_SECONDS, api, configure, serve

configure(
    ["oauth2_provider"],
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": ["oauth2_provider.contrib.rest_framework.OAuth2Authentication"],
        "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    },
    OAUTH2_PROVIDER={
        "ACCESS_TOKEN_EXPIRE_SECONDS": ACCESS_SECONDS,
        "ROTATE_REFRESH_TOKEN": True,
        "REFRESH_TOKEN_GRACE_PERIOD_SECONDS": 0,
    },
)

from django.urls import path
from oauth2_provider import views
from oauth2_provider.models import Application


def prepare():
    grant = Application.GRANT_PASSWORD
    Application.objects.create(client_id="spa", client_type="public", authorization_grant_type=grant, name="app")


urlpatterns = [
    path("o/token/", views.TokenView.as_view()),
    path("o/revoke_token/", views.RevokeTokenView.as_view()),
    *api(),
]

if __name__ == "__main__":
    serve()
