"""Names in conditions and SELECT lists of MATCH (ruling 18)."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Any

from cep.lang import ast
from tests.oracle.aggregates import aggregate, argument_of
from tests.oracle.catalog import streams_of
from tests.oracle.expressions import evaluate
from tests.oracle.operator import RowScope
from tests.oracle.values import Identity, UnsupportedError

if TYPE_CHECKING:
    from tests.oracle.catalog import Event
    from tests.oracle.match import Match
    from tests.oracle.tree import Test

Value = Any
Named = tuple["Event", str]  # an event and the variable it is bound to


@dataclass
class Growth:
    """What the match functions tell beyond the bindings: MATCH_STATE, _REASON, _NUMBER and _STEP."""

    state: str | None = None
    reason: str | None = None
    number: int | None = None
    step: str | None = None


class MatchScope:
    """A match or the bindings so far: `a.x` is of the last event bound to a; aggregates run over all."""

    def __init__(
        self, rule: Match, bindings: list[Named], key: tuple[Value, ...], growth: Growth
    ) -> None:
        self.rule = rule
        self.parameters = rule.catalog.parameters
        self.events: list[Named] = list(bindings)
        self.keys = {p.name: v for p, v in zip(rule.partition, key, strict=True)}
        self.key = key
        self.growth = growth

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
        if owner == self.rule.alias:
            return self.name(name)
        mine = [e for e, variable in self.events if variable in self.rule.members(owner)]
        return mine[-1].row[name] if mine else None

    def call(self, call: ast.Call) -> Value:
        """Return an aggregate, navigation or a function of the match."""
        name = call.name.upper()
        if call.over is not None or call.mode is not None:
            raise UnsupportedError(name)
        if name in ("FIRST", "LAST"):
            return self._navigation(call, name)
        if name == "CLASSIFIER":
            return self._classifier(call)
        if name.startswith("MATCH_"):
            return self._match_function(name)
        if call.star:
            return sum(variable != "" for _, variable in self.events)
        match argument_of(call):
            case ast.MemberStar(target=ast.Name(name=owner)):
                return sum(variable in self.rule.members(owner) for _, variable in self.events)
            case argument:
                end = self.events[-1][0].t if self.events else 0
                return aggregate(call, self._samples(argument), end=end)

    def _classifier(self, call: ast.Call) -> Value:
        """Return the variable of the last bound event, or of the last one of a SUBSET."""
        names = [v for _, v in self.events]
        match call.args:
            case ():
                return names[-1]
            case (ast.Name(name=owner),):
                mine = [v for v in names if v in self.rule.members(owner)]
                return mine[-1] if mine else None
            case _:
                raise UnsupportedError(call.name)

    def _owners(self, argument: ast.Expression) -> tuple[set[str], str | None]:
        """Return the variables an argument is about, and what it calls them: else all with its columns."""
        members, bare = names_in(argument)
        if members:
            if len(members) > 1 or bare:
                msg = "an aggregate over two variables"
                raise UnsupportedError(msg)
            owner = members.pop()
            return self.rule.members(owner), owner
        have = self.rule.columns_of
        tests = self.rule.tests
        return {t.variable for t in tests if all(n in have(t.stream) for n in bare)}, None

    def _of(self, argument: ast.Expression) -> list[tuple[Event, Value]]:
        owners, called = self._owners(argument)
        found = []
        for event, variable in self.events:
            if variable in owners:
                scope = RowScope(event.row, {called or variable}, self.parameters)
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
        told = {
            "MATCH_START": first.t,
            "MATCH_END": last.t,
            "MATCH_DURATION": last.t - first.t,
            "MATCH_STATE": self.growth.state,
            "MATCH_REASON": self.growth.reason,
            "MATCH_NUMBER": self.growth.number,
            "MATCH_STEP": self.growth.step,
            "MATCH_ID": self._id(),
        }
        if name not in told:
            raise UnsupportedError(name)
        return told[name]

    def _id(self) -> Identity:
        """Return the MATCH_ID (ruling 7)."""
        events = self.events if self.rule.by_all_events else self.events[:1]
        places = [(e.stream, e.seq) for e, _ in events]
        return Identity(("match", self.rule.name, self.key, *places))


class CandidateScope(MatchScope):
    """The bindings of a run plus the candidate for a variable, which stands last."""

    def __init__(
        self,
        rule: Match,
        bindings: list[Named],
        key: tuple[Value, ...],
        test: Test,
        candidate: Event,
    ) -> None:
        super().__init__(rule, [*bindings, (candidate, test.variable)], key, Growth())
        self.candidate = candidate
        self.variable = test.variable

    def name(self, name: str) -> Value:
        """Return a column of the candidate."""
        return self.candidate.row[name]

    def member(self, owner: str, name: str) -> Value:
        """Return a column of a variable; what is none is a column of the candidate with fields."""
        clause: Any = self.rule.query.from_
        if owner in self.candidate.row and owner not in streams_of(clause):
            raise UnsupportedError(owner)
        return super().member(owner, name)

    def call(self, call: ast.Call) -> Value:
        """PREV counts events of the candidate's stream in the partition, bound or not."""
        if call.name.upper() != "PREV":
            return super().call(call)
        argument, *rest = call.args
        offset = self.rule.catalog.constant(rest[0]) if rest else 1
        stream = self.candidate.stream
        before = self.candidate.position
        earlier = [
            e
            for key, e in self.rule.seen
            if key == self.key and e.stream == stream and e.position < before
        ]
        if offset == 0 or offset > len(earlier):
            return None if offset else evaluate(argument, self)
        return evaluate(argument, RowScope(earlier[-offset].row, {self.variable}, self.parameters))


def names_in(expression: Any) -> tuple[set[str], set[str]]:
    """Return the variables and the bare names an expression reads."""
    match expression:
        case ast.Member(target=ast.Name(name=owner)):
            return {owner}, set()
        case ast.Name(name=name):
            return set(), {name}
        case tuple():
            parts = [names_in(x) for x in expression]
        case _ if is_dataclass(expression):
            values = [getattr(expression, f.name) for f in fields(expression) if f.name != "span"]
            parts = [names_in(v) for v in values]
        case _:
            return set(), set()
    return set().union(*(m for m, _ in parts)), set().union(*(b for _, b in parts))
