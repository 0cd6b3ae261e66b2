"""Every request is counted by its route, and a scraper is answered by whatever name it calls this host."""

import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from digitre_site import health
from recognizer import monitoring

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


class RequestMetricsMiddleware:
    """Around all others: what they refuse is counted too."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info == "/metrics" and request.method == "GET" and health.is_scraper(request):
            return health.metrics_text()  # Prometheus asks each replica by its address, which ALLOWED_HOSTS cannot name
        start = time.perf_counter()
        response = self.get_response(request)
        route = route_of(request)
        method = request.method if request.method in METHODS else "other"  # anybody may invent one
        monitoring.of(monitoring.REQUESTS, route, method, response.status_code).inc()
        monitoring.of(monitoring.REQUEST_SECONDS, route).observe(time.perf_counter() - start)
        return response


def route_of(request: HttpRequest) -> str:
    """Return the pattern that an address fits, of which there are few; the admin's many are one, and so is what fits none."""
    if request.path_info.startswith("/admin/"):
        return "admin"
    if request.resolver_match is not None:
        return request.resolver_match.route or "/"
    return "static" if request.path_info.startswith(f"/{settings.STATIC_URL.strip('/')}/") else "none"
