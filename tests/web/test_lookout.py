"""What is sick is seen on every page."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, TypeVar

import httpx
from fastapi import FastAPI
from starlette.responses import PlainTextResponse

from camsvc.api.services.readiness import Readiness
from camsvc.clock import SystemClock
from camsvc.db.database import Database
from camsvc.db.queries.workers import Report
from camsvc.domain.camera import CameraState
from camsvc.domain.worker import WorkerStatus
from camsvc.storage.objects import ObjectStore
from camsvc.web.alarms import BACKLOG_SPARE, Alarm, Part, alarms, of_workers
from camsvc.web.guard import Guard
from camsvc.web.lookout import Lookout, Snapshot
from camsvc.web.who import FRESH_S, UNCHECKED_S, Who
from tests.browser import Tab
from tests.servers import Bucket
from tests.web import town
from tests.web.conftest import Passage, Web

T = TypeVar("T")
NOW = datetime(2026, 11, 22, tzinfo=UTC)
NOBODY = "postgresql://camsvc@127.0.0.1:1/nobody"
"""Port 1: refused at once."""


def in_a_loop(task: Coroutine[Any, Any, T]) -> T:
    """As ``asyncio.run``, in a thread of its own: Playwright has a loop running in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, task).result()


def away(web: Web, **parts: object) -> Lookout:
    """A lookout over the real server, of which ``parts`` are replaced."""
    server = replace(web.server, **parts)  # type: ignore[arg-type]
    return Lookout(replace(server, readiness=Readiness(server.database, server.store, SystemClock())))


def test_all_is_well_when_everything_answers(web: Web) -> None:
    town.report(web.database, datetime.now(UTC))
    snapshot = in_a_loop(away(web).now())
    assert snapshot.alarms == ()
    assert snapshot.statuses["cho-01"].state is CameraState.LIVE
    assert snapshot.directory.area_trail("bac-ninh/yen-phong/cho") == "Bắc Ninh › Yên Phong › Thị trấn Chờ"


def test_a_database_that_does_not_answer_is_told_and_the_last_state_stays(web: Web) -> None:
    lookout = away(web)
    before = in_a_loop(lookout.now())
    broken = Lookout(replace(web.server, database=Database(NOBODY)))
    broken._snapshot = before
    snapshot = in_a_loop(broken.now())
    assert [alarm.part for alarm in snapshot.alarms] == [Part.DATABASE]
    assert snapshot.statuses == before.statuses


def test_an_object_store_that_does_not_answer_is_told(web: Web, bucket: Bucket) -> None:
    store = ObjectStore(**vars(replace(bucket, endpoint="127.0.0.1:1")))
    snapshot = in_a_loop(away(web, store=store).now())
    assert [alarm.part for alarm in snapshot.alarms] == [Part.STORE]


def test_cameras_without_a_worker_are_counted(web: Web) -> None:
    lookout = away(web)
    in_a_loop(lookout.now())
    town.report(web.database, datetime.now(UTC), {"cho-02": (CameraState.UNASSIGNED, None)})
    try:
        lookout._read_s = None
        alarms = in_a_loop(lookout.now()).alarms
        assert [(alarm.part, alarm.count) for alarm in alarms] == [(Part.WORKERS, 1)]
    finally:
        town.report(web.database, datetime.now(UTC))


def test_an_alarm_keeps_the_moment_it_began(web: Web) -> None:
    lookout = Lookout(replace(web.server, database=Database(NOBODY)))
    first = in_a_loop(lookout.now()).alarms
    lookout._read_s = None
    assert in_a_loop(lookout.now()).alarms == first


def test_a_failing_page_does_not_blind_the_others(web: Web) -> None:
    def fail(_: Snapshot) -> None:
        raise RuntimeError("this page is broken")

    async def run() -> None:
        seen = asyncio.Event()
        lookout = away(web)
        lookout.watch(fail)
        lookout.watch(lambda _: seen.set())
        await asyncio.wait_for(seen.wait(), 15)
        await lookout.close()

    in_a_loop(run())


