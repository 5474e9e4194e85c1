"""What a dead process left is brought to its end (invariant 3): as interrupted, at the last observed moment.

The footage that reached the disk is finished and published like any other (recorder_finaliser, publisher).
"""

from __future__ import annotations

from dataclasses import replace

from camsvc.domain.incident import IncidentState
from camsvc.worker.spool_entry import Entry
from camsvc.worker.spool_state import Change, Facts, Sealed


def recover(entry: Entry) -> bool:
    """Seal ``entry``, which nobody records any more; whether there was anything to do. Raises SpoolError."""
    state = entry.state
    if state.sealed:
        return False
    records: list[Change] = [Sealed(crashed=True)]
    if state.is_open:
        facts = state.incident
        ended = replace(facts, state=IncidentState.INTERRUPTED, ended_at=facts.last_observed_at)
        records.insert(0, Facts(ended))
    entry.append(*records)
    return True
