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


@pytest.mark.processes
def test_files_of_older_releases_are_kept_when_they_move_to_tables_of_their_own(
    tmp_path: Path, database_url: str
) -> None:
    environment = BARE_ENVIRONMENT | {"DIGITRE_VAR_DIR": str(tmp_path), "DATABASE_URL": database_url, "DEBUG": "on"}

    def manage(*arguments: str) -> str:
        outcome = subprocess.run(
            [sys.executable, "manage.py", *arguments], cwd=BASE_DIR, env=environment, capture_output=True, text=True
        )
        assert outcome.returncode == 0, outcome.stderr
        return outcome.stdout

    def query(code: str) -> str:
        return manage("shell", "--no-imports", "--command", code)

    manage("migrate", "recognizer", "0002")
    manage("migrate", "training", "0003")
    query(OLD_ROWS)
    manage("migrate", "--noinput")
    assert query(NEW_ROWS).split() == ["b'kept'", "b'served'", "{'members':", "[]}"]


OLD_ROWS = """
import json, zlib
from django.db import connection
from django.utils import timezone
now, packed = timezone.now(), zlib.compress(json.dumps({"members": []}).encode())
with connection.cursor() as cursor:
    cursor.execute(
        "INSERT INTO recognizer_modelversion (number, created_at, origin, keras, tflite, keras_sha256, tflite_sha256,"
        " preprocessing_version, calibration, metrics, is_champion, broken_reason)"
        " VALUES (1, %s, 'older', %s, %s, '', '', 1, '{}', '{}', %s, '')",
        [now, b"kept", b"served", False],
    )
    cursor.execute(
        "INSERT INTO training_datasetsnapshot (taken_at, digest, packed, last_event, drawings, contributors, counts)"
        " VALUES (%s, 'd', %s, 0, 0, 0, '{}')",
        [now, packed],
    )
"""
NEW_ROWS = """
from recognizer.models import ModelVersion
from training.models import DatasetSnapshot
version = ModelVersion.objects.get(number=1)
print(version.keras, version.tflite, DatasetSnapshot.objects.get().manifest)
"""
