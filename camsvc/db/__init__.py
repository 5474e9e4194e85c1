"""Models, queries, migrations."""
