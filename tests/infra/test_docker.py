"""The images' recipes, without an engine: they parse, they are clean, and what they copy is there."""

import importlib.metadata
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from packaging.utils import canonicalize_name

from tests.support.import_graph import APPS, ImportGraph

BASE_DIR = Path(__file__).resolve().parents[2]
DOCKERFILE = BASE_DIR / "docker" / "Dockerfile"
pytestmark = [pytest.mark.docker, pytest.mark.sqlite]
# What the images and the compose file decide themselves: places, ports and the servers they bring along
FIXED = {
    "DATABASE_URL",
    "REDIS_URL",
    "DEBUG",
    "DIGITRE_DATA_DIR",
    "DIGITRE_VAR_DIR",
    "DIGITRE_STATIC_ROOT",
    "DIGITRE_TRANSACTION_POOL",
    "HOST",
    "PORT",
}
SECRETS = {"SECRET_KEY", "DIGITRE_METRICS_TOKEN"}  # files, made by docker/prepare.sh
ENVIRONMENT = {"PATH": "/usr/bin:/bin:/usr/local/bin", "ALLOWED_HOSTS": "digitre.example.org"}
OPTIONAL = {"opentelemetry"}  # whoever traces builds upon the images, with requirements-tracing.txt
OUR_OWN = ("web", "worker", "beat", "migrate", "backup")


