"""The report for printing: PDF by fpdf2, with letters of Be Vietnam Pro (both are packages; see docs/decisions)."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from fpdf.enums import XPos, YPos
from fpdf.errors import FPDFException
from fpdf.fonts import FontFace
from PIL import Image, UnidentifiedImageError

from camsvc.evidence.pdf_pages import BAD, GOOD, LINE_MM, MARGIN_MM, QUIET, RULE, Pages
from camsvc.evidence.report_views import Facts, GapView, PartView, Report, Section, SnapshotView, SpanView, Tile
from camsvc.evidence.words import Words

PICTURE_MM = 58.0
TILES_A_ROW, TILE_GAP_MM = 5, 3.0
SNAPSHOT_ROOM_MM = 45.0


def document(report: Report, pictures: Mapping[str, bytes], at: datetime) -> bytes:
    """``pictures``: thumbnails by name; of one that is not there, or is no picture, the file is named."""
    pdf = Pages(report.words, at)
    _front(pdf, report, pictures)
    _overview(pdf, report)
    for span in report.spans:
        _span(pdf, span, report.words)
    for section in report.sections:
        _incident(pdf, section, pictures, report.words)
    for number, snapshot in enumerate(report.snapshots):
        if number == 0:
            pdf.add_page()
        _snapshot(pdf, snapshot, pictures, report.words)
    _custody(pdf, report)
    _howto(pdf, report)
    return bytes(pdf.output())


def _front(pdf: Pages, report: Report, pictures: Mapping[str, bytes]) -> None:
    words = report.words
    pdf.ink(style="B", size=18)
    pdf.multi_cell(0, 9, words("title"), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    pdf.ln(1)
    pdf.ink(GOOD if report.is_sound else BAD, style="B", size=10.5)
    pdf.text_block(report.verdict)
    pdf.ink(QUIET, size=8)
    pdf.text_block(words("check"))
    pdf.ln(2)
    pdf.facts(report.facts, pdf.epw)
    if report.problems:
        pdf.heading(words("files"))
        for file, state, detail in report.problems:
            pdf.warning(f"{file}: {state}")
            pdf.ink(QUIET, size=8)
            pdf.text_block(detail)
    pdf.heading(words("summary"))
    pdf.facts(report.summary, pdf.epw)
    _tiles(pdf, report.tiles, pictures)


def _tiles(pdf: Pages, tiles: Sequence[Tile], pictures: Mapping[str, bytes]) -> None:
    """Rows of small pictures with their numbers."""
    shown = [(tile, pictures[tile.picture]) for tile in tiles if tile.picture in pictures]
    width = (pdf.epw - TILE_GAP_MM * (TILES_A_ROW - 1)) / TILES_A_ROW
    height = width * 9 / 16
    for place in range(0, len(shown), TILES_A_ROW):
        if pdf.will_page_break(height + 8):
            pdf.add_page()
        top = pdf.get_y() + 2
        for column, (tile, jpeg) in enumerate(shown[place : place + TILES_A_ROW]):
            left = pdf.l_margin + column * (width + TILE_GAP_MM)
            try:
                pdf.image(io.BytesIO(jpeg), x=left, y=top, w=width, h=height, keep_aspect_ratio=True)
            except (OSError, UnidentifiedImageError, FPDFException, ValueError):
                continue
            pdf.ink(QUIET, size=7.5)
            pdf.text(left, top + height + 3.2, f"{tile.number}  {tile.caption}".strip())
        pdf.set_y(top + height + 5)


def _overview(pdf: Pages, report: Report) -> None:
    words = report.words
    if report.map or report.stretches:
        pdf.add_page()
    if report.map:
        pdf.heading(words("map"))
        pdf.drawing(report.map)
        pdf.ink(QUIET, size=7.5)
        pdf.text_block(words("map.note"))
    if report.stretches:
        pdf.heading(words("lanes"))
        for heading, drawing in report.stretches:
            if pdf.will_page_break(LINE_MM + drawing.height * pdf.epw / drawing.width):
                pdf.add_page()
            pdf.ink(style="B", size=8.5)
            pdf.text_block(heading)
            pdf.drawing(drawing)
        pdf.ink(QUIET, size=7.5)
        pdf.text_block(report.stretches_note)


def _span(pdf: Pages, span: SpanView, words: Words) -> None:
    pdf.heading(span.heading)
    pdf.facts(span.facts, pdf.epw)
    _holes(pdf, span.holes, words)
    if span.incidents:
        pdf.ink(QUIET)
        pdf.text_block(f"{words('span.incidents')}: {', '.join(map(str, span.incidents))}")
    else:
        pdf.warning(words("span.none"))


def _holes(pdf: Pages, holes: Sequence[str], words: Words) -> None:
    pdf.ln(1)
    for hole in holes:
        pdf.ink(BAD)
        pdf.text_block(hole)
    if not holes:
        pdf.ink(QUIET)
        pdf.text_block(words("no.gaps"))


def _snapshot(pdf: Pages, snapshot: SnapshotView, pictures: Mapping[str, bytes], words: Words) -> None:
    pdf.heading(snapshot.heading, 10.5)
    if pdf.will_page_break(SNAPSHOT_ROOM_MM):
        pdf.add_page()
    _facts_beside(pdf, snapshot.facts, snapshot.picture, pictures, words)
    if snapshot.warning:
        pdf.warning(snapshot.warning)


def _howto(pdf: Pages, report: Report) -> None:
    words = report.words
    pdf.heading(words("howto"))
    pdf.ink()
    pdf.text_block(words("howto.1"))
    pdf.ink(style="B", size=8)
    pdf.text_block(report.fingerprint)
    pdf.ink()
    pdf.text_block(words("howto.2"))
    pdf.text_block(words("howto.3"))


def _incident(pdf: Pages, section: Section, pictures: Mapping[str, bytes], words: Words) -> None:
    pdf.add_page()
    pdf.heading(section.heading)
    _facts_beside(pdf, section.facts, section.picture, pictures, words)
    pdf.heading(words("timeline"), 10.5)
    pdf.drawing(section.timeline)
    pdf.ink(QUIET, size=7.5)
    pdf.text_block(words("timeline.note"))
    _holes(pdf, section.holes, words)
    for fault in section.faults:
        pdf.warning(fault)
    if section.note:
        pdf.warning(section.note)
    for each in (*section.copies, *section.footage):
        if isinstance(each, GapView):
            _gap(pdf, each)
        else:
            _part(pdf, each)


def _gap(pdf: Pages, gap: GapView) -> None:
    """A bar between two files."""
    pdf.ln(2)
    pdf.ink(BAD, style="B", size=8.5)
    pdf.set_fill_color(253, 232, 232)
    pdf.multi_cell(0, LINE_MM + 1.5, gap.text, align="L", fill=True, new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _facts_beside(pdf: Pages, facts: Facts, picture: str | None, pictures: Mapping[str, bytes], words: Words) -> None:
    """With the picture at their right; below them where it is to be found, if it is not printed."""
    top = pdf.get_y()
    below = _picture(pdf, pictures.get(picture or ""), top)
    pdf.facts(facts, pdf.epw - (PICTURE_MM + 4 if below is not None else 0))
    if below is not None and pdf.page_no() == below[0]:
        pdf.set_y(max(pdf.get_y(), below[1]))
    if below is None and picture is not None:
        pdf.ink(QUIET, size=7.5)
        pdf.text_block(words("picture.unprinted", file=picture))


def _picture(pdf: Pages, jpeg: bytes | None, top: float) -> tuple[int, float] | None:
    """At the right of the facts: its page and where it ends."""
    if jpeg is None:
        return None
    try:
        with Image.open(io.BytesIO(jpeg)) as image:
            height = PICTURE_MM * image.height / image.width
        pdf.image(io.BytesIO(jpeg), x=pdf.w - MARGIN_MM - PICTURE_MM, y=top, w=PICTURE_MM, h=height)
    except (OSError, UnidentifiedImageError, FPDFException, ValueError):
        return None
    return pdf.page_no(), top + height


def _part(pdf: Pages, part: PartView) -> None:
    pdf.heading(f"{part.heading}: {part.file}", 9.5)
    if part.warning:
        pdf.warning(part.warning)
    pdf.ink(size=8.5)
    for line in part.lines:
        pdf.text_block(line)


def _custody(pdf: Pages, report: Report) -> None:
    words = report.words
    pdf.heading(words("custody"))
    pdf.ink(QUIET, size=8)
    pdf.text_block(report.custody_note)
    if not report.custody:
        return
    pdf.ln(1)
    pdf.ink(size=7.5)
    pdf.set_draw_color(*RULE)
    pdf.set_fill_color(255)
    pdf.set_line_width(0.2)
    with pdf.table(
        headings_style=FontFace(emphasis="BOLD", fill_color=(255, 255, 255)),
        cell_fill_mode="NONE",
        col_widths=(42, 24, 30, 40),
        line_height=4,
        text_align="LEFT",
        borders_layout="HORIZONTAL_LINES",
    ) as table:
        for row in _rows(report):
            table.row(row)


def _rows(report: Report) -> Iterator[tuple[str, str, str, str]]:
    words = report.words
    yield words("when"), words("who"), words("what"), words("why")
    yield from report.custody
