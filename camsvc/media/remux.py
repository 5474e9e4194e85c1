"""From packets to an MP4 file with the camera's own bits (invariant 5)."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from statistics import median

import av
from av import AudioCodecContext, AudioStream, VideoCodecContext, VideoStream
from av.container import OutputContainer
from av.error import FFmpegError

from camsvc.errors import UnplayableError
from camsvc.media.libav import TIME_BASE, av_packet, scrub
from camsvc.media.packet_log import sync_folder
from camsvc.media.packets import CLOCK_HZ, AudioParameters, Kind, Packet, Parameters, VideoParameters

DEFAULT_FRAME_90K = CLOCK_HZ // 25
"""How long a single picture is shown when nothing says."""

_VIDEO_ENCODERS = {"h264": "libx264", "hevc": "libx265"}
_AUDIO_ENCODERS = {"aac": "aac", "mp3": "libmp3lame", "opus": "libopus", "ac3": "ac3"}
"""What MP4 carries, and the encoder whose (never opened) context describes the track to FFmpeg."""

_TAGS = {"hevc": "hvc1"}
"""Apple's players, and some browsers, refuse ``hev1``."""


@dataclass(frozen=True, slots=True)
class WrittenClip:
    duration_s: float
    """From the first picture to the end of the last."""
    size_bytes: int
    sha256: str
    codec: str
    width: int
    height: int
    audio: str | None
    audio_note: str | None
    """Why the camera's audio is not in the file, if it has any."""
    started_at: datetime
    ended_at: datetime
    start_pts_90k: int
    """Media time of the first picture: player time 0."""


def write_mp4(path: Path, parameters: Parameters, packets: Iterable[Packet]) -> WrittenClip:
    """Writes a fast-start MP4; when this returns, it is on the disk under its name, whole.

    The first packet must be a key frame of the video. Audio is kept where MP4 can carry it, cut to the video's span,
    and is never the reason that the file fails. The same packets give the same bytes. ``packets`` is gone through
    several times: an iterator is first read into memory, so give the view of a packet log for what is long.

    Raises UnplayableError (nothing to write, no key frame first, a codec that MP4 has no place for) and OSError.
    """
    if isinstance(packets, Iterator):
        packets = list(packets)
    span = _Span.of(packets, path)
    if parameters.video.codec not in _VIDEO_ENCODERS:
        raise UnplayableError(f"{path}: a clip holds H.264 or H.265, not {parameters.video.codec}")
    audio, note = _audio_for_mp4(parameters.audio, packets, span)
    part = path.with_name(f".{path.name}.part")
    try:
        audio, note = _mux_with_audio_if_possible(part, parameters.video, audio, note, packets, span)
        size_bytes, sha256 = _settle(part)
        part.rename(path)
        sync_folder(path.parent)
    except FFmpegError as error:
        raise UnplayableError(f"{path}: the video could not be written: {scrub(error).strerror}") from error
    finally:
        part.unlink(missing_ok=True)
    return WrittenClip(
        duration_s=(span.end_90k - span.start_90k) / CLOCK_HZ,
        size_bytes=size_bytes,
        sha256=sha256,
        codec=parameters.video.codec,
        width=parameters.video.width,
        height=parameters.video.height,
        audio=audio.codec if audio else None,
        audio_note=note,
        started_at=span.started_at,
        ended_at=span.ended_at,
        start_pts_90k=span.start_90k,
    )


@dataclass(frozen=True, slots=True)
class _Span:
    """What one pass over the packets tells of the video."""

    start_90k: int
    end_90k: int
    started_at: datetime
    ended_at: datetime
    times: tuple[int, ...]
    """Presentation times, rising."""
    decode_lead_90k: int
    """How far decoding must run ahead of presentation, so that every picture is decoded before it is shown."""
    last_frame_90k: int

    @classmethod
    def of(cls, packets: Iterable[Packet], path: Path) -> _Span:
        video = [(packet.pts_90k, packet.at, packet.duration_90k) for packet in _pictures(packets, path)]
        if not video:
            raise UnplayableError(f"{path}: no packets to write")
        order = [pts for pts, _, _ in video]
        times = sorted(order)
        lead = max(shown - pts for shown, pts in zip(times, order, strict=True))
        last = max(video)
        frame = last[2] or _typical_distance(times)
        ended_at = last[1] + timedelta(seconds=frame / CLOCK_HZ)
        return cls(times[0], times[-1] + frame, video[0][1], ended_at, tuple(times), lead, frame)


def _pictures(packets: Iterable[Packet], path: Path) -> Iterator[Packet]:
    """The pictures to write: not those that an open GOP shows before the first key frame; each time stamp once."""
    start: int | None = None
    seen: set[int] = set()
    for packet in packets:
        if packet.kind is not Kind.VIDEO:
            continue
        if start is None:
            if not packet.is_key:
                raise UnplayableError(f"{path}: the first packet is no key frame: begin the clip at one")
            start = packet.pts_90k
        if packet.pts_90k >= start and packet.pts_90k not in seen:
            seen.add(packet.pts_90k)
            yield packet


def _typical_distance(times: list[int]) -> int:
    distances = [later - earlier for earlier, later in pairwise(times)]
    return round(median(distances)) if distances else DEFAULT_FRAME_90K


