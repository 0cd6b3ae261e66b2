"""Three replicas behind nginx over one PostgreSQL and one Redis, as docs/operations.md lays them out; the files are the same."""

import http.client
import json
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

import pytest
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER

from recognizer.api.throttles import ExportsByAddress
from tests.support.known import known
from tests.support.pictures import seven_form
from tests.support.postgres_server import find_binaries, running_postgres
from tests.support.proxied_site import NGINX, UNPROVEN, Answer, Nginx, ProxiedSite, Visitor, proxied_site
from tests.support.running_site import BASE_DIR, ON_ITS_OWN, Digitre, free_port
from tests.support.waiting import PATIENCE_SECONDS, let_time_pass, wait_until

pytestmark = [pytest.mark.processes, pytest.mark.postgres]
PEOPLE = 6
PROMOTE = """
import time
from recognizer import registry
from recognizer.baseline import shipped_baseline
from recognizer.imaging.preprocessing import PREPROCESSING_VERSION
shipped = shipped_baseline()
version = registry.register(shipped.keras, shipped.model.tflite, preprocessing_version=PREPROCESSING_VERSION,
                            calibration=shipped.model.calibration.to_dict(), metrics={}, parent=None, origin="a test")
registry.promote(version, by=None, reason="a test")
print("promoted", version.number, time.time())
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProxiedSite]:
    with (
        running_postgres(known(find_binaries())) as url,
        proxied_site(tmp_path_factory.mktemp("replicas"), url) as running,
    ):
        yield running


def test_nginx_closes_idle_connections_before_gunicorn_does() -> None:
    """Else a POST is sent into a connection that is just being closed: 4 of 120 came back as 502."""
    gunicorn = int(
        re.findall(r"^keepalive = (\d+)", (BASE_DIR / "gunicorn.conf.py").read_text(), flags=re.MULTILINE)[0]
    )
    for name in ("upstream.conf", "upstream-compose.conf"):
        (milliseconds,) = re.findall(r"keepalive_timeout (\d+)ms;", (NGINX / name).read_text())
        assert int(milliseconds) / 1000 < STOP_KEEPALIVE_LINGER < gunicorn


@pytest.mark.parametrize("name", ["upstream.conf", "upstream-compose.conf"])
def test_nginx_accepts_the_files(tmp_path: Path, name: str) -> None:
    nginx = Nginx(tmp_path / "nginx", [], name)
    kept = nginx.folder / "conf.d/upstream.conf"
    # Debian's nginx asks a name server once, the image's again and again
    text = re.sub(r"^ *resolver .*\n", "", kept.read_text(), flags=re.MULTILINE)
    kept.write_text(text.replace("web:8000 resolve", "127.0.0.1:8000"))
    outcome = subprocess.run(nginx.command("-t"), capture_output=True, text=True)
    assert outcome.returncode == 0, outcome.stderr
    assert "[warn]" not in outcome.stderr


def test_a_contributor_roams_over_all_replicas(site: ProxiedSite) -> None:
    visitor = site.visitor()
    drawn = [visitor.draw()[1]["id"] for _ in range(6)]
    assert visitor.label(drawn[0], 7)[0] == 200
    listed = visitor.call("GET", f"/api/v1/drawings/{drawn[-1]}/")
    assert listed[0] == 200
    assert site.query(f"SELECT count(DISTINCT contributor_id) FROM recognizer_drawing WHERE id IN {tuple(drawn)}") == 1
    assert {f"127.0.0.1:{replica.port}" for replica in site.replicas} <= site.nginx.served_by()


def test_the_webs_own_sentence_about_a_long_body_is_seen(site: ProxiedSite) -> None:
    status, answer = site.visitor().call("POST", "/api/v1/guesses/", {"image": "a" * 300_000})
    assert (status, answer["code"]) == (413, "too_large")
    assert "256 KB" in answer["detail"]


def test_a_body_beyond_the_proxys_limit_is_refused_in_json_too(site: ProxiedSite) -> None:
    status, answer = site.visitor().call("POST", "/api/v1/guesses/", {"image": "a" * 5_000_000})
    assert (status, answer["code"]) == (413, "too_large")


@pytest.mark.parametrize(("path", "size"), [("/api/v1/nothing/", 250_000), ("/api/v1/guesses/batch/", 3_000_000)])
def test_bodies_that_nobody_reads_have_no_replica_taken_for_broken(site: ProxiedSite, path: str, size: int) -> None:
    """One address with such bodies took all three out: 503 for everybody, as long as it went on."""
    log = site.nginx.folder / "log/error.log"
    before = log.stat().st_size
    visitors = [Visitor(site.nginx.port, retries=False) for _ in range(8)]

    def send(visitor: Visitor) -> set[int]:
        return {visitor.call("POST", path, {"image": "a" * size})[0] for _ in range(20)}

    with ThreadPoolExecutor(len(visitors)) as pool:
        assert set().union(*pool.map(send, visitors)) <= {404, 413, 429}
    assert site.visitor().call("POST", "/api/v1/guesses/", seven_form())[0] == 200
    assert log.read_text()[before:] == ""


@pytest.mark.parametrize(("asks", "kind"), [("0", "application/json"), ("1", "text/html; charset=utf-8")])
def test_who_finds_nobody_is_told_to_come_back(tmp_path: Path, asks: str, kind: str) -> None:
    nginx = Nginx(tmp_path / "nginx", [free_port()])
    with nginx.running():
        connection = http.client.HTTPSConnection("127.0.0.1", nginx.port, timeout=30, context=UNPROVEN)
        connection.request("GET", "/api/v1/model/", headers={"Upgrade-Insecure-Requests": asks} if asks == "1" else {})
        response = connection.getresponse()
        said = response.read().decode()
        connection.close()
    assert (response.status, response.headers["Content-Type"]) == (503, kind)
    assert (response.headers["Retry-After"], response.headers["Cache-Control"]) == ("5", "no-store")
    assert "in a moment" in said


def test_static_files_come_from_nginx_and_others_from_the_web(site: ProxiedSite) -> None:
    (site.nginx.folder / "site/static/of-nginx.0123456789ab.json").write_text("{}")
    assert site.visitor().call("GET", "/static/of-nginx.0123456789ab.json") == (200, {})
    assert site.visitor().call("GET", "/metrics")[0] == 404
    assert site.replicas[0].call("GET", "/healthz")[0] == 200


def test_the_webs_log_names_the_request_as_nginx_does(site: ProxiedSite) -> None:
    assert site.visitor().call("GET", "/api/v1/drawings/00000000-0000-0000-0000-000000000000/")[0] == 404
    log = site.nginx.folder / "log/access.log"
    wait_until(lambda: "path=/api/v1/drawings/00000000" in log.read_text())
    (line,) = (line for line in log.read_text().splitlines() if "path=/api/v1/drawings/00000000" in line)
    request_id = line.rpartition("request_id=")[2]
    wait_until(lambda: any(request_id in replica.output for replica in site.replicas))
    assert "127.0.0.1" not in line.replace("upstream=127.0.0.1", "")  # the visitor's


def test_a_throttle_counts_over_all_replicas(site: ProxiedSite) -> None:
    """Of exports: their window is ten minutes of the clock, in which all these calls lie on the slowest machine."""
    seconds = ExportsByAddress.window_seconds
    if (left := seconds - time.time() % seconds) < 60:
        let_time_pass(left)
    devices = [site.visitor() for _ in range(8)]
    each = ExportsByAddress.limit // len(devices) + 3
    with ThreadPoolExecutor(len(devices)) as pool:
        statuses = [status for of in pool.map(lambda device: export_often(device, each), devices) for status in of]
    assert set(statuses) == {200, 429}
    assert statuses.count(200) == ExportsByAddress.limit


def export_often(visitor: Visitor, times: int) -> list[int]:
    return [visitor.call("GET", "/api/v1/drawings/export/")[0] for _ in range(times)]


def test_a_promotion_reaches_every_replica_in_five_seconds(site: ProxiedSite) -> None:
    for replica in site.replicas:
        assert version_of(replica) == 1
    outcome = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v", "0", "-c", PROMOTE],
        cwd=BASE_DIR,
        env=site.replicas[0].environment | ON_ITS_OWN | site.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    _, number, moment = outcome.stdout.split()
    waiting = list(site.replicas)
    while waiting:
        waiting = [replica for replica in waiting if version_of(replica) != int(number)]
        assert time.time() - float(moment) < 5 or not waiting


def version_of(replica: Digitre) -> int:
    """The version that answers there."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{replica.port}/api/v1/guesses/",
        json.dumps(seven_form()).encode(),
        {"X-Forwarded-Proto": "https", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        return int(json.loads(response.read())["model_version"])


@pytest.mark.parametrize("trouble", ["drained", "killed"])
def test_a_replica_that_goes_under_load_loses_nothing(site: ProxiedSite, trouble: str) -> None:
    victim = site.replicas[1 if trouble == "drained" else 2]
    with Crowd(site) as crowd:
        crowd.go_on()
        if trouble == "drained":
            assert victim.end(signal.SIGTERM) == 0
        else:
            site.kill(victim)
            known(victim.process).wait(timeout=PATIENCE_SECONDS)
        crowd.go_on()
        site.start_again(victim)
        crowd.go_on()

    assert crowd.refused == []
    if trouble == "drained":
        assert crowd.first_tries_lost == []
    names = "', '".join(crowd.stored)
    rows = f"recognizer_drawing WHERE id IN ('{names}')"
    assert site.query(f"SELECT count(*) FROM {rows}") == len(crowd.stored)
    of_theirs = f"contributor_id IN (SELECT contributor_id FROM {rows})"
    assert site.query(f"SELECT count(*) FROM recognizer_drawing WHERE {of_theirs}") == len(crowd.stored)  # none twice
    assert site.query(f"SELECT count(*) FROM {rows} AND confirmed_label = 7") == len(crowd.stored)


class Crowd:
    """People who draw and label, one drawing after another, until the `with` block ends."""

    def __init__(self, site: ProxiedSite) -> None:
        self.people = [site.visitor() for _ in range(PEOPLE)]
        self.stored: list[str] = []
        self.refused: list[Answer] = []
        self._stop = threading.Event()

    def __enter__(self) -> Self:
        self._threads = [threading.Thread(target=self._draw, args=(person,)) for person in self.people]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    @property
    def first_tries_lost(self) -> list[str]:
        return [trouble for person in self.people for trouble in person.troubles]

    def go_on(self) -> None:
        """Wait until everybody has drawn some more, or been refused."""
        seen = len(self.stored)
        wait_until(lambda: len(self.stored) > seen + 5 * PEOPLE or self.refused)

    def _draw(self, person: Visitor) -> None:
        while not self._stop.is_set():
            drawn = person.draw()
            if drawn[0] == 429:  # more than a person may in a minute
                let_time_pass(1)
                continue
            labelled = person.label(drawn[1]["id"], 7) if drawn[0] == 201 else drawn
            if labelled[0] == 200:
                self.stored.append(drawn[1]["id"])
            else:
                self.refused.append(labelled)
