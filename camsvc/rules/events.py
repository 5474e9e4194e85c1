"""What a rule says: an incident opened, went on, ended. The recorder turns these into incidents and clips.

For one ``key`` the order is ``Opened``, any number of ``Updated``, then ``Closed`` once and last.
``Opened`` is followed by an ``Updated`` of the same scene, because it opens later than it started.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from camsvc.domain.camera import Camera, Severity
from camsvc.domain.incident import Incident, IncidentObject, IncidentState
from camsvc.domain.track import Moment


@dataclass(frozen=True, slots=True)
class Opened:
    key: str
    """The incident's id: a UUIDv7 as text, by the time it started."""
    kind: str
    zone: str | None
    severity: Severity
    started: Moment
    """First sighting; before the moment at which the rule was sure. May lie in an earlier session of the camera."""
    objects: tuple[IncidentObject, ...]

    def incident(self, camera: Camera, *, worker: str, model: str, epoch: int) -> Incident:
        """What is on record from now on: open, its first revision."""
        return Incident(
            id=UUID(self.key),
            camera=camera.id,
            area=camera.area,
            location=camera.location,
            kind=self.kind,
            severity=self.severity,
            state=IncidentState.OPEN,
            started_at=self.started.at,
            last_observed_at=self.started.at,
            ended_at=None,
            zone=self.zone,
            objects=self.objects,
            revision=1,
            epoch=epoch,
            worker=worker,
            model=model,
        )


@dataclass(frozen=True, slots=True)
class Updated:
    key: str
    last_observed: Moment
    """Latest moment at which the incident was seen to go on."""
    objects: tuple[IncidentObject, ...]
    """All that took part so far, each with its highest confidence."""


@dataclass(frozen=True, slots=True)
class Closed:
    key: str
    ended: Moment
    """The last observed moment, whatever the reason of the end (invariant 3)."""
    objects: tuple[IncidentObject, ...]
    state: IncidentState
    """``CLOSED``: its end was observed. ``INTERRUPTED``: it was not."""


RuleEvent = Opened | Updated | Closed
