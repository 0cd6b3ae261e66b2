"""The gunicorn worker that serves the site: its loop answers /healthz, and /readyz has a thread of its own.

Whatever the other threads wait for, a probe need not wait with them: a process whose threads wait for a frozen database
is not dead, and restarting it would mend nothing. Nor does a thread wait for who sends slowly: the loop takes in a request
until it is whole, as a proxy before the site would. Who reads slowly is bounded by the kernel's room for what is sent, and
by the time that an answer may take.
"""

import re
import socket
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from selectors import EVENT_READ, DefaultSelector
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

from digitre_site import queueing
from recognizer import callers

FIRST_BYTE_SECONDS = 5.0  # a connection that says nothing is closed after this
REQUEST_SECONDS = 20.0  # from a request's first byte to its last; 256 KB on the slowest line of a phone
ANSWER_SECONDS = 60.0  # that carrying out a request, and sending its answer, may hold a thread
STUCK_SECONDS = 240.0  # after which a thread that nobody listens to any more will not come back
PIECE = 65_536  # bytes taken in at a time
LONGEST_HEAD = 65_536  # bytes; what has no end by then is for gunicorn to refuse
LONGEST_BODY = 2 * 1024 * 1024 + PIECE  # that is taken in; for a longer one a middleware has its answer ready
MOST_HELD = 64 * 1024 * 1024  # bytes of requests that are not whole, all connections of this process together
FAREWELL_SECONDS = 2.0  # that whoever was told that this is all has to hang up, too
REFUSAL_SECONDS = 0.1  # that who asked too often waits for being told so
SENT_ROOM = 1024 * 1024  # bytes asked of the kernel for what a client has not read yet: more than a page or a list has
PROBE = re.compile(rb"(GET|HEAD) (/healthz|/readyz)(?:\?\S*)? HTTP/1\.[01]\r\n")
HAS_BODY = re.compile(rb"\r\n(?:content-length|transfer-encoding|expect)\s*:", re.IGNORECASE)
NOT_COUNTED = re.compile(rb"\r\n(?:transfer-encoding|expect)\s*:", re.IGNORECASE)
LENGTH = re.compile(rb"\r\ncontent-length\s*:[ \t]*(\d{1,9})[ \t]*\r\n", re.IGNORECASE)
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
END_OF_HEAD = b"\r\n\r\n"
ALIVE = b'{"status": "ok"}'
ALIVE_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"
    b"Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n" % len(ALIVE)
)


def is_whole(request: bytearray) -> bool:
    """Whether nothing is missing of a request, or what is missing need not be waited for here."""
    end = request.find(END_OF_HEAD, 0, LONGEST_HEAD)
    if end < 0:
        return len(request) >= LONGEST_HEAD
    head = request[: end + len(END_OF_HEAD)]
    length = LENGTH.search(head)
    if length is None or NOT_COUNTED.search(head) or int(length[1]) > LONGEST_BODY:
        return True
    return len(request) >= len(head) + int(length[1])


def is_given_up(connection: socket.socket) -> bool:
    """Whether whoever sent a request has hung up since: then nobody waits for its answer.

    A proxy that waited in vain has asked another replica meanwhile, and a person may have said something else since. What a
    frozen process, or one that is just starting, finds when it comes to itself would undo that: drawings stored twice, older
    labels over newer ones.
    """
    try:
        return not connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except OSError:
        return True


