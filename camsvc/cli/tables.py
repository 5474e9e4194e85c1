"""Tables on a terminal, and in a pipe one line a row, never cut."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

PIPE_COLUMNS = 10_000
"""Wider than any row: what reads a pipe counts lines, not columns."""


def show(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """None is shown as ``-``. Texts of others (names, details) are shown as they are, never taken for markup."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    _print(table, rows)


def show_facts(facts: Iterable[tuple[str, object]]) -> None:
    """One thing: names and values."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    _print(table, facts)


def _print(table: Table, rows: Iterable[Sequence[object]]) -> None:
    for row in rows:
        table.add_row(*(Text("-" if cell is None else _plain(str(cell))) for cell in row))
    terminal = sys.stdout.isatty()
    console = Console(width=None if terminal else PIPE_COLUMNS)
    if terminal:
        console.print(table)
        return
    with console.capture() as text:
        console.print(table)
    for line in text.get().splitlines():
        print(line.rstrip())


def _plain(text: str) -> str:
    """Without control characters: a camera's name must not move the cursor."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
