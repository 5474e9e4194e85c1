"""A file as an endless camera picture: its access units, packetised for RTP once, played round and round.

FFmpeg's RTP muxer does the payload formats (RFC 6184, 7798, 3640, 7587…); only the twelve header bytes change
from loop to loop, so playing costs next to nothing and a hundred cameras fit on one core.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.error import FFmpegError

from camsvc.errors import SourceError, UnplayableError

PASSED_THROUGH = {"h264": "h264_mp4toannexb", "hevc": "hevc_mp4toannexb"}
"""Video codecs served as they are, with the filter that gives Annex B; any other is encoded to H.264 once."""
CARRIED_AUDIO = frozenset({"aac", "opus", "pcm_mulaw", "pcm_alaw"})
RTP_CLOCK_HZ = 90_000
RTP_PACKET_BYTES = 1400
"""Fits an Ethernet frame with the headers of IPv4, UDP and RTP, and those of a tunnel."""
VIDEO_PAYLOAD_TYPE = 96
AUDIO_PAYLOAD_TYPE = 97
RTP_HEADER_BYTES = 12
ENCODED_GOP_S = 2
"""Key-frame distance of what has to be encoded: what cameras are commonly set to."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One access unit of one track."""

    send_s: float
    """When to send it, in seconds from the start of the reel (its decoding time)."""
    timestamp: int
    """RTP time stamp relative to the start of the reel, in units of the track's clock."""
    is_key: bool
    packets: tuple[bytes, ...] = field(repr=False)
    """RTP packets whose sequence number, time stamp and SSRC are still to be written."""


