"""Patterns of MATCH: from the AST to steps, loops, alternatives and absences in sequence, with their variables."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, assert_never
from typing import Literal as OneOf

from cep.lang import ast
from cep.plan.bind.constants import bind_duration
from cep.plan.bind.shapes import is_required, places, steps_of, waits_at_end
from cep.plan.nodes import Absent, AnyOrder, Atom, Choice, Gap, Pattern, Repeat, Sequence

if TYPE_CHECKING:
    from cep.errors import Span
    from cep.plan.bind.environment import Environment

EdgeKind = OneOf["relaxed", "strict", "fork"] | Gap
LoopMode = OneOf["relaxed", "strict", "combine"]

MAX_STATES = 200
MIN_OPERANDS = 2
GROUP_BITS = 62

# What MATCH_RECOGNIZE has and MATCH does not.
_FOREIGN: dict[type, str] = {
    ast.Empty: "()",
    ast.Excluded: "{- -}",
    ast.Anchor: "^ or $",
    ast.Quantified: "reluctant quantifiers",
}


@dataclass(slots=True)
class VariableText:
    """What the pattern and DEFINE say about a variable; `negated`: it stands behind NOT."""

    name: str
    span: Span
    negated: bool
    stream: str | None = None
    condition: ast.Expression | None = None


@dataclass(slots=True)
class Chain:
    """A sequence: its parts with their places, and the edges between neighbours, groups within it taken apart.

    tree, tree_edges: the same with the groups that stay groups, because another edge leads into them than they
    have inside and they may begin with a part that binds nothing: in `d (a* -> s)` s follows d at once.
    """

    parts: list[tuple[Pattern, Span]] = field(default_factory=list)
    edges: list[EdgeKind] = field(default_factory=list)
    tree: list[Pattern] = field(init=False)
    tree_edges: list[EdgeKind] = field(init=False)

    def __post_init__(self) -> None:
        self.tree = [part for part, _ in self.parts]
        self.tree_edges = list(self.edges)

    def add(self, other: Chain, edge: EdgeKind) -> None:
        """Append another sequence behind an edge."""
        between = [edge] if self.parts and other.parts else []
        self.parts += other.parts
        self.edges += between + other.edges
        self.tree_edges += between
        if between and any(inner != edge for inner in other.passed()):
            self.tree.append(other.pattern())
        else:
            self.tree += other.tree
            self.tree_edges += other.tree_edges

    def passed(self) -> list[EdgeKind]:
        """Return the edges behind the parts at its beginning that can be left out."""
        optional = itertools.takewhile(lambda part: not is_required(part), self.tree)
        return self.tree_edges[: len(list(optional))]

    def pattern(self) -> Pattern:
        """Return the sequence as a pattern of the plan."""
        return (
            self.tree[0]
            if len(self.tree) == 1
            else Sequence(tuple(self.tree), tuple(self.tree_edges))
        )


@dataclass(frozen=True, slots=True)
class Until:
    """The UNTIL of a loop: variable of the loop (empty: it repeats more than a step), steps in it, condition."""

    variable: str
    steps: tuple[str, ...]
    condition: ast.Expression


class PatternReader:
    """Flattens a pattern and collects its variables in order of appearance."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.report = environment.report
        self.variables: dict[str, VariableText] = {}
        self.untils: dict[str, Until] = {}

    def read(self, node: ast.Pattern) -> Chain | None:
        """Return the checked sequence of a whole pattern; None on a mistake.

        Errors: CEP216, CEP240, CEP241, CEP242, CEP244, CEP251, CEP252, CEP307.
        """
        before = self.report.mistakes
        chain = self._chain(node)
        if self.report.mistakes == before:
            self._check_absences(chain, nested=False)
        if self.report.mistakes == before and not any(is_required(p) for p, _ in chain.parts):
            hint = "make one step required, such as a+ for a*"
            self.report.add("CEP241", "this pattern can match no event at all", node.span, hint)
        if self.report.mistakes == before and (states := places(chain.pattern())) > MAX_STATES:
            message = f"this pattern needs up to {states} states; at most {MAX_STATES} run"
            hint = "a bounded loop around bounded loops multiplies: use + or {n,} where you can"
            self.report.add("CEP252", message, node.span, hint)
        return chain if self.report.mistakes == before else None

    def _part(self, node: ast.Pattern) -> Pattern | None:
        """Return an alternative or the body of a loop: a pattern of its own; None on a mistake."""
        before = self.report.mistakes
        chain = self._chain(node)
        if self.report.mistakes == before:
            self._check_absences(chain, nested=True)
        return chain.pattern() if self.report.mistakes == before else None

    def _chain(self, node: ast.Pattern) -> Chain:
        match node:
            case ast.Atom():
                self._describe(node, negated=False)
                return Chain([(Atom(node.variable), node.span)])
            case ast.Group():
                return self._chain(node.part)
            case ast.Adjacent():
                return self._adjacent(node)
            case ast.Followed():
                return self._followed(node)
            case ast.Quantified():
                return self._quantified(node)
            case ast.Absent():
                return self._absent(node)
            case ast.Choice():
                return self._choice(node)
            case ast.AnyOrder() | ast.AnyOf() | ast.Permute():
                return self._any_order(node)
            case ast.Empty() | ast.Excluded() | ast.Anchor():
                self._foreign(type(node), node.span)
                return Chain()
            case _:
                assert_never(node)

    def _foreign(self, kind: type, span: Span, *, hint: str = "") -> None:
        """Report what only MATCH_RECOGNIZE has (ruling 14)."""
        self.report.add("CEP251", f"MATCH has no {_FOREIGN[kind]}", span, hint)

    def _choice(self, node: ast.Choice) -> Chain:
        parts = [self._part(part) for part in self._alternatives(node)]
        found = tuple(part for part in parts if part is not None)
        return Chain([(Choice(found), node.span)]) if len(found) == len(parts) else Chain()

    def _any_order(self, node: ast.AnyOrder | ast.AnyOf | ast.Permute) -> Chain:
        """Return an any-order group (ruling 21).

        Errors: CEP240 too few steps beside NOT, CEP252, CEP256.
        """
        before = self.report.mistakes
        operands: list[tuple[str, int]] = []
        guards: list[str] = []
        for part in node.parts:
            inner = part
            while isinstance(inner, ast.Group):
                inner = inner.part
            if isinstance(inner, ast.Absent) and isinstance(node, ast.AnyOrder):
                guards += self._group_guard(inner)
            else:
                operands += self._operand(inner, single=isinstance(node, ast.Permute))
        if self.report.mistakes != before:
            return Chain()
        need = node.count if isinstance(node, ast.AnyOf) else len(operands)
        if isinstance(node, ast.AnyOf) and not 0 < need < len(operands):
            hint = f"ask for 1 to {len(operands) - 1} of {len(operands)}; for all of them write &"
            self.report.add("CEP256", f"ANY {need} OF {len(operands)}", node.span, hint)
        elif len(operands) < MIN_OPERANDS:
            message = "a group in any order has at least two steps, beside those behind NOT"
            self.report.add("CEP240" if guards else "CEP256", message, node.span)
        elif sum(n.bit_length() for _, n in operands) + need.bit_length() > GROUP_BITS:
            self.report.add("CEP252", "this group counts too many events", node.span)
        group = AnyOrder(tuple(operands), need, tuple(guards), isinstance(node, ast.Permute))
        return Chain([(group, node.span)])

    def _operand(self, node: ast.Pattern, *, single: bool) -> list[tuple[str, int]]:
        """Return the variable and the number of events of a step with an optional {n}."""
        step, times = node, 1
        if isinstance(node, ast.Quantified) and not single:
            plain = node.kind == "greedy" and node.mode is None and node.until is None
            step = node.part if plain and node.low == node.high else node
            times = node.low
        if isinstance(step, ast.Atom) and times > 0:
            self._describe(step, negated=False)
            return [(step.variable, times)]
        message = "a group in any order is made of steps, each with an optional {n}"
        if single:
            message = "PERMUTE is made of single steps"
        self.report.add("CEP256", message, node.span)
        return []

    def _group_guard(self, node: ast.Absent) -> tuple[str, ...]:
        if node.duration is not None:
            self.report.add("CEP240", "NOT .. FOR in a group in any order", node.span)
            return ()
        parts = self._absent(node).parts
        return tuple(
            name for part, _ in parts if isinstance(part, Absent) for name in part.variables
        )

    def _adjacent(self, node: ast.Adjacent) -> Chain:
        chain = Chain()
        for part in node.parts:
            if isinstance(part, ast.Absent):
                hint = "write a -> NOT n -> b"
                self.report.add("CEP240", "NOT must stand between two ->", part.span, hint)
            chain.add(self._chain(part), "strict")
        return chain

    def _followed(self, node: ast.Followed) -> Chain:
        chain = Chain()
        edges: list[EdgeKind] = ["relaxed", *(self._edge(edge) for edge in node.edges)]
        for edge, part in zip(edges, node.parts, strict=True):
            inner = self._chain(part)
            if isinstance(edge, Gap) and len(inner.parts) > 1:
                # The gap is that before the first event of the whole group.
                inner = Chain([(inner.pattern(), part.span)])
            chain.add(inner, edge)
        for after, edge_node in zip(node.parts[1:], node.edges, strict=True):
            if edge_node.any_match and isinstance(after, ast.Absent):
                hint = "write a -> NOT n ->> b"
                self.report.add("CEP240", "->> leads to a step, not to NOT", edge_node.span, hint)
            timed = edge_node.low is not None or edge_node.high is not None
            if timed and isinstance(after, ast.Absent):
                hint = "put the gap behind it: a -> NOT n -[1s..5s]-> b"
                self.report.add("CEP240", "a gap before NOT", edge_node.span, hint)
        return chain

    def _edge(self, edge: ast.Edge) -> EdgeKind:
        """Return an edge of `->` with its gap.

        Errors: CEP216.
        """
        if edge.low is None and edge.high is None:
            return "fork" if edge.any_match else "relaxed"
        bounds = [
            None
            if node is None
            else bind_duration(node, "a bound of a gap", self.environment, zero=True)
            for node in (edge.low, edge.high)
        ]
        low, high = bounds[0] or 0, bounds[1]
        if high is not None and low > high:
            self.report.add("CEP216", "this gap begins after its end", edge.span)
        return Gap(low, high, edge.any_match)

    def _quantified(self, node: ast.Quantified) -> Chain:
        part: ast.Pattern = node.part
        while isinstance(part, ast.Group):
            part = part.part
        if node.kind == "reluctant":
            hint = "in MATCH the next step wins anyway; leave ? out"
            self._foreign(ast.Quantified, node.span, hint=hint)
        if isinstance(part, ast.Absent):
            self.report.add("CEP240", "NOT takes no quantifier", node.span)
            return Chain()
        if node.high is not None and (node.high == 0 or node.high < node.low):
            message = "this quantifier allows no event at all"
            if node.high:
                message = (
                    f"this quantifier asks for at least {node.low}, at most {node.high} events"
                )
            self.report.add("CEP242", message, node.span)
        if node.until is not None and node.high == 1:
            message = "UNTIL ends a loop, and this one has no second round"
            self.report.add("CEP242", message, node.until.span, "leave UNTIL out")
        body = self._part(part)
        if body is None:
            return Chain()
        if (node.low, node.high) == (1, 1):
            return Chain([(body, node.span)])
        mode: LoopMode = node.mode or "relaxed"
        possessive = node.kind == "possessive"
        until = self._until(body, node.until)
        return Chain([(Repeat(body, node.low, node.high, mode, possessive, until), node.span)])

    def _until(self, body: Pattern, condition: ast.Expression | None) -> str:
        """Return the name under which the condition of an UNTIL is tested, the empty string for none."""
        if condition is None:
            return ""
        variable = body.variable if isinstance(body, Atom) else ""
        name = f"{variable} UNTIL".lstrip()
        while name in self.untils:
            name += "'"
        self.untils[name] = Until(variable, tuple(dict.fromkeys(steps_of(body))), condition)
        return name

    def _absent(self, node: ast.Absent) -> Chain:
        names = []
        for step in self._alternatives(node.part):
            if isinstance(step, ast.Atom):
                self._describe(step, negated=True)
                names.append(step.variable)
            else:
                hint = "write NOT n, or NOT (n | m)"
                message = "NOT takes one step, or alternatives of steps, without quantifier"
                self.report.add("CEP240", message, step.span, hint)
        for_us = None
        if node.duration is not None:
            for_us = bind_duration(node.duration, "the time of NOT .. FOR", self.environment)
        return Chain([(Absent(tuple(names), for_us), node.span)])

    def _alternatives(self, node: ast.Pattern) -> tuple[ast.Pattern, ...]:
        if isinstance(node, ast.Group):
            return self._alternatives(node.part)
        if isinstance(node, ast.Choice):
            return tuple(step for part in node.parts for step in self._alternatives(part))
        return (node,)

    def _describe(self, node: ast.Atom, *, negated: bool) -> None:
        """Note a variable; at most one of its places carries a condition (ruling 24).

        Errors: CEP240 variable behind NOT and elsewhere, CEP244.
        """
        found = self.variables.setdefault(
            node.variable, VariableText(node.variable, node.span, negated)
        )
        if found.negated != negated:
            message = f"{node.variable!r} is a step and stands behind NOT"
            self.report.add("CEP240", message, node.span, "use two variables")
        self._fill(found, node.stream, node.condition, node.span)

    def define(self, node: ast.Define) -> None:
        """Note a DEFINE.

        Errors: CEP204 variable that is not in the pattern, CEP244.
        """
        found = self.variables.get(node.variable)
        if found is None:
            message = f"{node.variable!r} does not occur in the pattern"
            self.report.add("CEP204", message, node.span)
            return
        self._fill(found, node.stream, node.condition, node.span)

    def _fill(
        self,
        found: VariableText,
        stream: str | None,
        condition: ast.Expression | None,
        span: Span,
    ) -> None:
        if condition is not None and found.condition is not None:
            message = f"{found.name!r} has a condition already"
            self.report.add("CEP244", message, span, "give it at one of its places only")
        elif stream is not None and found.stream not in (None, stream):
            message = f"{found.name!r} reads {found.stream} already"
            self.report.add("CEP244", message, span, "use two variables")
        else:
            found.stream = found.stream or stream
            found.condition = found.condition or condition

    def _check_absences(self, chain: Chain, *, nested: bool) -> None:
        """NOT stands between two steps, with FOR at the end too (ruling 11).

        nested: in an alternative or a loop, which begins and ends with a step.

        Errors: CEP240, CEP307.
        """
        last = len(chain.parts) - 1
        for place, (part, span) in enumerate(chain.parts):
            if not isinstance(part, Absent):
                continue
            around = chain.edges[max(place - 1, 0) : place + 1]
            if nested and place in (0, last):
                hint = "put the steps around NOT into the same parentheses"
                self.report.add("CEP240", "NOT at the edge of a group", span, hint)
            elif place == 0 and part.for_us is not None and not nested:
                if around != ["relaxed"]:
                    hint = "write NOT n FOR 30s -> a"
                    self.report.add("CEP240", "NOT .. FOR must stand before a ->", span, hint)
            elif place == 0:
                hint = "say how long: NOT n FOR 30s"
                self.report.add("CEP240", "NOT has no step before it", span, hint)
            elif place == last and part.for_us is None:
                hint = "say how long: NOT n FOR 30s, or add a step behind it"
                self.report.add("CEP240", "NOT has no step behind it", span, hint)
            elif part.for_us is not None and not any(
                is_required(before) for before, _ in chain.parts[:place]
            ):
                hint = "its time counts from the step before: that one must be there"
                message = "all steps before NOT .. FOR may be left out"
                self.report.add("CEP240", message, span, hint)
            elif "strict" in around:
                hint = "write a -> NOT n -> b"
                self.report.add("CEP240", "NOT must stand between two ->", span, hint)
        self._check_between(chain)

    def _check_between(self, chain: Chain) -> None:
        """Between two absences there is a step, behind NOT .. FOR a required one.

        Errors: CEP240.
        """
        for place, (part, span) in enumerate(chain.parts):
            if place == 0 or not isinstance(part, Absent):
                continue
            if isinstance(chain.parts[place - 1][0], Absent):
                hint = "write NOT (n | m)"
                self.report.add("CEP240", "NOT directly behind NOT", span, hint)
            elif part.for_us is not None and waits_at_end(p for p, _ in chain.parts[:place]):
                hint = "its time counts from the step before: make one between the two required"
                message = "NOT .. FOR behind another one, and all steps between may be left out"
                self.report.add("CEP240", message, span, hint)
