"""The monitor as a web server of this machine: /metrics for Prometheus, /health for probes."""

import contextlib
import signal
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import BoundedSemaphore
from typing import Any

import psycopg

from sigeti_dwh.errors import UserError
from sigeti_dwh.monitor.machines import as_prometheus
from sigeti_dwh.monitor.survey import Survey

HOST = "127.0.0.1"
MOST_AT_ONCE = 8
"""Questions answered at the same time: each holds a thread, and connections to both databases."""
SILENCE_SECONDS = 10


def serve(look: Callable[[], Survey], port: int, report: Callable[[str], None]) -> None:
    """Answer until SIGINT or SIGTERM; each question is a look of its own. Port 0 is any free one.

    Raises UserError when the port is taken.
    """
    try:
        server = LimitedServer((HOST, port), _handler(look))
    except OSError as error:
        raise UserError(f"Port {port} of {HOST} cannot be used: {error}.\nSet --port.") from None

    def end(*_: Any) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, end)
    with server:
        report(f"http://{HOST}:{server.server_port}/metrics and /health; Ctrl-C ends it")
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()


class LimitedServer(ThreadingHTTPServer):
    """Refuses what comes while it answers as many questions as it may."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._free = BoundedSemaphore(MOST_AT_ONCE)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Give the question a thread of its own, or break it off."""
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer, and let the next one in."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()


def _handler(look: Callable[[], Survey]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        # Whoever connects and says nothing gives his thread back.
        timeout = SILENCE_SECONDS

        def do_GET(self) -> None:
            # A page of the web, whose name was made to lead here, says its own.
            if self.headers.get("Host", "").rpartition(":")[0] not in (HOST, "localhost"):
                self._answer(421, "Only 127.0.0.1 and localhost are answered here.\n")
                return
            if self.path not in ("/metrics", "/health"):
                self._answer(404, "Only /metrics and /health are here.\n")
                return
            try:
                survey = look()
            except (UserError, psycopg.Error) as error:
                self._answer(503, f"{error}\n")
                return
            if self.path == "/metrics":
                self._answer(200, as_prometheus(survey) + "\n", "text/plain; version=0.0.4")
                return
            lines = [survey.verdict, *map(str, survey.findings)]
            self._answer(503 if survey.verdict == "critical" else 200, "\n".join(lines) + "\n")

        def _answer(self, code: int, text: str, kind: str = "text/plain") -> None:
            body = text.encode()
            self.send_response(code)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    return Handler
