"""What goes wrong, one fault a function: it makes the trouble, waits while it lasts, and takes it back.

`FAULTS` is in the order of the run. A fault that this machine cannot make raises `NotHere` and is listed as not tried.
"""

import contextlib
import os
import resource
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psycopg2

from bench.chaos.parts import Part, children_of, send
from bench.chaos.stack import Stack
from tests.support.known import known
from tests.support.waiting import let_time_pass, wait_until

OTHER_CLOCK = Path(__file__).with_name("clock")
HOLD = 3.0  # seconds that most troubles last
FREEZE = 6.0  # longer than anything waits for an answer


class NotHere(RuntimeError):
    """Why this machine cannot make the trouble, in a sentence."""


@dataclass(frozen=True)
class Fault:
    """`hits`: replicas whose own probes say nothing meanwhile, for they are gone or stopped.

    `others_answer`: an earlier version may answer for the champion. `is_short`: it is in the short form.
    """

    name: str
    make: Callable[[Stack], None]
    hits: tuple[int, ...] = ()
    others_answer: bool = False
    is_short: bool = False


FAULTS: list[Fault] = []


def fault(
    name: str, *, hits: tuple[int, ...] = (), others_answer: bool = False, short: bool = False
) -> Callable[[Callable[[Stack], None]], Callable[[Stack], None]]:
    def enlist(make: Callable[[Stack], None]) -> Callable[[Stack], None]:
        FAULTS.append(Fault(name, make, hits, others_answer, short))
        return make

    return enlist


def hold(seconds: float = HOLD) -> None:
    let_time_pass(seconds)


def start_again(*parts: Part) -> None:
    for part in parts:
        part.start()
    for part in parts:
        part.wait_until_up()


@contextmanager
def stopped(pids: set[int]) -> Iterator[None]:
    send(signal.SIGSTOP, pids)
    try:
        yield
    finally:
        send(signal.SIGCONT, pids)


@contextmanager
def sql(stack: Stack, *statements: str) -> Iterator[None]:
    """Hold a transaction open with what these statements took."""
    connection = psycopg2.connect(stack.postgres.url)
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    try:
        yield
    finally:
        connection.close()


# web


@fault("a web process killed")
def web_process_killed(stack: Stack) -> None:
    os.kill(stack.replicas[0].children[0], signal.SIGKILL)
    hold()


@fault("a web process dies of a memory fault")
def web_process_faulted(stack: Stack) -> None:
    os.kill(stack.replicas[1].children[0], signal.SIGSEGV)
    hold()


@fault("all processes of a replica killed, its master left", hits=(0,))
def all_web_processes_killed(stack: Stack) -> None:
    send(signal.SIGKILL, set(stack.replicas[0].children))
    hold()


@fault("a replica killed, and started again", hits=(0,), short=True)
def replica_killed(stack: Stack) -> None:
    stack.replicas[0].kill()
    hold()
    start_again(stack.replicas[0])


@fault("two of three replicas killed", hits=(0, 1))
def most_replicas_killed(stack: Stack) -> None:
    for replica in stack.replicas[:2]:
        replica.kill()
    hold()
    start_again(*stack.replicas[:2])


@fault("every replica killed", hits=(0, 1, 2))
def every_replica_killed(stack: Stack) -> None:
    for replica in stack.replicas:
        replica.kill()
    hold()
    start_again(*stack.replicas)


@fault("a replica told to end (SIGTERM), and started again", hits=(1,))
def replica_ended(stack: Stack) -> None:
    stack.replicas[1].end()
    start_again(stack.replicas[1])


@fault("a release: each replica replaced, one after the other", hits=(0, 1, 2))
def rolling_release(stack: Stack) -> None:
    def is_ready(replica: Part) -> bool:
        return stack.probe(replica.port, "/readyz") == 200

    for replica in stack.replicas:
        replica.end()
        start_again(replica)
        wait_until(partial(is_ready, replica))  # as systemd and Kubernetes do


@fault(
    "a replica told to load itself anew (SIGHUP)", hits=(2,)
)  # gunicorn ends the old processes before the new ones are ready
def replica_reloaded(stack: Stack) -> None:
    stack.replicas[2].signal(signal.SIGHUP)
    hold()


@fault("a replica frozen", hits=(0,), short=True)
def replica_frozen(stack: Stack) -> None:
    with stopped(stack.replicas[0].all_pids):
        hold(FREEZE)


@fault("a web process frozen", hits=(1,))
def web_process_frozen(stack: Stack) -> None:
    with stopped({stack.replicas[1].children[0]}):
        hold(FREEZE)