def worker(name: str = "w", *, age_s: float = 1.0, **changes: object) -> Report:
    status = WorkerStatus(
        worker=name,
        started_at=NOW,
        cameras=3,
        detector="yolo11n",
        detector_detail=None,
        analysed_frames=1,
        shed_frames=0,
        published=1,
        spool_entries=2,
        spool_bytes=1,
        spool_oldest_at=NOW,
        spool_refused=None,
        spool_aside=0,
        store_away_since=None,
    )
    return Report(replace(status, **dict[str, Any](changes)), age_s)


def test_what_workers_say_of_themselves_becomes_alarms() -> None:
    assert of_workers([worker(), worker("v")]) == {}
    said = of_workers(
        [
            worker("dead", age_s=300, spool_refused="what it said last is not what is true"),
            worker("full", spool_refused="the disk is full", spool_entries=3 + BACKLOG_SPARE),
            worker("late", spool_entries=4 + BACKLOG_SPARE),
            worker("away", spool_entries=7, store_away_since=NOW),
            worker("blind", detector_detail="the model is missing", spool_aside=2),
        ]
    )
    assert said == {
        Part.SILENT: (1, "dead"),
        Part.RECORDING: (1, "the disk is full"),
        Part.BACKLOG: (4 + BACKLOG_SPARE + 7, ""),
        Part.DETECTOR: (1, "the model is missing"),
        Part.ASIDE: (2, ""),
    }


def test_alarms_come_worst_first_and_keep_their_beginning() -> None:
    later = NOW + timedelta(minutes=5)
    first = alarms({Part.BACKLOG: (3, "")}, (), NOW)
    assert alarms({Part.BACKLOG: (9, ""), Part.DATABASE: (0, "")}, first, later) == (
        Alarm(Part.DATABASE, later),
        Alarm(Part.BACKLOG, NOW, 9),
    )


def test_every_page_shows_the_alarms_and_takes_them_away(inside: Tab, web: Web) -> None:
    inside.go("/incidents")
    inside.page.wait_for_selector(".cam-rail[data-ready]")
    assert inside.page.locator(".cam-alarms:visible").count() == 0
    town.report(web.database, datetime.now(UTC), {"cho-02": (CameraState.UNASSIGNED, None)})
    try:
        inside.page.wait_for_selector("text=1 camera has no working worker")
    finally:
        town.report(web.database, datetime.now(UTC))
    inside.page.wait_for_selector(".cam-alarms", state="hidden")


class _Clock(SystemClock):
    shift_s = 0.0

    def monotonic_s(self) -> float:
        return super().monotonic_s() + self.shift_s


def test_while_the_database_is_away_known_sessions_stay_and_strangers_are_told(web: Web, passage: Passage) -> None:
    clock = _Clock()
    app = FastAPI()
    app.state.camsvc = web.server
    app.add_api_route("/page", lambda: PlainTextResponse("in"))
    app.add_middleware(Guard, who=Who(clock), settings=web.server.settings)
    cookies = {each["name"]: each["value"] for each in passage["cookies"]}

    async def get(cookies: dict[str, str]) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            return await client.get("/page", headers={"Cookie": "; ".join(f"{k}={v}" for k, v in cookies.items())})

    async def run() -> None:
        assert (await get(cookies)).text == "in"
        app.state.camsvc = replace(web.server, database=Database(NOBODY))
        clock.shift_s = FRESH_S + 1
        assert (await get(cookies)).text == "in"
        assert (await get({"camsvc_session": "another"})).status_code == HTTPStatus.SERVICE_UNAVAILABLE
        clock.shift_s = UNCHECKED_S + FRESH_S
        late = await get(cookies)
        assert late.status_code == HTTPStatus.SERVICE_UNAVAILABLE
        assert "The database is not reachable." in late.text
        assert late.headers["refresh"]

    in_a_loop(run())


def test_a_page_that_does_not_exist_is_told_in_the_users_language(web: Web, passage: Passage) -> None:
    cookies = {each["name"]: each["value"] for each in passage["cookies"]} | {"camsvc_language": "vi"}
    answer = httpx.get(f"{web.url}/no/such/page", cookies=cookies)
    assert answer.status_code == HTTPStatus.NOT_FOUND
    assert "Không có trang này." in answer.text
