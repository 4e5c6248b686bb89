"""Diagrams as Mermaid flowcharts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cep.pictures.diagram import Diagram

_SHAPES = {
    "stream": ("([", "])"),
    "operator": ("[", "]"),
    "state": ("(", ")"),
    "accepting": ("(((", ")))"),
    "dead": ("{{", "}}"),
}

# Characters that Mermaid would take for syntax, HTML or Markdown.
_CONTROLS = [*range(32), *range(127, 160), 0x2028, 0x2029]
_ENTITIES = {c: f"#{ord(c)};" for c in '#&"|<>`'} | dict.fromkeys(map(chr, _CONTROLS), " ")


def _quoted(lines: tuple[str, ...]) -> str:
    text = "<br/>".join("".join(_ENTITIES.get(c, c) for c in line) for line in lines)
    return f'"{text}"'


def to_mermaid(diagram: Diagram) -> str:
    """Return the text of a `flowchart LR`."""
    names = {box.name: f"n{i}" for i, box in enumerate(diagram.boxes)}
    rows = ["---", f"title: {json.dumps(diagram.title)}", "---", "flowchart LR"]
    for box in diagram.boxes:
        left, right = _SHAPES[box.kind]
        rows.append(f"  {names[box.name]}{left}{_quoted(box.lines)}{right}")
    for arrow in diagram.arrows:
        label = f"|{_quoted(arrow.lines)}|" if arrow.lines else ""
        rows.append(f"  {names[arrow.source]} -->{label} {names[arrow.target]}")
    return "\n".join(rows) + "\n"