@fault("a replica may open no more files", hits=(2,))
def files_used_up(stack: Stack) -> None:
    pids = stack.replicas[2].all_pids
    before = {pid: resource.prlimit(pid, resource.RLIMIT_NOFILE) for pid in pids}
    for pid, (_, most) in before.items():
        with suppress(OSError):
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (len(os.listdir(f"/proc/{pid}/fd")), most))
    hold()
    for pid, limits in before.items():
        with suppress(OSError):
            resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)


@fault("a replica's disk full", short=True)
def replica_disk_full(stack: Stack) -> None:
    with full(stack):
        hold()


@fault("a replica started on a full disk", hits=(0,))
def replica_started_on_full_disk(stack: Stack) -> None:
    with full(stack):
        stack.replicas[0].end()
        start_again(stack.replicas[0])
        hold()


@contextmanager
def full(stack: Stack) -> Iterator[None]:
    if not stack.replica_disk.can_fill:
        raise NotHere("a disk of its own needs root")
    stack.replica_disk.fill()
    try:
        yield
    finally:
        stack.replica_disk.free()


@fault("a replica's clock two minutes ahead", hits=(1,))
def replica_ahead(stack: Stack) -> None:
    with another_time(stack.replicas[1], 120):
        hold()


@fault("a replica's clock an hour behind", hits=(1,))
def replica_behind(stack: Stack) -> None:
    with another_time(stack.replicas[1], -3600):
        hold()


@contextmanager
def another_time(part: Part, seconds: int) -> Iterator[None]:
    """Let a part run with a clock that is so far ahead."""
    part.end()
    part.start(PYTHONPATH=f"{OTHER_CLOCK}:{part.environment['PYTHONPATH']}", CHAOS_CLOCK=str(seconds))
    if part.port:
        part.wait_until_up()
    try:
        yield
    finally:
        part.end()
        part.start()
        if part.port:
            part.wait_until_up()


# visitors who are no visitors


@fault("two hundred callers who send a byte a second")
def slow_callers(stack: Stack) -> None:
    with contextlib.ExitStack() as callers:
        slow = [callers.enter_context(caller(stack.people_port)) for _ in range(200)]
        for _ in range(3):
            for connection in slow:
                with suppress(OSError):
                    connection.send(b"P")
            hold(1)


@fault("forty slow callers straight at a replica, past nginx")
def slow_callers_at_replica(stack: Stack) -> None:
    with contextlib.ExitStack() as callers:
        for _ in range(40):
            connection = callers.enter_context(caller(stack.replicas[0].port))
            connection.send(b"POST /api/v1/drawings/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5000\r\n\r\n{")
        hold(FREEZE)


def caller(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=5, source_address=("127.200.0.1", 0))


@fault("one address asks a thousand times at once")
def greedy_caller(stack: Stack) -> None:
    def ask() -> None:
        for _ in range(100):
            with suppress(OSError):
                stack.probe(stack.people_port, "/api/v1/progress/", timeout=5)

    threads = [threading.Thread(target=ask) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)


# PostgreSQL


@fault("PostgreSQL restarted", short=True)
def postgres_restarted(stack: Stack) -> None:
    stack.postgres.stop("fast")
    stack.postgres.start()


@fault("PostgreSQL away for some seconds")
def postgres_away(stack: Stack) -> None:
    stack.postgres.stop("fast")
    hold(FREEZE)
    stack.postgres.start()


@fault("PostgreSQL crashes at once (immediate) and recovers")
def postgres_crashes(stack: Stack) -> None:
    stack.postgres.stop("immediate")
    stack.postgres.start()


@fault("PostgreSQL killed with all its processes", short=True)
def postgres_killed(stack: Stack) -> None:
    stack.postgres.kill()
    hold()
    stack.postgres.start()


@fault("one session's process killed: PostgreSQL ends all others")
def postgres_session_killed(stack: Stack) -> None:
    send(signal.SIGKILL, set(stack.postgres.sessions[:1]))
    hold()


@fault("every session ended by the operator, five times")
def sessions_ended(stack: Stack) -> None:
    for _ in range(5):
        stack.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
        hold(0.6)


@fault("PostgreSQL frozen", short=True)
def postgres_frozen(stack: Stack) -> None:
    with stopped(stack.postgres.all_pids):
        hold(FREEZE)


@fault("one session's process frozen")
def postgres_session_frozen(stack: Stack) -> None:
    with stopped(set(stack.postgres.sessions[:1])):
        hold(FREEZE)


@fault("the table of drawings locked, as an index without CONCURRENTLY does", short=True)
def drawings_locked(stack: Stack) -> None:
    with sql(stack, "LOCK TABLE recognizer_drawing IN ACCESS EXCLUSIVE MODE"):
        hold(FREEZE)


