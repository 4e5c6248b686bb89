"""Names in conditions and SELECT lists of MATCH (ruling 18)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cep.lang import ast
from tests.oracle.aggregates import aggregate, argument_of
from tests.oracle.expressions import evaluate
from tests.oracle.operator import RowScope
from tests.oracle.values import Identity, UnsupportedError

if TYPE_CHECKING:
    from tests.oracle.catalog import Event
    from tests.oracle.match import Match
    from tests.oracle.pattern import Test

Value = Any
Named = tuple["Event", str]  # an event and the variable it is bound to


class MatchScope:
    """A match or the bindings so far: `a.x` is of the last event bound to a; aggregates run over all."""

    def __init__(
        self, rule: Match, bindings: list[tuple[Event, int]], key: tuple[Value, ...]
    ) -> None:
        self.rule = rule
        self.parameters = rule.catalog.parameters
        self.events: list[Named] = [(e, rule.tests[n].variable) for e, n in bindings]
        self.keys = {p.name: v for p, v in zip(rule.partition, key, strict=True)}
        self.key = key

    def name(self, name: str) -> Value:
        """Return a partition column, else a column of the last bound event."""
        if name in self.keys:
            return self.keys[name]
        if not self.rule.single:
            msg = f"{name} of no particular event"
            raise UnsupportedError(msg)
        return self.events[-1][0].row[name]

    def member(self, owner: str, name: str) -> Value:
        """Return a column of the last event bound to a variable, NULL if there is none."""
        mine = [e for e, variable in self.events if variable == owner]
        return mine[-1].row[name] if mine else None

    def call(self, call: ast.Call) -> Value:
        """Return an aggregate, navigation or a function of the match."""
        name = call.name.upper()
        if call.over is not None:
            raise UnsupportedError(name)
        if name in ("FIRST", "LAST"):
            return self._navigation(call, name)
        if name.startswith("MATCH_"):
            return self._match_function(name)
        if call.star:
            return len(self.events)
        match argument_of(call):
            case ast.MemberStar(target=ast.Name(name=owner)):
                return sum(variable == owner for _, variable in self.events)
            case argument:
                return aggregate(call, self._samples(argument))

    def _owners(self, argument: ast.Expression) -> set[str]:
        """Return the variables an argument is about: the one it names, else all that have its columns."""
        members, bare = names_in(argument)
        if members:
            if len(members) > 1 or bare:
                msg = "an aggregate over two variables"
                raise UnsupportedError(msg)
            return members
        have = self.rule.catalog.columns
        return {t.variable for t in self.rule.tests if all(n in have(t.stream) for n in bare)}

    def _of(self, argument: ast.Expression) -> list[tuple[Event, Value]]:
        owners = self._owners(argument)
        found = []
        for event, variable in self.events:
            if variable in owners:
                scope = RowScope(event.row, {variable}, self.parameters)
                found.append((event, evaluate(argument, scope)))
        return found

    def _samples(self, argument: ast.Expression) -> list[tuple[int, Value]]:
        return [(e.t, v) for e, v in self._of(argument)]

    def _navigation(self, call: ast.Call, name: str) -> Value:
        """FIRST(x [, n [, default]]) and LAST: NULL values are not skipped."""
        argument, *rest = call.args
        if isinstance(argument, ast.NamedArgument | ast.MemberStar):
            raise UnsupportedError(name)
        offset = self.rule.catalog.constant(rest[0]) if rest else 0
        values = [v for _, v in self._of(argument)]
        if name == "LAST":
            values.reverse()
        if offset < len(values):
            return values[offset]
        return evaluate(rest[1], self) if len(rest) > 1 else None

    def _match_function(self, name: str) -> Value:
        first, last = self.events[0][0], self.events[-1][0]
        match name:
            case "MATCH_START":
                return first.t
            case "MATCH_END":
                return last.t
            case "MATCH_DURATION":
                return last.t - first.t
            case "MATCH_ID":
                return Identity(("match", self.rule.name, self.key, first.stream, first.seq))
            case _:
                raise UnsupportedError(name)


class CandidateScope(MatchScope):
    """The bindings of a run plus the candidate for a variable, which stands last."""

    def __init__(
        self,
        rule: Match,
        bindings: list[tuple[Event, int]],
        key: tuple[Value, ...],
        test: Test,
        candidate: Event,
    ) -> None:
        super().__init__(rule, bindings, key)
        self.candidate = candidate
        self.variable = test.variable
        self.events = [*self.events, (candidate, test.variable)]

    def name(self, name: str) -> Value:
        """Return a column of the candidate."""
        return self.candidate.row[name]

    def call(self, call: ast.Call) -> Value:
        """PREV counts events of the candidate's stream in the partition, bound or not."""
        if call.name.upper() != "PREV":
            return super().call(call)
        argument, *rest = call.args
        offset = self.rule.catalog.constant(rest[0]) if rest else 1
        stream = self.candidate.stream
        earlier = [e for key, e in self.rule.seen if key == self.key and e.stream == stream]
        at = len(earlier) - 1 - offset  # the candidate itself stands last
        if at < 0:
            return None
        return evaluate(argument, RowScope(earlier[at].row, {self.variable}, self.parameters))


def names_in(expression: Any) -> tuple[set[str], set[str]]:
    """Return the variables and the bare names an expression reads."""
    match expression:
        case ast.Member(target=ast.Name(name=owner)):
            return {owner}, set()
        case ast.Name(name=name):
            return set(), {name}
        case ast.Binary(left=left, right=right):
            parts = [names_in(left), names_in(right)]
        case ast.Unary(operand=operand) | ast.Cast(operand=operand):
            return names_in(operand)
        case ast.Call(args=args):
            parts = [names_in(a) for a in args]
        case ast.Number() | ast.Text() | ast.Duration() | ast.Parameter() | ast.Null():
            return set(), set()
        case _:
            raise UnsupportedError(type(expression).__name__)
    return set().union(*(m for m, _ in parts)), set().union(*(b for _, b in parts))
