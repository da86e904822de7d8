"""The reverse proxy of the fleet: each connection goes to the next gateway that takes it."""

import asyncio
import itertools
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

HOST = "127.0.0.1"
_CHUNK = 65_536


@contextmanager
def running_front(port: int, gateways: Sequence[int]) -> Iterator[None]:
    """Listen on `port` and pass connections on to the ports of `gateways` in turn, while the context is open."""
    loop = asyncio.new_event_loop()
    turns = itertools.count()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = next(turns)
        with suppress(asyncio.CancelledError):  # at the end, else the library tells of each connection
            for offset in range(len(gateways)):
                with suppress(OSError):
                    there, back = await asyncio.open_connection(
                        HOST, gateways[(first + offset) % len(gateways)]
                    )
                    await asyncio.gather(_pass_on(reader, back), _pass_on(there, writer))
                    return
        writer.close()

    thread = threading.Thread(target=loop.run_forever, name="front", daemon=True)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(asyncio.start_server(serve, HOST, port), loop).result(10)
    try:
        yield
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _pass_on(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while chunk := await source.read(_CHUNK):
            target.write(chunk)
            await target.drain()
    with suppress(OSError, RuntimeError):
        target.close()


async def _end(server: asyncio.Server) -> None:
    """Close the port and every connection."""
    server.close()
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
