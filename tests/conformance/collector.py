"""A collector of traces: takes OTLP over HTTP, decodes it, or fails as it is told to."""

import gzip
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from running import free_port

SECONDS = 20.0
STUCK_SECONDS = 30.0
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
BROUGHT = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
"""The trace of a client, its span, and the header that brings both."""


@dataclass(frozen=True)
class Span:
    """What arrived of one span."""

    name: str
    trace_id: str
    span_id: str
    parent_id: str
    kind: int
    is_error: bool
    attributes: dict[str, Any]
    resource: dict[str, Any]
    seconds: float

    @property
    def service(self) -> str:
        name: str = self.resource["service.name"]
        return name


class Collector:
    """Answers with `status` after `delay` seconds; keeps what it has taken."""

    def __init__(self, port: int, scheme: str) -> None:
        self.port = port
        self.url = f"{scheme}://127.0.0.1:{port}"
        self.status = 200
        self.delay = 0.0
        self.spans: list[Span] = []
        self.headers: list[dict[str, str]] = []
        self.attempts = 0
        self.moved_to = ""
        self.ended = threading.Event()

    def take(self, body: bytes) -> None:
        request = ExportTraceServiceRequest.FromString(body)
        for found in request.resource_spans:
            resource = _attributes(found.resource.attributes)
            for scope in found.scope_spans:
                self.spans += [_span(span, resource) for span in scope.spans]

    def named(self, name: str) -> list[Span]:
        return [span for span in self.spans if span.name == name]

    def wait(self, holds: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + SECONDS
        while not holds():
            assert time.monotonic() < deadline, f"{what}: {[span.name for span in self.spans]}"
            time.sleep(0.05)


def _span(span: Any, resource: dict[str, Any]) -> Span:  # noqa: ANN401 - a message of protobuf
    return Span(
        span.name,
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        span.kind,
        span.status.code == 2,
        _attributes(span.attributes),
        resource,
        (span.end_time_unix_nano - span.start_time_unix_nano) / 1e9,
    )


def _attributes(pairs: Any) -> dict[str, Any]:  # noqa: ANN401 - messages of protobuf
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}


@contextmanager
def collecting(port: int = 0, tls: ssl.SSLContext | None = None) -> Iterator[Collector]:
    """Run a collector, with TLS if it has a certificate; one that is stuck lets go at the end."""
    collector = Collector(port or free_port(), "https" if tls else "http")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            collector.attempts += 1
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            collector.ended.wait(collector.delay)
            collector.headers.append({k.lower(): v for k, v in self.headers.items()})
            assert self.path == "/v1/traces"
            if collector.status == 200:
                collector.take(body)
            self.send_response(collector.status)
            self.send_header("Content-Length", "0")
            if collector.moved_to:
                self.send_header("Location", collector.moved_to)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def handle(self) -> None:
            with suppress(ConnectionError, ssl.SSLError):  # the service has given up
                super().handle()

    server = ThreadingHTTPServer(("127.0.0.1", collector.port), Handler)
    server.daemon_threads = True
    if tls:
        # In the threads of the connections: one that fails is no failure of the server.
        server.socket = tls.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield collector
    finally:
        collector.ended.set()
        server.shutdown()
        server.server_close()
        thread.join()
