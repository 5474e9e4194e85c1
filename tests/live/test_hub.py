"""Channels: one tap for all viewers; what comes and goes on the way from the camera."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from camsvc.db.database import Database
from camsvc.db.queries import cameras
from camsvc.domain.camera import CameraState, StreamRole
from camsvc.errors import DatabaseUnavailableError, NotFoundError, SourceError
from camsvc.live import channel as channel_module
from camsvc.live import showing
from camsvc.live.access_unit import AccessUnit, Paused, Started, rtp_time
from camsvc.live.hub import Hub
from camsvc.live.subscription import Viewing
from camsvc.media.packets import Packet
from camsvc.worker.tap_wire import StreamState
from tests.live.rig import GOP, Rig, RingCamera, eventually, next_of, skip_to, soon, units
from tests.worker import spooling

MAIN, SUB = StreamRole.MAIN, StreamRole.SUB


@pytest.fixture
def rig(migrated_url: str) -> Iterator[Rig]:
    rig = Rig(Database(migrated_url))
    yield rig
    rig.close()
    assert not [each.name for each in threading.enumerate() if each.name.startswith(("tap", "directory", "transcode"))]


@pytest.fixture
def gate(rig: Rig) -> RingCamera:
    camera = RingCamera("gate")
    rig.worker("a", camera)
    return camera


def of(packets: list[Packet]) -> list[bytes]:
    return [packet.data for packet in packets]


async def data_of(viewer: Viewing, count: int) -> list[bytes]:
    return [unit.data for unit in await units(viewer, count)]


def test_the_first_viewer_gets_the_last_gop_at_once_then_every_picture_with_its_time(
    rig: Rig, gate: RingCamera
) -> None:
    async def story(hub: Hub) -> None:
        session = gate.go_live()
        gop = gate.send(GOP + 4)[GOP:]
        viewer = await hub.subscribe("gate", MAIN)
        assert viewer.started == Started(session, spooling.parameters().video, MAIN, None)
        assert await next_of(viewer, Started) == viewer.started
        first = await units(viewer, 4)
        assert [each.data for each in first] == of(gop)
        assert [each.caught_up for each in first] == [True, True, True, False]
        (packet,) = gate.send()
        live = await next_of(viewer, AccessUnit)
        assert (live.data, live.at, live.at_90k, live.is_key) == (packet.data, packet.at, rtp_time(packet.at), False)

    rig.run(story)


def test_many_viewers_share_one_tap_and_each_begins_with_the_whole_gop(rig: Rig, gate: RingCamera) -> None:
    async def story(hub: Hub) -> None:
        gate.go_live()
        sent = gate.send(3)
        first = await hub.subscribe("gate", MAIN)
        await next_of(first, Started)
        assert await data_of(first, 3) == of(sent)
        sent += gate.send(2)
        assert await data_of(first, 2) == of(sent[3:])
        later = [await hub.subscribe("gate", MAIN) for _ in range(20)]
        for viewer in later:
            await next_of(viewer, Started)
            assert await data_of(viewer, 5) == of(sent)
        (packet,) = gate.send()
        shown = [await next_of(viewer, AccessUnit) for viewer in [first, *later]]
        assert all(unit is shown[0] for unit in shown)
        assert shown[0].data == packet.data
        assert rig.taps["a"].stats.connections == 1
        assert (hub.stats.channels, hub.stats.viewers) == (1, 21)

    rig.run(story)


def test_a_long_gop_comes_whole_to_the_first_viewer_too(rig: Rig, gate: RingCamera) -> None:
    """More pictures at once than may wait for a slow viewer."""
    film = gate_film(fps=25, seconds=11)

    async def story(hub: Hub) -> None:
        gate.go_live()
        gate.put(film)
        viewer = await hub.subscribe("gate", MAIN)
        await next_of(viewer, Started)
        assert await data_of(viewer, len(film)) == of(film)
        assert viewer.dropped == 0

    rig.run(story)


def gate_film(*, fps: int, seconds: int) -> list[Packet]:
    """One GOP."""
    key, other = list(spooling.packets(0, 0.2))
    return [
        replace(
            key if number == 0 else other,
            pts_90k=number * 90_000 // fps,
            dts_90k=number * 90_000 // fps,
            at=key.at + timedelta(seconds=number / fps),
        )
        for number in range(fps * seconds)
    ]


def test_a_gop_beyond_the_bounds_is_not_kept_and_a_viewer_waits_for_the_next_key_frame(
    rig: Rig, gate: RingCamera
) -> None:
    async def story(hub: Hub) -> None:
        gate.go_live()
        gate.put(gate_film(fps=5, seconds=14))
        viewer = await hub.subscribe("gate", MAIN)
        await next_of(viewer, Started)
        (key,) = gate.send()
        assert (await next_of(viewer, AccessUnit)).data == key.data

    rig.run(story)


def test_the_bounds_of_what_is_kept_of_a_gop() -> None:
    def unit(number: int, size: int = 10, step_s: float = 0.01) -> AccessUnit:
        at = spooling.START + timedelta(seconds=number * step_s)
        return AccessUnit(bytes(size), number == 0, at, rtp_time(at))

    gop = showing.Gop()
    for number in range(showing.MAX_GOP_UNITS):
        gop.add(unit(number))
    assert len(gop.units) == showing.MAX_GOP_UNITS
    gop.add(unit(showing.MAX_GOP_UNITS))
    gop.add(unit(5))
    assert gop.units == []
    for number in range(9):
        gop.add(unit(number, showing.MAX_GOP_BYTES // 8))
    assert gop.units == []
    for number in range(14):
        gop.add(unit(number, step_s=1.0))
    assert gop.units == []


def test_the_sub_stream_is_main_where_there_is_none_by_the_same_channel(rig: Rig, gate: RingCamera) -> None:
    async def story(hub: Hub) -> None:
        gate.go_live()
        gate.send(2)
        tile, large = await hub.subscribe("gate", SUB), await hub.subscribe("gate", MAIN)
        for viewer in (tile, large):
            assert (await next_of(viewer, Started)).stream is MAIN
            await units(viewer, 2)
        assert (hub.stats.channels, rig.taps["a"].stats.connections) == (1, 1)

    rig.run(story)


def test_viewers_of_a_sub_stream_that_is_not_there_are_taken_in_by_the_main_channel(rig: Rig, gate: RingCamera) -> None:
    async def story(hub: Hub) -> None:
        gate.go_live()
        gate.send(2)
        large = await hub.subscribe("gate", MAIN)
        tiles = await asyncio.gather(*(hub.subscribe("gate", SUB) for _ in range(3)))
        for viewer in (large, *tiles):
            assert (await next_of(viewer, Started)).stream is MAIN
            await units(viewer, 2)
        await eventually(lambda: rig.taps["a"].stats.connections == 1, "one tap")
        assert (hub.stats.channels, hub.stats.viewers) == (1, 4)
        gate.send(1)
        for viewer in (large, *tiles):
            await units(viewer, 1)
            viewer.close()
        assert hub.stats.viewers == 0

    rig.run(story)


def test_sub_and_main_are_two_channels_where_there_are_two_streams(rig: Rig) -> None:
    yard = RingCamera("yard", has_sub=True)
    rig.worker("b", yard)

    async def story(hub: Hub) -> None:
        yard.go_live()
        main, sub = yard.send(1, to=MAIN), yard.send(2, to=SUB)
        assert not sub[0].is_key
        large, tile = await hub.subscribe("yard", MAIN), await hub.subscribe("yard", SUB)
        assert (await next_of(large, Started)).stream is MAIN
        assert await data_of(large, 1) == of(main)
        assert hub.stats.channels == 2
        assert rig.taps["b"].stats.connections == 2
        yard.send(GOP, to=SUB)
        assert (await next_of(tile, Started)).stream is SUB
        assert (await next_of(tile, AccessUnit)).is_key

    rig.run(story)


def test_a_camera_that_was_given_a_sub_stream_shows_it_to_who_asks_next(rig: Rig, gate: RingCamera) -> None:
    async def story(hub: Hub) -> None:
        gate.go_live()
        gate.send(1)
        tile = await hub.subscribe("gate", SUB)
        assert (await next_of(tile, Started)).stream is MAIN
        rig.kill("a")
        await skip_to(tile, Paused)
        richer = RingCamera("gate", has_sub=True)
        richer.go_live()
        richer.send(1)
        rig.worker("a", richer)
        assert (await skip_to(tile, Started)).stream is MAIN
        fresh = await hub.subscribe("gate", SUB)
        assert (await next_of(fresh, Started)).stream is SUB

    rig.run(story)


def test_a_channel_lingers_after_its_last_viewer_and_then_ends(
    rig: Rig, gate: RingCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel_module, "LINGER_S", 0.5)

    async def story(hub: Hub) -> None:
        gate.go_live()
        gate.send(2)
        first = await hub.subscribe("gate", MAIN)
        first.close()
        assert (hub.stats.channels, hub.stats.viewers) == (1, 0)
        again = await hub.subscribe("gate", MAIN)
        await asyncio.sleep(0.7)
        assert hub.stats.channels == 1
        assert rig.taps["a"].stats.served == 1
        await next_of(again, Started)
        again.close()
        await eventually(lambda: hub.stats.channels == 0, "ended")
        # The worker finds out, and nobody reads the ring any more.
        await eventually(lambda: rig.taps["a"].stats.connections == 0, "the tap is closed")
        assert gate.rings[MAIN].stats.readers == 0

    rig.run(story)


def test_a_camera_that_goes_away_pauses_and_comes_back_with_a_new_session(rig: Rig, gate: RingCamera) -> None:
    async def story(hub: Hub) -> None:
        gate.go_live()
        gate.send(3)
        viewer = await hub.subscribe("gate", MAIN)
        await next_of(viewer, Started)
        await units(viewer, 3)
        gate.go_away("no route to host")
        assert await next_of(viewer, Paused) == Paused("retrying", None)
        assert await next_of(viewer, Paused) == Paused("retrying", "no route to host")
        # Who joins now does not see the last picture as if it were of now.
        late = await hub.subscribe("gate", MAIN)
        assert late.started is None
        assert await next_of(late, Paused) == Paused("retrying", "no route to host")
        session = gate.go_live()
        sent = gate.send(2)
        for each in (viewer, late):
            assert (await next_of(each, Started)).session == session
            assert await data_of(each, 2) == of(sent)
        assert rig.taps["a"].stats.served == 1

    rig.run(story)


def test_a_camera_that_is_away_from_the_first_shows_nothing_of_before(rig: Rig, gate: RingCamera) -> None:
    async def story(hub: Hub) -> None:
        gate.go_live()
        gate.send(GOP)
        gate.go_away("cable cut")
        viewer = await hub.subscribe("gate", MAIN)
        assert viewer.started is None
        assert await next_of(viewer, Paused) == Paused("retrying", "cable cut")
        gate.go_live()
        sent = gate.send(2)
        assert isinstance(await soon(viewer.next()), Started)
        assert await data_of(viewer, 2) == of(sent)

    rig.run(story)


def test_a_worker_that_is_killed_and_restarted_is_found_again_by_its_new_port_and_certificate(
    rig: Rig, gate: RingCamera
) -> None:
    async def story(hub: Hub) -> None:
        gate.go_live()
        gate.send(2)
        viewers = [await hub.subscribe("gate", MAIN) for _ in range(3)]
        rig.kill("a")
        for viewer in viewers:
            assert (await skip_to(viewer, Paused)).reason == "worker"
        reborn = RingCamera("gate")
        rig.worker("a", reborn)
        session = reborn.go_live()
        sent = reborn.send(2)
        for viewer in viewers:
            assert (await skip_to(viewer, Started)).session == session
            assert await data_of(viewer, 2) == of(sent)
        assert hub.stats.reconnects == 1

    rig.run(story)


def test_a_worker_restarted_on_the_same_port_is_not_taken_for_the_former(rig: Rig) -> None:
    gate = RingCamera("gate")
    port = rig.worker("a", gate).endpoint("a").port

    async def story(hub: Hub) -> None:
        gate.go_live()
        gate.send(2)
        viewer = await hub.subscribe("gate", MAIN)
        rig.kill("a")
        await skip_to(viewer, Paused)
        reborn = RingCamera("gate")
        rig.worker("a", reborn, port=port)
        session = reborn.go_live()
        reborn.send(1)
        assert (await skip_to(viewer, Started)).session == session

    rig.run(story)


def test_a_camera_that_moves_is_followed_to_its_new_worker_even_if_the_old_one_does_not_know(
    rig: Rig, gate: RingCamera
) -> None:
    async def story(hub: Hub) -> None:
        gate.go_live()
        gate.send(2)
        viewer = await hub.subscribe("gate", MAIN)
        there = RingCamera("gate")
        there.sessions = 1
        session = there.go_live()
        there.send(2)
        rig.worker("b", there)
        began = await skip_to(viewer, Started)
        while began.session != session:
            began = await skip_to(viewer, Started)
        await eventually(lambda: rig.taps["a"].stats.connections == 0, "the old worker is left alone")
        assert rig.taps["b"].stats.connections == 1
        assert gate.rings[MAIN].stats.readers == 0

    rig.run(story)


def test_a_camera_that_a_worker_gives_up_is_said_to_be_nobodys_and_comes_back(rig: Rig, gate: RingCamera) -> None:
    async def story(hub: Hub) -> None:
        gate.go_live()
        gate.send(2)
        viewer = await hub.subscribe("gate", MAIN)
        gate.ending.set()
        rig.release("gate")
        paused = await skip_to(viewer, Paused)
        while paused.reason != CameraState.UNASSIGNED:
            paused = await skip_to(viewer, Paused)
        assert paused.detail == "no worker holds it"
        gate.ending.clear()
        rig.assign("a", gate)
        assert (await skip_to(viewer, Started)).session == "gate-1"

    rig.run(story)


def test_a_camera_that_is_removed_says_so_and_one_that_never_was_is_not_found(rig: Rig, gate: RingCamera) -> None:
    async def story(hub: Hub) -> None:
        gate.go_live()
        gate.send(1)
        with pytest.raises(NotFoundError):
            await hub.subscribe("nowhere", MAIN)
        with pytest.raises(NotFoundError):
            await hub.scenes("nowhere")
        viewer = await hub.subscribe("gate", MAIN)
        with rig.database.session() as session:
            cameras.remove(session, "gate")
        gate.ending.set()
        paused = await skip_to(viewer, Paused)
        while paused.reason != "removed":
            paused = await skip_to(viewer, Paused)

    rig.run(story)


def test_a_camera_added_a_moment_ago_is_found(rig: Rig) -> None:
    async def story(hub: Hub) -> None:
        fresh = RingCamera("fresh")
        fresh.go_live()
        fresh.send(1)
        rig.worker("b", fresh)
        viewer = await hub.subscribe("fresh", MAIN)
        await next_of(viewer, Started)

    rig.run(story)


def test_while_postgresql_was_never_there_nothing_is_known(rig: Rig) -> None:
    nowhere = replace(rig, database=Database("postgresql://nobody@127.0.0.1:1/none"))

    async def story(hub: Hub) -> None:
        with pytest.raises(DatabaseUnavailableError):
            await hub.subscribe("gate", MAIN)

    nowhere.run(story)
    nowhere.database.close()


def test_a_worker_of_another_installation_key_refuses_and_the_viewer_is_told(rig: Rig, gate: RingCamera) -> None:
    rig.give_other_tokens()

    async def story(hub: Hub) -> None:
        gate.go_live()
        viewer = await hub.subscribe("gate", MAIN)
        paused = await next_of(viewer, Paused)
        assert paused.reason == "worker"
        assert "secret_key" in str(paused.detail)
        assert rig.tokens[0].hex() not in str(paused.detail)

    rig.run(story)


def test_key_frames_without_parameter_sets_are_given_them(rig: Rig, gate: RingCamera) -> None:
    async def story(hub: Hub) -> None:
        gate.go_live()
        sets = spooling.parameters().video.extradata
        key, other = list(spooling.packets(0, 0.2))
        bare = replace(key, data=key.data.removeprefix(sets))
        assert len(bare.data) < len(key.data)
        gate.put([bare, other])
        viewer = await hub.subscribe("gate", MAIN)
        await next_of(viewer, Started)
        assert await data_of(viewer, 2) == [key.data, other.data]

    rig.run(story)


def test_when_this_process_is_too_slow_for_the_ring_viewers_go_on_with_a_key_frame(rig: Rig) -> None:
    small = RingCamera("small", ring_bytes=2 * 1024 * 1024)
    rig.worker("b", small)

    async def story(hub: Hub) -> None:
        small.go_live()
        small.send(1)
        viewer = await hub.subscribe("small", MAIN)
        await next_of(viewer, Started)
        await units(viewer, 1)
        # The event loop stands still meanwhile, so nothing is taken from the tap.
        small.send(40 * GOP, padding=100_000)
        await eventually(lambda: hub.stats.lost_packets > 0, "said to be lost")
        seen: list[AccessUnit] = []
        async with asyncio.timeout(20):
            while not seen or seen[-1].at != small.sent[-1].at:
                seen.append(await next_of(viewer, AccessUnit))
        places = {packet.at: index for index, packet in enumerate(small.sent)}
        order = [places[unit.at] for unit in seen]
        for before, unit in zip(order, seen[1:], strict=False):
            assert places[unit.at] == before + 1 or unit.is_key

    rig.run(story)


def test_a_state_that_is_refused_is_passed_on_with_its_words(rig: Rig, gate: RingCamera) -> None:
    async def story(hub: Hub) -> None:
        gate.state = StreamState(CameraState.REFUSED, "wrong password")
        viewer = await hub.subscribe("gate", MAIN)
        assert await next_of(viewer, Paused) == Paused("refused", "wrong password")

    rig.run(story)


def test_closing_the_hub_ends_every_viewer_and_leaves_no_task(rig: Rig, gate: RingCamera) -> None:
    async def story(hub: Hub) -> None:
        gate.go_live()
        gate.send(1)
        viewers = [await hub.subscribe("gate", MAIN) for _ in range(5)]
        scenes = await hub.scenes("gate")
        await hub.close()
        for viewer in viewers:
            with pytest.raises(SourceError, match="stopping"):
                await viewer.next()
            viewer.close()
        assert [scene async for scene in scenes] == []
        await scenes.aclose()
        with pytest.raises(SourceError, match="stopping"):
            await hub.subscribe("gate", MAIN)

    rig.run(story)


def test_a_viewer_that_gives_up_while_subscribing_leaves_nothing(rig: Rig, gate: RingCamera) -> None:
    async def story(hub: Hub) -> None:
        # The camera is connecting: nothing is known of it yet, but for its state.
        task = asyncio.create_task(hub.subscribe("gate", MAIN))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert hub.stats.viewers == 0

    rig.run(story)


def test_scenes_reach_all_listeners_by_one_tap_and_a_slow_one_loses_the_oldest(rig: Rig, gate: RingCamera) -> None:
    async def story(hub: Hub) -> None:
        first, slow = await hub.scenes("gate"), await hub.scenes("gate")
        await eventually(lambda: gate.scenes.listeners == 1, "tapped once")
        for number in range(100):
            gate.scenes.put(spooling.scene(number))
            scene = await asyncio.wait_for(anext(first), 5)
            assert scene["pts_90k"] == number * 90_000
        assert slow.lost == 100 - 64
        assert (await anext(slow))["pts_90k"] == 36 * 90_000
        assert (hub.stats.scene_channels, rig.taps["a"].stats.served) == (1, 1)
        await first.aclose()
        await slow.aclose()
        await eventually(lambda: gate.scenes.listeners == 0, "nobody listens")
        assert hub.stats.scene_channels == 0

    rig.run(story)


def test_viewers_that_come_and_go_leave_nothing_behind(
    rig: Rig, gate: RingCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel_module, "LINGER_S", 0.0)

    async def story(hub: Hub) -> None:
        gate.go_live()
        gate.send(2)
        tasks, threads = len(asyncio.all_tasks()), threading.active_count()
        for _ in range(20):
            viewer = await hub.subscribe("gate", MAIN)
            await next_of(viewer, Started)
            viewer.close()
            await eventually(lambda: hub.stats.channels == 0, "ended")
        await eventually(lambda: rig.taps["a"].stats.connections == 0, "all taps closed")
        await eventually(lambda: len(asyncio.all_tasks()) == tasks, "no task left")
        assert threading.active_count() == threads
        assert hub._means.transcodes.running == 0

    rig.run(story)
