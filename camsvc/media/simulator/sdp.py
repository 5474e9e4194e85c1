"""The session description of a simulated camera (RFC 8866; formats RFC 6184 §8.2, 7798 §7.2, 3640 §4.1)."""

from __future__ import annotations

from base64 import b64encode

from camsvc.media.simulator.reel import (
    AUDIO_PAYLOAD_TYPE,
    VIDEO_PAYLOAD_TYPE,
    Reel,
    Track,
    nal_type,
    split_annex_b,
)

VIDEO_CONTROL = "trackID=0"
AUDIO_CONTROL = "trackID=1"


def describe(reel: Reel, host: str) -> str:
    lines = [
        "v=0",
        f"o=- 0 0 IN IP4 {host}",
        f"s={reel.name}",
        f"c=IN IP4 {host}",
        "t=0 0",
        "a=control:*",
        f"m=video 0 RTP/AVP {VIDEO_PAYLOAD_TYPE}",
        *_video_format(reel.video),
        f"a=control:{VIDEO_CONTROL}",
    ]
    if reel.audio:
        lines += [
            f"m=audio 0 RTP/AVP {AUDIO_PAYLOAD_TYPE}",
            *_audio_format(reel.audio),
            f"a=control:{AUDIO_CONTROL}",
        ]
    return "\r\n".join(lines) + "\r\n"


def _video_format(track: Track) -> list[str]:
    nals = split_annex_b(track.extradata)
    if track.codec == "h264":
        sets = ",".join(b64encode(nal).decode() for nal in nals)
        sps = next((nal for nal in nals if nal_type(nal, "h264") == 7), b"\x67\x42\x00\x1e")
        parameters = f"packetization-mode=1;profile-level-id={sps[1:4].hex()};sprop-parameter-sets={sets}"
        return [f"a=rtpmap:{VIDEO_PAYLOAD_TYPE} H264/90000", f"a=fmtp:{VIDEO_PAYLOAD_TYPE} {parameters}"]
    named = {32: "sprop-vps", 33: "sprop-sps", 34: "sprop-pps"}
    sets = ";".join(f"{named[nal_type(nal, 'hevc')]}={b64encode(nal).decode()}" for nal in nals)
    return [f"a=rtpmap:{VIDEO_PAYLOAD_TYPE} H265/90000", f"a=fmtp:{VIDEO_PAYLOAD_TYPE} {sets}"]


def _audio_format(track: Track) -> list[str]:
    kind = AUDIO_PAYLOAD_TYPE
    if track.codec == "aac":
        modes = "profile-level-id=1;mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3"
        return [
            f"a=rtpmap:{kind} MPEG4-GENERIC/{track.clock_hz}/{track.channels}",
            f"a=fmtp:{kind} {modes};config={track.extradata.hex()}",
        ]
    if track.codec == "opus":
        return [f"a=rtpmap:{kind} opus/48000/2"]
    law = "PCMU" if track.codec == "pcm_mulaw" else "PCMA"
    return [f"a=rtpmap:{kind} {law}/{track.clock_hz}/{track.channels}"]
