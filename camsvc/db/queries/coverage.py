"""Of what time nothing is known (invariant 3)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from camsvc.db.models import CoverageGapRow
from camsvc.domain.coverage import Coverage, MissingSpan
from camsvc.domain.incident import Gap


def record(session: Session, camera: str, gap: Gap, what: Coverage | Literal["footage", "analysis"]) -> None:
    """Store a gap. May be repeated; the same gap told again with a later end becomes longer, never shorter."""
    insertion = insert(CoverageGapRow).values(
        camera=camera,
        what=Coverage(what),
        started_at=gap.started_at,
        ended_at=max(gap.started_at, gap.ended_at),
        reason=gap.reason,
    )
    session.execute(
        insertion.on_conflict_do_update(
            index_elements=["camera", "what", "started_at", "reason"],
            set_={"ended_at": func.greatest(CoverageGapRow.ended_at, insertion.excluded.ended_at)},
        )
    )


def spans(
    session: Session,
    camera: str,
    from_: datetime,
    to: datetime,
    what: Coverage | Literal["footage", "analysis"] | None = None,
) -> list[MissingSpan]:
    """Gaps of ``camera`` that overlap [from_, to), oldest first, uncut; of both kinds unless ``what`` names one."""
    return spans_of(session, [camera], from_, to, what)


def spans_of(
    session: Session,
    cameras: Sequence[str],
    from_: datetime,
    to: datetime,
    what: Coverage | Literal["footage", "analysis"] | None = None,
) -> list[MissingSpan]:
    """``spans`` of several cameras together."""
    kinds = tuple(Coverage) if what is None else (Coverage(what),)
    rows = session.scalars(
        select(CoverageGapRow)
        .where(
            CoverageGapRow.camera.in_(cameras),
            CoverageGapRow.what.in_(kinds),
            CoverageGapRow.started_at < to,
            CoverageGapRow.ended_at >= from_,
        )
        .order_by(CoverageGapRow.started_at, CoverageGapRow.id)
        .execution_options(populate_existing=True)
    )
    return [
        MissingSpan(row.camera, row.what, row.started_at.astimezone(UTC), row.ended_at.astimezone(UTC), row.reason)
        for row in rows
    ]
