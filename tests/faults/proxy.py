"""A way to a server that can be slow, or stop."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from socketserver import BaseRequestHandler, ThreadingTCPServer

CHUNK_BYTES = 2048


@dataclass
class Way:
    """How the bytes travel at the moment."""

    port: int = 0
    delay: float = 0.0
    """Seconds for each 2 KB."""
    bytes_left: int = 1 << 60
    """How many still come through; then nothing does, and nobody is told."""
    lock: threading.Lock = field(default_factory=threading.Lock)


@contextmanager
def way_to(host: str, port: int, listening: int = 0) -> Iterator[Way]:
    """Pass on what comes to a port of this machine, a free one unless it is given."""
    way = Way()

    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            with socket.create_connection((host, port)) as server:
                back = threading.Thread(target=pass_on, args=[server, self.request, way])
                back.start()
                pass_on(self.request, server, way)
                back.join()

    class Server(ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", listening), Handler) as proxy:
        way.port = proxy.server_address[1]
        threading.Thread(target=proxy.serve_forever, args=[0.05], daemon=True).start()
        yield way
        proxy.shutdown()


def pass_on(source: socket.socket, target: socket.socket, way: Way) -> None:
    """Pass bytes on until one side ends."""
    with suppress(OSError):
        while data := source.recv(CHUNK_BYTES):
            time.sleep(way.delay)
            with way.lock:
                way.bytes_left -= len(data)
            if way.bytes_left > 0:
                target.sendall(data)
        target.shutdown(socket.SHUT_WR)