@fault("the table of contributors locked")
def contributors_locked(stack: Stack) -> None:
    with sql(stack, "LOCK TABLE recognizer_contributor IN ACCESS EXCLUSIVE MODE"):
        hold(FREEZE)


@fault("the table of versions locked")
def versions_locked(stack: Stack) -> None:
    with sql(stack, "LOCK TABLE recognizer_modelversion IN ACCESS EXCLUSIVE MODE"):
        hold(FREEZE)


@fault("an index made without CONCURRENTLY, and dropped")
def index_made(stack: Stack) -> None:
    stack.query("CREATE INDEX chaos ON recognizer_drawing (confidence)")
    stack.query("DROP INDEX chaos")


@fault("the table of drawings written anew (VACUUM FULL)")
def vacuumed(stack: Stack) -> None:
    stack.query("VACUUM FULL recognizer_drawing")


@fault("every connection that PostgreSQL has is taken")
def connections_taken(stack: Stack) -> None:
    with contextlib.ExitStack() as taken:
        with suppress(psycopg2.OperationalError):
            for _ in range(200):
                taken.callback(psycopg2.connect(stack.postgres.url, connect_timeout=3).close)
        hold()


@fault("PostgreSQL takes no writes, as a standby that was not promoted")
def read_only(stack: Stack) -> None:
    stack.query("ALTER SYSTEM SET default_transaction_read_only = on")
    stack.query("SELECT pg_reload_conf()")
    hold()
    stack.query("ALTER SYSTEM RESET default_transaction_read_only")
    stack.query("SELECT pg_reload_conf()")


@fault("PostgreSQL's disk full")
def database_disk_full(stack: Stack) -> None:
    disk = stack.database_disk
    if not disk.can_fill:
        raise NotHere("a disk of its own needs root")
    disk.fill()
    hold()
    disk.free()


@fault("the network to PostgreSQL silent")
def database_silent(stack: Stack) -> None:
    stack.database_wire.tell("silent")
    hold(FREEZE)
    stack.database_wire.tell("pass")


@fault("the network to PostgreSQL cut, again and again")
def database_cut(stack: Stack) -> None:
    for _ in range(5):
        stack.database_wire.tell("cut")
        hold(0.6)


@fault("PostgreSQL refuses connections")
def database_refuses(stack: Stack) -> None:
    stack.database_wire.tell("closed")
    hold()
    stack.database_wire.tell("pass")


@fault("PostgreSQL 100 ms late each way")
def database_late(stack: Stack) -> None:
    stack.database_wire.tell("late 0.1")
    hold()
    stack.database_wire.tell("pass")


# Redis


@fault("Redis killed, and started again", short=True)
def redis_killed(stack: Stack) -> None:
    stack.redis.kill()
    hold()
    start_again(stack.redis)


@fault("Redis frozen")
def redis_frozen(stack: Stack) -> None:
    with stopped(stack.redis.all_pids):
        hold(FREEZE)


@fault("Redis flushed")
def redis_flushed(stack: Stack) -> None:
    stack.redis_call("FLUSHALL")


@fault("Redis full: it takes no writes")
def redis_full(stack: Stack) -> None:
    stack.redis_call("CONFIG", "SET", "maxmemory-policy", "noeviction")
    stack.redis_call("CONFIG", "SET", "maxmemory", "1")
    hold()
    stack.redis_call("CONFIG", "SET", "maxmemory", "0")


@fault("every caller of Redis cut off, again and again")
def redis_cut(stack: Stack) -> None:
    for _ in range(5):
        stack.redis_wire.tell("cut")
        hold(0.6)


@fault("the network to Redis silent")
def redis_silent(stack: Stack) -> None:
    stack.redis_wire.tell("silent")
    hold(FREEZE)
    stack.redis_wire.tell("pass")


@fault("Redis 25 ms late each way")
def redis_late(stack: Stack) -> None:
    stack.redis_wire.tell("late 0.025")
    hold()
    stack.redis_wire.tell("pass")


@fault("Redis a second late")
def redis_very_late(stack: Stack) -> None:
    stack.redis_wire.tell("late 0.5")
    hold()
    stack.redis_wire.tell("pass")


# nginx


@fault("nginx told to read its configuration anew")
def nginx_reloaded(stack: Stack) -> None:
    stack.nginx.signal(signal.SIGHUP)
    hold()


@fault("one of nginx's processes killed")
def nginx_process_killed(stack: Stack) -> None:
    os.kill(stack.nginx.children[0], signal.SIGKILL)
    hold()


