"""Diagrams as Mermaid flowcharts."""

from __future__ import annotations

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


def _quoted(lines: tuple[str, ...]) -> str:
    text = "<br/>".join(lines)
    for raw, entity in (("&", "#amp;"), ('"', "#quot;"), ("|", "#124;")):
        text = text.replace(raw, entity)
    return f'"{text}"'


def to_mermaid(diagram: Diagram) -> str:
    """Return the text of a `flowchart LR`."""
    names = {box.name: f"n{i}" for i, box in enumerate(diagram.boxes)}
    rows = ["---", f"title: {diagram.title}", "---", "flowchart LR"]
    for box in diagram.boxes:
        left, right = _SHAPES[box.kind]
        rows.append(f"  {names[box.name]}{left}{_quoted(box.lines)}{right}")
    for arrow in diagram.arrows:
        label = f"|{_quoted(arrow.lines)}|" if arrow.lines else ""
        rows.append(f"  {names[arrow.source]} -->{label} {names[arrow.target]}")
    return "\n".join(rows) + "\n"
