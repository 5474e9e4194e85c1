"""What a worker's tap and its clients say to each other, over TLS.

A message is ``type u8 · length u32 · payload``, big-endian. The client says Hello once; the worker answers once, and
then speaks alone until either end closes. Payloads are JSON but for the packet, which comes 25 times a second.
"""

from __future__ import annotations

import base64
import binascii
import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Any

from camsvc.domain.camera import CameraState, StreamRole
from camsvc.domain.track import Scene
from camsvc.errors import SourceError
from camsvc.media.packets import Kind, Packet, VideoParameters

VERSION = 1
"""Both ends come from one installation; while it is being updated one may be older, and must know that it is."""
HEADER = struct.Struct(">BI")
MAX_TEXT_BYTES = 256 * 1024
"""A scene of 500 objects takes 60 KB."""
MAX_HELLO_BYTES = 4096
"""What is read from one who has not shown the token yet."""
MAX_PACKET_BYTES = 16 * 1024 * 1024
"""Of a packet's data: a key frame of a camera of 64 megapixels. More is a defect, and memory."""
_PACKET = struct.Struct(">?qqIq")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Message(IntEnum):
    HELLO = 1
    ANSWER = 2
    SESSION = 3
    PACKET = 4
    END = 5
    """Of the session; the next may follow."""
    LOST = 6
    """The client was too slow for the ring; a key frame follows."""
    STATE = 7
    """Of the stream; on change, and every second as a sign of life."""
    SCENE = 8
    CAUGHT_UP = 9
    """What the ring had is sent; from here on packets come as the camera sends them."""


class Want(StrEnum):
    PACKETS = "packets"
    SCENES = "scenes"


class Refusal(StrEnum):
    """Why a worker does not serve; goes as ``code`` with a sentence."""

    TOKEN = "token"  # noqa: S105  a word of the protocol
    VERSION = "version"
    REQUEST = "request"
    """It could not be read."""
    CAMERA = "camera"
    """Not with this worker, or not any more."""
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Hello:
    camera: str
    stream: StreamRole
    want: Want = Want.PACKETS
    start: datetime | None = None
    """None: from the newest key frame; else from the last one at or before this moment that is kept."""
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class SessionBegan:
    session: str
    stream: StreamRole
    video: VideoParameters


@dataclass(frozen=True, slots=True)
class SessionEnded:
    session: str
    reason: str
    """A ``GapReason``."""


@dataclass(frozen=True, slots=True)
class PacketsLost:
    packets: int


@dataclass(frozen=True, slots=True)
class CaughtUp:
    pass


@dataclass(frozen=True, slots=True)
class StreamState:
    state: CameraState
    detail: str | None


