"""Prints patterns; the AST keeps the brackets of the text, others are added only where an operator needs them."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

from cep.lang import ast
from cep.lang.print.expressions import expression
from cep.lang.print.layout import LINE, Group, Indent, enclosed, join
from cep.lang.print.names import VARIABLE, dotted, duration, keywords, name

if TYPE_CHECKING:
    from collections.abc import Callable

    from cep.lang.print.layout import Doc

# How tight a pattern binds, loosest first.
SEQUENCE, CHOICE, ANY_ORDER, ADJACENT, FACTOR, PRIMARY = range(6)

_BINDING = {
    ast.Followed: SEQUENCE,
    ast.Choice: CHOICE,
    ast.AnyOrder: ANY_ORDER,
    ast.Adjacent: ADJACENT,
    ast.Quantified: FACTOR,
    ast.Absent: FACTOR,
}
_KINDS = {"greedy": "", "reluctant": "?", "possessive": "+"}
_BOUNDS: dict[tuple[int, int | None], str] = {(0, None): "*", (1, None): "+", (0, 1): "?"}


def pattern(node: ast.Pattern, loosest: int = SEQUENCE) -> Doc:
    """Return a pattern for a place where nothing looser than `loosest` may stand without brackets."""
    printed = _PRINTERS[type(node)](node)
    tight = _BINDING.get(type(node), PRIMARY) >= loosest
    return printed if tight else enclosed("(", printed)


def edge(node: ast.Edge) -> str:
    """Return `->` and its kin."""
    arrow = "->>" if node.any_match else "->"
    if node.low is None and node.high is None:
        return arrow
    low = duration(node.low) if node.low else ""
    high = duration(node.high) if node.high else ""
    return f"-[{low}..{high}]{arrow}"


def _followed(node: ast.Followed) -> Doc:
    parts = [pattern(p, CHOICE) for p in node.parts]
    steps: list[Doc] = []
    for between, part in zip(node.edges, parts[1:], strict=True):
        steps += [LINE, f"{edge(between)} ", part]
    return Group((parts[0], Indent(tuple(steps))))


def _chain(loosest: int, separator: Doc) -> Callable[[Any], Doc]:
    def printer(node: Any) -> Doc:
        return Group(Indent(join((pattern(p, loosest) for p in node.parts), separator)))

    return printer


def _beside(node: ast.Pattern, place: int) -> Doc:
    """Return a part of `A B`; after another part without an operator a step named like any keyword needs quotes."""
    step = node.part if isinstance(node, ast.Quantified) else node
    if place == 0 or not isinstance(step, ast.Atom) or step.variable.upper() not in keywords():
        return pattern(node, FACTOR)
    atom = _atom(step, quoted=True)
    return _quantified(node, atom) if isinstance(node, ast.Quantified) else atom


def _quantifier(node: ast.Quantified) -> str:
    low, high = node.low, node.high
    if (low, high) == (1, 1) and node.kind == "greedy" and (node.mode or node.until is not None):
        return ""
    if low == high:
        written = f"{{{low}}}"
    else:
        first = "" if low == 0 else str(low)
        last = "" if high is None else str(high)
        written = _BOUNDS.get((low, high), f"{{{first},{last}}}")
    return written + _KINDS[node.kind]


def _quantified(node: ast.Quantified, part: Doc | None = None) -> Doc:
    mode = f" {node.mode.upper()}" if node.mode else ""
    until: Doc = ""
    if node.until is not None:
        until = enclosed(" UNTIL [", expression(node.until), "]")
    return (part or pattern(node.part, PRIMARY), _quantifier(node), mode, until)


def _absent(node: ast.Absent) -> Doc:
    until = "" if node.duration is None else f" FOR {duration(node.duration)}"
    return ("NOT ", pattern(node.part, PRIMARY), until)


def _atom(node: ast.Atom, *, quoted: bool = False) -> Doc:
    reserved = keywords() if quoted else VARIABLE
    stream = "" if node.stream is None else f":{dotted(node.stream)}"
    condition: Doc = ""
    if node.condition is not None:
        condition = enclosed("[", expression(node.condition), "]")
    return (f"{name(node.variable, reserved)}{stream}", condition)


def _listed(opening: str, node: ast.Permute | ast.AnyOf) -> Doc:
    return enclosed(opening, join(pattern(p) for p in node.parts))


_PRINTERS: dict[type, Callable[[Any], Doc]] = {
    ast.Atom: _atom,
    ast.Followed: _followed,
    ast.Choice: _chain(ANY_ORDER, (LINE, "| ")),
    ast.AnyOrder: _chain(ADJACENT, (LINE, "& ")),
    ast.Adjacent: lambda node: Group(Indent(join(map(_beside, node.parts, count()), LINE))),
    ast.Quantified: _quantified,
    ast.Absent: _absent,
    ast.Group: lambda node: enclosed("(", pattern(node.part)),
    ast.Empty: lambda _: "()",
    ast.Excluded: lambda node: ("{- ", pattern(node.part), " -}"),
    ast.Anchor: lambda node: "$" if node.end else "^",
    ast.Permute: lambda node: _listed("PERMUTE(", node),
    ast.AnyOf: lambda node: _listed(f"ANY {node.count} OF (", node),
}
