"""Checks the invariants of a plan; run after binding and after each rewrite, so that faults show where they arise."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from cep.errors import error
from cep.plan.expressions import (
    EVENT,
    Aggregate,
    Bound,
    Call,
    Case,
    Column,
    Expr,
    Literal,
    Meta,
    State,
)
from cep.plan.nodes import (
    Absent,
    AnyOrder,
    Atom,
    Choice,
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
    Pattern,
    Plan,
    Project,
    Repeat,
    Scan,
    Sequence,
    Suppress,
    WindowedRows,
)
from cep.plan.recognition import Recognize
from cep.plan.tree import source_of, walk
from cep.plan.verify_recognition import recognize_faults
from cep.types import Type

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cep.plan.nodes import RulePlan
    from cep.schema import Schema

MEASURE_FACTS = frozenset([
    "match_start",
    "match_end",
    "match_duration",
    "match_number",
    "match_step",
    "match_state",
    "match_reason",
    "classifier",
])


def verify(plan: Plan, *, verified: Plan | None = None) -> None:
    """Check a plan: all rules that do not stand as they are in a plan that was verified, with the same streams.

    Raises:
        CepError: CEP901 with the first broken invariant; a fault of this program, not of a rule.
    """
    streams = {s.name: s for s in plan.streams}
    known = {id(rule) for rule in verified.rules} if verified is not None else frozenset()
    for rule in plan.rules:
        if id(rule) in known:
            continue
        problem = next(rule_faults(rule), "")
        for output, root in (
            (rule.output, rule.root),
            *((b.output, b.root) for b in rule.branches),
        ):
            stream = streams.get(output)
            if not problem and (stream is None or stream.schema != root.schema):
                problem = f"the output stream {output} has another schema than the rule"
        if problem:
            raise error("CEP901", f"plan of {rule.name}: {problem}", rule.span)


def rule_faults(rule: RulePlan) -> Iterator[str]:
    """Yield a sentence for each broken invariant of a rule."""
    bottoms: list[Node] = []
    for root in (rule.root, *(branch.root for branch in rule.branches)):
        node: Node | None = root
        while node is not None:
            for fault in _node_faults(node):
                yield f"{type(node).__name__}: {fault}"
            bottoms += [node] if source_of(node) is None else []
            node = source_of(node)
    for bottom in bottoms[1:]:
        if not isinstance(bottom, Ended) or bottom.schema != bottoms[0].schema:
            yield "a branch does not stand on the runs of the rule's MATCH"


def _node_faults(node: Node) -> Iterator[str]:
    match node:
        case Scan() | Ended():
            yield from ()
        case Filter() | Project() | Suppress() | Limit() | Conflate() | OnChange():
            yield from _simple(node)
        case WindowedRows():
            bounds = [(n, Type.TIMESTAMP) for n in ("window_start", "window_end", "window_time")]
            if _shape(node.schema) != [*_shape(node.source.schema), *bounds]:
                yield "columns are not those of the rows and the bounds of the window"
        case GroupWindow():
            yield from _group(node)
        case Over():
            yield from _over(node)
        case Match():
            yield from _match(node)
        case Recognize():
            yield from recognize_faults(node)
        case Incident():
            yield from _incident(node)
        case Join():
            yield from _join(node)
        case _:
            assert_never(node)


def _join(node: Join) -> Iterator[str]:
    schemas = tuple(scan.schema for scan in node.inputs)
    condition = () if node.condition is None else (node.condition,)
    for expr in (*(e for pair in node.keys for e in pair), *condition):
        for part in walk(expr):
            if isinstance(part, Column):
                column = schemas[part.input].find(part.name)
                if column is None or column.type is not part.type:
                    yield f"no column {part.name} in input {part.input}"
    if any(left.type is not right.type for left, right in node.keys):
        yield "keys of two types"
    for column in node.schema.columns:
        origin = node.origin(column.name)
        own = None if origin is None else schemas[origin[0]].find(origin[1])
        if own is None or own.type is not column.type:
            yield f"no side has {column.name}"


def _simple(
    node: Filter | Project | Suppress | Limit | Conflate | OnChange,
) -> Iterator[str]:
    below = node.source.schema
    wanted = _shape(below)
    match node:
        case Filter():
            yield from _condition(node.condition, below)
        case Project():
            yield from _items(node.items, below)
            wanted = [(i.name, i.value.type) for i in node.items]
        case OnChange():
            for expr in (*node.keys, *node.values):
                yield from _expression(expr, below)
        case Suppress() | Limit() | Conflate():
            for key in node.keys:
                yield from _expression(key, below)
            if isinstance(node, Suppress):
                wanted.append(("suppressed", Type.INT))
        case _:
            assert_never(node)
    if wanted != _shape(node.schema):
        yield "schema does not follow from the input"


def _shape(schema: Schema) -> list[tuple[str, Type]]:
    return [(c.name, c.type) for c in schema.columns]


def _group(node: GroupWindow) -> Iterator[str]:
    below = node.source.schema
    yield from _items(node.keys, below)
    yield from _condition(node.where, below)
    yield from _condition(node.having, node.own)
    values = (*node.distinct, *(key.value for key in node.order))
    yield from _items(tuple(Item("", value) for value in values), node.own)
    if isinstance(node.window, EventWindow):
        yield from _condition(node.window.opens, below)
        yield from _condition(node.window.closes, below)
    for _, aggregate in node.aggregates:
        yield from _aggregate(aggregate, below)
    shape = [(k.name, k.value.type) for k in node.keys]
    shape += [("window_start", Type.TIMESTAMP), ("window_end", Type.TIMESTAMP)]
    shape += [("window_state", Type.STRING)] if node.changes else []
    shape += [(n, a.type) for n, a in node.aggregates]
    if shape != _shape(node.own):
        yield "columns are not keys, window, aggregates"
    yield from _selected(node)


def _over(node: Over) -> Iterator[str]:
    below = node.source.schema
    yield from _condition(node.where, below)
    yield from _condition(node.qualify, node.own)
    for frame in node.frames:
        for key in frame.partition:
            yield from _expression(key, below)
    for _, aggregate, number in node.aggregates:
        yield from _aggregate(aggregate, below)
        if not 0 <= number < len(node.frames):
            yield "aggregate of a frame that is not there"
    shape = _shape(below) + [(n, a.type) for n, a, _ in node.aggregates]
    if shape != _shape(node.own):
        yield "columns are not input, aggregates"
    yield from _selected(node)


def _selected(node: GroupWindow | Over) -> Iterator[str]:
    if not node.items:
        return
    yield from _items(node.items, node.own)
    if [(i.name, i.value.type) for i in node.items] != _shape(node.schema):
        yield "schema is not that of the items"


def _match(node: Match) -> Iterator[str]:
    names = {v.name: node.inputs[v.input].schema for v in node.variables}
    names |= {s.name: names[s.variables[0]] for s in node.subsets}
    for name in pattern_variables(node.pattern):
        if name not in names:
            yield f"pattern variable {name} is not defined"
    for variable in node.variables:
        yield from _pattern_expression(variable.condition, node, names)
        if variable.condition is not None and variable.condition.type is not Type.BOOLEAN:
            yield f"condition of {variable.name} is not BOOLEAN"
    for measure in node.measures:
        value = measure.value
        leaf = isinstance(value, Bound | Aggregate) or (
            isinstance(value, Meta) and value.what in MEASURE_FACTS
        )
        if not leaf:
            yield f"measure {measure.name} is not a leaf"
        yield from _pattern_expression(value, node, names)
    keys = [
        (name, column.type)
        for name, columns in zip(node.key_names, node.partition, strict=True)
        if (column := node.inputs[0].schema.find(columns[0])) is not None
    ]
    made = keys + [(m.name, m.value.type) for m in node.measures]
    for row in node.rows:
        for part in walk(row.value):
            if isinstance(part, Column) and (part.name, part.type) not in made:
                yield f"no key or measure {part.name}"
    if ([(r.name, r.value.type) for r in node.rows] or made) != _shape(node.schema):
        yield "schema is not keys, measures; nor rows"


def _pattern_expression(expr: Expr | None, node: Match, names: dict[str, Schema]) -> Iterator[str]:
    for part in walk(expr) if expr is not None else ():
        match part:
            case Bound():
                schema = names.get(part.variable)
                column = schema.find(part.name) if schema is not None else None
                if column is None or column.type is not part.type:
                    yield f"no column {part.variable}.{part.name}"
            case Column() if part.input != EVENT:
                column = node.inputs[part.input].schema.find(part.name)
                if column is None or column.type is not part.type:
                    yield f"no column {part.name} in input {part.input}"
            case Aggregate() if not set(part.variables) <= names.keys():
                yield f"aggregate over unknown variables {part.variables}"
            case _:
                yield from _call(part)


def _incident(node: Incident) -> Iterator[str]:
    known = {c.name: c.type for c in node.state}
    for clause in node.clauses:
        parts = [i.value for i in clause.sets] + ([clause.where] if clause.where else [])
        for part in parts:
            yield from _incident_expression(part, node, known)
        for item in clause.sets:
            if known.get(item.name) is not item.value.type:
                yield f"state column {item.name} has another type"
    for closing in node.closings:
        if isinstance(closing, CloseWhen):
            yield from _incident_expression(closing.condition, node, known)


def _incident_expression(expr: Expr, node: Incident, known: dict[str, Type]) -> Iterator[str]:
    for part in walk(expr):
        match part:
            case Column():
                column = node.inputs[part.input].schema.find(part.name)
                if column is None or column.type is not part.type:
                    yield f"no column {part.name} in input {part.input}"
            case State() if part.name not in node.keys and known.get(part.name) is not part.type:
                yield f"no state column {part.name}"
            case _:
                yield from _call(part)


def pattern_variables(pattern: Pattern) -> tuple[str, ...]:
    """Return the variables of a pattern in text order, each as often as it stands there."""
    match pattern:
        case Atom():
            return (pattern.variable,)
        case Repeat():
            until = (pattern.until,) if pattern.until else ()
            return (*pattern_variables(pattern.part), *until)
        case Absent():
            return pattern.variables
        case AnyOrder():
            return (*(variable for variable, _ in pattern.operands), *pattern.guards)
        case Sequence() | Choice():
            return tuple(v for part in pattern.parts for v in pattern_variables(part))
        case _:
            assert_never(pattern)


def _items(items: tuple[Item, ...], below: Schema) -> Iterator[str]:
    for item in items:
        yield from _expression(item.value, below)


def _condition(expr: Expr | None, below: Schema) -> Iterator[str]:
    if expr is not None:
        if expr.type is not Type.BOOLEAN:
            yield "condition is not BOOLEAN"
        yield from _expression(expr, below)


def _aggregate(expr: Aggregate, below: Schema) -> Iterator[str]:
    for argument in expr.args:
        yield from _expression(argument, below)
    yield from _condition(expr.filter, below)


def _expression(expr: Expr, below: Schema) -> Iterator[str]:
    for part in walk(expr):
        match part:
            case Column():
                column = below.find(part.name)
                if part.input != 0 or column is None or column.type is not part.type:
                    yield f"no column {part.name} {part.type.value} below"
            case Bound() | State() | Aggregate():
                yield f"{type(part).__name__} outside a pattern, incident or window"
            case _:
                yield from _call(part)


def _call(part: Expr) -> Iterator[str]:
    """Yield what is wrong with a call or CASE by itself."""
    if isinstance(part, Call):
        from cep.functions import FUNCTIONS

        function = FUNCTIONS.get(part.function)
        types = tuple(a.type for a in part.args)
        signature = function.signature(types) if function is not None else None
        if signature is None or signature.result is not part.type:
            yield f"call {part.function}{tuple(t.value for t in types)} has no signature"
    if isinstance(part, Case):
        values = [v for _, v in part.whens] + [part.otherwise]
        if any(v.type not in (part.type, Type.NULL) for v in values):
            yield "CASE with values of different types"
    if isinstance(part, Literal) and part.value is not None and part.type is Type.NULL:
        yield "constant without a type"
