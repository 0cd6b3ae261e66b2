"""The images' RUN and CMD, carried out without an engine: in folders, and for the web in an environment made for it alone.

What only an engine can do is left out: accounts, mounts and the worker's three gigabytes, for which the suite's own
environment stands in.
"""

import http.client
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from tests.support.pictures import seven_form
from tests.support.running_site import BARE_ENVIRONMENT, BASE_DIR, free_port
from tests.support.waiting import PATIENCE_SECONDS, wait_until

pytestmark = [pytest.mark.processes, pytest.mark.postgres]  # as compose runs them
ENGINE_ONLY = ("useradd",)  # an account of the image's own
QUICKER = {"PIP_NO_CACHE_DIR", "PYTHONDONTWRITEBYTECODE"}  # good for an image's size; here they cost half a minute
SECRETS = {"SECRET_KEY": "only-for-tests-" + "0123456789abcdef" * 3, "NUM_PROXIES": "1", "WEB_CONCURRENCY": "1"}
BEHIND_TLS = {"X-Forwarded-Proto": "https", "Content-Type": "application/json"}


def steps_of(stage: str) -> list[tuple[str, str]]:
    """A stage's instructions with their arguments, those of the stages it is built upon first."""
    text = (BASE_DIR / "docker" / "Dockerfile").read_text().replace("\\\n", " ")
    found: dict[str, list[tuple[str, str]]] = {}
    for line in text.splitlines():
        word, _, rest = line.partition(" ")
        if word == "FROM":
            parent, _, name = rest.split()
            steps = found[name] = list(found.get(parent, []))
        elif word.isupper():
            steps.append((word, rest.strip()))
    return found[stage]


@dataclass
class Image:
    """A stage built up in a folder. `path` is what stands behind its own programs on PATH."""

    folder: Path
    path: str
    environment: dict[str, str] = field(default_factory=lambda: dict(BARE_ENVIRONMENT) | SECRETS)
    command: list[str] = field(default_factory=list)
    check: list[str] = field(default_factory=list)

    def here(self, text: str) -> str:
        """Put this folder before each of the image's own places."""
        return re.sub(r"(?<![\w./])/(opt/venv|app|var/lib/digitre)\b", rf"{self.folder}/\1", text)

    def build(self, stage: str) -> "Image":
        for instruction, rest in steps_of(stage):
            getattr(self, f"do_{instruction.lower()}", lambda _: None)(rest)
        return self

    def do_env(self, rest: str) -> None:
        for pair in shlex.split(rest):
            name, _, value = pair.partition("=")
            if name not in QUICKER:
                self.environment[name] = self.here(value).replace("$PATH", self.path)

    def do_copy(self, rest: str) -> None:
        if rest.startswith("--from"):
            return
        *sources, _ = rest.split()
        self.app.mkdir(parents=True, exist_ok=True)
        for source in sources:
            if (BASE_DIR / source).is_dir():
                shutil.copytree(BASE_DIR / source, self.app / source, dirs_exist_ok=True)
            else:
                shutil.copy(BASE_DIR / source, self.app)

    def do_run(self, rest: str) -> None:
        if not rest.startswith(ENGINE_ONLY):
            self.run(["sh", "-c", self.here(rest)])

    def do_cmd(self, rest: str) -> None:
        self.command = json.loads(rest)

    def do_healthcheck(self, rest: str) -> None:
        self.check = json.loads(rest.partition("CMD ")[2])

    @property
    def app(self) -> Path:
        return self.folder / "app"

    def run(self, command: list[str], **extra: str) -> str:
        outcome = subprocess.run(
            command,
            cwd=self.app,
            env=self.environment | extra,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert outcome.returncode == 0, f"{shlex.join(command)}\n{outcome.stdout}"
        return outcome.stdout

    def succeeds(self, command: list[str]) -> bool:
        return subprocess.run(command, cwd=self.app, env=self.environment, capture_output=True).returncode == 0

    @contextmanager
    def started(self, command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
        with (self.folder / "output").open("w") as output:
            process = subprocess.Popen(
                command, cwd=self.app, env=self.environment, stdout=output, stderr=subprocess.STDOUT
            )
            try:
                yield process
            finally:
                process.terminate()
                process.wait(timeout=PATIENCE_SECONDS)

    @property
    def output(self) -> str:
        return (self.folder / "output").read_text()


def compose_command(service: str) -> list[str]:
    services = yaml.safe_load((BASE_DIR / "docker" / "compose.yaml").read_text())["services"]
    return list(services[service]["command"])


def test_the_web_image_builds_migrates_and_reads_a_drawing(tmp_path: Path, database_url: str) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "python").symlink_to(sys._base_executable)  # type: ignore[attr-defined]  # not in the stubs; what the image calls python may be called python3 here
    image = Image(tmp_path, f"{programs}:/usr/bin:/bin")
    image.environment |= {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    image.environment["PIP_NO_COMPILE"] = "1"  # what is loaded is compiled then, a tenth of it
    image.build("web-packages").build("web")

    place = {"HOST": "127.0.0.1", "PORT": str(free_port()), "DATABASE_URL": database_url}
    image.environment |= place
    image.run(compose_command("migrate"))
    with image.started(image.command) as web:
        check = [word.replace("8000", place["PORT"]) for word in image.check]
        wait_until(lambda: image.succeeds(check) or web.poll() is not None)
        assert web.poll() is None, image.output
        assert shutil.which("gunicorn", path=image.environment["PATH"]) == str(tmp_path / "opt/venv/bin/gunicorn")
        connection = http.client.HTTPConnection("127.0.0.1", int(place["PORT"]), timeout=30)
        connection.request("POST", "/api/v1/guesses/", json.dumps(seven_form()), BEHIND_TLS)
        response = connection.getresponse()
        answer = response.read()
        assert (response.status, json.loads(answer)["digit"]) == (200, 7)
        connection.request("GET", "/admin/login/", headers=BEHIND_TLS)
        page = connection.getresponse()
        assert page.status == 200
        (style,) = re.findall(r"admin/css/base\.\w+\.css", page.read().decode())[:1]  # what collectstatic named
        connection.request("GET", f"/static/{style}", headers=BEHIND_TLS)
        assert connection.getresponse().status == 200
        connection.close()


def test_the_worker_image_finds_its_packages_and_shows_life(tmp_path: Path, database_url: str) -> None:
    image = Image(tmp_path, f"{Path(sys.executable).parent}:/usr/bin:/bin")
    image.environment |= {"PIP_DRY_RUN": "1", "DATABASE_URL": database_url}
    (packages,) = [rest for word, rest in steps_of("worker-packages") if word == "RUN" and "worker" in rest]
    image.app.mkdir()
    shutil.copy(BASE_DIR / "requirements-worker.txt", image.app)
    image.environment["PATH"] = image.path
    assert "Would install" not in image.run(["sh", "-c", packages])

    image.build("worker")
    image.run(compose_command("migrate"))
    with image.started(image.command) as worker:
        alive = ["python", "manage.py", "worker_state"]
        wait_until(lambda: image.succeeds(alive) or worker.poll() is not None)
        assert worker.poll() is None, image.output
    with image.started(compose_command("beat")) as beat:
        var = tmp_path / "var/lib/digitre"
        wait_until(lambda: [*var.glob("beat-schedule*")] or beat.poll() is not None)
        assert beat.poll() is None, image.output
