from typing import Any

import pytest
from rest_framework.test import APIClient

from recognizer import registry, serving
from recognizer.inference.answers import Calibration
from tests.support import pictures
from tests.support.fake_model import FakeClassifier, FakeModel


@pytest.fixture
def model(db: None, monkeypatch: pytest.MonkeyPatch) -> FakeClassifier:
    """The network that answers: a fake one, in the name of version 1. The one seam that API tests replace."""
    fake = FakeClassifier()
    version = registry.ensure_baseline()
    model = FakeModel(b"", Calibration.from_dict(version.calibration), fake)
    served = serving.Served(version.number, version.pk, model)
    monkeypatch.setattr(serving, "current_classifier", lambda: served)
    return fake


@pytest.fixture
def visitor(model: FakeClassifier) -> APIClient:
    return APIClient()


@pytest.fixture
def seven() -> dict[str, Any]:
    return {"image": pictures.data_url(pictures.canvas_png())}