@dataclass(frozen=True, slots=True)
class Track:
    codec: str
    clock_hz: int
    channels: int
    """Of audio; 0 for video."""
    extradata: bytes = field(repr=False)
    """Video: parameter sets in Annex B. Audio: the codec's own."""
    units: tuple[Unit, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Reel:
    name: str
    video: Track
    audio: Track | None
    duration_s: Fraction
    """Of one round; both tracks repeat with it."""

    def round(self) -> list[tuple[int, Unit]]:
        """Both tracks in the order of sending, each unit with its track's index: 0 video, 1 audio."""
        merged = [
            (index, unit) for index, track in enumerate((self.video, self.audio)) if track for unit in track.units
        ]
        return sorted(merged, key=lambda item: item[1].send_s)


def load(path: Path, *, scale: float = 1.0) -> Reel:
    """Read a video file whole. Any codec but H.264 and H.265, and any ``scale`` but 1, is encoded to H.264 once.

    Raises SourceError when it cannot be read, UnplayableError when it holds no video.
    """
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise UnplayableError(f"{path} holds no video: give a file with a video stream")
            codec = container.streams.video[0].codec_context.name
        encoded = scale != 1.0 or codec not in PASSED_THROUGH
        return _read(_encode(path, scale), path.stem) if encoded else _read(path, path.stem)
    except (FFmpegError, OSError) as error:
        raise SourceError(f"{path} cannot be read as video: {error.strerror or error}") from error


@dataclass(frozen=True, slots=True)
class _Access:
    """One access unit as the file has it, before it is packetised."""

    data: bytes
    pts_s: Fraction
    dts_s: Fraction | None
    is_key: bool


def _read(source: Path | io.BytesIO, name: str) -> Reel:
    with av.open(source if isinstance(source, io.BytesIO) else str(source), "r") as container:
        stream = container.streams.video[0]
        audio_stream = next((s for s in container.streams.audio if s.codec_context.name in CARRIED_AUDIO), None)
        video_filter = av.BitStreamFilterContext(PASSED_THROUGH[stream.codec_context.name], stream)
        pictures: list[_Access] = []
        sounds: list[_Access] = []
        for packet in container.demux([s for s in (stream, audio_stream) if s]):
            if packet.stream is stream:
                pictures += _accesses(video_filter.filter(packet if packet.size else None), stream.time_base)
            elif audio_stream and packet.size:
                sounds += _accesses([packet], audio_stream.time_base)
        if not pictures:
            raise UnplayableError(f"{name} holds no video packet: the file is empty or damaged")
        rate = Fraction(stream.average_rate or stream.guessed_rate or 25)
        pictures, sounds = _in_decoding_order(pictures), _in_decoding_order(sounds)
        shown = [access.pts_s for access in pictures]
        duration, base = max(shown) - min(shown) + 1 / rate, pictures[0].dts_s or Fraction(0)
        video = _packetise(stream, pictures, base, VIDEO_PAYLOAD_TYPE)
        heard = [access for access in sounds if 0 <= access.pts_s - base < duration]
        audio = _packetise(audio_stream, heard, base, AUDIO_PAYLOAD_TYPE) if heard else None
        return Reel(name, video, audio, duration)


def _accesses(packets: Iterable[Any], time_base: Fraction | None) -> Iterator[_Access]:
    """Those that have a time; a packet without one cannot be sent in time."""
    for packet in packets:
        unit = packet.time_base or time_base
        if packet.pts is not None and packet.size:
            pts_s = Fraction(packet.pts * unit)
            dts_s = Fraction(packet.dts * unit) if packet.dts is not None else None
            yield _Access(bytes(packet), pts_s, dts_s, packet.is_keyframe)


def _in_decoding_order(accesses: list[_Access]) -> list[_Access]:
    """With decoding times made up where the container leaves them out (Matroska with B-frames): the same steps as
    the times of presentation, early enough that nothing is shown before it is decoded."""
    if all(access.dts_s is not None for access in accesses):
        return accesses
    steps = sorted(access.pts_s for access in accesses)
    early = max((step - access.pts_s for step, access in zip(steps, accesses, strict=True)), default=Fraction(0))
    return [replace(access, dts_s=step - early) for step, access in zip(steps, accesses, strict=True)]


def _packetise(stream: Any, accesses: list[_Access], base: Fraction, payload_type: int) -> Track:  # noqa: ANN401  PyAV's stream types share no base
    is_video = stream.type == "video"
    context = stream.codec_context
    clock_hz = RTP_CLOCK_HZ if is_video else (48_000 if context.name == "opus" else context.sample_rate)
    sink = _Sink()
    options = {"rtpflags": "skip_rtcp", "payload_type": str(payload_type), "packetsize": str(RTP_PACKET_BYTES)}
    units = []
    with av.open(sink, "w", format="rtp", options=options, buffer_size=RTP_PACKET_BYTES) as muxer:
        # Without the file's own extradata the muxer takes the packets for what they are: Annex B.
        out = muxer.add_mux_stream(context.name) if is_video else muxer.add_stream_from_template(stream)
        for access in accesses:
            pts_s, send_s = access.pts_s - base, (access.dts_s or Fraction(0)) - base
            packet = av.Packet(access.data)
            packet.stream, packet.time_base, packet.is_keyframe = out, Fraction(1, clock_hz), access.is_key
            packet.pts, packet.dts = round(pts_s * clock_hz), round(send_s * clock_hz)
            muxer.mux(packet)
            units.append(Unit(float(send_s), round(pts_s * clock_hz), access.is_key, sink.take()))
    extradata = _parameter_sets(accesses, context.name) if is_video else bytes(context.extradata or b"")
    return Track(context.name, clock_hz, 0 if is_video else context.channels, extradata, tuple(units))


def _parameter_sets(accesses: list[_Access], codec: str) -> bytes:
    """The parameter sets in front of the first key frame, Annex B."""
    first = next((access.data for access in accesses if access.is_key), b"")
    wanted = (7, 8) if codec == "h264" else (32, 33, 34)
    found = [nal for nal in split_annex_b(first) if nal_type(nal, codec) in wanted]
    return b"".join(b"\0\0\0\1" + nal for nal in found)


def split_annex_b(data: bytes) -> list[bytes]:
    """NAL units without their start codes."""
    nals = []
    start = data.find(b"\0\0\1")
    while start >= 0:
        end = data.find(b"\0\0\1", start + 3)
        nals.append(data[start + 3 : end if end >= 0 else len(data)].rstrip(b"\0"))
        start = end
    return nals


def nal_type(nal: bytes, codec: str) -> int:
    return nal[0] & 0x1F if codec == "h264" else nal[0] >> 1 & 0x3F


def _encode(path: Path, scale: float) -> io.BytesIO:
    """The video as H.264 such as a camera sends: no B-frames, a key frame every two seconds."""
    memory = io.BytesIO()
    with av.open(str(path), "r") as source, av.open(memory, "w", format="matroska") as out:
        stream = source.streams.video[0]
        rate = stream.average_rate or Fraction(25)
        width, height = (round(size * scale) // 2 * 2 for size in (stream.width, stream.height))
        options = {"preset": "veryfast", "bf": "0", "sc_threshold": "0", "crf": "23"}
        encoder = out.add_stream("h264", rate=rate, options=options)
        encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
        encoder.codec_context.gop_size = max(1, round(rate * ENCODED_GOP_S))
        for index, frame in enumerate(source.decode(stream)):
            scaled = frame.reformat(width, height, "yuv420p")
            scaled.pts, scaled.time_base = index, 1 / Fraction(rate)
            scaled.pict_type = av.video.frame.PictureType.NONE
            out.mux(encoder.encode(scaled))
        out.mux(encoder.encode(None))
    memory.seek(0)
    return memory


class _Sink:
    """What the muxer writes: each write is one RTP packet."""

    def __init__(self) -> None:
        self._packets: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._packets.append(bytes(data))
        return len(data)

    def take(self) -> tuple[bytes, ...]:
        packets, self._packets = self._packets, []
        return tuple(packets)
