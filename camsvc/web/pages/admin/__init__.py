"""Pages of the administration, under /admin: each needs its right, and says so to whoever lacks it."""
