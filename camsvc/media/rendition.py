"""A second version of a clip that browsers play. The original stays what it is (invariant 5)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
from av import VideoFrame, VideoStream
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter

from camsvc.errors import UnplayableError
from camsvc.media.libav import scrub

MAX_HEIGHT = 1080
"""Larger pictures are scaled down: a rendition is for viewing, and H.264 level 4.1 plays everywhere."""

CRF = "23"
"""x264's own default: differences to the original show only when frames are laid beside each other."""

PRESET = "veryfast"
"""Twice real time of 1080p on one core of 2020; slower presets save bytes nobody keeps for long."""

GOP_S = 2
"""Seeking in the player lands within so many seconds."""

MARK = "camsvc rendition"
"""Value of the metadata key ``title``: the file says itself that it is not what the camera sent."""

COMMENT = "Re-encoded for viewing in a browser. The original recording is kept separately, unchanged."
BROWSER_AUDIO = frozenset({"aac", "mp3", "opus"})


def transcode_for_browser(src: Path, dst: Path, stop: threading.Event) -> None:
    """Writes a fast-start H.264 (yuv420p) MP4 of ``src`` to ``dst``, with its times; audio for browsers is copied.

    Raises UnplayableError when ``src`` cannot be decoded, or when ``stop`` is set meanwhile; then ``dst`` is not there.
    """
    part = dst.with_name(f".{dst.name}.part")
    try:
        with av.open(str(src)) as source, av.open(str(part), "w", format="mp4", container_options=_MP4) as target:
            target.metadata.update(source.metadata | {"title": MARK, "comment": COMMENT})
            _transcode(source, target, stop)
        part.rename(dst)
    except FFmpegError as error:
        raise UnplayableError(f"{src.name}: no rendition could be made: {scrub(error).strerror}") from error
    finally:
        part.unlink(missing_ok=True)


_MP4 = {"movflags": "+faststart"}


def _transcode(source: InputContainer, target: OutputContainer, stop: threading.Event) -> None:
    if not source.streams.video:
        raise UnplayableError(f"{source.name}: no video in it")
    picture = source.streams.video[0]
    picture.thread_type = "AUTO"
    sound = next((stream for stream in source.streams.audio if stream.codec_context.name in BROWSER_AUDIO), None)
    encoder = _encoder(target, picture)
    copied = target.add_stream_from_template(sound) if sound else None
    scaler = VideoReformatter()
    for packet in source.demux(*[stream for stream in (picture, sound) if stream]):
        if stop.is_set():
            raise UnplayableError("the rendition was given up: the service is stopping")
        if packet.stream is picture:
            for frame in _decoded(cast("av.Packet[VideoStream]", packet), picture):
                target.mux(encoder.encode(_fitted(frame, encoder, scaler)))
        elif copied is not None and packet.dts is not None:
            packet.stream = copied
            target.mux(packet)
    target.mux(encoder.encode(None))


def _decoded(packet: av.Packet[VideoStream], stream: VideoStream) -> Iterator[VideoFrame]:
    """Broken pictures are left out: the rendition shows what can be shown."""
    try:
        yield from packet.decode()
    except FFmpegError:
        stream.codec_context.flush_buffers()


def _encoder(target: OutputContainer, source: VideoStream) -> VideoStream:
    context = source.codec_context
    rate = source.average_rate or Fraction(25)
    options = {"crf": CRF, "preset": PRESET, "g": str(max(1, round(rate * GOP_S))), "profile": "high"}
    stream = target.add_stream("libx264", rate=rate, options=options)
    scale = min(Fraction(1), Fraction(MAX_HEIGHT, context.height))
    stream.width, stream.height = _even(context.width * scale), _even(context.height * scale)
    stream.pix_fmt = "yuv420p"
    stream.codec_context.time_base = source.time_base or Fraction(1, 90_000)
    return stream


def _even(size: Fraction) -> int:
    """4:2:0 halves the colour planes."""
    return max(2, round(size / 2) * 2)


def _fitted(frame: VideoFrame, encoder: VideoStream, scaler: VideoReformatter) -> VideoFrame:
    fitted = scaler.reformat(
        frame,
        encoder.width,
        encoder.height,
        format="yuv420p",
        interpolation=Interpolation.BICUBIC,
        dst_color_range=ColorRange.MPEG,
    )
    fitted.pts, fitted.time_base, fitted.pict_type = frame.pts, frame.time_base, 0
    return fitted
