"""Metrics of live view: what the live processes say of themselves when they are asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import anyio.from_thread
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from camsvc import log
from camsvc.api.context import Server
from camsvc.errors import CamsvcError

_log = log.get(__name__)

_GAUGES: tuple[tuple[str, str, str], ...] = (
    ("viewers", "viewers", "Viewers now, of every kind"),
    ("webrtc_viewers", "viewers_webrtc", "Viewers over WebRTC now"),
    ("mp4_viewers", "viewers_mp4", "Viewers of fragmented MP4 now"),
    ("channels", "hub_channels", "Streams fetched from workers now"),
    ("transcodes", "hub_transcodes", "Streams transcoded now"),
)
_COUNTERS: tuple[tuple[str, str, str], ...] = (
    ("dropped_pictures", "hub_dropped_units", "Pictures that viewers were too slow for"),
    ("reconnects", "hub_reconnects", "Connections to workers that ended and were opened again"),
    ("lost_packets", "hub_lost_packets", "Packets of cameras that left a worker's ring before they were fetched"),
    ("sent_bytes", "peers_bytes", "Sent over WebRTC"),
    ("repeated_packets", "peers_repeated_packets", "Lost on the way to a browser and sent again"),
    ("unsent_packets", "peers_unsent_packets", "Did not leave the host: a socket was full, or there was no route"),
    ("vanished_viewers", "peers_vanished", "Browsers of which nothing was heard any more"),
    ("failed_viewers", "peers_failed", "WebRTC viewers that never connected, or whose camera was gone for good"),
    ("unrecorded_ends", "records_lost", "Ends of viewings that did not reach the audit"),
)


class LiveGauges(Collector):
    """For the thread that answers ``/metrics``: the live processes are asked on the event loop meanwhile.

    A live process that does not answer has no series: that is noticed by an alert, a stale one is believed.
    """

    def __init__(self, server: Server) -> None:
        self._server = server

    def describe(self) -> Iterable[Metric]:
        """Nothing: registration must ask nobody."""
        return ()

    def collect(self) -> Iterable[Metric]:
        statuses = self._statuses()
        yield GaugeMetricFamily("camsvc_live_processes", "Live processes that answer", value=len(statuses))
        for name, key, what in _GAUGES:
            gauge = GaugeMetricFamily(f"camsvc_live_{name}", what, labels=["process"])
            for process, numbers in statuses.items():
                gauge.add_metric([process], numbers.get(key, 0))
            yield gauge
        for name, key, what in _COUNTERS:
            counter = CounterMetricFamily(f"camsvc_live_{name}", what, labels=["process"])
            for process, numbers in statuses.items():
                counter.add_metric([process], numbers.get(key, 0))
            yield counter
        yield GaugeMetricFamily(
            "camsvc_live_event_streams", "Clients of /live/events now", value=self._server.states.listeners
        )

    def _statuses(self) -> Mapping[str, Mapping[str, float]]:
        try:
            return anyio.from_thread.run(self._server.live.statuses)
        except CamsvcError as error:
            _log.warning("metrics without the live processes'", reason=str(error))
            return {}
