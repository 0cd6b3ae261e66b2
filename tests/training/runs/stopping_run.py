"""A whole run in a process of its own that meets trouble: it stops at a given point to be killed, or runs out of something.

python -m tests.training.runs.stopping_run POINT    with the database named by DATABASE_URL
"""

import os
import resource
import sys
import tempfile
from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import django
from numpy.typing import NDArray

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
django.setup()

import numpy as np  # noqa: E402
from django.db import connection  # noqa: E402

from recognizer import registry  # noqa: E402
from recognizer.baseline import shipped_baseline  # noqa: E402
from tests.support.digits import few_digits  # noqa: E402
from tests.support.known import known  # noqa: E402
from tests.support.waiting import let_time_pass, wait_to_be_killed  # noqa: E402
from training.config import FineTuneConfig, GatePolicy, RunConfig, RunLimits  # noqa: E402
from training.data import datasets  # noqa: E402
from training.data.replay import Replay  # noqa: E402
from training.evaluation.exam_sets import ExamSet  # noqa: E402
from training.evaluation.taught import Taught  # noqa: E402
from training.models import DatasetSnapshot, TrainingRun  # noqa: E402
from training.runs import pipeline  # noqa: E402
from training.runs.leases import leave_when_told  # noqa: E402
from training.runs.pipeline import Challenger  # noqa: E402
from training.runs.progress import Steps  # noqa: E402
from training.runs.resource_limits import confine  # noqa: E402

MEMORY = 2 * 1024**3
CONFIG = RunConfig(
    gate=GatePolicy(others_refused_fall=0.1),  # the champion there refuses everything, other things too
    fine_tune=FineTuneConfig(replay_mnist=100, replay_scans=10, replay_pen=0, replay_synthetic=5, replay_others=5),
    limits=RunLimits(memory_bytes=MEMORY),
)
IN_THE_LAST_TRANSACTION = "in the last transaction"
FULL_DISK, FULL_DATABASE, NO_MEMORY, NO_FOLDER = "full disk", "full database", "no memory", "no folder"
TOLD = "told"


def announce() -> None:
    sys.stdout.write("stopped\n")
    sys.stdout.flush()


def stop() -> None:
    announce()
    wait_to_be_killed()


def learn(
    snapshot: DatasetSnapshot,
    config: FineTuneConfig,
    questions: ExamSet,
    replay: Replay,
    steps: Steps,
    known: Set[UUID],
) -> Challenger:
    """Train nothing: the challenger is the baseline itself."""
    steps.phase("preparing pictures")
    learned_from = pipeline.prepare(snapshot, config, questions, replay, steps, known)
    steps.phase("learning")
    shipped = shipped_baseline()
    taught = Taught.of(learned_from.training, learned_from.validation)
    return pipeline.Challenger(shipped.keras, shipped.model, 0.0, taught)


def learn_little(*given: Any) -> Challenger:
    """Train nothing, but pass the model through the disk as learning does."""
    challenger = learn(*given)
    with full_disk(), tempfile.NamedTemporaryFile() as file:
        file.write(challenger.keras)
        file.flush()
    return challenger


@contextmanager
def full_disk() -> Iterator[None]:
    """No file of this process grows beyond 64 KB: the kernel refuses, as it does when a disk is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64 * 1024, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def fill_database(*given: Any) -> Challenger:
    """SQLite may not take another page: the version that is registered next does not fit."""
    challenger = learn(*given)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")  # earlier tests' rows have left free pages
        cursor.execute("PRAGMA page_count")
        pages = cursor.fetchone()[0]
        cursor.execute(f"PRAGMA max_page_count = {pages}")
    return challenger


def learn_too_much(*given: Any) -> NDArray[np.uint8]:
    learn(*given)
    return np.ones(MEMORY + 1, "uint8")


def learn_until_told(
    snapshot: DatasetSnapshot,
    config: FineTuneConfig,
    questions: ExamSet,
    replay: Replay,
    steps: Steps,
    known: Set[UUID],
) -> Challenger:
    """Learn and learn, and keep something, until the process is told to end."""
    steps.phase("preparing pictures")
    pipeline.prepare(snapshot, config, questions, replay, steps, known)
    steps.phase("learning")
    steps.keep(b"one epoch")
    announce()
    while True:
        steps.at(0.5)  # raises when it must stop
        let_time_pass(0.02)


def lose_the_folder() -> None:
    tempfile.tempdir = __file__  # no folder can be made in a file, nor on a disk that is read-only


TROUBLE: dict[str, Callable[..., Any]] = {
    FULL_DISK: learn_little,
    FULL_DATABASE: fill_database,
    NO_MEMORY: learn_too_much,
    TOLD: learn_until_told,
}


def main(point: str) -> None:
    mnist = few_digits()
    datasets.load_mnist = lambda fallback=False: mnist
    datasets.data_dir = lambda: None
    pipeline.learn = TROUBLE.get(point, learn)
    if point == IN_THE_LAST_TRANSACTION:
        registry.promote = lambda *args, **options: stop()
    if point == NO_MEMORY:
        confine(CONFIG.limits)
    if point == NO_FOLDER:
        lose_the_folder()
    run = known(TrainingRun.objects.claim(worker="child", trigger="command"))
    with leave_when_told():
        pipeline.execute(run, CONFIG, lambda phase, progress, line: stop() if phase == point else None)


if __name__ == "__main__":
    main(sys.argv[1])
