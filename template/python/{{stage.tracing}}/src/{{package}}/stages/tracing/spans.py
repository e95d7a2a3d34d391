"""What makes spans, and what carries their context from one service to another."""

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from ... import health

CONTEXT = TraceContextTextMapPropagator()
"""https://www.w3.org/TR/trace-context"""


def provider(service: str, share: float) -> TracerProvider:
    """Return what makes the spans of an application; they go nowhere yet.

    The first one also makes those of `trace.get_tracer(__name__)`, anywhere in the process.
    """
    made = TracerProvider(
        # A trace that another service began is kept or not as it says.
        ParentBased(TraceIdRatioBased(share)),
        Resource.create({"service.name": service, "service.version": health.version()}),
        shutdown_on_exit=False,  # that would have no limit; the lifespan does it
    )
    if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        trace.set_tracer_provider(made)
    return made
