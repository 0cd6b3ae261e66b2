"""Who trains together, as TF_CONFIG says. Loads no TensorFlow."""

import json

import pytest

from training.learning.cluster import ENVIRONMENT, Cluster, ClusterError

TWO = {"cluster": {"worker": ["one:1", "two:2"]}, "task": {"type": "worker", "index": 1}}


def test_without_it_a_process_trains_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    assert Cluster.of_environment() == Cluster((), 0)
    assert not Cluster.of_environment().is_follower


def test_all_but_the_first_follow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENVIRONMENT, json.dumps(TWO))
    assert Cluster.of_environment() == Cluster(("one:1", "two:2"), 1)
    assert Cluster.of_environment().is_follower
    monkeypatch.setenv(ENVIRONMENT, json.dumps(TWO | {"task": {"type": "worker", "index": 0}}))
    assert not Cluster.of_environment().is_follower


@pytest.mark.parametrize(
    "given",
    [
        "worker",
        "[]",
        json.dumps({"cluster": TWO["cluster"]}),
        json.dumps(TWO | {"task": {"type": "worker", "index": 2}}),
        json.dumps(TWO | {"task": {"type": "worker", "index": -1}}),
        json.dumps(TWO | {"task": {"type": "chief", "index": 0}}),
        json.dumps(TWO | {"cluster": {"worker": ["one:1"], "ps": ["two:2"]}}),
        json.dumps(TWO | {"cluster": {"ps": ["one:1", "two:2"]}}),
    ],
)
def test_what_names_no_place_among_workers_is_refused(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENVIRONMENT, given)
    with pytest.raises(ClusterError, match=ENVIRONMENT):
        Cluster.of_environment()
