"""A wire from the site to one of its servers, which can be slow, silent or cut; a process of its own.

It is told on standard input what to be, a line each: `pass`, `late 0.2` (seconds each way), `silent` (what is sent waits, as on a
network that lost its way), `cut` (every connection ends), `closed` (the same, and new ones end at once).
"""

import asyncio
import sys
from contextlib import suppress


class Wire:
    def __init__(self, port: int) -> None:
        self._port = port
        self._late = 0.0
        self._is_closed = False
        self._passing = asyncio.Event()
        self._passing.set()
        self._ends: set[asyncio.StreamWriter] = set()

    def tell(self, line: str) -> None:
        word, _, number = line.strip().partition(" ")
        if word in ("cut", "closed"):
            for end in [*self._ends]:
                end.transport.abort()
        self._late = float(number or 0)
        self._is_closed = word == "closed"
        if word == "silent":
            self._passing.clear()
        else:
            self._passing.set()

    async def join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry bytes both ways between who connected and the server."""
        self._ends.add(writer)
        try:
            await self._passing.wait()
            if self._is_closed:
                return
            with suppress(OSError):
                there, back = await asyncio.open_connection("127.0.0.1", self._port)
                self._ends.add(back)
                await asyncio.gather(self._carry(reader, back), self._carry(there, writer))
                self._ends.discard(back)
        finally:
            self._ends.discard(writer)
            writer.transport.abort()

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(65536):
                if self._late:
                    await asyncio.sleep(self._late)
                await self._passing.wait()
                sink.write(data)
                await sink.drain()
        sink.close()


async def main(listen: int, port: int) -> None:
    wire = Wire(port)
    server = await asyncio.start_server(wire.join, "127.0.0.1", listen)
    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    async with server:
        while line := await orders.readline():  # whoever started it is gone when there are no more
            wire.tell(line.decode())


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
