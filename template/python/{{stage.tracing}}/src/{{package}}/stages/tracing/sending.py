"""Sends spans in a thread of its own, whatever becomes of the collector."""

import asyncio
import logging
import ssl
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import requests
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.util.re import parse_env_headers

from ...runtime.outage import Named

PATH = "/v1/traces"
MOST_SPANS = 2048
"""How many wait for the collector; more are lost, and the log says so."""
WAIT_SECONDS = 1.0
SEND_SECONDS = 5.0
FLUSH_SECONDS = 1.5
"""For what is left at the stop: less than a stage has to close."""

log = logging.getLogger(__name__)


class Sending:
    """The way of spans to the collector at `endpoint`."""

    def __init__(
        self, provider: TracerProvider, endpoint: str, authorities: str, headers: dict[str, str]
    ) -> None:
        """Start the thread; it connects when there is something to send."""
        self._provider = provider
        self._exporter = Exporter(endpoint, authorities, headers)
        processor = BatchSpanProcessor(
            self._exporter,
            max_queue_size=MOST_SPANS,
            schedule_delay_millis=WAIT_SECONDS * 1000,
            max_export_batch_size=MOST_SPANS // 4,
        )
        provider.add_span_processor(processor)
        log.info("traces go to %s", self._exporter.where)

    async def end(self) -> None:
        """Send what is left; a collector that is slow does not delay the stop."""
        loop, sent = asyncio.get_running_loop(), asyncio.Event()

        def flush() -> None:
            self._provider.shutdown()
            with suppress(RuntimeError):  # the event loop has ended meanwhile
                loop.call_soon_threadsafe(sent.set)

        # No executor: the end of the process would wait for its threads.
        threading.Thread(target=flush, name="tracing ends", daemon=True).start()
        try:
            async with asyncio.timeout(FLUSH_SECONDS):
                await sent.wait()
        except TimeoutError:
            words = "the last spans are lost: %s has not taken them within %g s"
            log.warning(words, self._exporter.where, FLUSH_SECONDS)


class Exporter(SpanExporter):
    """Says once for each cause that a collector takes no spans, and once that it does again."""

    def __init__(self, endpoint: str, authorities: str, headers: dict[str, str]) -> None:
        """Send to the collector at `endpoint`.

        With TLS, its certificate comes from one of the `authorities` in this file, or else from
        those that are trusted here.
        """
        url = urlsplit(endpoint)
        self.where = f"{url.scheme}://{url.netloc}"
        self._lost = 0
        self._named = Named()
        self._log = logging.getLogger(OTLPSpanExporter.__module__)
        self._log.addFilter(self._noted)
        # It would log headers of the environment that it cannot read: they are secrets.
        logging.getLogger(parse_env_headers.__module__).disabled = True
        self._inner = OTLPSpanExporter(
            endpoint + PATH,
            # Without a file, the client would not ask OpenSSL, which knows SSL_CERT_FILE.
            certificate_file=authorities or ssl.get_default_verify_paths().cafile,
            headers=headers,
            timeout=SEND_SECONDS,
            session=Session(),
        )

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send spans; they are lost if that fails for too long."""
        result = self._inner.export(spans)
        if result is not SpanExportResult.SUCCESS:
            self._lost += len(spans)
        elif self._named:
            log.info("%s takes spans again; %d are lost", self.where, self._lost)
            self._named, self._lost = Named(), 0
        return result

    def shutdown(self) -> None:
        """Send nothing more."""
        self._inner.shutdown()  # type: ignore[no-untyped-call]
        self._log.removeFilter(self._noted)

    def _noted(self, record: logging.LogRecord) -> bool:
        """Replace what the inner exporter logs of every attempt."""
        cause = _reason(record)
        if self._named and "shutdown" in cause.lower():  # that follows from what is named
            return False
        still = self._named.still(cause)
        if still is not None:
            log.warning("%s %sdoes not take spans: %s", self.where, still, cause)
        return False


class Session(requests.Session):
    """Trusts whom it is told to trust, and sends nothing elsewhere."""

    def request(self, *args: Any, **more: Any) -> requests.Response:
        """Send a request."""
        more["verify"] = self.verify  # otherwise, REQUESTS_CA_BUNDLE would be stronger
        answer = super().request(*args, **more)
        if answer.is_redirect:  # the exporter would take the spans for sent
            raise requests.TooManyRedirects(f"{answer.status_code} {answer.reason}")
        return answer


def _reason(record: logging.LogRecord) -> str:
    """Return the innermost error that a record is about, or its words."""
    arguments = record.args if isinstance(record.args, tuple) else ()
    found = next((one for one in arguments if isinstance(one, BaseException)), None)
    while found is not None and found.__context__ is not None:
        found = found.__context__
    if found is not None:
        return f"{type(found).__name__}: {found}"
    return record.getMessage().partition(", retrying in")[0]
