"""MATCH_RECOGNIZE from SQL:2016's definition and rulings 5, 8, 19, 24-27, over whole partitions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cep.lang import ast
from tests.oracle.catalog import atoms
from tests.oracle.expressions import evaluate
from tests.oracle.inputs import Input
from tests.oracle.operator import QueryOperator, RowScope, Timer
from tests.oracle.recognize_paths import Bound, Paths
from tests.oracle.recognize_scope import PatternScope
from tests.oracle.values import UnsupportedError

if TYPE_CHECKING:
    from tests.oracle.catalog import Catalog, Event

Row = dict[str, Any]
NEVER = float("-inf")


@dataclass
class Partition:
    """Rows of a key; the start that is not decided yet; matches so far; the rows that matches kept."""

    key: tuple[Any, ...]
    rows: list[Event] = field(default_factory=list)
    start: int = 0
    matches: int = 0
    kept: set[int] = field(default_factory=set)
    expires: int | None = None


class Recognize(QueryOperator):
    """A rule over MATCH_RECOGNIZE."""

    def __init__(self, catalog: Catalog, rule: ast.CreateRule, reads: list[str]) -> None:
        super().__init__(catalog, rule, reads)
        assert isinstance(self.query.from_, ast.MatchRecognize)
        self.clause = clause = self.query.from_
        self.input = Input(clause.source, catalog)
        if clause.starts or self.query.group_by or self.query.having or self.query.qualify:
            raise UnsupportedError(rule.name)
        self.skip = clause.skip or ast.Skip("past_last")
        if self.skip.kind == "none":
            raise UnsupportedError(self.skip.kind)
        self.within = None if clause.within is None else catalog.constant(clause.within)
        self.gap = None if clause.gap is None else catalog.constant(clause.gap)
        self.rows_mode = clause.rows or "one"
        self.subsets = {s.name: {*s.variables} for s in clause.subsets}
        self.defines = {d.variable: d for d in clause.defines}
        self.atoms = atoms(clause.pattern)
        self.streams = {self.stream_of(a) for a in self.atoms} | {self.input.name}
        self.keys = []
        for item in clause.partition_by:
            if not isinstance(item.value, ast.Name):
                msg = "PARTITION BY"
                raise UnsupportedError(msg)
            self.keys.append((item.value.name, item.alias or item.value.name))
        self.partitions: dict[tuple[Any, ...], Partition] = {}

    def members(self, name: str) -> set[str]:
        """Return the variables of a name: of a SUBSET all."""
        return self.subsets.get(name, {name})

    def stream_of(self, atom: ast.Atom) -> str | None:
        """Return the stream of a step."""
        define = self.defines.get(atom.variable)
        return atom.stream or (define.stream if define else None) or self.input.name

    # ------------------------------------------------------------ rows and instants

    def on_event(self, event: Event) -> list[Row]:
        taken = self.input.take(event)
        if taken is None or taken.stream not in self.streams:
            return []
        key = tuple(taken.row.get(n) for n, _ in self.keys)
        part = self.partitions.setdefault(key, Partition(key))
        part.rows.append(taken)
        return self._decide(part, taken.t, passed=taken.t - 1)

    def deadlines(self) -> list[Timer]:
        found = []
        for part in self.partitions.values():
            if part.expires is not None:
                order = (part.rows[part.start].position,)
                found.append(Timer(part.expires, order, self._expiry(part, part.expires)))
        return found

    def _expiry(self, part: Partition, t: int) -> Any:
        return lambda: self._decide(part, t, passed=t)

    def at_end(self, t: int) -> list[Row]:
        open_ = [p for p in self.partitions.values() if p.start < len(p.rows)]
        open_.sort(key=lambda p: p.rows[p.start].position)
        return [row for p in open_ for row in self._decide(p, t, passed=NEVER, ended=True)]

    def _decide(self, part: Partition, t: int, *, passed: float, ended: bool = False) -> list[Row]:
        """Decide as many starts as the known rows allow, and emit what they give."""
        rows: list[Row] = []
        part.expires = None
        while part.start < len(part.rows):
            paths = self._paths(part, passed, ended=ended)
            best = next(iter(paths.of(self.clause.pattern, part.start)), None)
            if best is not None and best.waits:
                part.expires = self._first_expiry(part, passed)
                break
            start = part.start
            if best is None:
                rows += self._unmatched(part, t)
                part.start += 1
                continue
            part.matches += 1
            rows += self._matched(part, best.bound, t)
            part.kept |= {b.row for b in best.bound} or {start}
            part.start = self._next_start(best.bound, start)
        return rows

    def _paths(self, part: Partition, passed: float, *, ended: bool = False) -> Paths:
        def fits(atom: ast.Atom, bound: tuple[Bound, ...], number: int) -> bool:
            return self._fits(part, atom, bound, number)

        events = self.clause.within_events
        constant = self.catalog.constant
        return Paths(part.rows, fits, constant, self.within, events, self.gap, passed, ended)

    def _first_expiry(self, part: Partition, passed: float) -> int | None:
        """Return when the first of the paths that wait, and are preferred to the best done one, ends."""
        found: list[int] = []
        for path in self._paths(part, passed).of(self.clause.pattern, part.start):
            if not path.waits:
                break
            if path.expires is not None:
                found.append(path.expires)
        return min(found, default=None)

    def _fits(self, part: Partition, atom: ast.Atom, bound: tuple[Bound, ...], number: int) -> bool:
        if part.rows[number].stream != self.stream_of(atom):
            return False
        define = self.defines.get(atom.variable)
        condition = atom.condition if define is None else define.condition
        if condition is None:
            twins = [a.condition for a in self.atoms if a.variable == atom.variable]
            condition = next((c for c in twins if c is not None), None)
        if condition is None:
            return True
        candidate = (*bound, Bound(number, atom.variable, excluded=False))
        # rows after the candidate do not exist yet
        scope = PatternScope(self, part.rows[: number + 1], candidate, candidate, part.matches + 1)
        return evaluate(condition, scope) is True

    def _next_start(self, bound: tuple[Bound, ...], start: int) -> int:
        """Return the start after a match (trap 9 for variables without a row or with its first)."""
        if not bound or self.skip.kind == "to_next":
            return start + 1
        after = bound[-1].row + 1
        if self.skip.kind == "past_last":
            return after
        names = self.members(self.skip.variable or "")
        rows = [b.row for b in bound if b.variable in names]
        if not rows:
            return after
        return max(rows[0] if self.skip.kind == "to_first" else rows[-1], start + 1)

    # ------------------------------------------------------------ output

    def _matched(self, part: Partition, bound: tuple[Bound, ...], t: int) -> list[Row]:
        """Return the rows of a match: one, or one for each of its rows outside `{- -}`."""
        mode = self.rows_mode
        if mode == "one":
            return self._emit(part, bound, bound, None, t)
        if not bound:
            return [] if mode == "all_omit_empty" else self._emit(part, (), (), part.start, t)
        rows = []
        for number, one in enumerate(bound, start=1):
            if not one.excluded:
                rows += self._emit(part, bound[:number], bound, one.row, t)
        return rows

    def _unmatched(self, part: Partition, t: int) -> list[Row]:
        if self.rows_mode != "all_unmatched" or part.start in part.kept:
            return []
        names = [m.name for m in self.clause.measures]
        table = self._table(part, part.start, dict.fromkeys(names))
        return self._select(table, t)

    def _emit(
        self,
        part: Partition,
        running: tuple[Bound, ...],
        whole: tuple[Bound, ...],
        number: int | None,
        t: int,
    ) -> list[Row]:
        scope = PatternScope(self, part.rows, running, whole, part.matches)
        measures = {m.name: evaluate(m.value, scope) for m in self.clause.measures}
        return self._select(self._table(part, number, measures), t)

    def _table(self, part: Partition, number: int | None, measures: Row) -> Row:
        """Return a row of the table (ruling 19)."""
        row = {name: v for (_, name), v in zip(self.keys, part.key, strict=True)}
        if number is None:
            return {**row, **measures}
        values = part.rows[number].row
        given = {n: values.get(n) for n in self.input.columns}
        ordered = [s.value.name for s in self.clause.order_by if isinstance(s.value, ast.Name)]
        for name in ordered:
            row.setdefault(name, given[name])
        row |= measures
        hidden = {n for n, alias in self.keys if alias != n}
        for name, value in given.items():
            if name not in hidden:
                row.setdefault(name, value)
        return row

    def _select(self, table: Row, t: int) -> list[Row]:
        scope = RowScope(table, {self.clause.alias or ""}, self.catalog.parameters)
        where = self.query.where
        if where is not None and evaluate(where, scope) is not True:
            return []
        return self.rows(t, [scope])

    def star(self, item: ast.Star | ast.SelectItem, scope: Any) -> Row:
        """Return all columns of the table."""
        return dict(scope.row)
