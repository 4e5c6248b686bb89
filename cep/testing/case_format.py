"""The `.test` format (interfaces.md, section 5): text to cases, each a list of steps.

`#` starts a comment line, `=== title` a case, `--- section args` a section; what stands before the first
`===` is shared by all cases of the file. A table is a header line of column names and one line a row,
separated by white space; a value with spaces stands in single quotes; NULL is null.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cep.times import parse_duration, parse_timestamp
from cep.types import Type

if TYPE_CHECKING:
    from pathlib import Path

SECTIONS = ("rules", "input", "output", "late", "watermark", "end", "restart", "error", "plan")
_VALUE = re.compile(r"'((?:[^']|'')*)'|(\S+)")


class CaseError(Exception):
    """A `.test` file is not well-formed."""


@dataclass(frozen=True)
class Step:
    """One section: kind, arguments, the lines of its body, and where it stands."""

    kind: str
    args: tuple[str, ...]
    body: tuple[str, ...]
    line: int


@dataclass(frozen=True)
class Case:
    """One case: title, place, and its steps in order (the shared ones first)."""

    title: str
    file: str
    line: int
    steps: tuple[Step, ...]

    @property
    def rules(self) -> str:
        """The rule text: all `rules` sections, one after the other."""
        return "\n".join("\n".join(s.body) for s in self.steps if s.kind == "rules")


def read_cases(path: Path) -> list[Case]:
    """Return the cases of a `.test` file."""
    shared: list[Step] = []
    cases: list[tuple[str, int, list[Step]]] = []
    steps = shared
    body: list[str] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if line.startswith("==="):
            body = []
            steps = []
            cases.append((line[3:].strip(), number, steps))
        elif line.startswith("---"):
            words = line[3:].split()
            if not words or words[0] not in SECTIONS:
                msg = f"{path.name}:{number}: unknown section {line!r}"
                raise CaseError(msg)
            body = []
            steps.append(_Growing(words[0], tuple(words[1:]), body, number))  # type: ignore[arg-type]
        elif not line.startswith("#"):
            body.append(line)
    return [
        Case(title, path.name, line, tuple(_frozen(s) for s in [*shared, *steps]))
        for title, line, steps in cases
    ]


@dataclass
class _Growing:
    kind: str
    args: tuple[str, ...]
    body: list[str]
    line: int


def _frozen(step: Step | _Growing) -> Step:
    return Step(step.kind, step.args, tuple(step.body), step.line)


def table_of(step: Step) -> tuple[list[str], list[list[str | None]]]:
    """Return header and rows of a table section; values are text, None for NULL."""
    lines = [line for line in step.body if line.strip()]
    if not lines:
        return [], []
    header = lines[0].split()
    rows = [_row(line) for line in lines[1:]]
    for row in rows:
        if len(row) != len(header):
            msg = f"line {step.line}: {len(row)} values under {len(header)} columns: {row}"
            raise CaseError(msg)
    return header, rows


def _row(line: str) -> list[str | None]:
    values: list[str | None] = []
    for quoted, bare in _VALUE.findall(line):
        values.append(None if bare == "NULL" else bare or quoted.replace("''", "'"))
    return values


def typed(text: str | None, kind: Type) -> Any:
    """Return a value of a table as a Python value: times and durations as int us."""
    if text is None:
        return None
    match kind:
        case Type.STRING:
            return text
        case Type.BYTES:
            return base64.b64decode(text)
        case _ if kind.is_nested:
            return json.loads(text)
        case Type.BOOLEAN:
            return {"true": True, "false": False}[text.lower()]
        case Type.INT:
            return int(text)
        case Type.DOUBLE:
            return float(text)
        case _:
            us = parse_duration(text)
            us = parse_timestamp(text) if us is None else us
            if us is None:
                msg = f"{text!r} is neither an offset nor a time"
                raise CaseError(msg)
            return us
