"""Counts in a real server of Redis's protocol, and without one."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from redis import Connection, Redis

from digitre_site.launcher.broker import EmbeddedBroker, prepare_broker
from recognizer.api import counters
from recognizer.api.counters import Counter, OwnCounts
from tests.support.slow_line import slow_line
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.processes, pytest.mark.sqlite]  # Redis counts, whatever the database is
MINUTE = [("a minute", 60), ("a day", 86_400)]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[EmbeddedBroker]:
    made = prepare_broker(tmp_path)
    with subprocess.Popen(made.command) as process:
        made.wait_until_listening()
        yield made
        process.kill()


def pid_of(broker: EmbeddedBroker) -> int:
    return int(Redis.from_url(broker.url).info("server")["process_id"])


def seconds_of(act: Callable[[], object]) -> float:
    start = time.monotonic()
    act()
    return time.monotonic() - start


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


def passed(counters_: list[Counter], calls: int = 500, limit: int = 120) -> int:
    """Call at once, as the threads of so many replicas do. Returns how many calls are within the limit."""

    def call(number: int) -> bool:
        return counters_[number % len(counters_)].add([("burst", 60)], limits=[limit])[0] <= limit

    with ThreadPoolExecutor(48) as pool:
        return sum(pool.map(call, range(calls)))


@pytest.mark.parametrize("seconds", [0.0, 0.05, 1.0])
def test_however_late_the_server_answers_the_limit_of_all_processes_is_one(
    broker: EmbeddedBroker, seconds: float
) -> None:
    with slow_line(broker.port, seconds) as line:
        replicas = [Counter(broker.url.replace(str(broker.port), str(line.port))) for _ in range(3)]
        assert passed(replicas) == 120


def test_while_the_server_is_away_each_process_has_a_limit_of_its_own() -> None:
    assert passed([Counter("redis://127.0.0.1:1/0") for _ in range(3)]) == 3 * 120


def test_no_surprise_ends_the_thread_that_all_calls_wait_for(
    broker: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real: Callable[[Connection], None] = Connection.connect
    tries: list[Connection] = []

    def connect(self: Connection) -> None:
        tries.append(self)
        if len(tries) == 1:
            raise TypeError("nobody thought of this")
        real(self)

    monkeypatch.setattr(Connection, "connect", connect)
    counter = Counter(broker.url)
    assert seconds_of(lambda: counter.add(MINUTE)) < counters.ANSWER_SECONDS
    assert "in connect" in caplog.text  # where it was: a fault of ours is no server that is away
    wait_until(lambda: counter.add([("back", 60)]) and Counter(broker.url).add([("back", 60)], 0) != [0])


def test_what_was_counted_together_is_remembered_when_the_server_goes_away(broker: EmbeddedBroker) -> None:
    here, there = Counter(broker.url), Counter(broker.url)
    there.add(MINUTE, 100)
    assert here.add(MINUTE) == [101, 101]
    os.kill(pid_of(broker), signal.SIGKILL)
    wait_until(lambda: here.add([("other", 60)], 0) == [0])
    assert here.add(MINUTE) == [102, 102]


def test_a_frozen_server_costs_one_wait_and_no_other_until_it_is_back(broker: EmbeddedBroker) -> None:
    counter, pid = Counter(broker.url), pid_of(broker)
    counter.add(MINUTE)
    os.kill(pid, signal.SIGSTOP)
    assert seconds_of(lambda: counter.add(MINUTE)) < counters.ANSWER_SECONDS + 0.5
    assert max(seconds_of(lambda: counter.add(MINUTE)) for _ in range(20)) < 0.05
    os.kill(pid, signal.SIGCONT)
    other = Counter(broker.url)
    wait_until(lambda: counter.add([("back", 60)]) and other.add([("back", 60)], 0) == [1])


def test_one_slow_answer_has_nobody_count_alone_for_long(broker: EmbeddedBroker) -> None:
    with slow_line(broker.port, 0.0) as line:
        counter = Counter(broker.url.replace(str(broker.port), str(line.port)))
        counter.add(MINUTE)
        line.seconds = counters.ANSWER_SECONDS + 1
        counter.add(MINUTE)
        line.seconds = 0.0
        start = time.monotonic()
        wait_until(lambda: counter.add([("again", 60)]) and Counter(broker.url).add([("again", 60)], 0) != [0])
        assert time.monotonic() - start < 3


def test_who_is_far_from_every_limit_does_not_wait_for_a_late_server(broker: EmbeddedBroker) -> None:
    with slow_line(broker.port, 1.0) as line:
        counter = Counter(broker.url.replace(str(broker.port), str(line.port)))
        counter.add(MINUTE)  # connects
        assert seconds_of(lambda: counter.add(MINUTE, limits=[12_000, 20_000])) < 0.5
        assert seconds_of(lambda: counter.add(MINUTE, limits=[12_000, 120])) > 0.5
        wait_until(lambda: Counter(broker.url).add(MINUTE, 0) == [3, 3])


def test_who_is_over_a_limit_is_no_load_for_the_server(broker: EmbeddedBroker) -> None:
    counter, watcher = Counter(broker.url), Redis.from_url(broker.url)
    counts = [counter.add([("short", 60)], limits=[3])[0] for _ in range(10)]
    assert counts == list(range(1, 11))
    assert watcher.get("digitre:short") == b"3"


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
