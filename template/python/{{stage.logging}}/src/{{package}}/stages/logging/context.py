"""What every line of a request carries, whichever logger writes it."""

from collections.abc import Mapping
from contextvars import ContextVar
from types import MappingProxyType

request: ContextVar[Mapping[str, str]] = ContextVar("request", default=MappingProxyType({}))
"""The ids of the request being served; tasks and worker threads started for it inherit them."""
