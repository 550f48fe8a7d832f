"""What the Django back ends share: a site on a temporary database with one user, and an API of two views."""

import atexit
import os
import shutil
import signal
import sys
import tempfile

import django
from django.conf import settings

ACCESS_SECONDS = int(os.environ.get("ACCESS_SECONDS", "300"))
PASSWORD = "analytical engine"


def configure(apps, **more):
    """Sets Django up. The modules of the products can be imported after this."""
    folder = tempfile.mkdtemp(prefix="tokenward-django-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    settings.configure(
        **{
            "SECRET_KEY": "k" * 50,
            "ALLOWED_HOSTS": ["127.0.0.1"],
            "ROOT_URLCONF": "__main__",
            "USE_TZ": True,
            "DATABASES": {
                "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": f"{folder}/db", "OPTIONS": {"timeout": 30}}
            },
            "DEFAULT_AUTO_FIELD": "django.db.models.AutoField",
            "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],
            "INSTALLED_APPS": ["django.contrib.auth", "django.contrib.contenttypes", "rest_framework", *apps],
            **more,
        }
    )
    django.setup()


def api():
    """The addresses of the API, which needs a token."""
    from django.urls import path
    from rest_framework.decorators import api_view
    from rest_framework.response import Response

    @api_view(["GET"])
    def me(request):
        return Response({"email": request.user.email})

    @api_view(["POST"])
    def echo(request):
        return Response(request.data)

    return [path("api/me", me), path("api/echo", echo)]


def serve():
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.core.servers.basehttp import run
    from django.core.wsgi import get_wsgi_application

    call_command("migrate", verbosity=0)
    User.objects.create_user("ada", "ada@example.com", PASSWORD, first_name="Ada")
    prepare = getattr(sys.modules["__main__"], "prepare", None)
    if prepare:
        prepare()
    port = int(os.environ["PORT"])
    ready = lambda port: print(f"listening on http://127.0.0.1:{port}", flush=True)
    run("127.0.0.1", port, get_wsgi_application(), threading=True, on_bind=ready)
