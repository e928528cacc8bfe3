"""The routes, and the bearer token that opens them."""

import hmac
import os
import types

from django.urls import include, path

urlpatterns = [path("scim/v2/", include("django_scim.urls"))]


def bearer(get_response):
    """Django's middleware for whoever comes with the token; the library refuses everybody else."""
    expected = f"Bearer {os.environ['SCIM_TOKEN']}"

    def handle(request):
        given = request.headers.get("Authorization", "")
        request.user = types.SimpleNamespace(is_authenticated=hmac.compare_digest(given, expected))
        return get_response(request)

    return handle
