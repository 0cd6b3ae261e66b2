"""Settings come from the environment, and nonsense in it stops the start with a sentence."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.running_site import BARE_ENVIRONMENT, BASE_DIR

pytestmark = [pytest.mark.slow, pytest.mark.sqlite]
LONG_SECRET = "a-test-secret-that-is-long-enough-and-has-0123456789-different-signs"


def manage(var_dir: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=BASE_DIR,
        env=BARE_ENVIRONMENT | {"DIGITRE_VAR_DIR": str(var_dir)} | settings,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEBUG", "maybe"),
        ("DATABASE_URL", "mysql://somewhere/else"),
        ("DATABASE_URL", "banana"),
        ("DATABASE_URL", "postgresql://digitre:se/cret@db/digitre"),
        ("DATABASE_URL", "postgresql://digitre:12/34@db/digitre"),
        ("REDIS_URL", "http://localhost"),
        ("SECRET_KEY", "x"),
        ("WEB_CONCURRENCY", "abc"),
        ("SCRIPT_NAME", "/digitre"),
        ("DIGITRE_HSTS", "everywhere"),
        ("DIGITRE_FRAME_ANCESTORS", "lms.example.org"),
        ("NUM_PROXIES", "-1"),
        ("NUM_PROXIES", "many"),
        ("DIGITRE_AUTO_APPROVE", "sometimes"),
        ("DIGITRE_THROTTLES", "fast"),
        ("DIGITRE_INSECURE_HTTP", "2"),
        ("DIGITRE_IDLE_SECONDS", "a while"),
        ("DIGITRE_DATA_DIR", "/no/such/folder"),
        ("DIGITRE_PRIVATE_WEBHOOKS", "some"),
        ("EMAIL_URL", "mail.example.org"),
        ("DIGITRE_LOG_FORMAT", "xml"),
        ("DIGITRE_CONNECTION_SECONDS", "-1"),
        ("DIGITRE_TRANSACTION_POOL", "transaction"),
        ("DATABASE_URL_FILE", "/no/such/file"),
        ("DIGITRE_RUN_CONFIG", "/no/such/file.json"),
        ("DIGITRE_RUN_CONFIG", '{"fine_tune": {"epoch": 3}}'),
    ],
)
def test_nonsense_stops_the_start_with_a_sentence(tmp_path: Path, name: str, value: str) -> None:
    outcome = manage(tmp_path, "check", **({"SECRET_KEY": LONG_SECRET} | {name: value}))
    assert outcome.returncode != 0
    last = outcome.stderr.strip().splitlines()[-1]
    assert name in last
    assert last.endswith((".", "makes one."))
    assert "cret@" not in outcome.stderr  # nor what a password was


@pytest.mark.parametrize(
    ("given", "hosts"),
    [
        ("", ["localhost", "127.0.0.1", "[::1]"]),
        (" , ", ["localhost", "127.0.0.1", "[::1]"]),
        ("a.example, b.example,", ["a.example", "b.example"]),
    ],
)
def test_host_names_may_have_spaces_around_them_and_none_means_the_default(
    tmp_path: Path, given: str, hosts: list[str]
) -> None:
    ask = "from django.conf import settings; print(settings.ALLOWED_HOSTS)"
    outcome = manage(tmp_path, "shell", "--no-imports", "--command", ask, SECRET_KEY=LONG_SECRET, ALLOWED_HOSTS=given)
    assert outcome.stdout.strip() == str(hosts), outcome.stderr


def test_secrets_may_be_files(tmp_path: Path) -> None:
    files = {
        "SECRET_KEY": LONG_SECRET,
        "DIGITRE_METRICS_TOKEN": "a token",
        "DATABASE_URL": "postgresql://me:word@there/name",
    }
    for name, secret in files.items():
        (tmp_path / name).write_text(f"{secret}\n")
    ask = (
        "from django.conf import settings as s; "
        "print([s.SECRET_KEY, s.DIGITRE_METRICS_TOKEN, s.DATABASES['default']['PASSWORD']])"
    )
    named = {f"{name}_FILE": str(tmp_path / name) for name in files}
    outcome = manage(tmp_path, "shell", "--no-imports", "--command", ask, **named)
    assert outcome.stdout.strip() == str([LONG_SECRET, "a token", "word"]), outcome.stderr


def test_a_secret_that_is_said_twice_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(LONG_SECRET)
    outcome = manage(tmp_path, "check", SECRET_KEY=LONG_SECRET, SECRET_KEY_FILE=str(tmp_path / "key"))
    assert outcome.stderr.strip().endswith("Set SECRET_KEY or SECRET_KEY_FILE, not both.")


def test_a_line_of_the_log_may_be_json_with_all_that_is_bound_to_it(tmp_path: Path) -> None:
    say = (
        "import logging, structlog; structlog.contextvars.bind_contextvars(request_id='4711'); "
        "logging.getLogger('digitre').warning('it \\'is\\' %s', 'so')"
    )
    outcome = manage(
        tmp_path, "shell", "--no-imports", "--command", say, SECRET_KEY=LONG_SECRET, DIGITRE_LOG_FORMAT="json"
    )
    line = json.loads(outcome.stderr.strip().splitlines()[-1])
    assert (line["event"], line["level"], line["request_id"]) == ("it 'is' so", "warning", "4711")


def test_worker_and_clock_start_where_no_static_files_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    outcome = manage(tmp_path, "check", SECRET_KEY=LONG_SECRET, DIGITRE_STATIC_ROOT=str(tmp_path / "file" / "static"))
    assert outcome.returncode == 0, outcome.stderr


def test_debug_off_without_a_secret_refuses_to_start(tmp_path: Path) -> None:
    outcome = manage(tmp_path, "check", DEBUG="off")
    assert outcome.returncode != 0
    assert "SECRET_KEY is not set" in outcome.stderr


def test_production_settings_pass_djangos_deployment_check(tmp_path: Path) -> None:
    outcome = manage(
        tmp_path,
        "check",
        "--deploy",
        "--fail-level",
        "WARNING",
        SECRET_KEY=LONG_SECRET,
        ALLOWED_HOSTS="digitre.example.org",
    )
    assert outcome.returncode == 0, outcome.stderr


def test_models_and_migrations_agree(tmp_path: Path) -> None:
    outcome = manage(tmp_path, "makemigrations", "--check", "--dry-run", SECRET_KEY=LONG_SECRET)
    assert outcome.returncode == 0, outcome.stdout
