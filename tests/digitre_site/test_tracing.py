"""Traces go where they are asked for, and nowhere else; none names a visitor."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

pytestmark = [pytest.mark.sqlite, pytest.mark.processes]
ROOT = Path(__file__).resolve().parents[2]
TRACED = """
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
from digitre_site import tracing
assert tracing.set_up("digitre-web")
import django
django.setup()
from django.test import Client
for path in ("/about/", "/healthz"):
    who = {"REMOTE_ADDR": "203.0.113.9", "HTTP_USER_AGENT": "a browser of mine"}
    assert Client().get(path, HTTP_HOST="localhost", **who).status_code == 200
from opentelemetry import trace
trace.get_tracer_provider().shutdown()
"""
UNTRACED = """
import sys
from digitre_site import tracing
assert not tracing.set_up("digitre-web")
assert not [name for name in sys.modules if name.startswith("opentelemetry")]
"""
MISSING = """
import sys
sys.modules["opentelemetry.sdk.trace"] = None
from digitre_site import tracing
tracing.set_up("digitre-web")
"""


class Received(BaseHTTPRequestHandler):
    bodies: list[bytes] = []

    def do_POST(self) -> None:
        self.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def collector() -> Iterator[str]:
    Received.bodies.clear()
    server = HTTPServer(("127.0.0.1", 0), Received)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def run(program: str, endpoint: str = "") -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_EXPORTER_OTLP_COMPRESSION": "none"}
    return subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True)


def test_a_request_is_traced_without_its_visitor_and_a_probe_not_at_all(collector: str) -> None:
    outcome = run(TRACED, collector)
    assert outcome.returncode == 0, outcome.stderr
    sent = b"".join(Received.bodies)
    assert b"about/" in sent
    assert b"digitre-web" in sent
    assert b"203.0.113.9" not in sent
    assert b"a browser of mine" not in sent
    assert b"healthz" not in sent


def test_nothing_is_loaded_where_nobody_asks() -> None:
    outcome = run(UNTRACED)
    assert outcome.returncode == 0, outcome.stderr


def test_missing_packages_stop_the_start_with_a_sentence() -> None:
    outcome = run(MISSING, "http://127.0.0.1:1")
    assert outcome.returncode != 0
    assert "pip install -r requirements-tracing.txt" in outcome.stderr
