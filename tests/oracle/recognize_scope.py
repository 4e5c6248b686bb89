"""Names in DEFINE and MEASURES of MATCH_RECOGNIZE: rows of the match so far, or of all of it (FINAL)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cep.lang import ast
from tests.oracle.aggregates import aggregate, argument_of
from tests.oracle.expressions import evaluate
from tests.oracle.match_scope import names_in
from tests.oracle.operator import RowScope
from tests.oracle.values import UnsupportedError

if TYPE_CHECKING:
    from tests.oracle.catalog import Event
    from tests.oracle.recognize import Recognize
    from tests.oracle.recognize_paths import Bound

Value = Any


class PatternScope:
    """Rows bound up to the current one (`running`), all rows of the match, the rows of the partition."""

    def __init__(
        self,
        rule: Recognize,
        rows: list[Event],
        running: tuple[Bound, ...],
        whole: tuple[Bound, ...],
        number: int | None = None,
    ) -> None:
        self.rule = rule
        self.parameters = rule.catalog.parameters
        self.rows = rows
        self.running = running
        self.whole = whole
        self.number = number

    def name(self, name: str) -> Value:
        """Return a column of the last row of the match so far."""
        return self._value(ast.Name(name), self.running[-1].row if self.running else None)

    def member(self, owner: str, name: str) -> Value:
        """Return a column of the last row bound to a variable so far."""
        mine = self._of(owner, self.running)
        return self._value(ast.Member(ast.Name(owner), name), mine[-1] if mine else None)

    def call(self, call: ast.Call) -> Value:
        """Return an aggregate, navigation or a function of the match."""
        name = call.name.upper()
        if call.over is not None:
            raise UnsupportedError(name)
        if name in ("FIRST", "LAST", "PREV", "NEXT"):
            return self._navigation(call)
        if name == "CLASSIFIER":
            return self._classifier(call)
        if name == "MATCH_NUMBER":
            return self.number
        bound = self.whole if call.mode == "final" else self.running
        end = self.rows[bound[-1].row].t if bound else 0
        if call.filter is not None:
            kept = call.filter
            mine = self._of(self._owner(kept), bound)
            passing = {n for n in mine if self._value(kept, n) is True}
            bound = tuple(b for b in bound if b.row in passing)
        if call.star:
            return len(bound)
        argument = argument_of(replace(call, mode=None, filter=None))
        if isinstance(argument, ast.MemberStar):
            assert isinstance(argument.target, ast.Name)
            return len(self._of(argument.target.name, bound))
        numbers = self._of(self._owner(argument), bound)
        samples = [(self.rows[n].t, self._value(argument, n)) for n in numbers]
        return aggregate(call, samples, end=end)

    def _of(self, owner: str | None, bound: tuple[Bound, ...]) -> list[int]:
        """Return the rows bound to a variable or SUBSET; to any without one."""
        names = None if owner is None else self.rule.members(owner)
        return [b.row for b in bound if names is None or b.variable in names]

    def _owner(self, argument: ast.Expression) -> str | None:
        members, _ = names_in(argument)
        if len(members) > 1:
            msg = "several variables in one argument"
            raise UnsupportedError(msg)
        return next(iter(members), None)

    def _value(self, expression: ast.Expression, number: int | None) -> Value:
        """Return an expression over one row of the partition."""
        if number is None:
            return None
        members, _ = names_in(expression)
        scope = RowScope(self.rows[number].row, members, self.parameters)
        return evaluate(expression, scope)

    def _navigation(self, call: ast.Call) -> Value:
        """FIRST, LAST within the match, PREV, NEXT of rows around; PREV(FIRST(a.x, 1), 2) does both."""
        inner = call.args[0]
        if isinstance(inner, ast.Call) and inner.name.upper() == "CLASSIFIER":
            return self._classifier_at(call, inner)
        number, argument, default = self._navigated(call, call.mode)
        if number is None and default is not None:
            return evaluate(default, self)
        return self._value(argument, number)

    def _navigated(
        self, call: ast.Call, mode: str | None
    ) -> tuple[int | None, ast.Expression, ast.Expression | None]:
        """Return the row a navigation leads to, what is read there, and the default."""
        name = call.name.upper()
        first, *rest = call.args
        assert not isinstance(first, ast.NamedArgument)
        default = rest[1] if len(rest) > 1 else None
        if name in ("FIRST", "LAST"):
            offset = self.rule.catalog.constant(rest[0]) if rest else 0
            bound = self.whole if (call.mode or mode) == "final" else self.running
            numbers = self._of(self._owner(first), bound)
            if name == "LAST":
                numbers.reverse()
            return (numbers[offset] if offset < len(numbers) else None), first, default
        offset = self.rule.catalog.constant(rest[0]) if rest else 1
        inner = (
            first
            if isinstance(first, ast.Call) and first.name.upper() in ("FIRST", "LAST")
            else None
        )
        at, argument, _ = self._navigated(inner or ast.Call("LAST", (first,)), call.mode or mode)
        if at is None:
            return None, argument, default
        stream = self.rows[at].stream
        same = [n for n, e in enumerate(self.rows) if e.stream == stream]
        place = same.index(at) + (offset if name == "NEXT" else -offset)
        return (same[place] if 0 <= place < len(same) else None), argument, default

    def _classifier_at(self, call: ast.Call, inner: ast.Call) -> Value:
        """`FIRST(CLASSIFIER(U), n)`, `LAST(CLASSIFIER(), n)`: the variable of a row that is not the last one."""
        bound = self.whole if "final" in (call.mode, inner.mode) else self.running
        names = self._variables(inner, bound)
        if call.name.upper() == "LAST":
            names.reverse()
        offset = self.rule.catalog.constant(call.args[1]) if len(call.args) > 1 else 0
        return names[offset] if offset < len(names) else None

    def _classifier(self, call: ast.Call) -> Value:
        names = self._variables(call, self.whole if call.mode == "final" else self.running)
        return names[-1] if names else None

    def _variables(self, call: ast.Call, bound: tuple[Bound, ...]) -> list[str]:
        """Return the variables of the bound rows that a CLASSIFIER speaks of."""
        match call.args:
            case ():
                return [b.variable for b in bound]
            case (ast.Name(name=owner),):
                return [b.variable for b in bound if b.variable in self.rule.members(owner)]
            case _:
                raise UnsupportedError(call.name)
