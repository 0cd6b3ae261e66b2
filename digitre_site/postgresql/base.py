"""Connections that are known to be alive without asking the server; Django finds this module by its name."""

import select

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    def is_usable(self) -> bool:
        """Whether the connection can be used: its socket is looked at, and `SELECT 1` asked only where something has come.

        A server that ends a connection says so, and whatever it says lies there unread; Django's own check is a round trip before
        each request. A server that has fallen silent is found out by the request's first statement, which waits as long as the
        check would have.
        """
        if self.connection is None or self.connection.closed:
            return False
        poller = select.poll()
        poller.register(self.connection.fileno(), select.POLLIN)
        return not poller.poll(0) or super().is_usable()
