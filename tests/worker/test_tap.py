"""A worker's tap, spoken to over real TLS sockets."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from camsvc.clock import SystemClock
from camsvc.config import WorkerSettings
from camsvc.domain.camera import CameraState, StreamRole
from camsvc.domain.incident import GapReason
from camsvc.errors import ConfigError
from camsvc.media.packets import Packet
from camsvc.media.ring import RingReader
from camsvc.trust import Identity
from camsvc.worker import tap as tap_module
from camsvc.worker import tap_feed
from camsvc.worker import tap_wire as wire
from camsvc.worker.tap import TapServer
from camsvc.worker.tap_wire import (
    CaughtUp,
    Hello,
    PacketsLost,
    Refusal,
    SessionBegan,
    SessionEnded,
    StreamState,
    TapItem,
    Want,
)
from tests.worker.spooling import FPS, GOP, at, packets, scene
from tests.worker.tap_client import RingUnit, TapClient, wait_until

TOKENS = (b"\x01" * 32, b"\x02" * 32)
HELLO = Hello("gate", StreamRole.MAIN, token=TOKENS[0].hex())
MIB = 1024 * 1024


@pytest.fixture
def unit() -> RingUnit:
    return RingUnit()


@pytest.fixture
def tap(unit: RingUnit) -> Iterator[TapServer]:
    server = TapServer(Identity.fresh("a"), TOKENS, {"gate": unit}, WorkerSettings(), SystemClock())
    server.start()
    yield server
    server.stop()
    assert server.stats.connections == 0


def open_tap(tap: TapServer, hello: Hello | bytes | None = HELLO) -> TapClient:
    return TapClient(tap.endpoint("a"), hello)


def is_packet(item: TapItem) -> bool:
    return isinstance(item, Packet)


def test_a_client_gets_the_last_gop_at_once_and_then_what_comes(tap: TapServer, unit: RingUnit) -> None:
    unit.go_live()
    unit.send(0, 2.5)
    with open_tap(tap) as client:
        assert client.answer() is StreamRole.MAIN
        assert client.item() == StreamState(CameraState.LIVE, None)
        began = client.item()
        assert isinstance(began, SessionBegan)
        assert (began.session, began.stream, began.video.width) == ("s1", StreamRole.MAIN, 160)
        expected = list(packets(2, 2.5))
        assert [client.item() for _ in expected] == expected
        assert client.item() == CaughtUp()
        unit.send(2.5, 2.6)
        later = client.until(is_packet)
        assert later[-1] == next(packets(2.5, 2.6))


def test_a_replay_begins_with_the_key_frame_before_its_start(tap: TapServer, unit: RingUnit) -> None:
    unit.go_live()
    unit.send(0, 5)
    with open_tap(tap, replace(HELLO, start=at(1.7))) as client:
        client.answer()
        first = client.until(is_packet)[-1]
    assert first == next(packets(1, 2))


def test_asked_for_a_sub_stream_that_is_not_there_it_sends_main_and_says_so(tap: TapServer, unit: RingUnit) -> None:
    unit.go_live()
    with open_tap(tap, replace(HELLO, stream=StreamRole.SUB)) as client:
        assert client.answer() is StreamRole.MAIN


def test_the_sub_stream_is_sent_where_there_is_one() -> None:
    unit = RingUnit(StreamRole.MAIN, StreamRole.SUB)
    unit.go_live()
    unit.send(0, 1)
    unit.send(0, 0.3, to=StreamRole.SUB)
    server = TapServer(Identity.fresh("a"), TOKENS, {"gate": unit}, WorkerSettings(), SystemClock())
    server.start()
    try:
        with open_tap(server, replace(HELLO, stream=StreamRole.SUB)) as client:
            assert client.answer() is StreamRole.SUB
            items = [*client.until(is_packet), client.item(), client.item()]
            assert [each for each in items if isinstance(each, Packet)] == list(packets(0, 0.3))
    finally:
        server.stop()


def test_the_end_of_a_session_and_the_next_one_are_said(tap: TapServer, unit: RingUnit) -> None:
    unit.go_live("s1")
    unit.send(0, 0.5)
    with open_tap(tap) as client:
        client.answer()
        client.until(is_packet)
        unit.main.close_session(GapReason.STALL)
        ended = client.until(lambda item: isinstance(item, SessionEnded))[-1]
        assert ended == SessionEnded("s1", "stall")
        unit.state = StreamState(CameraState.RETRYING, "no answer")
        said = client.until(lambda item: isinstance(item, StreamState) and item.state is not CameraState.LIVE)[-1]
        assert said == StreamState(CameraState.RETRYING, "no answer")
        unit.go_live("s2")
        unit.send(7, 8)
        began = client.until(lambda item: isinstance(item, SessionBegan))[-1]
        assert isinstance(began, SessionBegan)
        assert began.session == "s2"


def test_the_state_is_said_every_second_while_nothing_comes(tap: TapServer) -> None:
    with open_tap(tap) as client:
        client.answer()
        said = [item for item in (client.item() for _ in range(4)) if item != CaughtUp()]
    assert said == [StreamState(CameraState.CONNECTING, None)] * 3


def test_scenes_come_to_who_wants_them(tap: TapServer, unit: RingUnit) -> None:
    with open_tap(tap, replace(HELLO, want=Want.SCENES)) as client:
        client.answer()
        wait_until(lambda: unit.scenes.listeners == 1, "it listens")
        unit.scenes.put(scene(3))
        heard = client.until(lambda item: isinstance(item, dict))[-1]
        assert isinstance(heard, dict)
        assert heard["objects"][0]["class"] == "person"
    wait_until(lambda: unit.scenes.listeners == 0, "a client that went is not listened for any more")


@pytest.mark.parametrize(
    ("hello", "code"),
    [
        (replace(HELLO, token="ff" * 32), Refusal.TOKEN),
        (replace(HELLO, token=""), Refusal.TOKEN),
        (replace(HELLO, token="không"), Refusal.TOKEN),
        (replace(HELLO, camera="other"), Refusal.CAMERA),
        (wire.hello_message(HELLO).replace(b'"v":1', b'"v":2'), Refusal.VERSION),
        (wire.hello_message(HELLO).replace(b'"main"', b'"mine"'), Refusal.REQUEST),
        (wire.HEADER.pack(wire.Message.HELLO, 2) + b"{]", Refusal.REQUEST),
        (wire.HEADER.pack(wire.Message.PACKET, 10) + b"0123456789", Refusal.REQUEST),
        (wire.HEADER.pack(wire.Message.HELLO, wire.MAX_HELLO_BYTES + 1), Refusal.REQUEST),
        (wire.HEADER.pack(77, 1), Refusal.REQUEST),
    ],
)
def test_who_may_not_or_cannot_say_what_he_wants_is_told_why_and_cut_off(
    tap: TapServer, unit: RingUnit, hello: Hello | bytes, code: Refusal
) -> None:
    unit.go_live()
    unit.send(0, 1)
    with open_tap(tap, hello) as client:
        refused = client.answer()
        assert isinstance(refused, tuple)
        assert refused[0] is code
        assert client.is_closed()
    assert tap.stats.refused == 1
    assert tap.stats.served == 0
    assert unit.main.stats.readers == 0


def test_a_wrong_token_learns_nothing_of_cameras(tap: TapServer) -> None:
    said = []
    for camera in ("gate", "other"):
        with open_tap(tap, replace(HELLO, camera=camera, token="ff" * 32)) as client:
            said.append(client.answer())
    assert said[0] == said[1]


def test_a_token_of_the_former_key_is_taken_while_keys_are_changed(tap: TapServer) -> None:
    with open_tap(tap, replace(HELLO, token=TOKENS[1].hex())) as client:
        assert client.answer() is StreamRole.MAIN


def test_who_speaks_no_tls_or_says_nothing_costs_no_thread_for_long(
    tap: TapServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tap_module, "HELLO_TIMEOUT_S", 0.3)
    endpoint = tap.endpoint("a")
    with socket.create_connection((endpoint.host, endpoint.port)) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
        wait_until(lambda: tap.stats.connections == 0, "cut off")
    with (
        socket.create_connection((endpoint.host, endpoint.port)),
        open_tap(tap, None),
        open_tap(tap, wire.hello_message(HELLO)[:20]),
    ):
        wait_until(lambda: tap.stats.connections == 0, "silent ones are cut off")


def test_strangers_that_only_connect_are_bounded_and_those_let_in_are_not_counted_among_them(
    unit: RingUnit, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = 6
    monkeypatch.setattr(tap_module, "MAX_GREETINGS", most)
    tap = TapServer(Identity.fresh("a"), TOKENS, {"gate": unit}, WorkerSettings(), SystemClock())
    tap.start()
    unit.go_live()
    unit.send(0, 1)
    endpoint = tap.endpoint("a")
    with contextlib.ExitStack() as opened:
        opened.callback(tap.stop)
        let_in = [opened.enter_context(open_tap(tap)) for _ in range(most + 4)]
        for client in let_in:
            client.answer()
        for _ in range(most + 3):
            opened.enter_context(socket.create_connection((endpoint.host, endpoint.port)))
        wait_until(lambda: tap.stats.refused == 3, "three too many")
        assert tap.stats.connections == len(let_in) + most
        unit.send(1, 1.1)
        for client in let_in:
            assert client.until(lambda item: isinstance(item, Packet) and item.at == at(1))


def test_more_taps_than_the_capacity_are_refused(unit: RingUnit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tap_module, "LEAST_TAPS", 0)
    tap = TapServer(Identity.fresh("a"), TOKENS, {"gate": unit}, WorkerSettings(max_cameras=1), SystemClock())
    tap.start()
    with contextlib.ExitStack() as opened:
        opened.callback(tap.stop)
        clients = [opened.enter_context(open_tap(tap)) for _ in range(4)]
        for client in clients:
            client.answer()
        assert (tap.endpoint("a").load, tap.endpoint("a").capacity) == (4, 4)
        with pytest.raises(OSError):  # noqa: PT011  reset or closed in the handshake, as it happens
            open_tap(tap)
        assert tap.stats.refused == 1


def test_viewers_that_join_and_leave_at_random_take_nothing_from_the_recorder(tap: TapServer, unit: RingUnit) -> None:
    """By counts: while fifty come and go, the ring takes every packet and the recorder reads every packet."""
    unit.go_live()
    recorder = unit.main.reader()
    stop = threading.Event()
    seen = []

    def come_and_go(seed: int) -> None:
        random = Random(seed)
        while not stop.is_set():
            with open_tap(tap) as client:
                client.answer()
                for _ in range(random.randrange(40)):
                    if not stop.is_set():
                        client.item()
            seen.append(seed)

    viewers = [threading.Thread(target=come_and_go, args=(seed,)) for seed in range(5)]
    for viewer in viewers:
        viewer.start()
    sent = recorded = 0
    while len(seen) < 50:
        for packet in packets(sent / FPS, sent / FPS + 1):
            unit.main.append(packet)
            sent += 1
        recorded += count(recorder)
        stop.wait(0.01)
    stop.set()
    for viewer in viewers:
        viewer.join(10)
    while more := count(recorder):
        recorded += more
    assert recorded == sent
    assert recorder.lost_packets == 0
    recorder.close()
    wait_until(lambda: tap.stats.connections == 0, "all have gone")
    assert unit.main.stats.readers == 0
    assert unit.main.stats.undecodable_packets == 0


def test_taps_end_with_their_unit_and_others_go_on(unit: RingUnit) -> None:
    other = RingUnit()
    units = {"gate": unit, "yard": other}
    server = TapServer(Identity.fresh("a"), TOKENS, units, WorkerSettings(), SystemClock())
    server.start()
    try:
        with open_tap(server) as first, open_tap(server, replace(HELLO, camera="yard")) as second:
            first.answer(), second.answer()
            del units["gate"]
            unit.ending.set()
            assert first.is_closed()
            assert second.item() == StreamState(CameraState.CONNECTING, None)
            with open_tap(server) as third:
                assert isinstance(third.answer(), tuple)
    finally:
        server.stop()


def test_a_slow_client_loses_packets_and_neither_the_writer_nor_the_recorder_does() -> None:
    """By counts: every packet is taken by the ring, and read by the recorder, while a client reads nothing at all."""
    unit = RingUnit(ring_bytes=4 * MIB)
    server = TapServer(Identity.fresh("a"), TOKENS, {"gate": unit}, WorkerSettings(), SystemClock())
    server.start()
    unit.go_live()
    recorder = unit.main.reader()
    try:
        with open_tap(server) as stuck:
            stuck.answer()
            unit.send(0, 0.1)
            stuck.until(is_packet)
            sent, recorded = 1, count(recorder)
            for packet in packets(0.1, 60):
                unit.main.append(replace(packet, data=packet.data + b"\x00\x00\x01\x0c" + b"\xff" * 100_000))
                sent += 1
                recorded += count(recorder)
            assert sent == 60 * FPS
            assert recorded == sent
            assert recorder.lost_packets == 0
            assert unit.main.stats.bytes <= 4 * MIB
            # 60 MB were sent. What the client finds when it reads at last is what its host and the TLS layer held, then
            # the ring's word of what it missed, then whole GOPs again: every packet is either there or accounted for.
            items = stuck.until(lambda item: isinstance(item, Packet) and item.at == at(60 - 1 / FPS))
            lost = sum(item.packets for item in items if isinstance(item, PacketsLost))
            assert 1 + sum(isinstance(item, Packet) for item in items) + lost == sent
            assert lost > sent // 2
            for missed, following in pairwise(items):
                assert not isinstance(missed, PacketsLost) or (isinstance(following, Packet) and following.is_key)
    finally:
        recorder.close()
        server.stop()


def count(reader: RingReader) -> int:
    return sum(isinstance(item, Packet) for item in reader.read(0))


def test_a_client_that_takes_nothing_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tap_module, "SEND_TIMEOUT_S", 0.3)
    unit = RingUnit()
    server = TapServer(Identity.fresh("a"), TOKENS, {"gate": unit}, WorkerSettings(), SystemClock())
    server.start()
    unit.go_live()
    try:
        with open_tap(server) as stuck:
            stuck.answer()
            for packet in packets(0, 30):
                unit.main.append(replace(packet, data=packet.data + b"\x00\x00\x01\x0c" + b"\xff" * 200_000))
            wait_until(lambda: server.stats.connections == 0, "cut off")
        assert unit.main.stats.readers == 0
    finally:
        server.stop()


def test_a_packet_too_big_for_the_wire_is_left_out_with_its_gop_and_said(tap: TapServer, unit: RingUnit) -> None:
    unit.go_live()
    film = list(packets(0, 3))
    with open_tap(tap) as client:
        client.answer()
        wait_until(lambda: unit.main.stats.readers == 1, "the tap reads")
        for index, packet in enumerate(film):
            unit.main.append(replace(packet, data=bytes(wire.MAX_PACKET_BYTES + 1)) if index == 5 else packet)
        items = client.until(lambda item: isinstance(item, Packet) and item.at == film[-1].at)
    assert [item for item in items if isinstance(item, Packet)] == film[:5] + film[GOP:]
    assert [item for item in items if isinstance(item, PacketsLost)] == [PacketsLost(GOP - 5)]


def test_a_stop_ends_all_connections_at_once_and_leaves_no_thread_and_no_socket(unit: RingUnit) -> None:
    threads, sockets = threading.active_count(), open_sockets()
    server = TapServer(Identity.fresh("a"), TOKENS, {"gate": unit}, WorkerSettings(), SystemClock())
    server.start()
    unit.go_live()
    unit.send(0, 1)
    clients = [open_tap(server) for _ in range(10)] + [open_tap(server, replace(HELLO, want=Want.SCENES))]
    for client in clients:
        client.answer()
    silent = socket.create_connection((server.endpoint("a").host, server.endpoint("a").port))
    server.stop()
    assert all(client.is_closed() for client in clients)
    for client in clients:
        client.tls.close()
    silent.close()
    assert threading.active_count() == threads
    assert open_sockets() == sockets
    assert (unit.main.stats.readers, unit.scenes.listeners) == (0, 0)


def test_clients_that_come_and_go_leave_nothing_behind(tap: TapServer, unit: RingUnit) -> None:
    unit.go_live()
    unit.send(0, 1)
    threads, sockets = threading.active_count(), open_sockets()
    for _ in range(30):
        with open_tap(tap) as client:
            client.answer()
            client.until(is_packet)
    wait_until(lambda: tap.stats.connections == 0, "all have gone")
    assert tap.stats.served == 30
    assert threading.active_count() == threads
    assert open_sockets() == sockets
    assert unit.main.stats.readers == 0


def test_an_address_that_is_taken_is_named_and_can_be_tried_again(unit: RingUnit) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = TapServer(Identity.fresh("a"), TOKENS, {}, WorkerSettings(tap_port=port), SystemClock())
        with pytest.raises(ConfigError, match=f"tap_port.*{port}"):
            server.start()
    server.start()
    server.start()
    assert server.endpoint("a").port == port
    server.stop()


def test_a_client_that_leaves_is_noticed_before_the_next_word_is_due(
    tap: TapServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tap_feed, "HEARTBEAT_S", 3600.0)
    with open_tap(tap) as client:
        client.answer()
        assert tap.stats.connections == 1
    wait_until(lambda: tap.stats.connections == 0, "noticed")


def test_others_are_told_the_advertised_name_and_the_certificate() -> None:
    identity = Identity.fresh("a")
    settings = WorkerSettings(tap_host="0.0.0.0", tap_advertise="worker-1.example")  # noqa: S104  as on many hosts
    server = TapServer(identity, TOKENS, {}, settings, SystemClock())
    server.start()
    endpoint = server.endpoint("a")
    server.stop()
    assert (endpoint.host, endpoint.certificate) == ("worker-1.example", identity.certificate)
    assert endpoint.capacity == 4 * settings.max_cameras


def test_a_client_that_pinned_another_certificate_hangs_up(tap: TapServer) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        TapClient(replace(tap.endpoint("a"), certificate=Identity.fresh("b").certificate), HELLO)
    wait_until(lambda: tap.stats.connections == 0, "gone")
    assert tap.stats.served == 0


def test_no_reader_waits_on_a_ring_that_nobody_watches(unit: RingUnit, tap: TapServer) -> None:
    unit.go_live()
    unit.send(0, 1)
    assert tap.stats.connections == 0
    assert unit.main.stats.readers == 0


def open_sockets() -> int:
    found = 0
    for entry in Path("/proc/self/fd").iterdir():
        # The folder's own descriptor is gone by the time it is looked at.
        with contextlib.suppress(FileNotFoundError):
            found += str(entry.readlink()).startswith("socket:")
    return found
