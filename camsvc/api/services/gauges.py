"""Metrics that are the database's knowledge, read when they are asked for: the same from every server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from camsvc import log
from camsvc.api.context import Server
from camsvc.db.queries import alerts, faults, incidents, status, workers
from camsvc.db.queries.workers import Report
from camsvc.domain.camera import CameraState, CameraStatus
from camsvc.domain.fault import FaultKind
from camsvc.domain.incident import IncidentState
from camsvc.domain.search import IncidentFilter
from camsvc.errors import CamsvcError

_log = log.get(__name__)


class DatabaseGauges(Collector):
    """Registered with the registry of HttpMetrics. When the database is away only ``camsvc_database_up`` 0 is left:
    a missing series is noticed by an alert, a stale one is believed."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def describe(self) -> Iterable[Metric]:
        """Nothing: registration must not ask the database."""
        return ()

    def collect(self) -> Iterable[Metric]:
        found: list[Metric] = []
        try:
            with self._server.database.session() as session:
                cameras = list(status.statuses(session).values())
                open_incidents = incidents.count(session, IncidentFilter(states=(IncidentState.OPEN,)))
                changes = incidents.latest(session)
                reports = workers.reports(session)
                waiting, since = alerts.waiting(session)
                found = [
                    *_cameras(cameras),
                    *_incidents(open_incidents, changes),
                    *_workers(reports, self._server.clock.now()),
                    *_alerts(waiting, since, self._server.clock.now()),
                    *_faults(faults.counts(session)),
                ]
        except CamsvcError as error:
            _log.warning("metrics without the database's", reason=str(error))
        yield GaugeMetricFamily("camsvc_database_up", "Whether PostgreSQL answered this scrape", value=bool(found))
        feed = self._server.feed
        yield GaugeMetricFamily(
            "camsvc_feed_listening", "Whether changes are notified (0: found by polling)", value=feed.is_listening
        )
        yield GaugeMetricFamily("camsvc_event_streams", "Clients of /incidents/stream now", value=feed.subscriptions)
        yield from found


def _faults(counts: Mapping[FaultKind, int]) -> Iterable[Metric]:
    """Alert on any that is not 0."""
    what_for = "Stored files that were found missing, altered or forged"
    at_fault = GaugeMetricFamily("camsvc_footage_at_fault", what_for, labels=["what"])
    for what in FaultKind:
        at_fault.add_metric([what.value], counts[what])
    yield at_fault


def _alerts(waiting: int, since: datetime | None, now: datetime) -> Iterable[Metric]:
    yield GaugeMetricFamily("camsvc_alert_deliveries_waiting", "Alerts that a receiver did not take yet", value=waiting)
    age_s = max(0.0, (now - since).total_seconds()) if since else 0.0
    yield GaugeMetricFamily(
        "camsvc_alert_deliveries_oldest_seconds", "Since the oldest of them was raised", value=age_s
    )


def _cameras(cameras: list[CameraStatus]) -> Iterable[Metric]:
    states = Counter(each.state for each in cameras)
    by_state = GaugeMetricFamily("camsvc_cameras", "Wanted cameras by state", labels=["state"])
    for state in CameraState:
        by_state.add_metric([state.value], states[state])
    yield by_state
    owned = [each for each in cameras if each.worker is not None]
    shed = CounterMetricFamily("camsvc_camera_shed_frames", "Frames given up by load shedding", labels=["camera"])
    sessions = CounterMetricFamily("camsvc_camera_sessions", "Sessions opened with the camera", labels=["camera"])
    clock = GaugeMetricFamily("camsvc_camera_clock_offset_seconds", "The camera's clock minus ours", labels=["camera"])
    for each in owned:
        shed.add_metric([each.camera], each.shed_frames)
        sessions.add_metric([each.camera], each.sessions)
        if each.camera_clock_offset_ms is not None:
            clock.add_metric([each.camera], each.camera_clock_offset_ms / 1000)
    yield from (shed, sessions, clock)


_Value = Callable[[Report], float]
_WORKER_GAUGES: tuple[tuple[str, str, _Value], ...] = (
    ("report_age_seconds", "Since the worker's last report; it reports every few seconds", lambda r: r.age_s),
    ("cameras", "Cameras that the worker runs", lambda r: r.status.cameras),
    ("detector_working", "Whether its detector works", lambda r: r.status.detector_detail is None),
    ("recording", "Whether its spool takes footage", lambda r: r.status.spool_refused is None),
    ("store_answering", "Whether the object store answers it", lambda r: r.status.store_away_since is None),
    ("spool_entries", "Incidents not yet published whole", lambda r: r.status.spool_entries),
    ("spool_bytes", "Size of its spool", lambda r: r.status.spool_bytes),
    ("spool_aside", "Incidents set aside: a person must look", lambda r: r.status.spool_aside),
)
_WORKER_COUNTERS: tuple[tuple[str, str, _Value], ...] = (
    ("analysed_frames", "Frames analysed", lambda r: r.status.analysed_frames),
    ("shed_frames", "Frames given up for newer ones", lambda r: r.status.shed_frames),
    ("published", "Incidents published whole", lambda r: r.status.published),
)


def _workers(reports: list[Report], now: datetime) -> Iterable[Metric]:
    """Alert on the age (a dead worker), on ``recording`` 0 (a full disk), on the oldest (a back-log that stays)."""
    for name, what, value in _WORKER_GAUGES:
        gauge = GaugeMetricFamily(f"camsvc_worker_{name}", what, labels=["worker"])
        for report in reports:
            gauge.add_metric([report.status.worker], value(report))
        yield gauge
    for name, what, value in _WORKER_COUNTERS:
        counter = CounterMetricFamily(f"camsvc_worker_{name}", what, labels=["worker"])
        for report in reports:
            counter.add_metric([report.status.worker], value(report))
        yield counter
    oldest = GaugeMetricFamily(
        "camsvc_worker_spool_oldest_seconds", "Age of the oldest incident on its spool", labels=["worker"]
    )
    for report in reports:
        oldest.add_metric([report.status.worker], _age_s(report, now))
    yield oldest


def _age_s(report: Report, now: datetime) -> float:
    oldest = report.status.spool_oldest_at
    return max(0.0, (now - oldest).total_seconds()) if oldest else 0.0


def _incidents(open_incidents: int, changes: int) -> Iterable[Metric]:
    yield GaugeMetricFamily("camsvc_incidents_open", "Incidents that are open now", value=open_incidents)
    yield CounterMetricFamily("camsvc_incident_changes", "Incidents opened, changed or ended so far", value=changes)
