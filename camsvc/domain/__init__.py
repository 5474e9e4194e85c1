"""Plain frozen dataclasses and enums. Imports nothing of ours and no library."""