def stages() -> dict[str, str]:
    """Each build stage's text, by its name."""
    parts = re.split(r"^FROM \S+ AS (\S+)$", DOCKERFILE.read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def compose(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    if shutil.which("docker-compose") is None:
        pytest.skip("docker-compose is not installed here (Debian: apt install docker-compose)")
    command = ["docker-compose", "-f", "docker/compose.yaml", "config"]
    return subprocess.run(command, cwd=BASE_DIR, env=environment, capture_output=True, text=True)


def test_hadolint_finds_nothing() -> None:
    hadolint = shutil.which("hadolint", path=str(BASE_DIR / ".venv" / "bin")) or shutil.which("hadolint")
    if hadolint is None:
        pytest.skip("hadolint is not installed here (it comes with requirements.txt)")
    outcome = subprocess.run([hadolint, str(DOCKERFILE)], capture_output=True, text=True)
    assert outcome.returncode == 0, outcome.stdout


def test_compose_file_is_valid_and_starts_after_the_migration() -> None:
    outcome = compose(ENVIRONMENT)
    assert outcome.returncode == 0, outcome.stderr

    services = yaml.safe_load(outcome.stdout)["services"]
    assert set(services) == {*OUR_OWN, "proxy", "postgres", "pgbouncer", "redis"}
    for name in ("web", "worker", "beat", "backup"):
        assert services[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    for name in services.keys() - {"postgres"}:
        assert services[name]["read_only"] is True
        assert services[name]["cap_drop"] == ["ALL"]


def test_only_the_worker_reaches_out_for_it_sends_mail_and_webhooks() -> None:
    setup = yaml.safe_load(compose(ENVIRONMENT).stdout)
    assert setup["networks"]["inside"]["internal"] is True
    assert {name for name, service in setup["services"].items() if "outside" in service["networks"]} == {
        "proxy",
        "worker",
    }


@pytest.mark.parametrize("limit", ["mem_limit", "cpus", "pids_limit"])
def test_every_container_has_its_limits(limit: str) -> None:
    services = yaml.safe_load((BASE_DIR / "docker" / "compose.yaml").read_text())["services"]
    assert [name for name, service in services.items() if limit not in service] == []


def test_secrets_are_files_that_the_script_makes_and_no_environment_holds_one(tmp_path: Path) -> None:
    folder = tmp_path / "docker"
    folder.mkdir()
    for name in ("prepare.sh", "example.env"):
        shutil.copy(BASE_DIR / "docker" / name, folder)
    (tmp_path / "sets").mkdir()
    (tmp_path / "sets" / "mnist.npz").touch()
    (tmp_path / "sets" / "pen_digits.jsonl.gz").touch()
    for _ in range(2):  # the second time nothing is made anew
        subprocess.run(["sh", "prepare.sh", str(tmp_path / "sets")], cwd=folder, check=True, capture_output=True)
        made = {path.name: path.read_text() for path in (folder / "secrets").iterdir()}
    services = yaml.safe_load(compose(ENVIRONMENT).stdout)
    wanted = {Path(secret["file"]).name for secret in services["secrets"].values()}
    assert wanted == set(made)
    assert all(len(text) > 20 for text in made.values())
    assert made["postgres_password"] in made["database_url"]
    assert (folder / "secrets").stat().st_mode & 0o077 == 0
    assert {path.name for path in (folder / "data").iterdir()} == {"mnist.npz", "pen_digits.jsonl.gz"}
    for service in services["services"].values():
        environment = service.get("environment", {})
        assert not [name for name in environment if "PASSWORD" in name or "KEY" in name if not name.endswith("_FILE")]


def run_backup(folder: Path, command: str) -> int:
    """Run the script with a `python` that does something small in place of the whole site."""
    programs = folder.parent / "programs"
    programs.mkdir()
    (programs / "python").write_text(f"#!/bin/sh\n{command}\n")
    (programs / "python").chmod(0o755)
    script = ["sh", str(BASE_DIR / "docker" / "backup.sh"), str(folder)]
    return subprocess.run(script, env={"PATH": f"{programs}:/usr/bin:/bin"}, capture_output=True).returncode


@pytest.fixture
def old_backups(tmp_path: Path) -> Path:
    folder = tmp_path / "backups"
    folder.mkdir()
    for day in range(1, 21):
        (folder / f"digitre-202001{day:02}T031700Z.backup").touch()
    return folder


def test_a_backup_takes_the_place_of_the_oldest(old_backups: Path) -> None:
    assert run_backup(old_backups, 'test "$1 $2" = "manage.py backup" && touch "$3"') == 0
    kept = sorted(path.name for path in old_backups.iterdir())
    assert len(kept) == 14
    assert kept[0] == "digitre-20200108T031700Z.backup"
    assert kept[-1] > "digitre-2020012"


def test_where_no_backup_could_be_written_the_old_ones_stay(old_backups: Path) -> None:
    assert run_backup(old_backups, "exit 1") == 1
    assert len(list(old_backups.iterdir())) == 20


def test_what_goes_through_the_pool_says_so() -> None:
    services = yaml.safe_load(compose(ENVIRONMENT).stdout)["services"]
    pooled = {name for name in OUR_OWN if "pooled" in services[name]["environment"]["DATABASE_URL_FILE"]}
    assert (
        pooled == {"web"} == {name for name in OUR_OWN if "DIGITRE_TRANSACTION_POOL" in services[name]["environment"]}
    )


def test_compose_asks_for_the_host_name_it_was_not_given() -> None:
    outcome = compose({"PATH": ENVIRONMENT["PATH"]})
    assert outcome.returncode != 0
    assert "docker/.env" in outcome.stderr


def documented_settings() -> set[str]:
    rows = re.findall(r"^\| (`.+?) \|", (BASE_DIR / "docs" / "settings.md").read_text(), flags=re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`(\w+)`", row)}


def test_every_documented_setting_reaches_the_containers_from_the_env_file() -> None:
    names = documented_settings() - FIXED - SECRETS
    assert len(names) > 5
    services = yaml.safe_load(compose(ENVIRONMENT | {name: f"my-{name}" for name in names}).stdout)["services"]
    for service in ("web", "worker", "beat"):
        received = services[service]["environment"]
        expected = names if service == "web" else names - {"WEB_CONCURRENCY"}
        assert {name for name in expected if f"my-{name}" in received.get(name, "")} == expected, service


def test_a_setting_left_empty_in_the_env_file_is_the_default(tmp_path: Path) -> None:
    empty = dict.fromkeys(documented_settings() - FIXED - SECRETS - {"ALLOWED_HOSTS"}, "")
    web = yaml.safe_load(compose(ENVIRONMENT | empty).stdout)["services"]["web"]["environment"]
    ask = "import gunicorn.config; from digitre_site import settings as s; print(s.DIGITRE_RETENTION_DAYS, s.DIGITRE_THROTTLES)"
    given = {name: str(web[name]) for name in empty} | {"SECRET_KEY": "x" * 50, "DIGITRE_VAR_DIR": str(tmp_path)}
    outcome = subprocess.run([sys.executable, "-c", ask], cwd=BASE_DIR, env=given, capture_output=True, text=True)
    assert outcome.stdout.strip() == "30 True", outcome.stderr


def test_the_web_image_has_no_tensorflow() -> None:
    web = stages()["web-packages"] + stages()["web"]
    assert "tensorflow" not in web
    pinned = (BASE_DIR / "requirements-web.txt").read_text()
    assert not re.search(r"^(tensorflow|keras)\b", pinned, flags=re.MULTILINE)


def test_the_worker_image_names_every_package_that_our_code_imports() -> None:
    assert "-r requirements-worker.txt" in stages()["worker-packages"]
    pins = (BASE_DIR / "requirements-worker.txt").read_text()
    named = re.findall(r"^[\w.-]+", pins, flags=re.MULTILINE)
    owners = importlib.metadata.packages_distributions()
    imported = {name.split(".")[0] for names in ImportGraph.of(BASE_DIR).anywhere.values() for name in names}
    asked_for = {canonicalize_name(name) for name in named}
    unnamed = {
        name
        for name in imported - set(APPS) - sys.stdlib_module_names - OPTIONAL
        if not {canonicalize_name(owner) for owner in owners.get(name, [name])} & asked_for
    }
    assert not unnamed


@pytest.mark.parametrize("stage", ["web", "worker"])
def test_images_do_not_run_as_root(stage: str) -> None:
    assert re.search(r"^USER 10001", stages()[stage], flags=re.MULTILINE)


def test_what_the_images_copy_exists_and_is_not_ignored() -> None:
    admitted = {line[1:] for line in (BASE_DIR / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for sources in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE.read_text(), flags=re.MULTILINE):
        for source in sources.split():
            assert (BASE_DIR / source).exists(), source
            assert source in admitted, source
