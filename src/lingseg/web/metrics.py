"""What is counted: for Prometheus, without a word of what was asked or shown."""

from collections.abc import Callable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)


class Metrics:
    """The counters of one server."""

    def __init__(self) -> None:
        """Start at zero."""
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "lingseg_requests", "Requests.", ["route", "method", "status"], registry=self.registry
        )
        self.request_seconds = self._seconds("lingseg_request_seconds", "From head to answer.")
        self.encode_seconds = self._seconds("lingseg_encode_seconds", "Of encoding a picture.")
        self.segment_seconds = self._seconds("lingseg_segment_seconds", "Of answering a request.")

    def watch(self, name: str, says: str, value: Callable[[], float]) -> None:
        """Show a value that changes, asked when somebody looks."""
        Gauge(name, says, registry=self.registry).set_function(value)

    def text(self) -> bytes:
        """Return all of it in Prometheus' text format."""
        return generate_latest(self.registry)

    def _seconds(self, name: str, says: str) -> Histogram:
        """Return a histogram of seconds."""
        return Histogram(name, says, registry=self.registry, buckets=_SECONDS)
