"""What monitoring sees of exports."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from camsvc import log
from camsvc.api.context import Server
from camsvc.db.queries import export_runs
from camsvc.errors import CamsvcError

_log = log.get(__name__)


class ExportGauges(Collector):
    """Alert on ``camsvc_exports_wait_seconds``: nobody makes them, or too few servers do."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def describe(self) -> Iterable[Metric]:
        """Nothing: registration must not ask the database."""
        return ()

    def collect(self) -> Iterable[Metric]:
        try:
            with self._server.database.session() as session:
                queued, running, since = export_runs.oldest(session)
        except CamsvcError as error:
            _log.warning("metrics without exports", reason=str(error))
            return
        wait_s = (self._server.clock.now() - since).total_seconds() if since else 0.0
        yield GaugeMetricFamily("camsvc_exports_queued", "Exports that wait for a server to make them", value=queued)
        yield GaugeMetricFamily("camsvc_exports_running", "Exports that are being made", value=running)
        yield GaugeMetricFamily(
            "camsvc_exports_wait_seconds", "How long the first in the queue waits", value=max(0.0, wait_s)
        )
