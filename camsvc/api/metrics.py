"""Prometheus metrics of this process: what it counts itself. The database's: ``services.gauges``."""

from __future__ import annotations

from contextlib import AbstractContextManager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Others are counted as ``other``: a label's values must stay few, and a client chooses its method freely."""
LATENCY_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class HttpMetrics:
    """One registry per application: tests make several in one process. Any thread may call any method."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self._requests = Counter(
            "camsvc_http_requests",
            "HTTP requests answered",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self._latency = Histogram(
            "camsvc_http_request_duration_seconds",
            "From the request's first byte to the answer's last; streams count when they end",
            ("route",),
            buckets=LATENCY_BUCKETS_S,
            registry=self.registry,
        )
        self._in_progress = Gauge(
            "camsvc_http_requests_in_progress", "HTTP requests being answered now", registry=self.registry
        )
        self.stream_overflows = Counter(
            "camsvc_event_stream_overflows",
            "Clients of /incidents/stream told to reload because they read too slowly",
            registry=self.registry,
        )
        self.stored_faults = Counter(
            "camsvc_stored_file_faults",
            "Stored files that were missing, altered or cut short when they were to be sent",
            ("fault",),
            registry=self.registry,
        )
        self.renditions = Counter(
            "camsvc_renditions", "Browser renditions made on demand", ("outcome",), registry=self.registry
        )

    def in_progress(self) -> AbstractContextManager[None]:
        return self._in_progress.track_inprogress()

    def observe(self, method: str, route: str, status: int, elapsed_s: float) -> None:
        method = method if method in METHODS else "other"
        self._requests.labels(method, route, str(status)).inc()
        self._latency.labels(route).observe(elapsed_s)
