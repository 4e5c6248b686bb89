"""Diagrams as SVG pictures."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape as escape_markup

from cep.pictures.layout import LINE_HEIGHT, LOOP_HEIGHT, MARGIN, PADDING, Layout, Place, lay_out

if TYPE_CHECKING:
    from cep.pictures.diagram import Arrow, Box, Diagram
    from cep.pictures.layout import Route

# Fill, stroke and corner radius of each kind of box.
_LOOKS = {
    "stream": ("#e8f1fb", "#3b7dc4", 14),
    "operator": ("#f6f7f9", "#6b7685", 5),
    "state": ("#fff8e6", "#c9952b", 16),
    "accepting": ("#e7f6ec", "#2f9e5b", 16),
    "dead": ("#fdecec", "#cc5a5a", 16),
}
_TEXT = "#1f2933"
_LINE = "#52606d"


# Characters that XML has no place for.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def escape(text: str) -> str:
    """Return text as XML has it; characters it cannot have become U+FFFD."""
    return escape_markup(_NO_XML.sub("\ufffd", text))


def to_svg(diagram: Diagram) -> str:
    """Return an SVG document of the diagram; boxes and labels do not overlap."""
    layout = lay_out(diagram)
    width = max(layout.width, 2 * MARGIN + 8 * len(diagram.title))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {layout.height:.0f}" '
        f'width="{width:.0f}" height="{layout.height:.0f}" '
        'font-family="Helvetica, Arial, sans-serif" font-size="12">',
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
        f'orient="auto"><path d="M0,0 L8,4 L0,8 z" fill="{_LINE}"/></marker></defs>',
        f'<rect width="{width:.0f}" height="{layout.height:.0f}" fill="white"/>',
        f'<text x="{MARGIN}" y="{MARGIN}" font-size="14" font-weight="bold" fill="{_TEXT}">'
        f"{escape(diagram.title)}</text>",
    ]
    parts += [_line(route) for route in layout.routes]
    parts += _loops(layout)
    parts += [_box(box, layout.boxes[box.name]) for box in diagram.boxes]
    parts += [_label(route.label) for route in layout.routes if route.label is not None]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _box(box: Box, place: Place) -> str:
    fill, stroke, radius = _LOOKS[box.kind]
    shape = (
        f'<rect class="box" x="{place.x:.1f}" y="{place.y:.1f}" width="{place.width:.1f}" '
        f'height="{place.height:.1f}" rx="{radius}" fill="{fill}" stroke="{stroke}" stroke-width="1.4"/>'
    )
    if box.kind == "accepting":
        shape += (
            f'<rect x="{place.x + 3:.1f}" y="{place.y + 3:.1f}" width="{place.width - 6:.1f}" '
            f'height="{place.height - 6:.1f}" rx="{radius - 3}" fill="none" stroke="{stroke}"/>'
        )
    return shape + _lines(place, place.y + PADDING / 2, bold_first=True)


def _lines(place: Place, top: float, *, bold_first: bool) -> str:
    middle = place.x + place.width / 2
    rows = []
    for number, line in enumerate(place.lines):
        weight = ' font-weight="bold"' if bold_first and number == 0 else ""
        y = top + LINE_HEIGHT * (number + 0.75)
        rows.append(
            f'<text x="{middle:.1f}" y="{y:.1f}" text-anchor="middle" fill="{_TEXT}"{weight}>'
            f"{escape(line)}</text>"
        )
    return "".join(rows)


def _label(place: Place) -> str:
    ground = (
        f'<rect class="label" x="{place.x:.1f}" y="{place.y:.1f}" width="{place.width:.1f}" '
        f'height="{place.height:.1f}" rx="3" fill="white"/>'
    )
    return ground + _lines(place, place.y + PADDING / 4, bold_first=False)


def _line(route: Route) -> str:
    """Return the curve of an arrow: level through each stop, S-shaped between them."""
    source, *rest = route.stops
    forward = rest[0].x >= source.x
    x, y = (source.x + source.width if forward else source.x), source.middle
    path = [f"M{x:.1f},{y:.1f}"]
    for number, stop in enumerate(rest):
        last = number == len(rest) - 1
        enter_left = stop.x >= x - 1
        near = stop.x if enter_left else stop.x + stop.width
        half = (x + near) / 2
        path.append(
            f"C{half:.1f},{y:.1f} {half:.1f},{stop.middle:.1f} {near:.1f},{stop.middle:.1f}"
        )
        x, y = near, stop.middle
        if not last:
            x = stop.x + stop.width if enter_left else stop.x
            path.append(f"L{x:.1f},{y:.1f}")
    return (
        f'<path d="{" ".join(path)}" fill="none" stroke="{_LINE}" stroke-width="1.3" '
        'marker-end="url(#tip)"/>'
    )


def _loops(layout: Layout) -> list[str]:
    """Return the loops above their boxes, stacked, each with its label."""
    used: dict[str, float] = {}
    return [_loop(arrow, layout.boxes[arrow.source], used) for arrow in layout.loops]


def _loop(arrow: Arrow, place: Place, used: dict[str, float]) -> str:
    below = used.get(arrow.source, 0.0)
    height = LOOP_HEIGHT + LINE_HEIGHT * len(arrow.lines)
    used[arrow.source] = below + height
    middle = place.x + place.width / 2
    foot, top = place.y, place.y - below - LOOP_HEIGHT * 1.1
    spread = 12 + below / 4
    curve = (
        f'<path d="M{middle - spread:.1f},{foot:.1f} C{middle - spread - 8:.1f},{top:.1f} '
        f'{middle + spread + 8:.1f},{top:.1f} {middle + spread:.1f},{foot:.1f}" fill="none" '
        f'stroke="{_LINE}" stroke-width="1.3" marker-end="url(#tip)"/>'
    )
    text_top = place.y - below - height
    text = Place(arrow.lines, 0, place.width, 0.0, x=place.x, y=text_top)
    return curve + _lines(text, text_top, bold_first=False)
