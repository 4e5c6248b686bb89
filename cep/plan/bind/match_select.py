"""The select list over a match: every value read from the match becomes a measure of the Match node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.lang import ast
from cep.plan.bind.events import BoundVariable, PatternScope
from cep.plan.bind.key_expressions import COMPUTED_KEY
from cep.plan.bind.names import fresh
from cep.plan.bind.operators import case, operator
from cep.plan.bind.report import BROKEN, is_broken
from cep.plan.bind.shapes import is_required, variable_of
from cep.plan.constants import constant
from cep.plan.expressions import Aggregate, Bound, Column, Expr, Literal, Meta
from cep.plan.nodes import ANY_VARIABLE, Absent, Item, Subset
from cep.plan.tree import walk
from cep.types import Type

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cep.errors import Span
    from cep.plan.bind.environment import Environment
    from cep.plan.bind.patterns import Chain
    from cep.schema import ColumnSpec

_FACTS: dict[str, Type] = {
    "match_start": Type.TIMESTAMP,
    "match_end": Type.TIMESTAMP,
    "match_duration": Type.DURATION,
    "match_number": Type.INT,
    "match_step": Type.STRING,
    "match_state": Type.STRING,
    "match_reason": Type.STRING,
    "classifier": Type.STRING,
}
# Functions that have a value in one of the queries of a rule only: where, and why.
_OF_TIMEOUT = {"match_step": "it names the step a run awaited that ended by time"}
_OF_MATCH = {"match_number": "a run that ended by time is no match and has no number"}
_OF_GROWING = dict.fromkeys(
    ("match_state", "match_reason"), "a match has states with EMIT CHANGES or EMIT ON CLOSE"
)


class MatchSelectScope(PatternScope):
    """SELECT and WHERE over a match: keys, measures (collected), columns of the last bound event.

    keys_broken: PARTITION BY has a mistake, so a bare name may be a key that is not known. ended: the rows are
    runs that ended by time, at any step. grows: the rows are states of matches that take further events. alias: the
    name of the match, with which a name is what it is without.

    Invariants: equal measures are kept once; no measure has the name of a key.
    """

    def __init__(
        self,
        environment: Environment,
        variables: Mapping[str, BoundVariable],
        keys: Sequence[ColumnSpec],
        chain: Chain,
        *,
        keys_broken: bool = False,
        ended: bool = False,
        grows: bool = False,
        alias: str = "",
    ) -> None:
        super().__init__(environment, "SELECT", variables, None)
        self.ended = ended
        self.grows = grows
        self.alias = alias
        self.keys_broken = keys_broken
        self.keys = keys
        self.chain = chain
        self.measures: dict[Bound | Aggregate | Meta, str] = {}

    def over_runs(self) -> MatchSelectScope:
        """Return the scope of ON TIMEOUT queries, which collects its measures beside those of this one."""
        found = MatchSelectScope(
            self.environment,
            self.variables,
            self.keys,
            self.chain,
            keys_broken=self.keys_broken,
            ended=True,
            alias=self.alias,
        )
        found.measures = self.measures
        return found

    def name(self, name: str, span: Span) -> Expr:
        """Return a key, else a column of the last bound event of a pattern over one stream.

        Errors: CEP202, CEP248.
        """
        for key in self.keys:
            if key.name == name:
                return Column(0, name, key.type, span=span)
        if self.keys_broken:
            return BROKEN
        if len({v.input for v in self.variables.values()}) > 1:
            owners = [v.name for v in self.positive() if v.stream.schema.find(name)]
            hint = f"write {' or '.join(f'{o}.{name}' for o in owners)}" if owners else ""
            message = f"{name!r} is no key, and the pattern reads several streams"
            return self.report.add("CEP248", message, span, hint)
        return self._of_last_event(name, span)

    def member(self, owner: str, name: str, span: Span) -> Expr:
        """Return a column of a variable; of the match as a whole what the bare name is."""
        if owner == self.alias:
            return self.name(name, span)
        return super().member(owner, name, span)

    def _of_last_event(self, name: str, span: Span) -> Expr:
        """Return a column of the last bound event; which step that is may depend on optional steps."""
        if self.ended or self.grows or not self._is_plain():
            column = self.column_of(self.positive()[0], name, span)
            if is_broken(column):
                return BROKEN
            return self.leaf(Bound(ANY_VARIABLE, name, column.type, span=span))
        steps = [part for part, _ in self.chain.parts if not isinstance(part, Absent)]
        behind: list[BoundVariable] = []
        ends_with_absence = isinstance(self.chain.parts[-1][0], Absent)
        # Optional steps at the very end never bind an event: the match is complete before them.
        bound_later = ends_with_absence
        for part in reversed(steps):
            variable = self.variables[variable_of(part)]
            if is_required(part):
                value = self.bound(variable, name, span)
                break
            if bound_later:
                behind.append(variable)
        else:
            return BROKEN
        for variable in reversed(behind):
            count = self.leaf(Aggregate("count", (), Type.INT, variables=(variable.name,)))
            some = operator("gt", (count, Literal(0, Type.INT)), span, self.report)
            value = case([(some, self.bound(variable, name, span))], value, span, self.report)
        return value

    def _is_plain(self) -> bool:
        """Whether the pattern is a sequence of steps and loops, each of another variable."""
        names = [variable_of(part) for part, _ in self.chain.parts if not isinstance(part, Absent)]
        return all(names) and len(set(names)) == len(names)

    def subsets(self, conditions: Iterable[Expr]) -> tuple[Subset, ...]:
        """Return the subsets of the rule, and that of all variables if a measure so far or a condition reads it."""
        declared = tuple(Subset(v.name, v.members) for v in self.variables.values() if v.members)
        read = (*self.measures, *(part for c in conditions for part in walk(c)))
        if any(isinstance(m, Bound) and m.variable == ANY_VARIABLE for m in read):
            every = Subset(ANY_VARIABLE, tuple(v.name for v in self.positive()))
            return (*declared, every)
        return declared

    def leaf(self, value: Bound | Aggregate | Meta) -> Expr:
        """Return the column of a measure.

        Errors: CEP215 a default that is not a constant.
        """
        if isinstance(value, Bound) and value.default is not None and not constant(value.default):
            what = f"the default of {value.which.upper()}"
            return self.report.add("CEP215", f"{what} must be a constant in SELECT", value.span)
        if value not in self.measures:
            taken = [k.name for k in self.keys] + list(self.measures.values())
            base = _measure_name(value)
            self.measures[value] = base if base not in taken else fresh(base, taken)
        return Column(0, self.measures[value], value.type, span=value.span)

    def match_function(self, node: ast.Call) -> Expr:
        """Return MATCH_ID() and its kin.

        Errors: CEP214, CEP225 function of another kind of query.
        """
        name = node.name.lower()
        if node.args or node.star:
            message = f"{node.name.upper()} takes no arguments"
            return self.report.add("CEP214", message, node.span)
        others = _OF_MATCH if self.ended else _OF_TIMEOUT
        why = (others if self.grows else others | _OF_GROWING).get(name)
        if why is not None:
            place = "ON TIMEOUT" if self.ended else "the SELECT of a match"
            message = f"{node.name.upper()} has no value in {place}"
            return self.report.add("CEP225", message, node.span, why)
        if name == "match_id":
            return Meta("match_id", Type.STRING, node.span)
        return self.leaf(Meta(name, _FACTS[name], node.span))

    def star(self, node: ast.Star | ast.MemberStar) -> list[Item] | None:
        """Return `v.*` as `v_column, ..`.

        Errors: CEP247 a bare star.
        """
        whole = isinstance(node, ast.MemberStar) and node.target == ast.Name(self.alias)
        if isinstance(node, ast.Star) or whole:
            hint = "write " + ", ".join(f"{v.name}.*" for v in self.positive())
            hint += " or single columns: " + ", ".join(self._some_columns())
            message = "* over a pattern: a match has no columns of its own"
            self.report.add("CEP247", message, node.span, hint)
            return None
        if not isinstance(node.target, ast.Name):
            self.report.add("CEP204", "only a variable has .*", node.span)
            return None
        variable = self.variable(node.target.name, node.span)
        if variable is None or variable.stream.unknown:
            return None
        columns = variable.stream.schema.names()
        names = [name for name in columns if not name.startswith(COMPUTED_KEY)]
        items = [Item(f"{variable.name}_{n}", self.bound(variable, n, node.span)) for n in names]
        return None if any(is_broken(i.value) for i in items) else items

    def _some_columns(self) -> list[str]:
        pairs = [f"{v.name}.{n}" for v in self.positive() for n in v.stream.schema.names()]
        return pairs[:6] + ([".."] if len(pairs) > 6 else [])

    def items(self) -> tuple[Item, ...]:
        """Return the measures collected so far."""
        return tuple(Item(name, value) for value, name in self.measures.items())


def _measure_name(value: Bound | Aggregate | Meta) -> str:
    match value:
        case Bound():
            plain = value.which == "last" and value.offset == 0
            owner = "event" if value.variable == ANY_VARIABLE else value.variable
            return f"{owner}_{value.name}" + ("" if plain else f"_{value.which}")
        case Aggregate():
            owner = f"_{value.variables[0]}" if len(value.variables) == 1 else ""
            return f"{value.function}{owner}"
        case Meta():
            return value.what
