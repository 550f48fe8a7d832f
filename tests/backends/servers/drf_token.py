"""The tokens of Django REST framework: https://www.django-rest-framework.org/api-guide/authentication/#tokenauthentication"""

from django_site import api, configure, serve

configure(
    ["rest_framework.authtoken"],
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.TokenAuthentication"],
        "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    },
)

from django.urls import path
from rest_framework.authtoken.views import obtain_auth_token

urlpatterns = [path("api-token-auth/", obtain_auth_token), *api()]

if __name__ == "__main__":
    serve()
