"""Walking from one incident to the next within a search."""

from __future__ import annotations

from datetime import timedelta

from camsvc.db.cipher import Cipher
from camsvc.db.database import Database
from camsvc.db.queries import incidents
from camsvc.db.queries.neighbours import neighbours
from camsvc.domain.incident import Incident
from camsvc.domain.search import IncidentFilter
from tests.db import examples


def test_walking_either_way_passes_all_that_match_in_the_order_of_the_search(
    database: Database, cipher: Cipher
) -> None:
    examples.owned(database, cipher, examples.camera("a"), examples.camera("b"))
    made: list[Incident] = []
    with database.session() as session:
        for number in range(12):
            # Two start at the same moment each time; every third goes on for hours and so lies in another span.
            started_at = examples.NOON + timedelta(minutes=number // 2)
            ended_at = started_at + timedelta(hours=5 if number % 3 == 0 else 0, seconds=8)
            made.append(
                examples.incident(
                    "a" if number % 2 else "b", started_at=started_at, ended_at=ended_at, last_observed_at=ended_at
                )
            )
            incidents.publish(session, made[-1])
    for asked in (IncidentFilter(), IncidentFilter(cameras=("a",)), IncidentFilter(areas=("bac-ninh",))):
        with database.session() as session:
            listed = [each.id for each in incidents.search(session, asked).items]
            for index, id_ in enumerate(listed):
                found = neighbours(session, asked, incidents.get(session, id_))
                assert found.newer == (listed[index - 1] if index else None)
                assert found.older == (listed[index + 1] if index + 1 < len(listed) else None)


def test_an_incident_that_does_not_match_still_has_neighbours_that_do(database: Database, cipher: Cipher) -> None:
    examples.owned(database, cipher, examples.camera("a"), examples.camera("b"))
    one, two, three = (
        examples.incident(camera, started_at=examples.NOON + timedelta(minutes=minute))
        for minute, camera in enumerate(["a", "b", "a"])
    )
    with database.session() as session:
        for each in (one, two, three):
            incidents.publish(session, each)
        found = neighbours(session, IncidentFilter(cameras=("a",)), two)
        assert (found.newer, found.older) == (three.id, one.id)
        nowhere = neighbours(session, IncidentFilter(cameras=("a",), areas=("bac-ninh",), bbox=None), one)
        assert (nowhere.newer, nowhere.older) == (three.id, None)
