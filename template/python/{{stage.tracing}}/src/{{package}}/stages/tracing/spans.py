"""What makes spans, and what carries their context from one service to another."""

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

CONTEXT = TraceContextTextMapPropagator()
"""https://www.w3.org/TR/trace-context"""


def provider(resource: dict[str, str], share: float) -> TracerProvider:
    """Return what makes the spans of an application; they go nowhere yet.

    The `resource` is what all of them say of the service.
    The first one also makes those of `trace.get_tracer(__name__)`, anywhere in the process.
    """
    made = TracerProvider(
        # A trace that another service began is kept or not as it says.
        ParentBased(TraceIdRatioBased(share)),
        Resource.create(resource),
        shutdown_on_exit=False,  # that would have no limit; the lifespan does it
    )
    if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        trace.set_tracer_provider(made)
    return made
