"""What the names of a rule file stand for: streams, parameters, named objects of all files together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cep.errors import Span, nearest
from cep.plan.bind.report import BROKEN, Report
from cep.schema import Schema
from cep.types import Type

if TYPE_CHECKING:
    from cep.lang import ast
    from cep.plan.bind.annotations import Ttl
    from cep.plan.bind.functions import UserFunction
    from cep.plan.expressions import Expr, Literal


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """A stream as a rule sees it.

    unknown: its columns are not known because what declares or writes it has mistakes; nothing is said
    about its columns. arrival: some of its events have no event time but that of their arrival.
    late_of: the stream whose late rows it takes (then no rule may read it). primary_key: it is a table. changes: a
    rule with EMIT CHANGES writes it: several rows of it may tell of one thing. removed_by: a column of a table that
    is NULL in a change after which the key has no row. shows_time: the column ts of a table is one of its own.
    """

    name: str
    schema: Schema
    unknown: bool = False
    arrival: bool = False
    late_of: str | None = None
    time_column: str | None = None
    tiebreak: tuple[str, ...] = ()
    primary_key: tuple[str, ...] = ()
    changes: bool = False
    removed_by: str = ""
    shows_time: bool = False


@dataclass(slots=True)
class Environment:
    """Names in scope of all rules. `broken_names` are declared by statements with syntax errors."""

    report: Report
    streams: dict[str, StreamInfo] = field(default_factory=dict)
    parameters: dict[str, Literal] = field(default_factory=dict)
    functions: dict[str, UserFunction] = field(default_factory=dict)  # of the user, by lower name
    broken_names: frozenset[str] = frozenset()
    annotations: tuple[ast.Annotation, ...] = ()  # of the rule that is being bound
    ttl: Ttl | None = None  # of the rule that is being bound
    max_runs: int | None = None  # of a MATCH without @max_runs
    output_is_read: bool = False  # some rule reads a stream that the rule being bound writes
    groups_all: bool = False  # what is being bound is a view that groups without a window: a table
    # Streams of queries inside queries and of views, which nobody outside sees: what those read.
    behind: dict[str, tuple[str, ...]] = field(default_factory=dict)
    # Streams of rules that do not write to the stream of their own name.
    written_by: dict[str, str] = field(default_factory=dict)

    def stream(self, name: str, span: Span) -> StreamInfo:
        """Return the stream a rule reads.

        Errors: CEP201 unknown stream, CEP232 stream or table that cannot be read.
        """
        found = self.streams.get(name)
        if found is not None and found.primary_key:
            hint = f"FROM stream AS s JOIN {name} ON {name}.{found.primary_key[0]} = s.column"
            if found.removed_by:
                hint += f"; its events are in {self.written_by.get(name, f'{name}_events')}"
            self.report.add("CEP232", f"{name} is a table, not a stream", span, hint)
            return unknown_stream(name)
        if found is not None and found.late_of is not None:
            message = f"{name} takes the late rows of {found.late_of}; a rule cannot read it"
            self.report.add("CEP232", message, span, "late rows are output only")
            return unknown_stream(name)
        if found is not None:
            return found
        if name in self.broken_names:
            return unknown_stream(name)
        if name.partition(".")[0] == "engine":
            message = f"{name} is written outside the determinism contract; a rule cannot read it"
            self.report.add("CEP232", message, span)
        else:
            hint = nearest(name, self.streams) or "declare it with CREATE STREAM"
            if name in self.written_by:
                hint = f"rule {name} writes to {self.written_by[name]}"
            self.report.add("CEP201", f"unknown stream {name!r}", span, hint)
        return unknown_stream(name)

    def relation(self, name: str, span: Span) -> StreamInfo:
        """Return the stream or table a side of a join reads.

        Errors: those of `stream`.
        """
        found = self.streams.get(name)
        return found if found is not None and found.primary_key else self.stream(name, span)

    def parameter(self, name: str, span: Span) -> Expr:
        """Return the value of a parameter.

        Errors: CEP205.
        """
        value = self.parameters.get(name)
        if value is not None:
            return value
        if name not in self.broken_names:
            hint = nearest(name, self.parameters) or f"declare it: PARAM {name} DOUBLE = ..;"
            self.report.add("CEP205", f"unknown parameter ${name}", span, hint)
        return BROKEN

    def needs_events(self, stream: StreamInfo, what: str, span: Span) -> None:
        """Report a pattern over a stream whose rows are not events but changes.

        Errors: CEP232.
        """
        if stream.changes:
            name = stream.name.rpartition("$")[2]
            shown = "a subquery" if name.isdigit() else name
            message = f"{what} over {shown}, which tells of changes (EMIT CHANGES)"
            hint = (
                "patterns read streams that only grow: use EMIT FINAL, ON CLOSE or ON MATCH there"
            )
            self.report.add("CEP232", message, span, hint)

    def needs_time(self, stream: StreamInfo, what: str, span: Span) -> None:
        """Report a construct that needs event time over a stream that has none (ruling 6).

        Errors: CEP234.
        """
        if not stream.arrival or stream.unknown:
            return
        times = [c.name for c in stream.schema.columns if c.type is Type.TIMESTAMP]
        column = times[0] if times else "ts"
        hint = f"declare it in CREATE STREAM: WATERMARK FOR {column} AS {column}"
        message = f"{what} needs event time, and {stream.name} has none"
        self.report.add("CEP234", message, span, hint)


def unknown_stream(name: str) -> StreamInfo:
    """Return a stream about which nothing is known and nothing will be said."""
    return StreamInfo(name, Schema(()), unknown=True)