def _audio_for_mp4(
    audio: AudioParameters | None, packets: Iterable[Packet], span: _Span
) -> tuple[AudioParameters | None, str | None]:
    """The audio track to write, or why there is none."""
    if audio is None:
        return None, None
    if audio.codec not in _AUDIO_ENCODERS:
        name = "G.711" if audio.codec in {"pcm_mulaw", "pcm_alaw"} else audio.codec
        return None, f"MP4 has no place for {name} audio ({audio.codec})"
    if next(_sounds(packets, span), None) is None:
        return None, "the camera sent no audio in this time"
    return audio, None


def _sounds(packets: Iterable[Packet], span: _Span) -> Iterator[Packet]:
    """The audio within the video's span, its time stamps rising."""
    newest: int | None = None
    for packet in packets:
        if packet.kind is not Kind.AUDIO or (newest is not None and packet.pts_90k <= newest):
            continue
        if packet.pts_90k >= span.start_90k and packet.pts_90k + packet.duration_90k <= span.end_90k:
            newest = packet.pts_90k
            yield packet


def _mux_with_audio_if_possible(
    path: Path,
    video: VideoParameters,
    audio: AudioParameters | None,
    note: str | None,
    packets: Iterable[Packet],
    span: _Span,
) -> tuple[AudioParameters | None, str | None]:
    """The audio that was written, or why there is none."""
    if audio is not None:
        try:
            _mux(path, video, audio, packets, span)
        except FFmpegError as error:
            note = f"{audio.codec} could not be written into the MP4 file: {scrub(error).strerror}"
        else:
            return audio, note
    _mux(path, video, None, packets, span)
    return None, note


def _mux(
    path: Path, video: VideoParameters, audio: AudioParameters | None, packets: Iterable[Packet], span: _Span
) -> None:
    """Pictures and sounds are muxed in two sweeps over ``packets`` side by side, interleaved by time."""
    options = {"movflags": "+faststart", "fflags": "+bitexact", "video_track_timescale": str(CLOCK_HZ)}
    with av.open(str(path), "w", format="mp4", container_options=options) as container:
        container.metadata["creation_time"] = f"{span.started_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
        video_stream = _add_video(container, video)
        audio_stream = _add_audio(container, audio) if audio else None
        sounds = _sounds(packets, span) if audio_stream else iter(())
        sound = next(sounds, None)
        pictures = enumerate(_pictures(packets, path))
        for index, picture in pictures:
            while sound is not None and audio_stream is not None and sound.pts_90k <= span.times[index]:
                _mux_one(container, audio_stream, sound, sound.pts_90k - span.start_90k, span)
                sound = next(sounds, None)
            _mux_one(container, video_stream, picture, span.times[index] - span.decode_lead_90k - span.start_90k, span)
        while sound is not None and audio_stream is not None:
            _mux_one(container, audio_stream, sound, sound.pts_90k - span.start_90k, span)
            sound = next(sounds, None)


def _mux_one(
    container: OutputContainer, stream: VideoStream | AudioStream, packet: Packet, dts_90k: int, span: _Span
) -> None:
    fresh = av_packet(packet)
    fresh.pts, fresh.dts = packet.pts_90k - span.start_90k, dts_90k
    if packet.kind is Kind.VIDEO:
        # MP4 takes durations from the distance of decoding times, and this one only for the last.
        fresh.duration = span.last_frame_90k
    fresh.stream = stream  # type: ignore[assignment]  # PyAV types the packet by the stream it was demuxed from
    container.mux_one(fresh)


def _add_video(container: OutputContainer, video: VideoParameters) -> VideoStream:
    if not video.extradata:
        raise UnplayableError("the video has no parameter sets (SPS, PPS), so no player could open it")
    with av.open(os.devnull, "w", format="mp4") as scratch:
        model = scratch.add_stream(_VIDEO_ENCODERS[video.codec], width=video.width, height=video.height)
        stream = container.add_stream_from_template(model, opaque=True)
    if not isinstance(stream, VideoStream) or not isinstance(stream.codec_context, VideoCodecContext):
        raise TypeError(f"{video.codec} is no video codec to PyAV")
    stream.codec_context.extradata = video.extradata
    stream.time_base = TIME_BASE
    if video.codec in _TAGS:
        stream.codec_context.codec_tag = _TAGS[video.codec]
    return stream


def _add_audio(container: OutputContainer, audio: AudioParameters) -> AudioStream:
    layout = "mono" if audio.channels == 1 else "stereo"
    with av.open(os.devnull, "w", format="mp4") as scratch:
        model = scratch.add_stream(_AUDIO_ENCODERS[audio.codec], rate=audio.sample_rate_hz, layout=layout)
        stream = container.add_stream_from_template(model, opaque=True)
    if not isinstance(stream, AudioStream) or not isinstance(stream.codec_context, AudioCodecContext):
        raise TypeError(f"{audio.codec} is no audio codec to PyAV")
    if audio.extradata:
        stream.codec_context.extradata = audio.extradata
    stream.time_base = Fraction(1, audio.sample_rate_hz)
    return stream


def _settle(path: Path) -> tuple[int, str]:
    """Size and SHA-256 of the file, after it has reached the disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        digest = hashlib.file_digest(file, "sha256")
        return file.tell(), digest.hexdigest()
