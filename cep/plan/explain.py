"""A plan as text: one node a line, the top of each rule first, its input indented below it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, assert_never

from cep.plan.explain_expressions import aggregate_text, expression_text
from cep.plan.nodes import (
    Absent,
    AnyOrder,
    Atom,
    CalendarSpan,
    CalendarWindow,
    Choice,
    CloseAfter,
    CloseWhen,
    Conflate,
    Ended,
    EventWindow,
    Filter,
    Frame,
    Gap,
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
    RulePlan,
    Scan,
    Sequence,
    Sorted,
    Suppress,
    WindowedRows,
    WindowSize,
)
from cep.plan.recognition import Recognize
from cep.plan.recognition_text import recognize_lines
from cep.times import format_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cep.plan.expressions import Expr
    from cep.schema import Schema

_EDGE = {"relaxed": " -> ", "strict": " ", "fork": " ->> "}
_MODE = {"relaxed": "", "strict": " STRICT", "combine": " COMBINE"}


def explain_text(plan: Plan) -> str:
    """Return a whole plan as text: derived and source streams, then the rules in topological order."""
    lines = function_lines(plan)
    for stream in plan.streams:
        kind = "derived stream" if stream.derived else "stream"
        lines.append(f"{kind} {stream.name} ({schema_text(stream.schema)})")
    if lines and plan.rules:
        lines.append("")
    lines.append("\n\n".join(rule_text(rule) for rule in plan.rules))
    return "\n".join(lines).rstrip("\n") + "\n"


def function_lines(plan: Plan) -> list[str]:
    """Return the functions of the user's with how they run, two lines each."""
    return [
        line for f in plan.functions for line in (f"function {f.head} = {f.body}", f"  {f.how}")
    ]


def rule_text(rule: RulePlan) -> str:
    """Return one rule of a plan as text."""
    lines = [f"{rule.kind} {rule.name} -> {rule.output}"]
    lines += ["  " + line for line in node_lines(rule.root)]
    for branch in rule.branches:
        what = "table" if rule.kind == "incident" else "on timeout"
        lines.append(f"  {what} -> {branch.output}")
        lines += ["    " + line for line in node_lines(branch.root)]
    return "\n".join(lines)


def schema_text(schema: Schema) -> str:
    """Return the columns of a schema as in CREATE STREAM."""
    return ", ".join(
        f"{c.name} {c.type.value}{' NOT NULL' if c.not_null else ''}" for c in schema.columns
    )


def node_lines(node: Node) -> list[str]:
    """Return a node and everything below it, one line each, two blanks deeper a level."""
    match node:
        case (
            Filter()
            | Project()
            | GroupWindow()
            | Over()
            | Suppress()
            | Limit()
            | WindowedRows()
            | Conflate()
            | OnChange()
        ):
            text = _TEXTS[type(node)](node)
            return [text, *("  " + line for line in node_lines(node.source))]
        case Scan() | Match() | Ended() | Recognize() | Join() | Incident():
            return _LINES[type(node)](node)
        case _:
            assert_never(node)


def _recognize_lines(node: Recognize) -> list[str]:
    lines = recognize_lines(node)
    if node.items:
        lines.append(f"  items {items_text(node.items)}")
    if node.one_pass:
        lines.append("  in one pass where its automaton can be deterministic")
    return lines + [f"  Scan {scan.stream}" for scan in node.inputs]


def _suppress_text(node: Suppress) -> str:
    return f"Suppress by ({_list(node.keys)}) for {format_duration(node.for_us)}"


def _limit_text(node: Limit) -> str:
    by = f" by ({_list(node.keys)})" if node.keys else ""
    return f"Limit {node.count} per {format_duration(node.per_us)}{by}"


def _conflate_text(node: Conflate) -> str:
    by = f" by ({_list(node.keys)})" if node.keys else ""
    return f"Conflate {node.kind} every {format_duration(node.every_us)}{by}"


