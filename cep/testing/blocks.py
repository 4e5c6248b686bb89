"""Runs TEST statements: the given rows go in, the rows of the expected streams are compared."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cep.api import Engine
from cep.errors import NO_SPAN, Span
from cep.nested import moment_of, python_value
from cep.testing.standing import as_they_stand
from cep.times import format_duration, format_timestamp
from cep.types import Type

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cep.errors import SourceText
    from cep.plan.rule_tests import RuleTest, TestTable
    from cep.schema import ColumnSpec

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_REL = 1e-9
_STATEMENT = re.compile(r"^\s*TEST\b[^;]*?\bOF\b", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Difference:
    """A stream whose rows are not the expected ones, both as tables of text (a header, then rows)."""

    stream: str
    columns: tuple[str, ...]
    expected: tuple[tuple[str, ...], ...]
    got: tuple[tuple[str, ...], ...]
    span: Span = field(default=NO_SPAN, compare=False, repr=False)

    def render(self) -> str:
        """Return where it is expected, and both tables, rows that differ marked with - (expected) and + (got)."""
        marked = [("", self.columns)]
        for number in range(max(len(self.expected), len(self.got))):
            wanted = self.expected[number] if number < len(self.expected) else None
            have = self.got[number] if number < len(self.got) else None
            if wanted == have and wanted is not None:
                marked.append((" ", wanted))
                continue
            marked += [("-", wanted)] if wanted is not None else []
            marked += [("+", have)] if have is not None else []
        widths = [max(len(row[i]) for _, row in marked) for i in range(len(self.columns))]
        lines = [
            f"{mark or ' '} " + "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True))
            for mark, row in marked
        ]
        head = (
            f"stream {self.stream}: {len(self.expected)} rows expected (-), {len(self.got)} got (+)"
        )
        return "\n".join([*_place(self.span), head, *(f"  {line.rstrip()}" for line in lines)])

    def to_dict(self) -> dict[str, object]:
        """Return stream, place and both tables, as `cep test --json` gives them."""
        return {
            "stream": self.stream,
            "line": self.span.line,
            "column": self.span.column,
            "columns": self.columns,
            "expected": self.expected,
            "got": self.got,
        }


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a test: passed unless there are differences or rows that could not be read."""

    test: RuleTest
    differences: tuple[Difference, ...]
    rejected: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether all is as expected."""
        return not self.differences and not self.rejected

    @property
    def title(self) -> str:
        """What the test is called."""
        return self.test.title

    @property
    def place(self) -> str:
        """File and line of the statement."""
        span = self.test.span
        return f"{span.source.name if span.source else ''}:{span.line}"

    def to_dict(self) -> dict[str, object]:
        """Return title, rule, place and what differs, as `cep test --json` gives them."""
        span = self.test.span
        return {
            "title": self.test.title,
            "rule": self.test.rule,
            "file": span.source.name if span.source else "",
            "line": span.line,
            "passed": self.passed,
            "differences": [d.to_dict() for d in self.differences],
            "rejected": self.rejected,
        }

    def render(self) -> str:
        """Return why it failed, as text."""
        lines = [d.render() for d in self.differences]
        lines += [f"a given row was not read: {reason}" for reason in self.rejected]
        return "\n".join(lines)


def may_have_tests(text: str) -> bool:
    """Return whether a text looks as if it held a TEST statement; what is no rule file is told from one so."""
    return _STATEMENT.search(text) is not None


def load_tests(
    sources: Sequence[SourceText], params: Mapping[str, object] | None = None
) -> tuple[RuleTest, ...]:
    """Return the tests of rule files taken together, in text order.

    Raises:
        CepError: all mistakes of all files.
    """
    from cep.compile import plan_rules

    return plan_rules(sources, params=params).plan.tests


def run_test(
    test: RuleTest,
    sources: Sequence[SourceText],
    params: Mapping[str, object] | None = None,
    *,
    tier: str = "python",
) -> Outcome:
    """Run a test against the rules as they stand at its place in its file (ruling 30).

    Raises:
        CepError: the rules have mistakes.
    """
    with Engine(
        as_they_stand(test, sources), params=params, tier=tier, bounded=True, raw_time=True
    ) as engine:
        rows: dict[str, list[Any]] = {t.stream: [] for t in test.expect}
        for stream, found in rows.items():
            engine.on(stream)(found.append)
        for table in test.given:
            for row in table.rows:
                engine.send(table.stream, _event(table, row))
        engine.flush()
        rejected = tuple(f"{bad.stream}: {bad.reason}" for bad in engine.errors)
        late = [f"{t.stream}: late" for t in test.given if _late(engine, t.stream)]
        columns = {name: table.schema.columns for name, table in engine.tables().items()}
    differences = [
        d
        for t in test.expect
        if (d := _difference(t, columns[t.stream], rows[t.stream])) is not None
    ]
    return Outcome(test, tuple(differences), (*rejected, *late))


def _late(engine: Engine, stream: str) -> bool:
    streams: Any = engine.stats()["streams"]
    return bool(streams[stream]["late"])


def _place(span: Span) -> list[str]:
    """Return where something is written: file, line and column, then the line with carets below."""
    if span.source is None:
        return []
    text = span.source.line_text(span.line)
    width = max(1, min(span.end - span.start, len(text) - span.column + 1))
    gutter = str(span.line)
    return [
        f"{span.source.name}:{span.line}:{span.column}",
        f" {gutter} | {text}",
        f" {' ' * len(gutter)} | {' ' * (span.column - 1)}{'^' * width}",
    ]


def _event(table: TestTable, row: Iterable[object]) -> dict[str, object]:
    return {
        name: _given(value, kind)
        for name, kind, value in zip(table.columns, table.types, row, strict=True)
    }


def _given(value: object, kind: Type) -> object:
    if isinstance(value, int) and kind is Type.TIMESTAMP:
        return _EPOCH + timedelta(microseconds=value)
    if isinstance(value, int) and kind is Type.DURATION:
        return timedelta(microseconds=value)
    return (
        python_value(value, kind, moment_of(kind))
        if isinstance(value, str) and kind.is_nested
        else value
    )


def _difference(
    table: TestTable, columns: Sequence[ColumnSpec], rows: Sequence[Any]
) -> Difference | None:
    """Compare the named columns; a stream that should have no rows is shown with all of its columns."""
    names = table.columns or tuple(c.name for c in columns)
    kinds = table.types or tuple(c.type for c in columns)
    wanted = [tuple(map(_plain, row, kinds)) for row in table.rows]
    got = [tuple(row[name] for name in names) for row in rows]
    same = len(got) == len(wanted) and all(
        all(map(equal_values, have, row)) for have, row in zip(got, wanted, strict=True)
    )
    if same:
        return None
    return Difference(
        table.stream,
        names,
        tuple(shown_row(row, kinds) for row in table.rows),
        tuple(shown_row(row, kinds) for row in got),
        table.span,
    )


def _plain(value: object, kind: Type) -> object:
    """Return an expected value as the engine gives it with `raw_time`."""
    return python_value(value, kind, None) if isinstance(value, str) and kind.is_nested else value


def equal_values(have: Any, wanted: Any) -> bool:
    """Whether two values agree, DOUBLEs within a relative 1e-9."""
    if isinstance(have, float) or isinstance(wanted, float):
        if have is None or wanted is None:
            return have is wanted
        return bool(abs(have - wanted) <= _REL * max(1.0, abs(have), abs(wanted)))
    return bool(have == wanted)


def shown_row(row: Iterable[object], types: Iterable[Type]) -> tuple[str, ...]:
    """Return values as text, times as ISO 8601."""
    shown = []
    for value, kind in zip(row, types, strict=True):
        if value is None:
            shown.append("NULL")
        elif isinstance(value, int) and kind is Type.TIMESTAMP:
            shown.append(format_timestamp(value))
        elif isinstance(value, int) and kind is Type.DURATION:
            shown.append(format_duration(value))
        else:
            shown.append(str(value))
    return tuple(shown)
