import sys
from dataclasses import replace
from types import ModuleType

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from recognizer import campaigns
from training.config import RunConfig
from training.evaluation.gate import Decision
from training.evaluation.gate_table import gate_table
from training.learning.cluster import Cluster, ClusterError
from training.learning.framework import load_framework
from training.models import TrainingPolicy, TrainingRun
from training.runs import outcomes, schedule
from training.runs.resource_limits import confine

EXIT_CODES: dict[str, int] = {
    TrainingRun.Status.PROMOTED: 0,
    TrainingRun.Status.HELD: 3,
    TrainingRun.Status.NOTHING_NEW: 4,
}


class Command(BaseCommand):
    help = (
        "Learn from the approved drawings: one whole run in the foreground. "
        "Exit 0 promoted, 3 held by the gate, 4 nothing new to learn, 1 failed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--campaign", default="", metavar="CODE", help="learn from this campaign's drawings alone; exams stay all"
        )

    def handle(self, *args: object, campaign: str, **options: object) -> None:
        try:
            is_follower = Cluster.of_environment().is_follower
        except ClusterError as error:
            raise CommandError(str(error)) from error
        if is_follower:
            self._follow()
            return
        chosen = campaigns.by_code(campaign)
        if campaign and chosen is None:
            raise CommandError(f"No campaign has the code {campaign}.")
        outcomes.give_up_expired()
        run = TrainingRun.objects.claim(
            worker=schedule.worker_name(), trigger=TrainingRun.Trigger.COMMAND, difference=schedule.difference()
        )
        if run is None:
            self.stderr.write(
                f"{TrainingRun.objects.running() or 'Another run'} is at work; not starting a second one."
            )
            sys.exit(1)
        config = RunConfig.from_environment(TrainingPolicy.load().run_config())
        if chosen is not None:
            config = replace(config, snapshot=replace(config.snapshot, campaign=chosen.pk))
        confine(config.limits)
        from training.runs import pipeline

        with tqdm(
            total=100, bar_format="{desc:20} {bar} {n:3.0f}% {elapsed}<{remaining}", file=sys.stderr, mininterval=0.5
        ) as bar:
            self._execute(pipeline, run, config, bar)
        self._report(run)
        sys.exit(EXIT_CODES.get(run.status, 1))

    @staticmethod
    def _follow() -> None:
        """Take part in the run of another process, which holds it and its rows. This one needs no database."""
        confine(RunConfig.from_environment().limits)
        load_framework()
        from training.learning import following

        following.follow()

    def _execute(self, pipeline: ModuleType, run: TrainingRun, config: RunConfig, bar: tqdm) -> None:
        def listen(phase: str, progress: float, line: str) -> None:
            bar.set_description_str(phase, refresh=False)
            bar.update(100 * progress - bar.n)
            if line:
                bar.write(f"  {line}", file=sys.stderr)

        try:
            pipeline.execute(run, config, listen)
        except KeyboardInterrupt:
            run.finish(TrainingRun.Status.CANCELLED)

    def _report(self, run: TrainingRun) -> None:
        decision = Decision.from_dict(run.decision)
        if decision is not None:
            self.stdout.write(gate_table(decision.rows))
            for sentence in (*decision.reasons, *decision.findings, *decision.notes):
                self.stdout.write(f"- {sentence}")
        outcome = f"{run}: {run.get_status_display()}"
        if run.challenger and run.snapshot:
            outcome += f" ({run.challenger}, learned from {run.snapshot.drawings} drawings)"
        self.stdout.write(f"{outcome}. {run.error}".rstrip())
