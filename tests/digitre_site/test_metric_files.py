"""Processes count together in mapped files, and serve where there is no room for any."""

import os
import re
import shutil
import signal
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from prometheus_client.metrics import MetricWrapperBase

from digitre_site import metric_files
from recognizer import monitoring
from tests.support.pictures import seven_form
from tests.support.running_site import Digitre
from tests.support.waiting import wait_until

pytestmark = pytest.mark.sqlite
TOKEN = "only-for-tests"
SMALL_DISK = "-o size=1m"


def readings(site: Digitre) -> float:
    """How many drawings were read, by all processes of a site."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    request = urllib.request.Request(f"http://127.0.0.1:{site.port}/metrics", headers=headers)
    with urllib.request.urlopen(request, timeout=30) as response:
        counts = re.findall(rb"^digitre_readings_total\{.*\} (\S+)$", response.read(), flags=re.MULTILINE)
    return sum(map(float, counts))


def guess(site: Digitre, times: int) -> None:
    for _ in range(times):
        assert site.call("POST", "/api/v1/guesses/", seven_form())[0] == 200


def processes_of(site: Digitre) -> list[int]:
    """The processes that answer, without the one that watches them."""
    assert site.process
    return [pid for pid in site.processes("gunicorn") if pid != site.process.pid]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Digitre]:
    """A site whose database is not under var/: that disk may be full while the database is well."""
    (tmp_path / "var").mkdir()
    installation = Digitre(tmp_path / "var", f"sqlite:///{tmp_path / 'db.sqlite3'}")
    installation.environment["DIGITRE_METRICS_TOKEN"] = TOKEN
    yield installation
    installation.clean_up()


@pytest.fixture
def fill_disk(site: Digitre) -> Iterator[Callable[[], None]]:
    """Let nothing more be written under var/: for root a small disk of its own, else a limit for the site's processes."""
    mount = ["mount", "-t", "tmpfs", *SMALL_DISK.split(), "tmpfs", str(site.var_dir)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        yield lambda: limit_files(site)
        return
    try:
        yield lambda: fill(site.var_dir)
    finally:
        site.clean_up()
        subprocess.run(["umount", "--lazy", str(site.var_dir)], check=True)


def fill(folder: Path) -> None:
    with (folder / "filling").open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(512))


def limit_files(site: Digitre) -> None:
    """Processes that start from now on can write little to a file: as on a full disk, but by a limit of theirs."""
    (site.var_dir / "sitecustomize.py").write_text(
        "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))\n"
    )
    site.environment["PYTHONPATH"] = str(site.var_dir)


@pytest.mark.processes
def test_the_web_starts_and_answers_with_a_full_disk_under_var(site: Digitre, fill_disk: Callable[[], None]) -> None:
    site.serve()
    site.end(signal.SIGTERM)
    shutil.rmtree(site.var_dir / "metrics")  # the next server would, and have its room
    fill_disk()
    site.serve_again()
    before = processes_of(site)
    guess(site, 3)
    assert readings(site) == 3
    assert processes_of(site) == before
    assert "counts for itself" in site.output


@pytest.mark.processes
def test_the_web_goes_on_when_the_disk_fills_up(site: Digitre, fill_disk: Callable[[], None]) -> None:
    site.serve()
    before = processes_of(site)
    fill_disk()
    guess(site, 3)
    assert site.call("POST", "/api/v1/drawings/", seven_form())[0] == 201
    assert readings(site) == 4
    assert processes_of(site) == before
    assert "counts for itself" not in site.output


@pytest.mark.processes
def test_a_process_counts_on_where_the_one_before_it_ended(site: Digitre) -> None:
    site.serve()
    guess(site, 2)
    (fallen,) = processes_of(site)
    os.kill(fallen, signal.SIGKILL)
    wait_until(lambda: fallen not in processes_of(site) and site.is_up())
    guess(site, 1)
    assert readings(site) == 3
    (folder,) = folders(site)
    assert len([*folder.glob("*.db")]) == len(metric_files.KINDS)


@pytest.mark.processes
def test_servers_that_share_a_folder_count_apart_and_clear_up_after_each_other(site: Digitre) -> None:
    site.serve()
    guess(site, 2)
    other = Digitre(site.var_dir, site.environment["DATABASE_URL"])
    other.environment["DIGITRE_METRICS_TOKEN"] = TOKEN
    other.serve_again()
    guess(other, 1)
    assert (readings(site), readings(other)) == (2, 1)

    other.end(signal.SIGKILL)
    wait_until(lambda: len(site.processes("gunicorn")) == 2)  # its processes notice, and go
    assert len(folders(site)) == 2
    other.serve_again()
    assert (readings(site), readings(other)) == (2, 0)
    assert len(folders(site)) == 2


def folders(site: Digitre) -> list[Path]:
    return [path for path in (site.var_dir / "metrics").iterdir() if path.is_dir()]


def test_room_is_taken_for_every_kind_of_metric() -> None:
    metrics = [thing for thing in vars(monitoring).values() if isinstance(thing, MetricWrapperBase)]
    assert len(metrics) > 3
    assert {metric._type for metric in metrics} <= set(metric_files.KINDS)


def test_a_file_that_is_half_full_of_old_versions_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "counter_0.db"
    metric_files._take_room(path)
    path.write_bytes((1000).to_bytes(4, "little") + bytes(metric_files.FILE_BYTES - 4))
    metric_files._take_room(path)
    assert metric_files._used(path) == 1000
    path.write_bytes((metric_files.FILE_BYTES // 2).to_bytes(4, "little") + bytes(metric_files.FILE_BYTES - 4))
    metric_files._take_room(path)
    assert metric_files._used(path) == 0
    assert path.stat().st_blocks * 512 >= metric_files.FILE_BYTES
