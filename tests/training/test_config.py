"""A run's numbers: as the release has them, or as the environment changes them for a test or an experiment."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from training.config import RUN_CONFIG, ConfigError, FineTuneConfig, GatePolicy, RunConfig

CHANGES = {"fine_tune": {"epochs": 2, "learning_rate": 1}, "limits": {"nice": 19}}


def from_environment(monkeypatch: pytest.MonkeyPatch, value: str) -> RunConfig:
    monkeypatch.setenv(RUN_CONFIG, value)
    return RunConfig.from_environment()


@pytest.mark.parametrize("empty", ["", "  "])
def test_without_a_word_in_the_environment_they_are_the_releases(monkeypatch: pytest.MonkeyPatch, empty: str) -> None:
    assert from_environment(monkeypatch, empty) == RunConfig()


def test_named_numbers_change_and_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    config = from_environment(monkeypatch, json.dumps(CHANGES))
    assert config.fine_tune == FineTuneConfig(epochs=2, learning_rate=1.0)
    assert config.limits.nice == 19
    assert replace(config, fine_tune=FineTuneConfig(), limits=RunConfig().limits) == RunConfig()


def test_they_change_what_the_operator_has_set_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    set_by_operator = RunConfig(gate=GatePolicy(mnist_fall_at_most=0.008))
    monkeypatch.setenv(RUN_CONFIG, json.dumps({"gate": {"mnist_fall_for_a_point": 0}}))
    changed = RunConfig.from_environment(set_by_operator)
    assert changed.gate == GatePolicy(mnist_fall_for_a_point=0, mnist_fall_at_most=0.008)
    monkeypatch.delenv(RUN_CONFIG)
    assert RunConfig.from_environment(set_by_operator) == set_by_operator


def test_they_may_stand_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(json.dumps(CHANGES))
    in_a_file = from_environment(monkeypatch, str(tmp_path / "run.json"))
    assert in_a_file == from_environment(monkeypatch, json.dumps(CHANGES))


def test_all_numbers_of_a_kept_run_can_be_given(monkeypatch: pytest.MonkeyPatch) -> None:
    assert from_environment(monkeypatch, json.dumps(RunConfig().to_dict())) == RunConfig()


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ("{", "must be JSON"),
        ("/no/such/file.json", "must be JSON"),
        ("{}extra", "must be JSON"),
        ('{"finetune": {}}', "has no finetune; there are snapshot, exam, fine_tune, gate, limits."),
        ('{"fine_tune": {"epoch": 3}}', "fine_tune has no epoch"),
        ('{"fine_tune": 3}', "fine_tune must be an object"),
        ('{"fine_tune": {"epochs": 2.5}}', "fine_tune.epochs must be a whole number"),
        ('{"fine_tune": {"epochs": true}}', "fine_tune.epochs must be a whole number"),
        ('{"fine_tune": {"epochs": -1}}', "fine_tune.epochs must be a whole number"),
        ('{"fine_tune": {"learning_rate": "fast"}}', "fine_tune.learning_rate must be a number"),
        ('{"fine_tune": {"learning_rate": NaN}}', "fine_tune.learning_rate must be a number"),
    ],
)
def test_nonsense_is_refused_with_a_sentence(monkeypatch: pytest.MonkeyPatch, value: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint) as refusal:
        from_environment(monkeypatch, value)
    assert str(refusal.value).startswith(RUN_CONFIG)
    assert str(refusal.value).endswith(".")


def test_a_file_of_something_else_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("[1]")
    with pytest.raises(ConfigError, match="must be an object"):
        from_environment(monkeypatch, str(tmp_path / "run.json"))
