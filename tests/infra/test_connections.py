"""Web processes behind PgBouncer in transaction mode: more clients than connections, and each is answered."""

import http.client
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qs, urlsplit

import psycopg2
import pytest

from tests.support.known import known
from tests.support.pictures import seven_form
from tests.support.postgres_server import as_server_account, find_binaries, running_postgres
from tests.support.running_site import BASE_DIR, ON_ITS_OWN, Digitre, free_port
from tests.support.waiting import PATIENCE_SECONDS, wait_until

pytestmark = [pytest.mark.processes, pytest.mark.postgres]
POOL = 2  # connections of PostgreSQL's, for a process of five
CLIENTS = 12


@contextmanager
def pgbouncer(folder: Path, server: str, port: int) -> Iterator[str]:
    """The project's own pool, over a PostgreSQL on a socket that asks for no password."""
    socket = parse_qs(urlsplit(server).query)["host"][0]
    text = (BASE_DIR / "docker" / "pgbouncer.ini").read_text()
    text = text.replace("host=postgres port=5432 dbname=digitre", f"host={socket} dbname=postgres user=digitre")
    text = text.replace("listen_addr = 0.0.0.0", "listen_addr = 127.0.0.1").replace("6432", str(port))
    text = text.replace("auth_type = scram-sha-256", "auth_type = any")
    text = re.sub(r"default_pool_size = \d+", f"default_pool_size = {POOL}", text)
    text += f"\nunix_socket_dir =\nlogfile = {folder}/pgbouncer.log\npidfile = {folder}/pgbouncer.pid\n"
    (folder / "pgbouncer.ini").write_text(text)
    if as_server_account():  # it refuses to run as root, as PostgreSQL does
        shutil.chown(folder, "postgres")
    binary = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin") or "pgbouncer"
    process = subprocess.Popen([*as_server_account(), binary, "-q", str(folder / "pgbouncer.ini")])
    url = f"postgresql://digitre@127.0.0.1:{port}/digitre"
    try:
        wait_until(lambda: is_open(url))
        yield url
    finally:
        process.terminate()
        process.wait(timeout=30)


def is_open(url: str) -> bool:
    try:
        psycopg2.connect(url).close()
    except psycopg2.OperationalError:
        return False
    return True


@pytest.fixture(scope="module")
def pooled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Digitre]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="digitre-pool-", dir="/tmp")))
        server = stack.enter_context(running_postgres(known(find_binaries())))
        site = Digitre(tmp_path_factory.mktemp("pooled") / "var", server)
        migrate = site.run([sys.executable, "manage.py", "migrate", "--noinput"], **ON_ITS_OWN)
        assert migrate.wait(timeout=PATIENCE_SECONDS) == 0, site.output
        site.environment["DATABASE_URL"] = stack.enter_context(pgbouncer(folder, server, free_port()))
        stack.callback(site.clean_up)
        yield site.serve_again(DIGITRE_TRANSACTION_POOL="on", DIGITRE_THROTTLES="off")


def test_more_clients_than_connections_are_all_answered(pooled: Digitre) -> None:
    def draw(_: int) -> list[int]:
        calls = [("POST", "/api/v1/drawings/", seven_form()), ("GET", "/api/v1/model/", None), ("GET", "/readyz", None)]
        return [pooled.call(*call)[0] for call in calls]

    with ThreadPoolExecutor(CLIENTS) as pool:
        statuses = [status for each in pool.map(draw, range(5 * CLIENTS)) for status in each]
    assert set(statuses) == {200, 201}
    assert pooled.query("SELECT count(*) FROM recognizer_drawing") == 5 * CLIENTS


def test_the_webs_limits_hold_on_connections_that_it_shares(pooled: Digitre) -> None:
    assert pooled.query("SHOW statement_timeout") == "2200ms"
    assert pooled.query("SHOW lock_timeout") == "1500ms"
    assert pooled.query("SHOW timezone") in ("UTC", "<+00>-00")


def test_an_export_needs_no_cursor_that_outlives_its_transaction(pooled: Digitre) -> None:
    assert pooled.call("POST", "/api/v1/drawings/", seven_form())[0] == 201
    connection = http.client.HTTPConnection("127.0.0.1", pooled.port, timeout=30)
    connection.request("GET", "/api/v1/drawings/export/", headers={"Cookie": pooled.cookie})
    response = connection.getresponse()
    assert response.status == 200
    assert response.read()
    connection.close()
