"""TEST statements, bound: rows given to streams and rows expected of others."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cep.errors import NO_SPAN, Span

if TYPE_CHECKING:
    from cep.types import Type

Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class TestTable:
    """Rows of a stream in order: a value for each of the named columns, None for NULL, times in us."""

    stream: str
    columns: tuple[str, ...]
    types: tuple[Type, ...]
    rows: tuple[Row, ...]
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class RuleTest:
    """One TEST: what it is called, the rule it is about, what is given and what is expected.

    An expected table without columns says that the stream has no rows at all.
    """

    title: str
    rule: str
    given: tuple[TestTable, ...]
    expect: tuple[TestTable, ...]
    span: Span = field(default=NO_SPAN, compare=False, repr=False)
