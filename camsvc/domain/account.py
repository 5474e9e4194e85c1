"""Who may do what, where: roles are named sets of actions, granted over areas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


class Action(StrEnum):
    """What a person may be allowed to do with what is of an area."""

    LIVE = "live"
    """See live pictures, and jump back in the ring."""
    SEARCH = "search"
    """Find incidents: what, where, when, with their thumbnails."""
    REPLAY = "replay"
    """Play clips and see their tracks."""
    EXPORT = "export"
    """Take evidence packages out of the system."""
    HOLD = "hold"
    """Lock clips against deletion, and let go again."""
    CONFIGURE = "configure"
    """Add, change and remove cameras and areas."""
    ADMINISTER = "administer"
    """Accounts, grants, audit, metrics: of the whole system, so it counts only when granted everywhere."""


class Role(StrEnum):
    """A named set of actions (``ACTIONS``). An account may have several, each over its own areas."""

    VIEWER = "viewer"
    """Sees live pictures, and that incidents happen; no past footage."""
    OPERATOR = "operator"
    """Watches the wall, is told of incidents, plays their clips."""
    POLICE = "police"
    """Searches incidents and opens clips."""
    INVESTIGATOR = "investigator"
    """Collects cases, holds and exports evidence."""
    ADMINISTRATOR = "administrator"
    """Cameras, areas, accounts, rules; and may do all that others may."""


ACTIONS: Mapping[Role, frozenset[Action]] = MappingProxyType(
    {
        Role.VIEWER: frozenset({Action.LIVE, Action.SEARCH}),
        Role.OPERATOR: frozenset({Action.LIVE, Action.SEARCH, Action.REPLAY}),
        Role.POLICE: frozenset({Action.SEARCH, Action.REPLAY}),
        Role.INVESTIGATOR: frozenset({Action.SEARCH, Action.REPLAY, Action.EXPORT, Action.HOLD}),
        Role.ADMINISTRATOR: frozenset(Action),
    }
)


@dataclass(frozen=True, slots=True)
class Grant:
    role: Role
    area: str | None = None
    """Path of the area: the role holds in it and in all below it. None: everywhere."""

    def __str__(self) -> str:
        return f"{self.role.value} in {self.area}" if self.area else f"{self.role.value} everywhere"


@dataclass(frozen=True, slots=True)
class Reach:
    """Where something may be done: ``areas``, each with all below it. None: everywhere; empty: nowhere."""

    areas: tuple[str, ...] | None

    @classmethod
    def of(cls, grants: Iterable[Grant]) -> Reach:
        """The union of the grants' areas, without those that another one covers."""
        areas: set[str] = set()
        for grant in grants:
            if grant.area is None:
                return EVERYWHERE
            areas.add(grant.area)
        return cls.over(areas)

    @classmethod
    def over(cls, areas: Iterable[str]) -> Reach:
        """These areas, without those that another one covers."""
        known = frozenset(areas)
        return cls(tuple(sorted(each for each in known if not any(_is_below(each, other) for other in known))))

    @property
    def is_everywhere(self) -> bool:
        return self.areas is None

    @property
    def is_nowhere(self) -> bool:
        return self.areas == ()

    def within(self, areas: tuple[str, ...] | None) -> Reach:
        """What of it lies in ``areas`` (None: everywhere) or below them."""
        if areas is None:
            return self
        other = Reach(areas)
        both = (
            *(each for each in areas if self.covers(each)),
            *(each for each in self.areas or () if other.covers(each)),
        )
        return Reach.over(both)

    def covers(self, area: str) -> bool:
        return self.areas is None or any(area == each or _is_below(area, each) for each in self.areas)

    def touches(self, area: str) -> bool:
        """Whether it covers ``area``, or some area below it."""
        return self.covers(area) or any(_is_below(each, area) for each in self.areas or ())


EVERYWHERE = Reach(None)
NOWHERE = Reach(())


@dataclass(frozen=True, slots=True)
class Scope:
    """What an API token is for. It only takes away from what its account may: a grant that ends ends for it too."""

    actions: frozenset[Action]
    areas: tuple[str, ...] | None = None
    """Each with all below it; None: wherever the account may."""


@dataclass(frozen=True, slots=True)
class Proof:
    """By what somebody was recognised: a session of the page, or a token."""

    id: int
    is_api: bool = False
    """An API token: for a program, made once and lasting. It may not make others, nor change a password."""


@dataclass(frozen=True, slots=True)
class Reason:
    """What somebody does their work for, in their own words: recorded with all they do."""

    purpose: str | None = None
    case_number: str | None = None

    def __bool__(self) -> bool:
        return self.purpose is not None or self.case_number is not None


@dataclass(frozen=True, slots=True)
class Agency:
    """One of those that share the installation. What its accounts are granted ends at its areas."""

    id: int
    name: str
    areas: tuple[str, ...] | None = None
    """Each with all below it; None: everywhere."""


@dataclass(frozen=True, slots=True)
class User:
    id: int
    name: str
    """Lower case; what is typed to log in."""
    grants: frozenset[Grant]
    disabled: bool = False
    scope: Scope | None = None
    """Of the API token that they came with; None: all that they are granted."""
    proof: Proof | None = field(default=None, compare=False)
    """None: not asked from outside."""
    reason: Reason = field(default=Reason(), compare=False)
    must_change_password: bool = False
    """Somebody else has set it: until they choose their own they may do nothing else."""
    agency: Agency | None = None
    """None: of none, and nothing ends at any area but the grants' own."""

    @property
    def roles(self) -> frozenset[Role]:
        """Those held anywhere: for people. What may be done is asked of ``may`` and ``reach``."""
        return frozenset(grant.role for grant in self.grants)

    def may(self, action: Action, area: str) -> bool:
        return self.reach(action).covers(area)

    def reach(self, action: Action) -> Reach:
        return self._within(frozenset({action}))

    def sees(self) -> Reach:
        """Where any action is granted: of what is elsewhere, this user may not even know that it exists."""
        return self._within(None)

    def _within(self, actions: frozenset[Action] | None) -> Reach:
        """Where any of ``actions`` (None: any at all) is granted, as far as agency and scope go."""
        ends = self.agency.areas if self.agency else None
        if self.scope is None:
            granted = (grant for grant in self.grants if actions is None or actions & ACTIONS[grant.role])
            return Reach.of(granted).within(ends)
        narrowed = self.scope.actions if actions is None else actions & self.scope.actions
        granted = (grant for grant in self.grants if narrowed & ACTIONS[grant.role])
        return Reach.of(granted).within(ends).within(self.scope.areas)


def _is_below(area: str, other: str) -> bool:
    return area.startswith(f"{other}/")
