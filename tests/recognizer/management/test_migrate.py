"""Replicas start together, and each of them migrates."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.running_site import BARE_ENVIRONMENT, BASE_DIR


@pytest.mark.processes
def test_migrations_started_at_once_are_carried_out_once(tmp_path: Path, database_url: str) -> None:
    environment = BARE_ENVIRONMENT | {"DIGITRE_VAR_DIR": str(tmp_path), "DATABASE_URL": database_url, "DEBUG": "on"}
    command = [sys.executable, "manage.py", "migrate", "--noinput"]
    started = [
        subprocess.Popen(
            command, cwd=BASE_DIR, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for _ in range(3)
    ]
    outputs = [process.communicate(timeout=200)[0] for process in started]

    assert [process.returncode for process in started] == [0, 0, 0], "\n".join(outputs)
    applied = sum("Applying recognizer.0001_initial" in output for output in outputs)
    assert applied == 1