def _on_change_text(node: OnChange) -> str:
    by = f" by ({_list(node.keys)})" if node.keys else ""
    ttl = "" if node.ttl_us is None else f" ttl {format_duration(node.ttl_us)}"
    return f"OnChange of ({_list(node.values)}){by}{ttl}"


def _join_lines(node: Join) -> list[str]:
    kinds = {
        (False, False): "",
        (True, False): "left outer ",
        (False, True): "right outer ",
        (True, True): "full outer ",
    }
    equal = ", ".join(f"{expression_text(a)} = {expression_text(b)}" for a, b in node.keys)
    text = f"Join {kinds[node.left_outer, node.right_outer]}on {equal}"
    if node.condition is not None:
        text += f" and {expression_text(node.condition)}"
    if node.kind == "within":
        text += (
            f" within {format_duration(node.before_us)} before,"
            f" {format_duration(node.after_us)} after"
        )
    else:
        text += " latest before"
    scans = zip(node.inputs, node.owners, strict=True)
    columns = ", ".join(c.name for c in node.schema.columns)
    return [
        text,
        f"  columns {columns}",
        *(f"  Scan {scan.stream} as {owner}" for scan, owner in scans),
    ]


def _list(expressions: Iterable[Expr]) -> str:
    return ", ".join(expression_text(e) for e in expressions)


def items_text(items: Iterable[Item]) -> str:
    """Return named expressions as `name := value`, or just the name where both are equal."""
    parts = []
    for item in items:
        text = expression_text(item.value)
        parts.append(item.name if text == item.name else f"{item.name} := {text}")
    return ", ".join(parts)


def _conditions(where: Expr | None, word: str, after: Expr | None) -> str:
    text = f" where {expression_text(where)}" if where is not None else ""
    return text + (f" {word} {expression_text(after)}" if after is not None else "")


def _span_text(span: CalendarSpan) -> str:
    return f"{span.count}d" if span.unit == "day" else f"INTERVAL '{span.count}' MONTH"


def window_text(window: WindowSize | CalendarWindow | EventWindow) -> str:
    """Return the window of a group as it is written in rules."""
    if not isinstance(window, EventWindow):
        if isinstance(window, WindowSize):
            size, every, zone = (
                format_duration(window.size_us),
                format_duration(window.every_us),
                "",
            )
        else:
            size, every = _span_text(window.size), _span_text(window.every)
            zone = f", zone => '{window.zone}'"
        text = f"TUMBLE({size}" if size == every else f"HOP(size => {size}, every => {every}"
        text = f"CUMULATE(step => {every}, size => {size}" if window.cumulates else text
        offset = f", offset => {format_duration(window.offset_us)}" if window.offset_us else ""
        return f"{text}{offset}{zone})"
    length = "" if window.length_us is None else format_duration(window.length_us)
    match window.kind:
        case "session":
            most = "" if window.max_us is None else f", max => {format_duration(window.max_us)}"
            return f"SESSION({length}{most})"
        case "batch":
            return f"BATCH(size => {length}, count => {window.count})"
        case "count":
            return f"COUNT_WINDOW({window.count})"
        case "state":
            assert window.opens is not None
            assert window.closes is not None
            return (
                f"STATE_WINDOW({expression_text(window.opens)}, {expression_text(window.closes)})"
            )


def _group_text(node: GroupWindow) -> str:
    keys = f" by {items_text(node.keys)}" if node.keys else ""
    aggregates = ", ".join(f"{n} := {aggregate_text(a)}" for n, a in node.aggregates)
    tail = _conditions(node.where, "having", node.having) + _selected(node.items)
    tail += " with changes" if node.changes else ""
    tail += f" distinct {_list(node.distinct)}" if node.distinct else ""
    tail += f" order by {', '.join(map(_sorted_text, node.order))}" if node.order else ""
    tail += "" if node.limit is None else f" limit {node.limit}"
    return f"GroupWindow {window_text(node.window)}{keys} aggregates {aggregates or '-'}{tail}"


