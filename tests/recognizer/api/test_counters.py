"""Counts in a real server of Redis's protocol, and without one."""

import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from redis import Redis

from digitre_site.launcher.broker import EmbeddedBroker, prepare_broker
from recognizer.api import counters
from recognizer.api.counters import Counter, OwnCounts

pytestmark = pytest.mark.processes
MINUTE = [("a minute", 60), ("a day", 86_400)]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[EmbeddedBroker]:
    made = prepare_broker(tmp_path)
    with subprocess.Popen(made.command) as process:
        made.wait_until_listening()
        yield made
        process.kill()


def test_processes_count_together(broker: EmbeddedBroker) -> None:
    here, there = Counter(broker.url), Counter(broker.url)
    assert here.add(MINUTE) == [1, 1]
    assert there.add(MINUTE[:1], 63) == [64]
    assert here.add(MINUTE) == [65, 2]


def test_a_count_leaves_the_server_with_its_window(broker: EmbeddedBroker) -> None:
    Counter(broker.url).add(MINUTE)
    redis = Redis.from_url(broker.url)
    assert sorted(redis.keys()) == [b"digitre:a day", b"digitre:a minute"]
    assert 60 <= redis.ttl("digitre:a minute") <= 65
    assert 86_400 <= redis.ttl("digitre:a day") <= 86_405


def test_a_window_costs_two_commands(broker: EmbeddedBroker) -> None:
    counter, watcher = Counter(broker.url), Redis.from_url(broker.url)
    counter.add(MINUTE)  # connects
    before = watcher.info("commandstats")
    counter.add(MINUTE)
    after = watcher.info("commandstats")
    sent = {name: stats["calls"] - before.get(name, {"calls": 0})["calls"] for name, stats in after.items()}
    assert {name: calls for name, calls in sent.items() if calls} == {
        "cmdstat_incrby": 2,
        "cmdstat_expire": 2,
        "cmdstat_info": 1,
    }


def test_a_dead_server_is_asked_once_and_then_left_alone_for_a_while(
    broker: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter, now = Counter("redis://127.0.0.1:1/0"), time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    assert [counter.add(MINUTE) for _ in range(3)] == [[1, 1], [2, 2], [3, 3]]
    counter._redis = Redis.from_url(broker.url)
    assert counter.add(MINUTE) == [4, 4]
    now += counters.SHARED_RETRY_SECONDS
    assert counter.add(MINUTE) == [1, 1]  # the server is back, and has counted nothing yet


def test_without_a_server_a_process_counts_for_itself() -> None:
    counter = Counter("")
    with ThreadPoolExecutor(16) as pool:
        counts = list(pool.map(lambda _: counter.add([("test", 60)])[0], range(120)))
    assert sorted(counts) == list(range(1, 121))
    counter.clear()
    assert counter.add([("test", 60)]) == [1]


def test_counts_whose_window_is_over_are_dropped_when_there_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counters, "MOST_COUNTS", 10)
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    counts = OwnCounts()
    for number in range(11):
        counts.add([(f"short {number}", 60)], 1)
    counts.add([("long", 86_400)], 5)
    now += 60 + counters.GRACE_SECONDS
    assert counts.add([("new", 60)], 1) == [1]
    assert set(counts._counts) == {"long", "new"}
    assert counts.add([("long", 86_400)], 1) == [6]
