"""From the ring to packet logs: the footage of one incident, cut into parts, with every hole written down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from camsvc import log
from camsvc.config import ClipSettings
from camsvc.domain.incident import Gap, GapReason
from camsvc.errors import CamsvcError, SpoolError
from camsvc.media.packet_log import PacketLogWriter
from camsvc.media.packets import CLOCK_HZ, Kind, Packet
from camsvc.media.ring import Lost, RingItem, RingReader, SessionEnd, SessionStart
from camsvc.worker.spool import Spool
from camsvc.worker.spool_entry import Entry
from camsvc.worker.spool_state import GapFound, PartClock

HARD_PART_FACTOR = 4
"""A part is cut at a key frame; a camera that sends none is cut off at this many times the bounds of a part,
and what follows until its next key frame, which no player could show, is a gap."""

GOPS_PER_TURN = 8
"""A recording that has fallen behind catches up this fast at most, so that the others get their turn."""

_log = log.get(__name__)


@dataclass(slots=True)
class _Part:
    index: int
    session: SessionStart
    writer: PacketLogWriter
    start_pts_90k: int


@dataclass(frozen=True, slots=True)
class _Hole:
    since: datetime
    reason: GapReason


class Footage:
    """Of one incident. Used by the recording thread alone; never waits for anything but the disk.

    Between two parts no packet is lost or doubled, unless a gap says so: a part ends with the packet before a key
    frame, the next begins with that key frame.
    """

    def __init__(
        self, entry: Entry, reader: RingReader, spool: Spool, settings: ClipSettings, wanted: datetime
    ) -> None:
        """``wanted``: footage of this moment and later ought to exist; where it does not, that is a gap."""
        self._entry = entry
        self._reader = reader
        self._spool = spool
        self._settings = settings
        self._session: SessionStart | None = None
        self._part: _Part | None = None
        self._next_index = 0
        self._hole: _Hole | None = _Hole(wanted, GapReason.OVERFLOW)
        self._end: datetime | None = None
        """Wall time at which the picture of the last packet taken ends."""

    @property
    def ended_at(self) -> datetime | None:
        return self._end

    def take(self, until: datetime | None) -> bool:
        """Write what the ring holds; whether a picture later than ``until`` was met, which is not written.

        A full or failing disk is a gap, not an error.
        """
        for _ in range(GOPS_PER_TURN):
            may_write = self._spool.refuses_footage() is None
            if not may_write:
                self._break(GapReason.DISK_FULL)
            items = self._reader.read(0.0)
            if not items:
                return False
            if any(self._item(item, until, may_write) for item in items):
                return True
        return False

    def sync(self) -> None:
        """What was taken survives a power cut."""
        if self._part:
            try:
                self._part.writer.sync()
            except (OSError, CamsvcError) as error:
                self._report(error)
                self._break(GapReason.DISK_FULL)

    def close(self, until: datetime, reason: GapReason | None) -> None:
        """Nothing more is taken. What is missing up to ``until`` is a gap: of ``reason``, unless a better one is known.

        None: nothing is missing, the picture after ``until`` was met.
        """
        self._reader.close()
        self._end_part()
        if reason and self._hole is None and self._end is not None:
            self._hole = _Hole(self._end, reason)
        if self._hole and self._hole.since < until:
            self._record_gap(self._hole, until)
        self._hole = None

    def _item(self, item: RingItem, until: datetime | None, may_write: bool) -> bool:
        match item:
            case SessionStart():
                self._end_part()
                self._session = item
            case SessionEnd():
                self._break(item.reason)
            case Lost():
                self._break(GapReason.OVERFLOW)
            case Packet():
                if until is not None and item.kind is Kind.VIDEO and item.at > until:
                    return True
                self._packet(item, may_write)
        return False

    def _packet(self, packet: Packet, may_write: bool) -> None:
        starts_gop = packet.kind is Kind.VIDEO and packet.is_key
        if self._part and starts_gop and self._is_full(self._part, packet, 1):
            self._end_part()
        elif self._part and self._is_full(self._part, packet, HARD_PART_FACTOR):
            self._break(GapReason.OVERFLOW)
        if self._part is None:
            if not starts_gop or self._session is None:
                return
            if not may_write:
                self._refused(packet)
                return
            if not self._begin_part(self._session, packet):
                return
        self._write(packet)

    def _write(self, packet: Packet) -> None:
        assert self._part is not None  # noqa: S101  the caller has just made or checked it
        try:
            self._part.writer.append(packet)
        except (OSError, CamsvcError) as error:
            self._report(error)
            self._break(GapReason.DISK_FULL)
            return
        if packet.kind is Kind.VIDEO:
            ended = packet.at + timedelta(seconds=packet.duration_90k / CLOCK_HZ)
            self._end = ended if self._end is None else max(self._end, ended)

    def _is_full(self, part: _Part, packet: Packet, factor: int) -> bool:
        return (
            packet.pts_90k - part.start_pts_90k >= self._settings.part_max_s * CLOCK_HZ * factor
            or part.writer.size_bytes >= self._settings.part_max_bytes * factor
        )

    def _begin_part(self, session: SessionStart, packet: Packet) -> bool:
        index, reading = self._next_index, session.clock()
        try:
            if self._hole and (self._hole.since < packet.at or index):
                self._record_gap(self._hole, packet.at)
            self._hole = None
            self._entry.append(PartClock(index, reading.error_ms, reading.camera_offset_ms))
            writer = PacketLogWriter(self._entry.part_log(index), session.session, session.parameters)
        except (OSError, CamsvcError) as error:
            self._report(error)
            self._refused(packet)
            return False
        self._next_index += 1
        self._part = _Part(index, session, writer, packet.pts_90k)
        return True

    def _end_part(self) -> None:
        part, self._part = self._part, None
        if part is None:
            return
        try:
            part.writer.sync()  # the finaliser may be far behind, and a power cut must not take what is closed
            part.writer.close()
            reading = part.session.clock()
            self._entry.append(PartClock(part.index, reading.error_ms, reading.camera_offset_ms))
            self._entry.measure()
        except (OSError, CamsvcError) as error:
            part.writer.close()
            self._report(error)  # what is on the disk is finished all the same
        self._entry.hand_over(part.index)

    def _break(self, reason: GapReason) -> None:
        """Footage stops here; where it goes on, a gap is written."""
        self._end_part()
        if self._hole is None and self._end is not None:
            self._hole = _Hole(self._end, reason)

    def _refused(self, packet: Packet) -> None:
        """The disk does not take what could be recorded from ``packet`` on."""
        if self._hole is None or self._next_index == 0:
            since = self._hole.since if self._hole else self._end or packet.at
            self._hole = _Hole(since, GapReason.DISK_FULL)

    def _report(self, error: Exception) -> None:
        _log.error("footage cannot be written", incident=str(self._entry.id), reason=str(error))

    def _record_gap(self, hole: _Hole, until: datetime) -> None:
        gap = Gap(hole.since, max(hole.since, until), hole.reason)
        if hole.reason in {GapReason.DISK_FULL, GapReason.OVERFLOW} and gap.ended_at > gap.started_at:
            # Of the recorder's own making; what the session lost is reported by the session.
            self._spool.coverage.record(self._entry.state.incident.camera, "footage", gap)
        try:
            self._entry.append(GapFound(gap))
        except SpoolError as error:
            self._report(error)