def _sorted_text(key: Sorted) -> str:
    down = " DESC" if key.descending else ""
    return f"{expression_text(key.value)}{down}{' NULLS FIRST' if key.nulls_first else ''}"


def frame_text(frame: Frame) -> str:
    """Return the frame of an OVER as text."""
    partition = f"PARTITION BY {_list(frame.partition)} " if frame.partition else ""
    amount = "UNBOUNDED"
    if frame.amount is not None:
        amount = format_duration(frame.amount) if frame.kind == "range" else str(frame.amount)
    return f"({partition}{frame.kind.upper()} {amount} PRECEDING)"


def _over_text(node: Over) -> str:
    aggregates = ", ".join(
        f"{name} := {aggregate_text(aggregate)} OVER {frame_text(node.frames[number])}"
        for name, aggregate, number in node.aggregates
    )
    tail = _conditions(node.where, "qualify", node.qualify) + _selected(node.items)
    return f"Over {aggregates}{tail}"


def _selected(items: tuple[Item, ...]) -> str:
    return f" rows {items_text(items)}" if items else ""


def pattern_text(pattern: Pattern) -> str:
    """Return a pattern as in MATCH, without conditions."""
    match pattern:
        case Atom():
            return pattern.variable
        case Repeat():
            part = pattern_text(pattern.part)
            body = part if isinstance(pattern.part, Atom) else f"({part})"
            possessive = "+" if pattern.possessive else ""
            until = " UNTIL" if pattern.until else ""
            counts = _quantifier(pattern.low, pattern.high)
            return f"{body}{counts}{possessive}{_MODE[pattern.mode]}{until}"
        case Absent():
            names = " | ".join(pattern.variables)
            names = names if len(pattern.variables) == 1 else f"({names})"
            return f"NOT {names}" + (
                "" if pattern.for_us is None else f" FOR {format_duration(pattern.for_us)}"
            )
        case Sequence():
            text = _part_text(pattern.parts[0])
            for edge, step in zip(pattern.edges, pattern.parts[1:], strict=True):
                text += _edge_text(edge) + _part_text(step)
            return text
        case AnyOrder():
            return _any_order_text(pattern)
        case Choice():
            return " | ".join(_part_text(part) for part in pattern.parts)
        case _:
            assert_never(pattern)


def _edge_text(edge: str | Gap) -> str:
    if not isinstance(edge, Gap):
        return _EDGE[edge]
    low = format_duration(edge.low_us) if edge.low_us else ""
    high = "" if edge.high_us is None else format_duration(edge.high_us)
    return f" -[{low}..{high}]->{'>' if edge.fork else ''} "


def _any_order_text(group: AnyOrder) -> str:
    """Return an any-order group as in MATCH."""
    steps = [f"{name}{{{times}}}" if times > 1 else name for name, times in group.operands]
    if group.strict:
        return f"PERMUTE({', '.join(steps)})"
    if group.need < len(steps):
        return f"ANY {group.need} OF ({', '.join(steps)})"
    return f"({' & '.join([*steps, *(f'NOT {name}' for name in group.guards)])})"


def _part_text(pattern: Pattern) -> str:
    """Return a part of a sequence or choice; in parentheses where it is one itself."""
    text = pattern_text(pattern)
    return f"({text})" if isinstance(pattern, Sequence | Choice) else text


def _quantifier(low: int, high: int | None) -> str:
    named = {(0, None): "*", (1, None): "+", (0, 1): "?"}
    if (low, high) in named:
        return named[low, high]
    if high is None:
        return f"{{{low},}}"
    return f"{{{low}}}" if low == high else f"{{{low},{high}}}"


def _match_keys(node: Match) -> list[str]:
    """Return the keys; with the column of each input where it has another name."""
    return [
        name if set(columns) == {name} else f"{name} ({', '.join(columns)})"
        for name, columns in zip(node.key_names, node.partition, strict=True)
    ]


