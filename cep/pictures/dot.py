"""Diagrams in Graphviz' DOT language."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cep.pictures.diagram import Diagram

_SHAPES = {
    "stream": "cds",
    "operator": "box",
    "state": "ellipse",
    "accepting": "doublecircle",
    "dead": "octagon",
}


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def to_dot(diagram: Diagram) -> str:
    """Return the text of a `digraph` laid out from left to right."""
    rows = [
        f"digraph {_quoted(diagram.title)} {{",
        "  rankdir=LR;",
        '  node [fontname="sans-serif"];',
    ]
    for box in diagram.boxes:
        label = _quoted("\n".join(box.lines)).replace("\n", "\\n")
        rows.append(f"  {_quoted(box.name)} [shape={_SHAPES[box.kind]}, label={label}];")
    for arrow in diagram.arrows:
        label = _quoted("\n".join(arrow.lines)).replace("\n", "\\n")
        rows.append(f"  {_quoted(arrow.source)} -> {_quoted(arrow.target)} [label={label}];")
    rows.append("}")
    return "\n".join(rows) + "\n"
