"""Runs TEST statements: the given rows go in, the rows of the expected streams are compared."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cep.api import Engine
from cep.errors import SourceText
from cep.nested import moment_of, python_value
from cep.times import format_duration, format_timestamp
from cep.types import Type

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cep.plan.rule_tests import RuleTest, TestTable

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

    def render(self) -> str:
        """Return both tables, rows that differ marked with - (expected) and + (got)."""
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
        return "\n".join([head, *(f"  {line.rstrip()}" for line in lines)])


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
        _as_they_stand(test, sources), params=params, tier=tier, bounded=True, raw_time=True
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
    differences = [d for t in test.expect if (d := _difference(t, rows[t.stream])) is not None]
    return Outcome(test, tuple(differences), (*rejected, *late))


def _late(engine: Engine, stream: str) -> bool:
    streams: Any = engine.stats()["streams"]
    return bool(streams[stream]["late"])


def _as_they_stand(test: RuleTest, sources: Sequence[SourceText]) -> list[SourceText]:
    """Return the texts without what replaces a rule after the test; places stay the same."""
    from cep.lang import parse

    found = []
    for source in sources:
        text = source.text
        if source is test.span.source or source == test.span.source:
            declared: set[str] = set()
            for node in parse(source).statements:
                name = getattr(node, "name", None)
                again = getattr(node, "or_replace", False) and name in declared
                if again and node.span.start > test.span.start:
                    blank = "".join(
                        "\n" if c == "\n" else " " for c in text[node.span.start : node.span.end]
                    )
                    text = text[: node.span.start] + blank + text[node.span.end :]
                elif isinstance(name, str):
                    declared.add(name)
        found.append(SourceText(source.name, text))
    return found


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


def _difference(table: TestTable, rows: Sequence[Any]) -> Difference | None:
    names = table.columns or ("ts",)
    kinds = table.types or (Type.TIMESTAMP,)
    wanted = [tuple(map(_plain, row, kinds)) for row in table.rows]
    got = [tuple(row[name] for name in names) for row in rows]
    same = len(got) == len(wanted) and all(
        all(map(_equal, have, row)) for have, row in zip(got, wanted, strict=True)
    )
    if same:
        return None
    types = table.types or (Type.TIMESTAMP,)
    return Difference(
        table.stream,
        names,
        tuple(_shown(row, types) for row in table.rows),
        tuple(_shown(row, types) for row in got),
    )


def _plain(value: object, kind: Type) -> object:
    """Return an expected value as the engine gives it with `raw_time`."""
    return python_value(value, kind, None) if isinstance(value, str) and kind.is_nested else value


def _equal(have: Any, wanted: Any) -> bool:
    """Whether two values agree, DOUBLEs within a relative 1e-9."""
    if isinstance(have, float) or isinstance(wanted, float):
        if have is None or wanted is None:
            return have is wanted
        return bool(abs(have - wanted) <= _REL * max(1.0, abs(have), abs(wanted)))
    return bool(have == wanted)


def _shown(row: Iterable[object], types: Iterable[Type]) -> tuple[str, ...]:
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
