"""What a load balancer, an operator and a Prometheus server ask."""

import hmac
import os

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from digitre_site import database_limits
from digitre_site.state_metrics import StateCollector
from recognizer import serving
from recognizer.errors import NoChampion
from training.models import WorkerHeartbeat

READY_SECONDS = 2.0  # of waiting for the database: probes give up after a few


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Liveness: this process answers. It asks nobody, so that a database restart does not restart the web."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Readiness: 200 when drawings can be read and stored, 503 when not; "degraded" when someone should look.

    A dead worker or a broken champion degrades: visitors go on drawing, and an earlier model answers.
    """
    try:
        with database_limits.budget(READY_SECONDS):
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
            served = serving.current_classifier()
            worker = WorkerHeartbeat.objects.state()
    except DatabaseError:
        return JsonResponse({"status": "unavailable", "database": "not answering"}, status=503)
    except NoChampion as error:
        return JsonResponse({"status": "unavailable", "database": "ok", "model": str(error)}, status=503)
    is_whole = worker == "alive" and not served.degraded
    return JsonResponse(
        {
            "status": "ok" if is_whole else "degraded",
            "database": "ok",
            "model": served.degraded or "ok",
            "model_version": served.version,
            "worker": worker,
        }
    )


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus text, for staff or for whoever knows DIGITRE_METRICS_TOKEN; to anybody else it is not there."""
    if not is_scraper(request) and not request.user.is_staff:
        return JsonResponse({"code": "not_found", "detail": "There is nothing at this address."}, status=404)
    return metrics_text()


def is_scraper(request: HttpRequest) -> bool:
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    known = settings.DIGITRE_METRICS_TOKEN
    return bool(known) and hmac.compare_digest(token.encode(), known.encode())


def metrics_text() -> HttpResponse:
    """Return what this gunicorn's processes have counted together, and how things stand in the database."""
    counted = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        counted = CollectorRegistry()
        MultiProcessCollector(counted)  # type: ignore[no-untyped-call]
    stands = CollectorRegistry()
    stands.register(StateCollector())
    text = generate_latest(counted) + generate_latest(stands)
    return HttpResponse(text, content_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"})