@fault("nginx killed, and started again")
def nginx_killed(stack: Stack) -> None:
    stack.nginx.kill()
    hold(1)
    start_again(stack.nginx)


# queue, worker, clock


@fault("the worker killed, and started again")
def worker_killed(stack: Stack) -> None:
    stack.worker.kill()
    hold()
    stack.worker.start()


@fault("the clock killed, and started again")
def beat_killed(stack: Stack) -> None:
    stack.beat.kill()
    hold()
    stack.beat.start()


@fault("two clocks and two workers", short=True)
def two_of_each(stack: Stack) -> None:
    second = [stack.celery(f"second-{part.name}", part.command) for part in (stack.beat, stack.worker)]
    for part in second:
        part.start()
    hold(FREEZE)
    for part in second:
        part.end()


@fault("the clock's own clock two minutes ahead")
def beat_ahead(stack: Stack) -> None:
    with another_time(stack.beat, 120):
        hold()


@fault("two hundred ticks at once")
def many_ticks(stack: Stack) -> None:
    send_ticks = "[app.send_task('training.tick', expires=30) for _ in range(200)]"
    stack.work_out(f"from digitre_site.celery import app; {send_ticks}")


@fault("a worker killed while it trains")
def training_killed(stack: Stack) -> None:
    begin_training(stack)
    stack.worker.kill()
    hold(1)
    stack.worker.start()


@fault("the training process alone killed")
def training_child_killed(stack: Stack) -> None:
    stack.query("UPDATE training_trainingrun SET lease_expires_at = now() WHERE status = 'running'")
    begin_training(stack)
    send(signal.SIGKILL, children_of({known(stack.worker.process).pid}) - {stack.worker.pid})
    hold(1)


@fault("a worker frozen while it trains, until its lease is another's")
def training_frozen(stack: Stack) -> None:
    stack.query("UPDATE training_trainingrun SET lease_expires_at = now() WHERE status = 'running'")
    begin_training(stack)
    second = stack.celery("relief-worker", stack.worker.command)
    with stopped(stack.worker.all_pids):
        stack.query("UPDATE training_trainingrun SET lease_expires_at = now() WHERE status = 'running'")
        second.start()
        hold(FREEZE)
    second.end()


def begin_training(stack: Stack) -> None:
    """Ask for a run, and wait until a worker is at it."""
    ask = "from training.models import TrainingRun as R; from training.tasks import wake_worker as w"
    stack.work_out(f"{ask}; R.objects.request(by=None); w()")
    try:
        wait_until(lambda: stack.query("SELECT 1 FROM training_trainingrun WHERE status = 'running'"), 60)
    except AssertionError:
        raise NotHere("no worker began a run within a minute") from None
    hold(1)


# versions

ANOTHER = """
from recognizer import registry
from recognizer.models import ModelVersion as V
v = V.objects.champion()
n = registry.register(v.keras, v.tflite, preprocessing_version=v.preprocessing_version,
    calibration=v.calibration | {"temperature": v.calibration["temperature"] * 1.25}, metrics={}, parent=v, origin="chaos")
registry.promote(n, by=None, reason="chaos")
"""
ROLL_BACK = "from recognizer import registry; registry.roll_back(by=None, reason='chaos')"


@fault("another version promoted", short=True)
def promoted(stack: Stack) -> None:
    stack.work_out(ANOTHER)
    hold()


@fault("two operators roll back at once")
def rolled_back(stack: Stack) -> None:
    def roll_back() -> None:
        with suppress(RuntimeError):  # one of the two may find nothing left to go back to
            stack.work_out(ROLL_BACK)

    threads = [threading.Thread(target=roll_back) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    hold()


@fault("the champion's bytes damaged, and every replica started again", hits=(0, 1, 2), others_answer=True)
def champion_damaged(stack: Stack) -> None:
    where = "WHERE version_id = (SELECT id FROM recognizer_modelversion WHERE is_champion)"
    flip = "UPDATE recognizer_modelartifacts SET tflite = set_byte(tflite, 1000, get_byte(tflite, 1000) # 255)"
    stack.query(f"{flip} {where}")
    for replica in stack.replicas:
        replica.end()
        start_again(replica)
    stack.query(f"{flip} {where}")
    hold()  # until every process has looked again


@fault("migrations started twice while people draw")
def migrated_twice(stack: Stack) -> None:
    threads = [threading.Thread(target=stack.manage, args=("migrate", "--noinput")) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@fault("a backup while people draw")
def backed_up(stack: Stack) -> None:
    file = stack.folder / "backup"
    file.unlink(missing_ok=True)
    stack.manage("backup", str(file))
