"""A way to the store that is slow: a proxy on loopback that lets only so much through."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress

_PIECE = 4_096


@contextmanager
def slow_way(port: int, bytes_a_second: int) -> Generator[int]:
    """A port that leads to `port` of loopback, all connections together at `bytes_a_second` towards it."""
    loop = asyncio.new_event_loop()
    opened: asyncio.Future[int] = loop.create_future()

    async def serve() -> None:
        turn = asyncio.Lock()

        async def copy(source: asyncio.StreamReader, target: asyncio.StreamWriter, *, slow: bool) -> None:
            with suppress(OSError):
                while data := await source.read(_PIECE):
                    if slow:
                        async with turn:
                            await asyncio.sleep(len(data) / bytes_a_second)
                    target.write(data)
                    await target.drain()
            target.close()

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            there, back = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.gather(copy(reader, back, slow=True), copy(there, writer, slow=False))

        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        opened.set_result(server.sockets[0].getsockname()[1])
        await asyncio.Event().wait()

    def run() -> None:
        with suppress(asyncio.CancelledError):
            loop.run_until_complete(task)

    task = loop.create_task(serve())
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield asyncio.run_coroutine_threadsafe(asyncio.wait_for(asyncio.shield(opened), 10), loop).result(10)
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(10)
