"""A worker with its clock, as the launcher starts them, whose runs train nothing and stop where told, to be killed there.

python -m tests.training.runs.stopping_worker PHASE ...    the first run stops at the first, the second at the second, and so on
python -m tests.training.runs.stopping_worker told         every run learns until the worker is told to end

Each run that has stopped leaves a file named after its number in DIGITRE_VAR_DIR.
"""

import os
import sys

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
django.setup()

from django.conf import settings  # noqa: E402

from digitre_site.celery import app  # noqa: E402
from tests.support.digits import few_digits  # noqa: E402
from tests.support.waiting import wait_to_be_killed  # noqa: E402
from tests.training.runs.stopping_run import CONFIG, TOLD, learn, learn_until_told  # noqa: E402
from training.config import RunConfig  # noqa: E402
from training.data import datasets  # noqa: E402
from training.models import TrainingRun  # noqa: E402
from training.runs import pipeline  # noqa: E402

SECONDS = 1.0  # between two ticks


def stop_at(phases: list[str]) -> None:
    mnist, execute = few_digits(), pipeline.execute
    datasets.load_mnist = lambda fallback=False: mnist
    datasets.data_dir = lambda: None
    pipeline.learn = learn_until_told if phases == [TOLD] else learn  # type: ignore[assignment]  # the third argument has another name

    def execute_until(run: TrainingRun, config: RunConfig) -> TrainingRun:
        earlier = TrainingRun.objects.filter(pk__lt=run.pk).count()
        last = phases[earlier] if earlier < len(phases) else None

        def listen(phase: str, progress: float, line: str) -> None:
            if phase == last:
                (settings.VAR_DIR / str(run.pk)).touch()
                wait_to_be_killed()

        return execute(run, CONFIG, listen)

    pipeline.execute = execute_until  # type: ignore[assignment]  # the worker passes the run alone


if __name__ == "__main__":
    stop_at(sys.argv[1:])
    app.conf.beat_schedule = {"tick": {"task": "training.tick", "schedule": SECONDS, "options": {"expires": 60}}}
    app.worker_main(["worker", "--beat", "--loglevel", "WARNING"])
