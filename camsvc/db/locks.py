"""Advisory locks of the database: one place, so that no two uses meet.

The two-key space is divided here. The one-key space (64 bits) belongs to ``change_seq`` (``queries/changes.py``).
"""

from __future__ import annotations

SPACE = 0x63616D73
"""First key of all ours: 'cams'."""
MIGRATION = 1
"""Held while the schema is migrated."""
ACCOUNTS = 2
"""Held while the first administrator is made."""
AUDIT = 3
"""Held while a record is appended to the audit chain, until it is committed: by the database's ``audit_append``."""
SIGNING = 4
"""Held while the key that signs evidence is made or replaced."""
PARTITIONS = 5
"""Held while months of incidents are made or taken out."""
ALERTS, RETENTION, DELIVERIES, EXPORTS = 6, 7, 8, 9
"""Held by the one server process of all that has this duty (``api/services/duty.py``)."""
HOLDS = 20
"""Held while something is put under a hold, and while retention gives something up: nothing slips in between."""
MIRROR = 21
"""Held by the one server process that mirrors holds in the object store."""
PURGE = 22
"""Held while retention runs, by a server or by the command line."""
EXPORT_QUOTA = 23
"""Held while an export is asked for: two at once do not both take what is left of the quota."""