def slow_to_refuse(application: Application, threads: int, seconds: float = REFUSAL_SECONDS) -> Application:
    """Hold back, for a moment, what is answered 429: who asks again at once then asks ten times a second over a connection.

    Half of a process's threads wait so at most, for the others are there for those who are not refused.
    """
    turn = threading.BoundedSemaphore(threads // 2)

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        def start(status: str, *details: Any) -> Any:
            if status.startswith("429") and turn.acquire(blocking=False):
                try:
                    time.sleep(seconds)
                finally:
                    turn.release()
            return start_response(status, *details)

        return application(environ, start)

    return answer


class WebWorker(ThreadWorker):
    alive: bool  # gunicorn's own: it goes on until this is no longer so
    wsgi: Application  # likewise

    def init_process(self) -> None:
        self.readiness_pool = ThreadPoolExecutor(1)
        self.held: dict[TConn, bytearray] = {}  # what has come of requests that are not whole
        self.at_work: dict[TConn, float] = {}  # until when each connection that a thread has may keep it
        self.overdue: dict[TConn, float] = {}  # since then: until when its thread is waited for
        super().init_process()

    def load_wsgi(self) -> None:
        super().load_wsgi()
        self.wsgi = slow_to_refuse(self.wsgi, self.cfg.threads)

    def run(self) -> None:
        super().run()
        self.readiness_pool.shutdown(wait=False)

    def enqueue_req(self, conn: TConn) -> None:
        """Take in what a connection has to say, and hand it to a thread once that is a request."""
        if self.cfg.is_ssl:
            self.hand_over(conn, self.tpool)
        elif not conn.initialized and not conn.data_ready:
            conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SENT_ROOM)
            self.wait_in_loop(conn, FIRST_BYTE_SECONDS)
        else:
            self.take_in(conn)

    def take_in(self, conn: TConn) -> None:
        is_new = conn not in self.held
        request = self.held.setdefault(conn, bytearray())
        if conn.initialized:  # it was kept, and may have sent this request behind the one before
            request += conn.parser.unreader.take_buffered()
        is_open = self.receive(conn, request)
        if is_open and not is_whole(request):
            self.wait_in_loop(conn, REQUEST_SECONDS if is_new else max(0.0, conn.timeout - time.monotonic()))
            return
        del self.held[conn]
        if not is_open:
            self.nr_conns -= 1
            conn.close()
            return
        probe = PROBE.match(request) if request.endswith(END_OF_HEAD) and not HAS_BODY.search(request) else None
        if probe and probe[2] == b"/healthz":
            self.answer_alive(conn, with_body=probe[1] == b"GET")
            return
        conn.init()
        conn.parser.unreader.unread(bytes(request))
        self.hand_over(conn, self.readiness_pool if probe else self.tpool)

    def receive(self, conn: TConn, request: bytearray) -> bool:
        """Add what has come to a request. False: the client is gone, or there is no more room for what never becomes whole."""
        try:
            while not is_whole(request):
                piece = conn.sock.recv(PIECE, socket.MSG_DONTWAIT)
                if not piece:
                    return False
                request += piece
        except BlockingIOError:
            pass
        except OSError:
            return False
        return sum(map(len, self.held.values())) <= MOST_HELD

    def hand_over(self, conn: TConn, pool: ThreadPoolExecutor) -> None:
        conn.queued_at = time.monotonic()
        self.at_work[conn] = conn.queued_at + ANSWER_SECONDS
        future = pool.submit(self.handle, conn)
        future.add_done_callback(lambda done: self.method_queue.defer(self.finish_request, conn, done))

    def finish_request(self, conn: TConn, done: "Future[Any]") -> None:
        self.at_work.pop(conn, None)
        self.overdue.pop(conn, None)
        if self.cfg.is_ssl or done.cancelled() or done.exception() or done.result():
            super().finish_request(conn, done)
        else:
            self.say_farewell(conn)

    def say_farewell(self, conn: TConn) -> None:
        """Tell who is connected that this is all, and let the loop close the connection when they have hung up.

        Closed at once, a connection on which something has come that nobody read is reset, and the answer may be lost on its
        way (RFC 9112, section 9.6). gunicorn waits for it on the spot, in the loop: up to two seconds in which nobody is served.
        """
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            self.wait_in_loop(conn, FAREWELL_SECONDS, self.hear_out)
        except OSError:  # they have hung up already
            self.nr_conns -= 1
            conn.close()

    def hear_out(self, conn: TConn, _: socket.socket) -> None:
        """Throw away what still comes on a connection that has said farewell; close it when nothing will."""
        try:
            if conn.sock.recv(PIECE, socket.MSG_DONTWAIT):
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        self.pending_conns.remove(conn)
        self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        conn.close()

    def wait_in_loop(
        self, conn: TConn, seconds: float, then: Callable[[TConn, socket.socket], None] | None = None
    ) -> None:
        conn.sock.setblocking(False)
        conn.timeout = time.monotonic() + seconds
        self.poller.register(conn.sock, EVENT_READ, partial(then or self.on_pending_socket_readable, conn))
        self.pending_conns.append(conn)

    def murder_pending(self) -> None:
        """Close connections that waited too long, whichever began first, and end answers that nobody reads.

        A process that a thread never comes back to has one less for good, and its probe says all the same that it lives: it ends.
        """
        now = time.monotonic()
        for conn in [conn for conn in self.pending_conns if conn.timeout <= now]:
            self.pending_conns.remove(conn)
            self.held.pop(conn, None)
            self.poller.unregister(conn.sock)
            self.nr_conns -= 1
            conn.close()
        for conn in [conn for conn, until in self.at_work.items() if until <= now]:
            del self.at_work[conn]
            self.overdue[conn] = now + STUCK_SECONDS
            with suppress(OSError):
                conn.sock.shutdown(socket.SHUT_RDWR)  # its thread is told, and the loop closes it
        if self.alive and any(until <= now for until in self.overdue.values()):
            self.log.error("a thread does not come back: this process ends, and another takes its place")
            self.alive = False  # as at a stop; gunicorn kills who is not gone by its timeout

    def answer_alive(self, conn: TConn, *, with_body: bool) -> None:
        with suppress(OSError):
            conn.sock.send(ALIVE_HEAD + (ALIVE if with_body else b""))
        self.nr_conns -= 1
        conn.close()

    def handle(self, conn: TConn) -> Any:
        if not self.cfg.is_ssl and is_given_up(conn.sock):
            return False  # gunicorn closes it
        queueing.note(time.monotonic() - conn.queued_at)
        with callers.known_by(lambda: self.cfg.is_ssl or not is_given_up(conn.sock)):
            return super().handle(conn)

    def handle_request(self, req: Any, conn: TConn) -> bool:
        """Answer a request. What follows one whose end is not known here has a connection of its own, and is told so."""
        left = getattr(req.body.reader, "length", None)
        if not self.cfg.is_ssl and (left is None or left > conn.parser.unreader.buf.getbuffer().nbytes):
            req.force_close()
        return bool(super().handle_request(req, conn))

    def _keepalive_after(self, conn: TConn, keepalive: bool) -> bool:
        """Go past a body that nobody read: a refused call's, for instance. Of those kept, all are in memory.

        gunicorn closes the connection where 64 KB are left, after it has announced that it stays open. A proxy that sends the
        next request then takes the replica for broken, and who sends many such bodies could have all replicas taken for it.
        """
        if self.cfg.is_ssl or not keepalive:
            return bool(super()._keepalive_after(conn, keepalive))
        while conn.parser.mesg.body.read(LONGEST_BODY):
            pass
        return True

    def set_accept_enabled(self, enabled: bool) -> None:
        """When this process stops: take what the kernel has accepted already, and let go of the socket at once.

        gunicorn keeps it open until the last request is answered, and the kernel goes on accepting, for nobody: those
        connections would be reset when the process ends, some with a whole request in them. A closed socket refuses, and a
        proxy asks another.
        """
        super().set_accept_enabled(enabled)
        if enabled or self.alive:
            return
        for listener in self.sockets:
            with suppress(OSError), DefaultSelector() as waiting:
                waiting.register(listener, EVENT_READ)
                while waiting.select(0):
                    self.accept(listener)
            listener.close()

    def _cap_keepalive(self, deadline: float) -> None:
        """Let connections that say nothing delay a stop no longer than those that have said all.

        A proxy that closes idle connections sooner than this deadline (docker/nginx) never sends into one that is closed here.
        """
        super()._cap_keepalive(deadline)
        for conn in self.pending_conns:
            if conn not in self.held:
                conn.timeout = min(conn.timeout, deadline)
