"""Names, texts and durations as the parser reads them back; names are quoted only where they must be."""

from __future__ import annotations

import math
import re
from functools import cache
from typing import TYPE_CHECKING

from cep.lang import ast
from cep.lang.build.base import CLAUSE_WORDS
from cep.lang.grammar import grammar_text
from cep.times import format_duration

if TYPE_CHECKING:
    from cep.lang.print.layout import Doc

# Keywords are contextual: which of them cannot be bare names depends on the place. A test reads these sets off
# the parser's tables. `PLAIN` is for places where any name can stand; clause words are quoted there for the reader.
PLAIN = CLAUSE_WORDS
ARGUMENT = frozenset({
    "NOT", "CASE", "CAST", "TRY_CAST", "EXISTS", "INTERVAL", "RUNNING", "FINAL", "TRUE", "FALSE", "NULL",
    "DISTINCT", "TABLE", "DESCRIPTOR",
})  # fmt: skip
EXPRESSION = CLAUSE_WORDS | ARGUMENT | {"UNBOUNDED", "CURRENT", "STREAM"}
ANNOTATION = EXPRESSION - CLAUSE_WORDS
DOTTED = CLAUSE_WORDS | {"TABLE", "MATCH", "NO", "NOT", "IF"}
VARIABLE = CLAUSE_WORDS | {
    "NOT", "ANY", "PERMUTE", "AFTER", "STARTS", "GAP", "WITHIN", "SUBSET", "PARTITION", "DEFINE",
    "STRICT", "RELAXED", "COMBINE", "UNTIL", "FOR",
}  # fmt: skip
DEFINED_COLUMN = CLAUSE_WORDS | {"WATERMARK", "LATE", "TIEBREAK", "PRIMARY"}
TYPE = CLAUSE_WORDS | {"STREAM", "COLUMN"}
SKIPPED_TO = CLAUSE_WORDS | {"FIRST", "LAST", "NEXT"}

_INFINITE = "1e999"  # the binder refuses it; until then it is a number as any other
_BARE = re.compile(r"[A-Za-z_]\w*")


@cache
def keywords() -> frozenset[str]:
    """Return all keywords of the grammar."""
    return frozenset(re.findall(r'"([A-Z_]+)"i', grammar_text()))


def name(text: str, reserved: frozenset[str] = PLAIN) -> str:
    """Return an identifier, quoted when it is not a plain word or is a keyword in its place."""
    if _BARE.fullmatch(text) and text.upper() not in reserved:
        return text
    return '"' + text.replace('"', '""') + '"'


def dotted(text: str) -> str:
    """Return the name of a stream, table, rule ...; its dots separate parts."""
    parts = text.split(".")
    if not all(parts):
        return name(text, DOTTED)
    first, *rest = parts
    return ".".join([name(first, DOTTED), *(name(part) for part in rest)])


def names(texts: tuple[str, ...]) -> str:
    """Return identifiers with commas."""
    return ", ".join(name(text) for text in texts)


def text_literal(text: str) -> str:
    """Return a string literal."""
    return "'" + text.replace("'", "''") + "'"


def number(value: int | float) -> str:
    """Return a number that reads back as the same int or float; floats in their shortest form."""
    return _INFINITE if value == math.inf else repr(value)


def duration(node: ast.Duration | ast.Parameter) -> str:
    """Return a duration or the parameter that stands for it."""
    if isinstance(node, ast.Parameter):
        return f"${node.name}"
    return f"INTERVAL '{node.months}' MONTH" if node.months else format_duration(node.us)


def type_name(node: ast.TypeName) -> str:
    """Return a type."""
    written = name(node.name, TYPE)
    if node.numbers:
        return f"{written}({', '.join(str(n) for n in node.numbers)})"
    if node.parameters:
        return f"{written}<{', '.join(type_name(p) for p in node.parameters)}>"
    return written


def alias(text: str | None) -> Doc:
    """Return ` AS name`, or nothing."""
    return "" if text is None else f" AS {name(text)}"
