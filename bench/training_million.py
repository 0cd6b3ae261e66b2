"""What a whole run takes: with 5,000 new drawings, and with a million stored ones beside twenty thousand. In PostgreSQL.

    python tests/support/postgres_server.py python -m bench.training_million               # all three
    python tests/support/postgres_server.py python -m bench.training_million 20000 1000000 # whole runs with so many rows stored

Stores UCI pen digits as the API does, a fifth of them of exam contributors, multiplies the rows in the database, and runs
`manage.py fine_tune` in a process of its own.
Prints time, processor time and the largest resident memory of each; ends with 1 if a promise is broken.
"""
# ruff: noqa: E402  Django must be set up before its models are imported

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
os.environ.setdefault("DIGITRE_VAR_DIR", tempfile.mkdtemp(prefix="digitre-bench-"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

django.setup()

import numpy as np
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from recognizer import registry, services
from recognizer.models import Contributor, Drawing, ModelVersion
from recognizer.submissions import Submission
from training.data.datasets import StrokeDrawing, load_pen_digits
from training.evaluation.stroke_exams import CANVAS, canvas

NEW, STORED = 5_000, (20_000, 1_000_000)
DISTINCT, PEOPLE = 2_000, 100
SECONDS, MEGABYTES, RATIO = 300, 2048, 1.5  # the promises
COPY = """
INSERT INTO recognizer_drawing (
    id, contributor_id, created_at, png, strokes, canvas_width, canvas_height, content_hash, preprocessing_version,
    model_version_id, probabilities, predicted_label, top_label, confidence, margin, confirmed_label, confirmed_at, status,
    status_reason, review_priority, check_due)
SELECT gen_random_uuid(), d.contributor_id, now() - random() * interval '365 days', png, strokes, canvas_width, canvas_height,
       md5(random()::text) || md5(random()::text), preprocessing_version, model_version_id, probabilities, predicted_label,
       top_label, confidence, margin, confirmed_label, confirmed_at, status, status_reason, review_priority, ''
FROM recognizer_drawing d, generate_series(1, %s) LIMIT %s
"""


@dataclass(frozen=True)
class Cost:
    what: str
    seconds: float
    processor: float
    megabytes: float
    exit_code: int

    def __str__(self) -> str:
        spent = f"{self.seconds:5.0f} s {self.processor:6.0f} s CPU {self.megabytes:6.0f} MB"
        return f"{self.what:28} {spent}   exit {self.exit_code}"


def main() -> int:
    rows = [int(argument) for argument in sys.argv[1:]]
    settings.DIGITRE_AUTO_APPROVE = "all"
    call_command("migrate", verbosity=0)
    registry.ensure_baseline()
    costs = []
    if not rows:
        store(load_pen_digits("train")[: NEW * 5 // 4])
        costs.append(run(f"{NEW:,} new drawings"))
        call_command("flush", verbosity=0, interactive=False)
        registry.ensure_baseline()
    store(load_pen_digits("train")[:DISTINCT])
    stored = []
    for count in rows or STORED:
        multiply(count)
        stored.append(run(f"{count:,} stored drawings"))
    is_kept = all(cost.seconds <= SECONDS and cost.megabytes <= MEGABYTES for cost in costs)
    is_capped = stored[-1].processor <= RATIO * stored[0].processor
    print(f"load at the end: {os.getloadavg()[1]:.1f} on {os.cpu_count()} cores")
    return 0 if is_kept and is_capped else 1


def store(drawings: list[StrokeDrawing]) -> None:
    people, rng = [Contributor.objects.create(is_exam=n % 5 == 0) for n in range(PEOPLE)], np.random.default_rng(1)
    for number, drawing in enumerate(drawings):
        ink, strokes = canvas(drawing, rng)
        submission = Submission(ink, strokes, (CANVAS, CANVAS))
        stored, _ = services.recognize(submission, people[number % PEOPLE])
        services.give_feedback(stored.pk, people[number % PEOPLE], drawing.label)


def multiply(rows: int) -> None:
    there = Drawing.objects.count()
    with connection.cursor() as cursor:
        cursor.execute(COPY, [rows // there + 1, rows - there])
        cursor.execute("VACUUM ANALYZE")


def run(what: str) -> Cost:
    """Do one whole run in a process of its own, the shipped baseline being champion."""
    baseline = registry.ensure_baseline()
    if ModelVersion.objects.champion() != baseline:
        registry.promote(baseline, by=None, reason="the next run is measured as the first was")
    started = time.monotonic()
    with tempfile.TemporaryFile() as said:
        child = subprocess.Popen([sys.executable, "manage.py", "fine_tune"], cwd=ROOT, stdout=said, stderr=said)
        _, status, used = os.wait4(child.pid, 0)
        if os.waitstatus_to_exitcode(status) == 1:
            said.seek(0)
            print(said.read().decode()[-2000:])
    megabyte = 1024 if sys.platform == "linux" else 1024**2
    cost = Cost(
        what,
        time.monotonic() - started,
        used.ru_utime + used.ru_stime,
        used.ru_maxrss / megabyte,
        os.waitstatus_to_exitcode(status),
    )
    print(cost, flush=True)
    return cost


if __name__ == "__main__":
    sys.exit(main())