def _match_lines(node: Match) -> list[str]:
    keys = f" partition by {', '.join(_match_keys(node))}" if node.key_names else ""
    within = f" within {format_duration(node.within_us)}" if node.within_us is not None else ""
    within += f" gap {format_duration(node.gap_us)}" if node.gap_us is not None else ""
    if node.within_events is not None:
        within += f" within {node.within_events} events"
    extra = " nulls are a key" if node.group_null_keys else ""
    extra += f" max runs {node.max_runs}" if node.max_runs is not None else ""
    skip = " ".join([node.skip, *node.skip_to])
    if node.grows:
        extra += f" emit {node.emit}"
    if node.every_us is not None:
        extra += f" every {format_duration(node.every_us)}"
    lines = [
        f"Match {pattern_text(node.pattern)}{keys}{within} starts {node.starts} skip {skip}{extra}"
    ]
    for variable in node.variables:
        stream = node.inputs[variable.input].stream
        condition = (
            f" where {expression_text(variable.condition)}"
            if variable.condition is not None
            else ""
        )
        lines.append(f"  {variable.name}: {stream}{condition}")
    if node.measures:
        lines.append(f"  measures {items_text(node.measures)}")
    if node.rows:
        lines.append(f"  rows {items_text(node.rows)}")
    read = len(node.inputs) - node.watched
    for scan in node.inputs[:read]:
        lines += ["  " + line for line in node_lines(scan)]
    return [*lines, *(f"  begins with {scan.stream}" for scan in node.inputs[read:])]


def _incident_lines(node: Incident) -> list[str]:
    lines = [f"Incident by {', '.join(node.keys)}"]
    for clause in node.clauses:
        where = f" where {expression_text(clause.where)}" if clause.where is not None else ""
        sets = f" set {items_text(clause.sets)}" if clause.sets else ""
        lines.append(f"  {clause.kind} on {node.inputs[clause.input].stream}{where}{sets}")
    for closing in node.closings:
        match closing:
            case CloseWhen():
                lines.append(f"  close when {expression_text(closing.condition)}")
            case CloseAfter():
                idle = " idle" if closing.idle else ""
                lines.append(f"  close after {format_duration(closing.after_us)}{idle}")
            case _:
                assert_never(closing)
    if node.cooldown_us is not None:
        lines.append(f"  cooldown {format_duration(node.cooldown_us)}")
    every = f" every {format_duration(node.updated_every_us)}" if node.updated_every_us else ""
    every += f" on change of {', '.join(node.updated_on)}" if node.updated_on else ""
    emitted = (
        (node.emit_opened, "opened"),
        (node.emit_updated, f"updated{every}"),
        (node.emit_closed, "closed"),
    )
    lines.append("  emit " + ", ".join(word for wanted, word in emitted if wanted))
    for scan in node.inputs:
        lines += ["  " + line for line in node_lines(scan)]
    return lines


# The line of a node that stands on another one.
_TEXTS: dict[type, Callable[[Any], str]] = {
    Filter: lambda node: f"Filter {expression_text(node.condition)}",
    Project: lambda node: f"Project {items_text(node.items)}",
    GroupWindow: _group_text,
    Over: _over_text,
    Suppress: _suppress_text,
    Limit: _limit_text,
    WindowedRows: lambda node: f"Rows of {window_text(node.window)}",
    Conflate: _conflate_text,
    OnChange: _on_change_text,
}

# The lines of a node at the bottom of a rule.
_LINES: dict[type, Callable[[Any], list[str]]] = {
    Scan: lambda node: [f"Scan {node.stream}"],
    Match: _match_lines,
    Ended: lambda _: ["Rows of the second port"],
    Recognize: _recognize_lines,
    Join: _join_lines,
    Incident: _incident_lines,
}
