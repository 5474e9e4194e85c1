"""The map itself, on a page of its own: clusters, drawing, heat, and one camera that is placed."""

from __future__ import annotations

import queue
from dataclasses import dataclass, field
from typing import Any

import pytest
from nicegui import ui

from camsvc.db.queries.tallies import Cell, Heat
from camsvc.domain.geo import Location, distance_m
from camsvc.domain.geo import Point as At
from camsvc.web.components.camera_map import CameraMap, placed
from camsvc.web.components.map import Map
from camsvc.web.language import language
from camsvc.web.shapes import TOOLS, conditions
from tests.browser import Tab
from tests.web.conftest import Web

PATH = "/test-map/{what}"
MANY = 200
READY = ".cam-map[data-ready]"
HEARD_S = 10.0
ZOOM_MS = 600
"""Longer than Leaflet's animation of a zoom, at whose end the error was; `inside` tells of it."""


@dataclass
class Heard:
    """What the map told, in order."""

    told: queue.Queue[tuple[str, Any]] = field(default_factory=queue.Queue)

    def next(self) -> tuple[str, Any]:
        return self.told.get(timeout=HEARD_S)


def crowd(number: int) -> list[dict[str, Any]]:
    """A grid of cameras, a street apart; the third of each ten is sick."""
    return [
        {
            "id": f"camera-{each:03}",
            "lat": 21.2 + each // 20 * 0.0008,
            "lon": 105.9 + each % 20 * 0.0008,
            "heading": each * 10 % 360,
            "fov": 70,
            "range": 80,
            "title": f"Camera {each}",
            "lines": [],
            "state": "refused" if each % 10 == 3 else "live",
            "icon": "videocam",
        }
        for each in range(number)
    ]


@pytest.fixture(scope="module")
def heard() -> Heard:
    return Heard()


@pytest.fixture(scope="module")
def page(web: Web, heard: Heard) -> str:
    settings, say = web.server.settings.map, language("en")

    @ui.page(PATH)
    def show(what: str) -> None:
        with ui.element("div").style("position:fixed;inset:0;display:flex"):
            if what == "camera":
                placing = CameraMap(say, settings, Location(21.24, 105.95, 90, 60, 100), others=crowd(4))
                placing.style("flex:1")
                placing.on("change", lambda event: heard.told.put(("change", placed(event.args))))
                return
            shown = Map(say, settings, crowd(MANY), tools=TOOLS, offers_heat=True)
            shown.style("flex:1")
            if what == "heat":
                shown.show_heat(Heat((Cell(21.2, 105.9, 1000), Cell(21.2065, 105.9145, 3)), exact=True))
            if what == "leaving":
                shown.on("heat", shown.delete)
                return
            for name in ("draw", "pick", "heat"):
                shown.on(name, lambda event, name=name: heard.told.put((name, event.args)))

    return PATH


@pytest.fixture
def opened(inside: Tab, page: str, heard: Heard) -> Tab:
    while not heard.told.empty():
        heard.told.get()
    inside.go(page.format(what="many"))
    inside.page.wait_for_selector(READY)
    return inside


def at(tab_: Tab, x: float, y: float) -> tuple[float, float]:
    """A place on the screen, in fractions of the map."""
    box = tab_.page.locator(".cam-map__ground").bounding_box()
    return box["x"] + box["width"] * x, box["y"] + box["height"] * y


def drag(tab_: Tab, from_: tuple[float, float], to: tuple[float, float]) -> None:
    tab_.page.mouse.move(*from_)
    tab_.page.mouse.down()
    tab_.page.mouse.move(*to, steps=6)
    tab_.page.mouse.up()


def shape(heard: Heard) -> dict[str, Any]:
    name, told = heard.next()
    assert name == "draw"
    assert conditions(told) is not None
    return dict(told)


def test_crowded_cameras_are_one_mark_with_their_number_and_come_apart_when_pressed(opened: Tab) -> None:
    clusters = opened.page.locator("[data-cluster]")
    numbers = clusters.evaluate_all("(marks) => marks.map((mark) => Number(mark.dataset.cluster))")
    assert numbers
    assert sum(numbers) + opened.page.locator("[data-place]").count() == MANY, "each camera is somewhere, once"
    assert "cameras" in clusters.first.get_attribute("aria-label")
    before = len(numbers)
    clusters.first.focus()
    opened.page.keyboard.press("Enter")
    opened.page.wait_for_function(
        "(before) => document.querySelectorAll('[data-cluster]').length !== before", arg=before
    )


def test_an_area_is_clicked_corner_by_corner_changed_by_its_handles_and_undone(opened: Tab, heard: Heard) -> None:
    opened.page.click("[data-tool=polygon]")
    corners = [at(opened, *each) for each in ((0.3, 0.3), (0.6, 0.3), (0.6, 0.6), (0.3, 0.6))]
    for corner in corners:
        opened.page.mouse.click(*corner)
    opened.page.mouse.click(*corners[0])
    drawn = shape(heard)
    assert drawn["kind"] == "polygon"
    assert len(drawn["points"]) == 4
    opened.page.wait_for_selector("[data-tool=polygon][aria-pressed=false]")
    drag(opened, corners[2], at(opened, 0.7, 0.7))
    changed = shape(heard)
    assert changed["points"][:2] == drawn["points"][:2]
    assert changed["points"][2][1] > drawn["points"][2][1]
    opened.page.locator("[data-handle=between]").first.focus()
    opened.page.keyboard.press("ArrowUp")
    opened.page.keyboard.press("Enter")
    assert len(shape(heard)["points"]) == 5, "a point is put between two"
    opened.page.click("[data-map=undo]")
    assert shape(heard) == changed
    opened.page.click("[data-map=erase]")
    assert heard.next() == ("draw", None)


