"""A web server that keeps what is posted to it."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Receiver:
    """Where it listens, and the path and body of each post."""

    port: int = 0
    posts: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    refuses: bool = False

    @property
    def titles(self) -> list[str]:
        """Return the titles posted so far."""
        return [body["title"] for _, body in self.posts]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Receive on a free port of this machine."""
    kept = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if not kept.refuses:
                kept.posts.append((self.path, json.loads(body)))
            self.send_response(500 if kept.refuses else 200)
            self.end_headers()

        def log_message(self, *arguments: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        kept.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
        yield kept
        server.shutdown()
