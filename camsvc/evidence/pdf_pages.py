"""Pages of a PDF: letters, headings, rows of facts, drawings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from importlib.resources import files
from typing import Final

from fpdf import FPDF
from fpdf.enums import XPos, YPos

from camsvc.evidence.drawing import FONT_SIZE, Drawing, Label
from camsvc.evidence.words import Words

FONT = "Be Vietnam Pro"
_FACES: Final = {"": "Regular", "B": "Bold"}
MARGIN_MM = 16.0
SIZE_PT = 9.0
LINE_MM = 4.6
NAMES_MM = 38.0
POINT_MM = 25.4 / 72
INK, QUIET, GOOD, BAD = (31, 41, 51), (82, 96, 109), (20, 83, 45), (155, 28, 28)
RULE = (200, 208, 216)


class Pages(FPDF):
    def __init__(self, words: Words, at: datetime) -> None:
        super().__init__(format="A4")
        self._words = words
        for style, face in _FACES.items():
            resource = files("fontpkg_be_vietnam_pro") / "files" / f"BeVietnamPro-{face}.ttf"
            self.add_font(FONT, style, str(resource))
        self.set_margin(MARGIN_MM)
        self.set_auto_page_break(True, 18)
        self.set_creation_date(at)
        self.set_title(words("title"))
        self.set_lang(words.language)
        self.set_creator("camsvc")
        self.alias_nb_pages()
        self.add_page()

    def footer(self) -> None:
        self.set_y(-12)
        self.ink(QUIET, size=7.5)
        self.cell(0, 5, self._words("page", page=self.page_no(), pages="{nb}"), align="R")

    def ink(self, colour: tuple[int, int, int] = INK, style: str = "", size: float = SIZE_PT) -> None:
        self.set_font(FONT, style, size)
        self.set_text_color(*colour)

    def text_block(self, text: str, width: float = 0) -> None:
        self.multi_cell(width, LINE_MM, text, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def warning(self, text: str) -> None:
        self.ink(BAD, style="B")
        self.text_block(text)

    def heading(self, text: str, size: float = 13) -> None:
        self.ln(3)
        if self.will_page_break(30):
            self.add_page()
        self.ink(style="B", size=size)
        self.multi_cell(0, size * 0.5, text, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ln(1.5)

    def facts(self, rows: Sequence[tuple[str, str]], width: float) -> None:
        for name, value in rows:
            lines = self.multi_cell(width - NAMES_MM, LINE_MM, value, align="L", dry_run=True, output="LINES")
            if self.will_page_break(LINE_MM * len(lines if isinstance(lines, list) else ())):
                self.add_page()
            top = self.get_y()
            self.ink(QUIET)
            self.multi_cell(NAMES_MM - 2, LINE_MM, name, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
            left_bottom = self.get_y()
            self.set_xy(self.l_margin + NAMES_MM, top)
            self.ink()
            self.multi_cell(width - NAMES_MM, LINE_MM, value, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
            self.set_y(max(self.get_y(), left_bottom) + 0.6)

    def drawing(self, drawing: Drawing) -> None:
        scale = self.epw / drawing.width
        if self.will_page_break(drawing.height * scale):
            self.add_page()
        left, top = self.l_margin, self.get_y()
        for item in drawing.items:
            if isinstance(item, Label):
                self._label(item, left, top, scale)
                continue
            points = [(left + x * scale, top + y * scale) for x, y in item.points]
            if item.stroke:
                self.set_draw_color(item.stroke)
                self.set_line_width(item.width * scale)
            if item.fill:
                self.set_fill_color(item.fill)
                self.polygon(points, style="DF" if item.stroke else "F")
            else:
                self.polyline(points)
        self.set_y(top + drawing.height * scale + 1)

    def _label(self, item: Label, left: float, top: float, scale: float) -> None:
        self.ink(size=FONT_SIZE * scale / POINT_MM)
        self.set_text_color(item.colour)
        width = self.get_string_width(item.text)
        shift = {"start": 0.0, "middle": width / 2, "end": width}[item.anchor]
        self.text(left + item.x * scale - shift, top + item.y * scale, item.text)
