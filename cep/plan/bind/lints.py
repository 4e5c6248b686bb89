"""Lints (language.md section 11): advice about rules that run but may not mean what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.plan.bind.forks import is_forked
from cep.plan.bind.implication import implies
from cep.plan.bind.shapes import (
    can_loop,
    first_variables,
    is_required,
    parts_within,
    variable_of,
)
from cep.plan.expressions import Bound, Call, Column, Expr
from cep.plan.nodes import Absent, AnyOrder, Atom, Choice, Gap, Repeat
from cep.plan.tree import conjuncts, walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cep.errors import Span
    from cep.lang import ast
    from cep.plan.bind.events import BoundVariable
    from cep.plan.bind.patterns import Chain
    from cep.plan.bind.report import Report
    from cep.plan.nodes import Pattern, Variable

_COMPARISONS = frozenset({"eq", "ne", "lt", "le", "gt", "ge"})
_NULL_SAFE = frozenset({"coalesce", "is_null", "is_distinct", "or", "is_true", "is_false"})


def lint_match(
    node: ast.Match,
    chain: Chain,
    variables: Mapping[str, BoundVariable],
    conditions: Iterable[Variable],
    within_us: int | None,
    report: Report,
    *,
    grows: bool,
) -> None:
    """Report what is doubtful about a MATCH: CEP601-604, 606-608, 611-613."""
    bounded = (within_us, node.gap, node.within_events) != (None, None, None)
    if not bounded and not _bounded(chain) and not is_forked(chain):
        hint = "add WITHIN 1h (as long as a match may take)"
        report.add("CEP601", "a run of this pattern may wait for ever", node.pattern.span, hint)
    if not node.partition_by:
        hint = "add PARTITION BY key, unless all events belong together"
        report.add("CEP606", "without PARTITION BY all events are one", node.pattern.span, hint)
    inner = [part for whole, _ in chain.parts for part in parts_within(whole)]
    looping = {variable_of(part) for part in inner if can_loop(part)}
    by_name = {v.name: v for v in conditions}
    for variable in by_name.values():
        _self_comparison(variable, report)
        if variable.name in looping:
            _null_at_first(variable, report)
    earlier = [
        e.span
        for v in by_name.values()
        for e in (walk(v.condition) if v.condition is not None else ())
        if isinstance(e, Bound) and e.which == "prev"
    ]
    if earlier and node.partition_by:
        message = "PREV keeps the state of a key for ever, so memory grows with the number of keys"
        report.add("CEP611", message, earlier[0], "LAST(v.column, 1) reads the bound events only")
    streams = {v.input for v in variables.values()}
    for part, span in chain.parts:
        strict = any(isinstance(p, Repeat) and p.mode == "strict" for p in parts_within(part))
        if strict and len(streams) > 1:
            message = "STRICT counts events of every stream of this pattern"
            report.add("CEP604", message, span, "use a relaxed loop, or a pattern over one stream")
    if not grows:
        _never_bound(chain, report)
    _swallowed(chain, by_name, report)
    _begin_alike(chain, by_name, report)
    _taken_before(chain, by_name, report)


def lint_unbounded(node: ast.WindowSpec, span: Span, report: Report) -> None:
    """Report an OVER over all rows of a key so far, whose state is never given back: CEP611."""
    if node.partition_by:
        message = "the state of a key is kept for ever, so memory grows with the number of keys"
        report.add("CEP611", message, span, "give the frame a bound: RANGE 1h PRECEDING")


def lint_lasting(span: Span, report: Report) -> None:
    """Report groups without a window that are never forgotten: CEP614."""
    message = "a group is kept for ever, so memory grows with the number of keys"
    report.add("CEP614", message, span, "forget those that are quiet: @ttl(1d) CREATE RULE ..")


def _bounded(chain: Chain) -> bool:
    """Whether time bounds a run without WITHIN (ruling 22): an upper gap on every edge that does not lead into NOT."""
    parts, edges = [part for part, _ in chain.parts], list(chain.edges)
    if isinstance(parts[0], Absent):
        parts, edges = parts[1:], edges[1:]
    waits = (isinstance(edge, Gap) and edge.high_us is not None for edge in edges)
    into_absence = (isinstance(part, Absent) for part in parts[1:])
    if not all(gap or absent for gap, absent in zip(waits, into_absence, strict=True)):
        return False
    return all(isinstance(part, Absent) or _is_short(part) for part in parts)


def _is_short(part: Pattern) -> bool:
    """Whether a part is one step or alternatives of such, without a loop that has no upper bound."""
    match part:
        case Atom():
            return True
        case Repeat():
            return part.high is not None and _is_short(part.part)
        case Choice():
            return all(_is_short(inner) for inner in part.parts)
        case _:
            return False


def _self_comparison(variable: Variable, report: Report) -> None:
    """`value > LAST(v.value)`: the candidate counts as the last event (ruling 25)."""
    for part in walk(variable.condition) if variable.condition is not None else ():
        if not (isinstance(part, Call) and part.function in _COMPARISONS):
            continue
        left, right = part.args
        if _is_self(left, right) or _is_self(right, left):
            message = f"LAST({variable.name}..) is the event being tested itself"
            hint = "write LAST(.., 1, default) for the event before it"
            report.add("CEP602", message, part.span, hint)


def _is_self(column: Expr, bound: Expr) -> bool:
    return (
        isinstance(column, Column)
        and isinstance(bound, Bound)
        and bound.candidate
        and bound.which == "last"
        and bound.offset == 0
        and bound.name == column.name
    )


def _null_at_first(variable: Variable, report: Report) -> None:
    """A loop condition that is NULL for its first event never becomes TRUE."""
    for part in conjuncts(variable.condition):
        inside = list(walk(part))
        if any(isinstance(e, Call) and e.function in _NULL_SAFE for e in inside):
            continue
        for expr in inside:
            if not isinstance(expr, Bound) or expr.which != "last" or expr.default is not None:
                continue
            if expr.candidate and expr.offset > 0:
                message = f"this is NULL for the first {variable.name}, so the loop never starts"
                hint = f"give a default: LAST({variable.name}.{expr.name}, {expr.offset}, 0)"
                report.add("CEP603", message, expr.span, hint)


def _never_bound(chain: Chain, report: Report) -> None:
    """Optional steps at the end: the match is complete before them (ruling 15)."""
    for part, span in reversed(chain.parts):
        if isinstance(part, Absent) or is_required(part):
            break
        what = variable_of(part) or "this part"
        message = f"{what} never binds an event: the match is complete before it"
        report.add("CEP607", message, span, "make it required, or leave it out")


def _swallowed(chain: Chain, by_name: Mapping[str, Variable], report: Report) -> None:
    """The next step takes whatever the loop before it would take: it always wins."""
    for (part, span), (after, _) in zip(chain.parts, chain.parts[1:], strict=False):
        if not can_loop(part) or not isinstance(after, Atom) or not variable_of(part):
            continue
        if isinstance(part, Repeat) and (part.possessive or part.high == part.low):
            continue
        loop, step = by_name[variable_of(part)], by_name[after.variable]
        if loop.input == step.input and implies(loop.condition, step.condition):
            message = f"every event {loop.name} could take more is taken by {step.name}"
            hint = f"make the condition of {step.name} narrower, or the loop possessive"
            report.add("CEP608", message, span, hint)


def _begin_alike(chain: Chain, by_name: Mapping[str, Variable], report: Report) -> None:
    """A run never revises a choice: it takes the left one of alternatives that begin alike (ruling 14)."""
    for whole, span in chain.parts:
        for part in parts_within(whole):
            if not isinstance(part, Choice):
                continue
            firsts = [[by_name[n] for n in first_variables(p)] for p in part.parts]
            for place, right in enumerate(firsts):
                left = [variable for other in firsts[:place] for variable in other]
                same = next((v for v in right for w in left if _alike(v, w)), None)
                if same is not None:
                    message = f"an event that fits {same.name} always takes the alternative before"
                    hint = "write what is common before the parentheses: a -> (b | c)"
                    report.add("CEP612", message, span, hint)


def _taken_before(chain: Chain, by_name: Mapping[str, Variable], report: Report) -> None:
    """In a group in any order an event goes to the leftmost step it fits, also where only a later one needs it."""
    for whole, span in chain.parts:
        for part in parts_within(whole):
            if not isinstance(part, AnyOrder):
                continue
            steps = [by_name[name] for name, _ in part.operands]
            for place, narrow in enumerate(steps):
                wide = next((w for w in steps[:place] if _is_wider(w, narrow)), None)
                if wide is not None:
                    message = f"an event that fits {narrow.name} goes to {wide.name} first"
                    hint = f"put {narrow.name} before {wide.name}"
                    report.add("CEP613", message, span, hint)


def _is_wider(one: Variable, other: Variable) -> bool:
    """Return whether every event of `other` fits `one`, but not the other way round."""
    same = one.input == other.input and one.name != other.name
    return (
        same
        and implies(other.condition, one.condition)
        and not implies(one.condition, other.condition)
    )


def _alike(one: Variable, other: Variable) -> bool:
    if one.name == other.name:
        return True
    return one.input == other.input and one.condition == other.condition