def test_a_route_is_drawn_with_a_corridor_whose_width_is_dragged(opened: Tab, heard: Heard) -> None:
    opened.page.click("[data-tool=route]")
    for each in ((0.3, 0.5), (0.5, 0.4), (0.7, 0.5)):
        opened.page.mouse.click(*at(opened, *each))
    opened.page.keyboard.press("Backspace")
    opened.page.mouse.click(*at(opened, 0.7, 0.6))
    opened.page.keyboard.press("Enter")
    drawn = shape(heard)
    assert drawn["kind"] == "route"
    assert len(drawn["points"]) == 3
    assert drawn["radius_m"] == 500
    opened.page.locator("[data-handle=rim]").focus()
    for _ in range(4):
        opened.page.keyboard.press("ArrowUp")
    opened.page.keyboard.press("Enter")
    assert shape(heard)["radius_m"] != 500


def test_a_circle_and_a_box_are_drawn_with_the_keyboard_alone(opened: Tab, heard: Heard) -> None:
    opened.page.focus("[data-tool=radius]")
    opened.page.keyboard.press("Enter")
    opened.page.keyboard.press("Space")
    opened.page.wait_for_selector("[data-map=erase]:not([disabled])")
    opened.page.keyboard.press("Enter")
    assert shape(heard)["radius_m"] == 500
    opened.page.focus("[data-tool=box]")
    opened.page.keyboard.press("Enter")
    opened.page.keyboard.press("Space")
    for key in ("ArrowRight", "ArrowDown"):
        opened.page.keyboard.press(key)
        opened.page.wait_for_timeout(600)  # the map glides, and hears no key meanwhile
    opened.page.keyboard.press("Space")
    drawn = shape(heard)
    assert drawn["kind"] == "box"
    assert drawn["west"] < drawn["east"]


def test_heat_glows_where_incidents_were_and_says_what_its_colours_mean(inside: Tab, page: str) -> None:
    inside.go(page.format(what="heat"))
    inside.page.wait_for_selector(READY)
    inside.page.wait_for_function("Number(document.querySelector('.cam-map__heat').dataset.spots) === 2")
    assert "1,000" in inside.page.inner_text(".cam-map__scale")
    lit = inside.page.eval_on_selector(
        ".cam-map__heat",
        "(canvas) => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(Boolean)",
    )
    assert lit


def test_heat_is_asked_for_with_its_button(opened: Tab, heard: Heard) -> None:
    opened.page.click("[data-map=heat]")
    assert heard.next() == ("heat", True)
    opened.page.click("[data-map=heat]")
    assert heard.next() == ("heat", False)


def test_a_map_that_goes_in_the_middle_of_a_zoom_leaves_no_error(inside: Tab, page: str) -> None:
    inside.go(page.format(what="leaving"))
    inside.page.wait_for_selector(READY)
    inside.page.evaluate(
        """() => {
            const leave = () => document.querySelector('[data-map=heat]').click();
            const check = () => document.querySelector('.leaflet-zoom-anim') ? leave() : requestAnimationFrame(check);
            document.querySelector('.leaflet-control-zoom-in').click();
            check();
        }"""
    )
    inside.page.wait_for_selector(".cam-map", state="detached")
    inside.page.wait_for_timeout(ZOOM_MS)


def test_a_camera_is_placed_aimed_and_widened_by_its_handles(inside: Tab, page: str, heard: Heard) -> None:
    inside.go(page.format(what="camera"))
    inside.page.wait_for_selector(READY)
    handles = {
        name: inside.page.locator(f"[data-handle={name}]").first.bounding_box() for name in ("position", "aim", "edge")
    }
    middle = {name: (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2) for name, box in handles.items()}
    position = middle["position"]
    drag(inside, middle["aim"], (position[0], position[1] + 120))
    name, aimed = heard.next()
    assert name == "change"
    assert abs(aimed.heading_deg - 180) <= 1
    assert (aimed.lat, aimed.lon, aimed.fov_deg) == (21.24, 105.95, 60)
    inside.page.locator("[data-handle=edge]").first.focus()
    for _ in range(3):
        inside.page.keyboard.press("ArrowRight")
    inside.page.keyboard.press("Enter")
    _, widened = heard.next()
    assert widened.fov_deg != 60
    assert widened.heading_deg == aimed.heading_deg
    drag(inside, position, (position[0] + 80, position[1]))
    _, moved = heard.next()
    assert distance_m(At(moved.lat, moved.lon), At(21.24, 105.95)) > 10
    assert (moved.heading_deg, moved.fov_deg) == (widened.heading_deg, widened.fov_deg)
