"""Which modules are tried, and with which tests."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """A module and the tests that are its own; `without` names what in it is not pure: rows, files, the model runtime."""

    module: str
    without: tuple[str, ...] = ()
    more_tests: str = ""  # a second file, beside test_<module>.py

    @property
    def path(self) -> str:
        return f"{self.module.replace('.', '/')}.py"

    @property
    def tests(self) -> tuple[str, ...]:
        folder, _, name = self.module.replace(".", "/").rpartition("/")
        own = f"tests/{folder}/test_{name}.py"
        return (own, f"tests/{folder}/{self.more_tests}") if self.more_tests else (own,)


TARGETS = (
    Target("recognizer.imaging.decoding"),
    Target("recognizer.imaging.denoising"),
    Target("recognizer.imaging.dotted_lines"),
    Target("recognizer.imaging.paper"),
    Target("recognizer.imaging.pixels"),
    Target("recognizer.imaging.preprocessing"),
    Target("recognizer.imaging.stroke_width"),
    Target("recognizer.imaging.strokes"),
    Target("recognizer.imaging.trajectories"),
    Target("recognizer.inference.answers"),
    Target("recognizer.inference.calibrated_model"),
    Target("recognizer.inference.prediction"),
    Target(
        "recognizer.review.priority",
        without=("contradiction_rate", "count_recent_labels", "CONTRIBUTOR_WINDOW", "RARITY_WINDOW"),
    ),
    Target("training.evaluation.comparison"),
    Target("training.evaluation.gate", more_tests="test_gate_limits.py"),
    Target("training.evaluation.gate_table"),
    Target("training.evaluation.reports", more_tests="test_reports_arithmetic.py"),
    Target("training.exchange.arrivals"),
    Target("training.exchange.orientation"),
    Target("training.exchange.reading"),
    Target("training.exchange.stroke_files"),
)