class Messages:
    """Takes bytes as they come and gives whole messages. One for a connection."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[Message, bytes]]:
        """Iterate to the end. Raises SourceError when the other end does not keep to the protocol."""
        self._waiting += data
        at = 0
        with memoryview(self._waiting) as view:
            while len(view) - at >= HEADER.size:
                kind, length = parse_header(view[at : at + HEADER.size])
                end = at + HEADER.size + length
                if end > len(view):
                    break
                yield kind, bytes(view[at + HEADER.size : end])
                at = end
        del self._waiting[:at]


def parse_header(header: bytes | memoryview) -> tuple[Message, int]:
    """Kind and length of the payload. Raises SourceError: unknown, or longer than its kind may be."""
    number, length = HEADER.unpack(header)
    try:
        kind = Message(number)
    except ValueError as error:
        raise SourceError(f"the tap's other end sent a message of unknown type {number}: is it of this version?") from (
            error
        )
    most = {Message.PACKET: MAX_PACKET_BYTES + _PACKET.size, Message.HELLO: MAX_HELLO_BYTES}.get(kind, MAX_TEXT_BYTES)
    if length > most:
        raise SourceError(f"the tap's other end announced {length} bytes for a {kind.name} message; {most} is the most")
    return kind, length


def packet_message(packet: Packet) -> tuple[bytes, bytes]:
    """Head and data of one message; joined by who sends, with others, in one go."""
    at_us = (packet.at - _EPOCH) // _MICROSECOND
    fields = _PACKET.pack(packet.is_key, packet.pts_90k, packet.dts_90k, packet.duration_90k, at_us)
    return HEADER.pack(Message.PACKET, len(fields) + len(packet.data)) + fields, packet.data


def read_packet(payload: bytes) -> Packet:
    """Raises SourceError when it is cut."""
    if len(payload) <= _PACKET.size:
        raise SourceError("the tap's other end sent a packet that is cut short")
    is_key, pts, dts, duration, at_us = _PACKET.unpack_from(payload)
    at = _EPOCH + timedelta(microseconds=at_us)
    return Packet(Kind.VIDEO, payload[_PACKET.size :], pts, dts, duration, is_key, at)


def hello_message(hello: Hello) -> bytes:
    start = hello.start.isoformat() if hello.start else None
    content = {"v": VERSION, "token": hello.token, "camera": hello.camera, "stream": hello.stream, "want": hello.want}
    return _text(Message.HELLO, content | {"start": start})


def read_hello(payload: bytes) -> tuple[int, Hello]:
    """Its version, and what it says. Raises SourceError."""
    content = read_text(payload)
    try:
        start = datetime.fromisoformat(content["start"]) if content["start"] is not None else None
        camera, token = content["camera"], content["token"]
        hello = Hello(camera, StreamRole(content["stream"]), Want(content["want"]), start, token)
        version = int(content["v"])
    except (KeyError, TypeError, ValueError) as error:
        # Not the cause's words: they may hold the token.
        raise SourceError("the tap's other end said a Hello that cannot be read") from error
    if not isinstance(camera, str) or not isinstance(token, str) or (start is not None and start.tzinfo is None):
        raise SourceError("the tap's other end said a Hello whose camera, token or start is not what it should be")
    return version, hello


def answer_message(stream: StreamRole) -> bytes:
    return _text(Message.ANSWER, {"ok": True, "stream": stream})


def refusal_message(code: Refusal, detail: str) -> bytes:
    return _text(Message.ANSWER, {"error": {"code": code, "detail": detail}})


def read_answer(payload: bytes) -> StreamRole | tuple[Refusal, str]:
    """The stream that is sent, or why none is. Raises SourceError."""
    content = read_text(payload)
    try:
        if "error" in content:
            return Refusal(content["error"]["code"]), str(content["error"]["detail"])
        return StreamRole(content["stream"])
    except (KeyError, TypeError, ValueError) as error:
        raise SourceError("the worker's answer cannot be read: is it of this version?") from error


def session_message(began: SessionBegan) -> bytes:
    video = began.video
    return _text(
        Message.SESSION,
        {
            "session": began.session,
            "stream": began.stream,
            "codec": video.codec,
            "width": video.width,
            "height": video.height,
            "extradata": base64.b64encode(video.extradata).decode("ascii"),
            "fps": video.nominal_fps,
        },
    )


def end_message(ended: SessionEnded) -> bytes:
    return _text(Message.END, {"session": ended.session, "reason": ended.reason})


def lost_message(packets: int) -> bytes:
    return _text(Message.LOST, {"packets": packets})


def caught_up_message() -> bytes:
    return _text(Message.CAUGHT_UP, {})


def state_message(state: StreamState) -> bytes:
    return _text(Message.STATE, {"state": state.state, "detail": state.detail})


def scene_message(scene: Scene) -> bytes:
    moment = scene.moment
    objects = [
        {
            "track": each.track,
            "class": each.object_class.value,
            "confidence": round(each.confidence, 3),
            "observed": each.observed,
            "box": [round(side, 4) for side in (each.box.left, each.box.top, each.box.width, each.box.height)],
        }
        for each in scene.objects
    ]
    content = {"session": moment.session, "at": moment.at.isoformat(), "pts_90k": moment.pts_90k, "objects": objects}
    return _text(Message.SCENE, content)


TapItem = SessionBegan | Packet | SessionEnded | PacketsLost | CaughtUp | StreamState | dict[str, Any]
"""What comes after the answer; a dict is a scene, as ``scene_message`` describes it."""


def read_item(kind: Message, payload: bytes) -> TapItem:
    """Raises SourceError when it cannot be read."""
    if kind is Message.PACKET:
        return read_packet(payload)
    content = read_text(payload)
    try:
        if kind is Message.SESSION:
            extradata = base64.b64decode(content["extradata"], validate=True)
            video = VideoParameters(
                content["codec"], int(content["width"]), int(content["height"]), extradata, content["fps"]
            )
            return SessionBegan(content["session"], StreamRole(content["stream"]), video)
        if kind is Message.END:
            return SessionEnded(content["session"], content["reason"])
        if kind is Message.LOST:
            return PacketsLost(int(content["packets"]))
        if kind is Message.CAUGHT_UP:
            return CaughtUp()
        if kind is Message.STATE:
            return StreamState(CameraState(content["state"]), content["detail"])
        if kind is Message.SCENE:
            return content
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        raise SourceError(f"the tap's other end sent a {kind.name} message that cannot be read") from error
    raise SourceError(f"the tap's other end sent a {kind.name} message out of turn")


def read_text(payload: bytes) -> dict[str, Any]:
    try:
        content = json.loads(payload)
    except ValueError as error:
        raise SourceError("the tap's other end sent text that is not JSON") from error
    if not isinstance(content, dict):
        raise SourceError("the tap's other end sent text that is no object")
    return content


def _text(kind: Message, content: dict[str, Any]) -> bytes:
    payload = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return HEADER.pack(kind, len(payload)) + payload
