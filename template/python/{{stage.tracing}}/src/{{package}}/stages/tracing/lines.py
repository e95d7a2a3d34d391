"""Ids of traces in log lines, where the stage logging does not write them."""

import logging

from opentelemetry import trace
from opentelemetry.trace import format_span_id, format_trace_id

from ...runtime import log


def install() -> None:
    """Add the ids to the lines of boot's handler, unless it has a format of its own."""
    for handler in logging.getLogger().handlers:
        formatter = handler.formatter
        if handler.name == log.HANDLER_NAME and type(formatter) is logging.Formatter:
            handler.setFormatter(TracedLine(formatter._fmt))


class TracedLine(logging.Formatter):
    """A line with the ids of the span in which it was written."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """Return the first line of what is logged."""
        line = super().formatMessage(record)
        span = trace.get_current_span().get_span_context()
        if not span.is_valid:
            return line
        trace_id, span_id = format_trace_id(span.trace_id), format_span_id(span.span_id)
        return f'{line} trace_id="{trace_id}" span_id="{span_id}"'
