"""Which packets are worth decoding (design §5). Decides on the packets alone; the tracker says whether it was right.

While something moves everything is decoded. When nothing has moved for a while, nothing is decoded but a key frame now
and then, until the packets carry more news than this camera's quiet ones do. It must never hide anything for long:

* it sleeps only when it has learned what quiet looks like, and that differs clearly from motion;
* asleep, it has a key frame analysed every CHECK_S: a person who lies still, a car that has parked;
* when somebody comes whom the packets did not announce, it no longer trusts them and decodes everything for a while.
"""

from __future__ import annotations

from collections import deque
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from camsvc.domain.track import Scene
from camsvc.gate.baseline import WINDOW_PICTURES, WINDOW_S, Baseline, Sample
from camsvc.gate.likeness import Likeness
from camsvc.gate.measure import Meter, Shape
from camsvc.gate.stillness import Stillness
from camsvc.media.packets import CLOCK_HZ, Kind, Packet

CHECK_S: Final = 4.0
"""Asleep, the first key frame after this is analysed. With GOPs longer than this it is every key frame."""
CHECK_BLUNT_S: Final = 1.0
"""The same where a small object would drown in the noise that the packets carry: quicker than anybody walks by."""
LOOK_MOST_S: Final = 30.0
"""A checked picture that looks like the last analysed one is not analysed again, which saves the detector; but this
often it is, for what differs too little to be told from noise: somebody in the dark."""
KEY_MOST_S: Final = 12.0
"""A camera that sends key frames more rarely, or none, is not gated: it could hide something for so long."""
WARM_UP_S: Final = 8.0
"""Everything is decoded at first: who is there already must be found and known."""
QUIET_S: Final = 2.5
"""Nothing has moved, and no packet said so, for this long before the gate sleeps."""
UNHEARD_S: Final = 2.0
"""The tracker's word may be this old; when the detector lags more, the gate stays awake."""
ANNOUNCED_S: Final = 1.5
"""A newcomer must have shown in the packets not longer than this before it was first tracked, or since."""
DISTRUST_FIRST_S: Final = 300.0
DISTRUST_MOST_S: Final = 3600.0
"""How long everything is decoded after an unannounced newcomer; doubles with each."""
UNLABELLED_MOST: Final = 2000
"""Pictures that wait for the tracker's word. Overflow: the oldest goes unlearned."""


class Decision(StrEnum):
    SKIP = "skip"
    CHECK = "check"
    """Decode and analyse this key frame alone."""
    DECODE = "decode"
    """Decode this packet; on the step from another decision, beginning at the last key frame."""


class Reason(StrEnum):
    """Why the gate is awake, or that it is not."""

    IDLE = "idle"
    WARM_UP = "warm-up"
    MOVING = "moving"
    """The tracker sees something move, or has just seen it."""
    NEWS = "news"
    """The packets say so."""
    OPEN_QUESTION = "open question"
    """A check found somebody new, or did not find somebody known."""
    LEARNING = "learning"
    """Too little quiet time yet to know what is ordinary."""
    WILD = "wild"
    """Quiet pictures differ too much among each other to tell motion from them."""
    RARE_KEYS = "rare keys"
    BLUNT = "blunt"
    """The quantiser cannot be read (H.265), and quiet pictures are large: a constant bit rate would look just so."""
    DISTRUST = "distrust"
    """Somebody came whom the packets did not announce."""
    UNHEARD = "unheard"
    """The tracker's word is late: the detector is overloaded or away."""


