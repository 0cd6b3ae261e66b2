"""CPU milliseconds that one call costs the web process, by kind: from the request's bytes to the answer's, database included.

    DEBUG=on python -m bench.hot_path                                           # SQLite, in a folder that is thrown away
    python tests/support/postgres_server.py python -m bench.hot_path [calls]    # PostgreSQL

Calls the WSGI application in this process, warm, as its server would, and reads the processor's clock (not the wall's): what
others do on the machine hardly shows, and the database server's own work is not counted.
"""

import io
import json
import logging
import os
import sys
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

CALLS = 300
ROUNDS = 3  # the fastest counts: what disturbs a round only ever adds
WARM_UP = 20
SEVEN = [
    [[70.0 + step * 6.5, 60.0 + step * 0.1, step * 16] for step in range(20)]
    + [[200.0 - step * 3.4, 62.0 + step * 6.5, 400 + step * 16] for step in range(25)],
    [[100.0 + step * 5, 150.0 - step * 0.1, 1000 + step * 16] for step in range(15)],
]  # 60 points, about what a hand leaves
BATCH = 64

Application = Callable[[dict[str, Any], Callable[..., Any]], Any]


class Caller:
    """A visitor of the application, who keeps the cookies."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._cookies: dict[str, str] = {}

    def post(self, path: str, body: bytes) -> tuple[int, bytes]:
        """Post JSON. Returns status and body."""
        environ = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": path,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "192.0.2.7",
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_HOST": "localhost",
            "HTTP_ACCEPT": "application/json",
            "HTTP_SEC_FETCH_SITE": "same-origin",
            "HTTP_IDEMPOTENCY_KEY": os.urandom(16).hex(),
            "HTTP_COOKIE": "; ".join(f"{name}={value}" for name, value in self._cookies.items()),
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.url_scheme": "http",
        }
        started: list[Any] = []
        answer = self._application(environ, lambda status, headers, _=None: started.extend((status, headers)))
        content = b"".join(answer)
        answer.close()
        for name, value in started[1]:
            if name.lower() == "set-cookie":
                cookie, _, rest = value.partition("=")
                self._cookies[cookie] = rest.partition(";")[0]
        return int(started[0].split()[0]), content


def bodies() -> dict[str, dict[str, Any]]:
    """One drawing in each of the forms that it may be sent in."""
    from recognizer.imaging.decoding import data_url, encode_png
    from recognizer.imaging.strokes import ink_strokes

    picture = {"image": data_url(encode_png(ink_strokes(SEVEN)))}
    path = {"strokes": SEVEN, "canvas": {"width": 280, "height": 280}}
    return {"path": path, "picture": picture, "picture and path": picture | path}


def measure(caller: Caller, path: str, body: object, calls: int) -> float | None:
    """Return CPU milliseconds a call, or None where the application does not take such a call."""
    raw = json.dumps(body, separators=(",", ":")).encode()
    if caller.post(path, raw)[0] >= 400:
        return None
    for _ in range(WARM_UP):
        caller.post(path, raw)
    rounds = []
    for _ in range(ROUNDS):
        start = time.process_time()
        for _ in range(calls // ROUNDS):
            status, _ = caller.post(path, raw)
        rounds.append((time.process_time() - start) / (calls // ROUNDS) * 1000)
        assert status < 300, f"{path} answered {status}"
    return min(rounds)


def show(name: str, cost: float | None, drawings: int = 1) -> None:
    print(f"{name:<34} {'not taken' if cost is None else f'{cost / drawings:6.2f} ms'}", flush=True)


def ready() -> Caller:
    """Set this process up as a web process, with a database and without limits. Returns a visitor of it."""
    import django

    django.setup()
    logging.disable(logging.WARNING)  # of calls that are not taken
    from django.core.management import call_command
    from django.core.wsgi import get_wsgi_application

    from recognizer.api import throttles

    call_command("migrate", verbosity=0)
    for throttle in (*throttles.DRAWING_THROTTLES, throttles.GuessesByAddress, throttles.BatchesByAddress):
        throttle.limit = sys.maxsize  # counted as ever, and never reached
    from digitre_site import database_limits

    database_limits.limit(database_limits.WEB)
    return Caller(get_wsgi_application())


def main(calls: int = CALLS) -> None:
    from django.conf import settings

    caller = ready()
    print(f"\n{settings.DATABASES['default']['ENGINE'].rpartition('.')[2]}, CPU a call")
    for form, body in bodies().items():
        show(f"guess by {form}", measure(caller, "/api/v1/guesses/", body, calls))
    for form, body in bodies().items():
        show(f"stored drawing by {form}", measure(caller, "/api/v1/drawings/", body, calls))
    for form in ("path", "picture"):
        batch = {"drawings": [bodies()[form]] * BATCH}
        cost = measure(caller, "/api/v1/guesses/batch/", batch, max(ROUNDS, calls // 10))
        show(f"one of {BATCH} in a batch by {form}", cost, BATCH)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else CALLS)
