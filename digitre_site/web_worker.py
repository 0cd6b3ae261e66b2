"""The gunicorn worker that serves the site: its loop answers /healthz, and /readyz has a thread of its own.

Whatever the other threads wait for, a probe need not wait with them: a process whose threads wait for a frozen database
is not dead, and restarting it would mend nothing.
"""

import re
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from selectors import EVENT_READ, DefaultSelector
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

from digitre_site import queueing

FIRST_BYTE_SECONDS = 5.0  # a connection that says nothing is closed after this; it holds no thread meanwhile
PEEKED = 8192  # bytes: a probe's head, with whatever proxies add
PROBE = re.compile(rb"(GET|HEAD) (/healthz|/readyz)(?:\?\S*)? HTTP/1\.[01]\r\n")
HAS_BODY = re.compile(rb"\r\n(?:content-length|transfer-encoding|expect)\s*:", re.IGNORECASE)
ALIVE = b'{"status": "ok"}'
ALIVE_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"
    b"Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n" % len(ALIVE)
)


class WebWorker(ThreadWorker):
    def init_process(self) -> None:
        self.readiness_pool = ThreadPoolExecutor(1)
        super().init_process()

    def run(self) -> None:
        super().run()
        self.readiness_pool.shutdown(wait=False)

    def enqueue_req(self, conn: TConn) -> None:
        """Hand a connection that has something to say to a thread, unless it is a probe that needs none."""
        if not conn.initialized and not conn.data_ready:
            self.wait_in_loop(conn)
            return
        method, path = self.probed(conn)
        if path == b"/healthz":
            self.answer_alive(conn, with_body=method == b"GET")
            return
        conn.queued_at = time.monotonic()
        pool = self.readiness_pool if path == b"/readyz" else self.tpool
        future = pool.submit(self.handle, conn)
        future.add_done_callback(lambda done: self.method_queue.defer(self.finish_request, conn, done))

    def wait_in_loop(self, conn: TConn) -> None:
        conn.sock.setblocking(False)
        conn.timeout = time.monotonic() + FIRST_BYTE_SECONDS
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def probed(self, conn: TConn) -> tuple[bytes, bytes]:
        """Return method and path if the whole of a probe has come, else nothing: who sends slowly is no probe."""
        if self.cfg.is_ssl:
            return b"", b""
        try:
            head = conn.sock.recv(PEEKED, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except OSError:
            return b"", b""
        asked = PROBE.match(head)
        if asked is None or not head.endswith(b"\r\n\r\n") or HAS_BODY.search(head):
            return b"", b""
        return asked[1], asked[2]

    def answer_alive(self, conn: TConn, *, with_body: bool) -> None:
        try:
            conn.sock.recv(PEEKED)  # what was peeked at: closing over unread bytes would reset the connection
            conn.sock.send(ALIVE_HEAD + (ALIVE if with_body else b""))
        except OSError:
            pass
        self.nr_conns -= 1
        conn.close()

    def handle(self, conn: TConn) -> Any:
        queueing.note(time.monotonic() - conn.queued_at)
        return super().handle(conn)

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
            conn.timeout = min(conn.timeout, deadline)
