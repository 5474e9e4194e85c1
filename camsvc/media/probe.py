"""What a camera sends, measured by watching it for some seconds, and what to change on it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from statistics import median

from camsvc.clock import Clock
from camsvc.domain.camera import Transport
from camsvc.media.packets import CLOCK_HZ, Kind, Packet, VideoParameters
from camsvc.media.rtsp import RtspSource

WATCH_S = 6.0
"""Shows two key frames of a camera set up well."""
WATCH_MOST_S = 25.0
"""For the second key frame it is waited this long; longer GOPs are reported as "longer than"."""

LONG_GOP_S = 4.0
"""Beyond it a viewer waits too long for the first picture, and a clip begins too early."""
SHORT_GOP_S = 0.5
"""Below it key frames, ten times as large as others, are most of the bit rate."""
CLOCK_WRONG_MS = 2000.0
"""Less cannot be told from the delay of the network and the camera."""
MANY_FPS, FEW_FPS = 30.5, 5.0
LARGE_PIXELS = 2560 * 1440
HIGH_BITS_PER_PIXEL = 0.25
"""Bits a second, by pixels a second. A street in H.264 is clean at 0.1; beyond 0.25 the disk fills for nothing."""

BROWSER_AUDIO = frozenset({"aac"})
MP4_AUDIO = frozenset({"aac", "mp3", "opus", "ac3"})


@dataclass(frozen=True, slots=True)
class Probe:
    codec: str
    profile: str | None
    width: int
    height: int
    fps: float
    """Measured."""
    gop_s: float | None
    """Mean distance of key frames; None when no second one came while we watched."""
    has_b_frames: bool
    audio_codec: str | None
    audio_sample_rate_hz: int | None
    bitrate_bps: int
    """Of the video, measured."""
    clock_offset_ms: float | None
    """Camera's clock minus ours; None when it sends no sender reports."""
    opened_in_s: float
    """From the first packet sent to it until its first key frame."""
    watched_s: float
    corrupt_packets: int
    repaired_timestamps: int
    advice: list[str] = field(default_factory=list)
    """What to change on the camera and why, most important first; empty: leave it as it is."""


def probe(
    url: str,
    *,
    clock: Clock,
    stop: threading.Event,
    transport: Transport = Transport.TCP,
    watch_s: float = WATCH_S,
    see: Callable[[VideoParameters, Packet], None] = lambda *_: None,
) -> Probe:
    """Opens the camera and watches it until a second key frame has come, at least ``watch_s``, at most WATCH_MOST_S.

    ``see`` is shown every packet. Raises what ``RtspSource`` raises.
    """
    began_s = clock.monotonic_s()
    with RtspSource(url, transport=transport, clock=clock, stop=stop) as source:
        opened_s = clock.monotonic_s()
        watch = _Watch()
        for packet in source.packets():
            watch.see(packet)
            see(source.parameters.video, packet)
            watched_s = clock.monotonic_s() - opened_s
            if watched_s > max(watch_s, WATCH_MOST_S) or (watched_s > watch_s and len(watch.key_times) > 1):
                break
        video, audio = source.parameters.video, source.parameters.audio
        found = Probe(
            codec=video.codec,
            profile=source.profile,
            width=video.width,
            height=video.height,
            fps=round(watch.fps, 2),
            gop_s=watch.gop_s,
            has_b_frames=watch.is_reordered,
            audio_codec=audio.codec if audio else None,
            audio_sample_rate_hz=audio.sample_rate_hz if audio else None,
            bitrate_bps=round(watch.bitrate_bps),
            clock_offset_ms=source.clock().camera_offset_ms,
            opened_in_s=round(opened_s - began_s, 3),
            watched_s=round(watch.watched_s, 1),
            corrupt_packets=source.corrupt_packets,
            repaired_timestamps=source.repaired_timestamps,
        )
    return replace(found, advice=advise(found))


def advise(found: Probe) -> list[str]:
    """What a person should change on the camera, why, and to what."""
    judgements = (_on_video(found), _on_key_frames(found), _on_rate(found), _on_clock(found), _on_audio(found))
    return [sentence for sentences in judgements for sentence in sentences]


