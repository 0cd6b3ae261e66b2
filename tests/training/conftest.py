from collections.abc import Callable
from typing import Any

import pytest

from recognizer import registry
from recognizer.models import Contributor, Drawing, ModelVersion
from tests.support.digits import few_digits
from tests.support.drawings import Draw, approved_drawing
from tests.support.in_this_process import InThisProcess
from tests.support.known import known
from training.data import datasets
from training.data.datasets import Mnist
from training.learning.framework import load_framework
from training.models import TrainingRun
from training.runs import leases


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("tensorflow"):
        load_framework()


@pytest.fixture
def baseline(db: None) -> ModelVersion:
    return registry.ensure_baseline()


@pytest.fixture
def hesitant_champion(baseline: ModelVersion) -> ModelVersion:
    """The shipped baseline, refusing whatever it is shown: who answers at all, as the shipped one does, is measurably better."""
    baseline.calibration |= {"refusal_threshold": 1e6}
    baseline.save(update_fields=["calibration"])
    return baseline


@pytest.fixture
def draw(baseline: ModelVersion) -> Draw:
    """Store approved drawings; those that nobody is named for are by one and the same contributor."""
    nobody: list[Contributor] = []

    def store(digit: int, *, by: Contributor | None = None, **options: Any) -> Drawing:
        if by is None:
            nobody[:] = nobody or [Contributor.objects.create()]
            by = nobody[0]
        return approved_drawing(digit, by=by, **options)

    return store


@pytest.fixture
def still_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lease's thread looks at nothing: its connection would not see this test's transaction."""
    monkeypatch.setattr(leases, "LOOK_SECONDS", 3600)


@pytest.fixture
def claim_if_idle(db: None) -> Callable[[], TrainingRun | None]:
    return lambda: TrainingRun.objects.claim(worker="test:1", trigger=TrainingRun.Trigger.COMMAND)


@pytest.fixture
def claim(claim_if_idle: Callable[[], TrainingRun | None]) -> Callable[[], TrainingRun]:
    """Claim a run where none is running."""
    return lambda: known(claim_if_idle())


@pytest.fixture
def little_data(monkeypatch: pytest.MonkeyPatch) -> Mnist:
    """A few pictures instead of MNIST, and no data folder: fast, and the same on every machine."""
    mnist = few_digits()
    monkeypatch.setattr(datasets, "load_mnist", lambda fallback=False: mnist)
    monkeypatch.setattr(datasets, "data_dir", lambda: None)
    return mnist


@pytest.fixture
def in_this_process() -> type[InThisProcess]:
    return InThisProcess