class Gate:
    """One per session of a stream; used by one thread. Times are the packets' media times."""

    def __init__(self) -> None:
        self._meter = Meter()
        self._baseline = Baseline()
        self._stillness = Stillness()
        self._window: deque[Sample] = deque()
        self._unlabelled: deque[Sample] = deque(maxlen=UNLABELLED_MOST)
        self._position = 0
        self._now_s = 0.0
        self._began_s: float | None = None
        self._key_s: float | None = None
        self._quantised = True
        self._news_s = float("-inf")
        self._moved_s = float("-inf")
        self._question = False
        self._heard_s = float("-inf")
        self._checked_s = float("-inf")
        self._waits_for_check = False
        self._likeness = Likeness()
        self._analysed_s = float("-inf")
        self._distrust_until_s = float("-inf")
        self._distrust_s = DISTRUST_FIRST_S
        self._reason = Reason.WARM_UP
        self.unannounced = 0
        """Newcomers whom the packets did not show."""

    @property
    def reason(self) -> Reason:
        return self._reason

    @property
    def rise(self) -> float:
        """How much more news than ordinary wakes it, in log₂ of bits: small is sharp-eyed."""
        return self._baseline.rise

    def observe(self, packet: Packet) -> Decision:
        """The next video packet of the session. Any other kind is skipped."""
        if packet.kind is not Kind.VIDEO:
            return Decision.SKIP
        self._measure(packet)
        asleep = self._reason is Reason.IDLE
        self._reason = self._why()
        if self._reason is not Reason.IDLE:
            return Decision.DECODE
        if not asleep:
            # What was decoded up to now counts as checked; what it looked like is not known here.
            self._checked_s = self._now_s
            self._likeness.forget()
        patience_s = CHECK_S if self._baseline.sharp else CHECK_BLUNT_S
        if packet.is_key and self._now_s - self._checked_s >= patience_s:
            self._checked_s, self._waits_for_check = self._now_s, True
            return Decision.CHECK
        return Decision.SKIP

    def look(self, image: NDArray[np.uint8]) -> bool:
        """The decoded key frame of a CHECK, at any size: whether it must be analysed.

        False: it is the last analysed picture over again, the check is done, and no feedback will come. A picture is
        analysed at least every LOOK_MOST_S all the same.
        """
        due = self._now_s - self._analysed_s >= LOOK_MOST_S
        if self._likeness.differs(image) or due:
            self._likeness.keep(image)
            self._analysed_s = self._now_s
            return True
        self._waits_for_check = False
        self._heard_s = max(self._heard_s, self._checked_s)
        self._label(self._checked_s, quiet=True)
        return False

    def feedback(self, scene: Scene, *, unsettled: bool = False) -> None:
        """What the tracker made of a frame; ``unsettled``: it does not know yet whether somebody came or went."""
        at_s = scene.moment.pts_90k / CLOCK_HZ
        self._heard_s = max(self._heard_s, at_s)
        self._waits_for_check = False
        self._question = unsettled
        seen = self._stillness.observe(at_s, scene)
        if seen.moving:
            self._moved_s = max(self._moved_s, at_s)
        for first_s in seen.newcomers:
            self._judge(first_s, at_s)
        self._label(at_s, quiet=not (seen.moving or unsettled))

    def _measure(self, packet: Packet) -> None:
        measure = self._meter.measure(packet)
        now_s = max(self._now_s, packet.pts_90k / CLOCK_HZ)
        if self._began_s is None:
            self._began_s = now_s
        self._now_s = now_s
        self._quantised = measure.quantised
        if measure.shape is Shape.KEY:
            self._key_s, self._position = now_s, 0
        if measure.shape is not Shape.FORWARD:
            return
        self._position += 1
        sample = Sample(now_s, self._position, measure.news)
        self._unlabelled.append(sample)
        self._window.append(sample)
        while now_s - self._window[0].at_s > WINDOW_S and len(self._window) > WINDOW_PICTURES:
            self._window.popleft()
        if self._baseline.excess(list(self._window)) > 0:
            self._news_s = now_s

    def _why(self) -> Reason:
        """The first reason to be awake, or IDLE."""
        now_s = self._now_s
        asleep = self._reason is Reason.IDLE
        reasons = (
            (now_s - (self._began_s or 0.0) < WARM_UP_S, Reason.WARM_UP),
            (now_s < self._distrust_until_s, Reason.DISTRUST),
            (self._key_s is None or now_s - self._key_s > KEY_MOST_S, Reason.RARE_KEYS),
            (now_s - self._news_s < QUIET_S, Reason.NEWS),
            (now_s - self._moved_s < QUIET_S, Reason.MOVING),
            (self._question, Reason.OPEN_QUESTION),
            (not self._baseline.known, Reason.LEARNING),
            (self._baseline.wild, Reason.WILD),
            (not self._quantised and not self._baseline.sharp, Reason.BLUNT),
            (self._late(asleep=asleep), Reason.UNHEARD),
        )
        return next((reason for holds, reason in reasons if holds), Reason.IDLE)

    def _late(self, *, asleep: bool) -> bool:
        if asleep:
            return self._waits_for_check and self._now_s - self._checked_s > UNHEARD_S
        return self._now_s - self._heard_s > UNHEARD_S

    def _judge(self, first_s: float, now_s: float) -> None:
        """A newcomer has moved. Did the packets say so when it came, or since?"""
        if not self._baseline.known or self._news_s >= first_s - ANNOUNCED_S:
            return
        self.unannounced += 1
        self._distrust_until_s = max(now_s, self._now_s) + self._distrust_s
        self._distrust_s = min(2 * self._distrust_s, DISTRUST_MOST_S)

    def _label(self, at_s: float, *, quiet: bool) -> None:
        """The pictures up to ``at_s`` were quiet, or were not: only quiet ones are learned from."""
        known = []
        while self._unlabelled and self._unlabelled[0].at_s <= at_s:
            known.append(self._unlabelled.popleft())
        if quiet and at_s - self._moved_s > WINDOW_S:
            self._baseline.learn(known)
