"""A Django project that serves django-scim2 as its documentation sets it up, on SQLite in a folder that it is given. The
token comes in SCIM_TOKEN; the base URL goes to standard output.

    SCIM_TOKEN=... python project.py FOLDER
"""

import pathlib
import sys

import django
from django.conf import settings
from django.core.management import call_command
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        """Says nothing about every request."""


def main(folder: pathlib.Path) -> None:
    server = ThreadedWSGIServer(("127.0.0.1", 0), Quiet)
    port = server.server_address[1]
    settings.configure(
        ALLOWED_HOSTS=["127.0.0.1"],
        APPEND_SLASH=False,
        AUTH_USER_MODEL="people.User",
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": folder / "people.sqlite3",
                "OPTIONS": {"timeout": 20, "transaction_mode": "IMMEDIATE"},
            }
        },
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django_scim", "people"],
        LOGGING_CONFIG=None,
        MIDDLEWARE=["people.web.bearer", "django_scim.middleware.SCIMAuthCheckMiddleware"],
        ROOT_URLCONF="people.web",
        SCIM_SERVICE_PROVIDER={
            "NETLOC": f"127.0.0.1:{port}",
            "SCHEME": "http",
            "GROUP_MODEL": "people.models.Group",
            "AUTHENTICATION_SCHEMES": [
                {"type": "oauthbearertoken", "name": "Bearer", "description": "A bearer token"}
            ],
            "WWW_AUTHENTICATE_HEADER": "Bearer",
        },
        SECRET_KEY="only for a server that lives as long as a test",
        USE_TZ=True,
    )
    django.setup()
    call_command("migrate", run_syncdb=True, verbosity=0)
    server.set_app(get_wsgi_application())
    print(f"http://127.0.0.1:{port}/scim/v2", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