@dataclass(slots=True)
class _Watch:
    """What passed by."""

    times: list[int] = field(default_factory=list)
    key_times: list[int] = field(default_factory=list)
    size_bytes: int = 0

    def see(self, packet: Packet) -> None:
        if packet.kind is not Kind.VIDEO:
            return
        self.times.append(packet.pts_90k)
        self.size_bytes += len(packet.data)
        if packet.is_key:
            self.key_times.append(packet.pts_90k)

    @property
    def watched_s(self) -> float:
        return (max(self.times) - min(self.times)) / CLOCK_HZ if self.times else 0.0

    @property
    def fps(self) -> float:
        distances = [later - earlier for earlier, later in pairwise(sorted(self.times)) if later > earlier]
        return CLOCK_HZ / median(distances) if distances else 0.0

    @property
    def bitrate_bps(self) -> float:
        return 8 * self.size_bytes / self.watched_s if self.watched_s else 0.0

    @property
    def gop_s(self) -> float | None:
        if len(self.key_times) < 2:
            return None
        return round((self.key_times[-1] - self.key_times[0]) / CLOCK_HZ / (len(self.key_times) - 1), 2)

    @property
    def is_reordered(self) -> bool:
        return any(later < earlier for earlier, later in pairwise(self.times))


def _on_video(found: Probe) -> list[str]:
    sentences = []
    if found.codec == "hevc":
        sentences.append(
            "Set the video codec to H.264 if disk and network allow: browsers do not play H.265, "
            "so each clip that is opened must first be re-encoded, and it cannot be watched live."
        )
    if found.has_b_frames:
        sentences.append(
            "Switch B-frames off (profile Baseline, or Main/High with 0 B-frames): "
            "WebRTC cannot carry them, so the camera cannot be watched live, and they delay every picture."
        )
    if found.width * found.height > LARGE_PIXELS:
        sentences.append(
            f"Give the camera a sub stream of about 1280x720 for analysis: decoding {found.width}x{found.height} "
            "takes several times the processor, and detection looks at 640 pixels anyway."
        )
    return sentences


def _on_key_frames(found: Probe) -> list[str]:
    if found.gop_s is None or found.gop_s > LONG_GOP_S:
        seen = f"every {found.gop_s:g} s" if found.gop_s else f"less than every {found.watched_s:g} s"
        return [
            f"Set the key frame interval (GOP, I-frame interval) to 1 to 2 s, {max(1, round(2 * found.fps))} frames at "
            f"most, and switch 'smart' codecs (H.264+, H.265+, Zipstream's dynamic GOP) off: a key frame comes {seen}, "
            "so clips begin too early and a viewer waits for the first picture."
        ]
    if found.gop_s < SHORT_GOP_S:
        return [
            f"Set the key frame interval to 1 to 2 s: a key frame every {found.gop_s:g} s costs most of the bit rate."
        ]
    return []


def _on_rate(found: Probe) -> list[str]:
    sentences = []
    if found.fps > MANY_FPS:
        sentences.append(f"Set the frame rate to 25 or less: {found.fps:g} frames/s double the disk and show no more.")
    elif 0 < found.fps < FEW_FPS:
        sentences.append(f"Set the frame rate to 10 or more: at {found.fps:g} frames/s a vehicle crosses unseen.")
    bits_per_pixel = found.bitrate_bps / max(1.0, found.width * found.height * found.fps)
    if bits_per_pixel > HIGH_BITS_PER_PIXEL:
        wanted_mbps = 0.1 * found.width * found.height * found.fps / 1e6
        sentences.append(
            f"Limit the bit rate to about {wanted_mbps:.1f} Mb/s: {found.bitrate_bps / 1e6:.1f} Mb/s for "
            f"{found.width}x{found.height} at {found.fps:g} frames/s fill the disk without showing more."
        )
    if found.corrupt_packets or found.repaired_timestamps:
        sentences.append(
            f"Renew the camera's firmware, or check its network: {found.corrupt_packets} broken packets and "
            f"{found.repaired_timestamps} wrong time stamps in {found.watched_s:g} s."
        )
    return sentences


def _on_clock(found: Probe) -> list[str]:
    if found.clock_offset_ms is None:
        return ["Set up NTP on the camera if it has it: it does not tell its clock, so only our own clock dates clips."]
    if abs(found.clock_offset_ms) > CLOCK_WRONG_MS:
        return [
            f"Point the camera's NTP to the server of this host: its clock is {_apart(found.clock_offset_ms)}, "
            "and the time written into the picture would contradict the record."
        ]
    return []


def _apart(offset_ms: float) -> str:
    seconds = abs(offset_ms) / 1000
    for unit_s, name in ((86_400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * unit_s:
            return f"{seconds / unit_s:.0f} {name} {'ahead' if offset_ms > 0 else 'behind'}"
    return f"{seconds:.0f} s {'ahead' if offset_ms > 0 else 'behind'}"


def _on_audio(found: Probe) -> list[str]:
    if found.audio_codec is None or found.audio_codec in BROWSER_AUDIO:
        return []
    if found.audio_codec in MP4_AUDIO:
        return [f"Set the audio codec to AAC: not every player plays {found.audio_codec} in MP4."]
    return [
        f"Set the audio codec to AAC: clips are MP4, which has no place for {found.audio_codec}, so it is left out."
    ]
