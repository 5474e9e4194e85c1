"""The numbers above the list of cameras: how many send, how many are sick, and for how long. Each narrows the list."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from camsvc.domain.camera import CameraState, CameraStatus
from camsvc.web.health import Trouble
from camsvc.web.language import Language
from camsvc.web.markup import label, tag

BAD = frozenset({Trouble.HOUR, Trouble.DAY})


class Overview:
    def __init__(self, language: Language, chosen: Callable[[Trouble | None], None]) -> None:
        """``chosen`` is told which number was pressed; None: the first, of all cameras."""
        self._say = language
        with tag("div", "camhealth", role="group", aria_label=language("health.label")):
            self._all = tag("button", "camhealth__one", type="button", title=language("health.all"), data_health="live")
            with self._all:
                self._live = label("b", "", "")
                self._of = label("span", "", "")
            self._all.on("click", lambda: chosen(None))
            self._tiles = {}
            for trouble in Trouble:
                kind = "bad" if trouble in BAD else "warn"
                tile = tag("button", f"camhealth__one camhealth__one--{kind}", type="button", data_health=trouble.value)
                with tile:
                    number = label("b", "", "")
                    tag("span", "", language(f"health.{trouble.value}"))
                tile.on("click", lambda one=trouble: chosen(one))
                self._tiles[trouble] = (tile, number)

    def show(
        self, statuses: Collection[CameraStatus], found: Iterable[Collection[Trouble]], wanted: Trouble | None
    ) -> None:
        say = self._say
        should = [each for each in statuses if each.state is not CameraState.DISABLED]
        live = sum(each.state is CameraState.LIVE for each in should)
        self._live.text = say.number(live)
        self._of.text = f"{say('health.live')} {say('health.of', n=say.number(len(should)))}"
        counts = dict.fromkeys(Trouble, 0)
        for each in found:
            for trouble in each:
                counts[trouble] += 1
        for trouble, (tile, number) in self._tiles.items():
            count = counts[trouble]
            number.text = say.number(count)
            tile.props["aria-pressed"] = str(trouble is wanted).lower()
            tile.set_visibility(bool(count) or trouble is wanted)
