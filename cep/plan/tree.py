"""Walking and rebuilding plans: the same few loops for all rewrites and checks."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, assert_never

from cep.plan.expressions import Aggregate, Bound, Call, Case, Expr, Meta, children
from cep.plan.nodes import (
    CalendarWindow,
    CloseWhen,
    Conflate,
    Ended,
    EventWindow,
    Filter,
    GroupWindow,
    Incident,
    Item,
    Join,
    Limit,
    Match,
    Node,
    OnChange,
    Over,
    Project,
    Scan,
    Suppress,
    WindowedRows,
    WindowSize,
)
from cep.plan.recognition import Recognize, RowMeasure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def source_of(node: Node) -> Node | None:
    """Return the node below, or None for Scan, Match, Ended, Recognize, Join and Incident."""
    match node:
        case Scan() | Match() | Ended() | Recognize() | Join() | Incident():
            return None
        case _:
            return node.source


def with_source(node: Node, source: Node) -> Node:
    """Return the node on top of another one."""
    match node:
        case Scan() | Match() | Ended() | Recognize() | Join() | Incident():
            return node
        case _:
            return node if source is node.source else replace(node, source=source)


def rewrite_nodes(node: Node, step: Callable[[Node], Node]) -> Node:
    """Apply `step` to every node of a chain, from the bottom up."""
    below = source_of(node)
    if below is not None:
        node = with_source(node, rewrite_nodes(below, step))
    return step(node)


def rebuild(expr: Expr, step: Callable[[Expr], Expr]) -> Expr:
    """Apply `step` to every node of an expression, from the leaves up."""
    match expr:
        case Call():
            args = tuple(rebuild(a, step) for a in expr.args)
            return step(expr if args == expr.args else replace(expr, args=args))
        case Case():
            whens = tuple((rebuild(c, step), rebuild(v, step)) for c, v in expr.whens)
            otherwise = rebuild(expr.otherwise, step)
            same = whens == expr.whens and otherwise == expr.otherwise
            return step(expr if same else replace(expr, whens=whens, otherwise=otherwise))
        case Aggregate():
            args = tuple(rebuild(a, step) for a in expr.args)
            kept = None if expr.filter is None else rebuild(expr.filter, step)
            same = args == expr.args and kept == expr.filter
            return step(expr if same else replace(expr, args=args, filter=kept))
        case Bound() if expr.default is not None:
            default = rebuild(expr.default, step)
            return step(expr if default == expr.default else replace(expr, default=default))
        case _:
            return step(expr)


def walk(expr: Expr) -> Iterator[Expr]:
    """Yield an expression and everything in it, outermost first."""
    waiting = [expr]
    while waiting:
        found = waiting.pop()
        yield found
        waiting.extend(reversed(children(found)))


def conjuncts(expr: Expr | None) -> tuple[Expr, ...]:
    """Return the operands of a conjunction, flattened, in order; none for None."""
    found: list[Expr] = []
    waiting = [] if expr is None else [expr]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Call) and part.function == "and":
            waiting.extend(reversed(part.args))
        else:
            found.append(part)
    return tuple(found)


def _window(
    window: WindowSize | CalendarWindow | EventWindow, change: Callable[[Expr], Expr]
) -> WindowSize | CalendarWindow | EventWindow:
    if not isinstance(window, EventWindow):
        return window
    maybe = partial(_maybe, change)
    return replace(window, opens=maybe(window.opens), closes=maybe(window.closes))


def map_expressions(node: Node, change: Callable[[Expr], Expr]) -> Node:
    """Apply `change` to every expression of one node; types of top expressions must stay the same."""
    maybe = partial(_maybe, change)

    def items(named: tuple[Item, ...]) -> tuple[Item, ...]:
        return tuple(Item(i.name, change(i.value)) for i in named)

    def aggregate(expr: Aggregate) -> Aggregate:
        args = tuple(change(a) for a in expr.args)
        return replace(expr, args=args, filter=maybe(expr.filter))

    match node:
        case Filter():
            return replace(node, condition=change(node.condition))
        case Project():
            return replace(node, items=items(node.items))
        case GroupWindow():
            return replace(
                node,
                keys=items(node.keys),
                window=_window(node.window, change),
                aggregates=tuple((n, aggregate(a)) for n, a in node.aggregates),
                where=maybe(node.where),
                having=maybe(node.having),
                items=items(node.items),
                distinct=tuple(change(v) for v in node.distinct),
                order=tuple(replace(key, value=change(key.value)) for key in node.order),
            )
        case Over():
            return replace(
                node,
                frames=tuple(
                    replace(f, partition=tuple(change(p) for p in f.partition)) for f in node.frames
                ),
                aggregates=tuple((n, aggregate(a), f) for n, a, f in node.aggregates),
                where=maybe(node.where),
                qualify=maybe(node.qualify),
                items=items(node.items),
            )
        case Match():
            variables = tuple(replace(v, condition=maybe(v.condition)) for v in node.variables)
            measures, rows = items(node.measures), items(node.rows)
            return replace(node, variables=variables, measures=measures, rows=rows)
        case Recognize():
            return _map_recognize(node, change)
        case Incident():
            return _map_incident(node, change)
        case Join():
            return _map_join(node, change)
        case Scan() | Ended() | Suppress() | Limit() | WindowedRows() | Conflate() | OnChange():
            return node
        case _:
            assert_never(node)


def _maybe(change: Callable[[Expr], Expr], expr: Expr | None) -> Expr | None:
    return None if expr is None else change(expr)


def _map_join(node: Join, change: Callable[[Expr], Expr]) -> Join:
    keys = tuple((change(left), change(right)) for left, right in node.keys)
    return replace(node, keys=keys, condition=_maybe(change, node.condition))


def _map_recognize(node: Recognize, change: Callable[[Expr], Expr]) -> Recognize:
    variables = tuple(
        v if v.condition is None else replace(v, condition=change(v.condition))
        for v in node.variables
    )
    measures = tuple(_map_measure(m, change) for m in node.measures)
    where = None if node.where is None else change(node.where)
    items = tuple(Item(i.name, change(i.value)) for i in node.items)
    return replace(node, variables=variables, measures=measures, where=where, items=items)


def _map_measure(measure: RowMeasure, change: Callable[[Expr], Expr]) -> RowMeasure:
    """Change what stands inside a measure, which stays the leaf it is."""
    value = change(measure.value)
    if isinstance(value, Bound | Aggregate | Meta):
        return replace(measure, value=value)
    return measure


def _map_incident(node: Incident, change: Callable[[Expr], Expr]) -> Incident:
    clauses = tuple(
        replace(
            c,
            where=None if c.where is None else change(c.where),
            sets=tuple(Item(i.name, change(i.value)) for i in c.sets),
        )
        for c in node.clauses
    )
    closings = tuple(
        CloseWhen(change(c.condition)) if isinstance(c, CloseWhen) else c for c in node.closings
    )
    return replace(node, clauses=clauses, closings=closings)
