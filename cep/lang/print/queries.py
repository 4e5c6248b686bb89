"""Prints queries: SELECT and its clauses, tables, MATCH and MATCH_RECOGNIZE, output control."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cep.lang import ast
from cep.lang.print import expressions as e
from cep.lang.print.layout import LINE, SOFT, Group, Indent, enclosed, join
from cep.lang.print.names import ARGUMENT, SKIPPED_TO, alias, dotted, duration, name, names
from cep.lang.print.patterns import pattern

if TYPE_CHECKING:
    from collections.abc import Callable

    from cep.lang.print.layout import Doc

_JOINS = {
    "inner": "JOIN",
    "left": "LEFT JOIN",
    "right": "RIGHT JOIN",
    "full": "FULL JOIN",
    "asof": "ASOF JOIN",
    "left_asof": "LEFT ASOF JOIN",
}
_ROWS = {
    "one": "ONE ROW PER MATCH",
    "all": "ALL ROWS PER MATCH",
    "all_show_empty": "ALL ROWS PER MATCH SHOW EMPTY MATCHES",
    "all_omit_empty": "ALL ROWS PER MATCH OMIT EMPTY MATCHES",
    "all_unmatched": "ALL ROWS PER MATCH WITH UNMATCHED ROWS",
}
_SKIPS = {
    "past_last": "PAST LAST",
    "to_next": "TO NEXT",
    "to_first": "TO FIRST",
    "to_last": "TO LAST",
    "to_variable": "TO",
    "none": "NONE",
}
_EMITS = {
    "final": "FINAL",
    "changes": "CHANGES",
    "on_close": "ON CLOSE",
    "on_match": "ON MATCH",
    "on_expiry": "ON EXPIRY",
}


# ---------------------------------------------------------------- queries


def query(node: ast.Query, between: Doc = LINE) -> Doc:
    """Return a query; `between` stands between its clauses (a line end always, or only where needed)."""
    selects: list[Doc] = []
    while isinstance(node, ast.Union):
        selects.append(_select(node.right, between))
        node = node.left
    selects.append(_select(node, between))
    return join(reversed(selects), (between, "UNION ALL", between))


def _select(node: ast.Query, between: Doc) -> Doc:
    match node:
        case ast.Select():
            return join(_clauses(node, between), between)
        case ast.Apply():
            args = join(e.argument(a) for a in node.args)
            call = enclosed(f"APPLY {dotted(node.template)}(", args)
            return join([call, *map(output_clause, node.output)], between)
        case ast.Union():  # only on the right side of a UNION ALL, where no text leads to
            return enclosed("(", query(node))


def _clauses(node: ast.Select, between: Doc) -> list[Doc]:
    clauses: list[Doc] = []
    if node.with_:
        tables = join((f"{name(t.name)} AS ", enclosed("(", query(t.query))) for t in node.with_)
        clauses.append(Group(("WITH ", Indent(tables))))
    word = "SELECT DISTINCT" if node.distinct else "SELECT"
    clauses.append(Group((word, Indent((LINE, join(map(_item, node.items)))))))
    if node.from_ is not None:
        clauses.append(("FROM ", table(node.from_, between)))
    clauses += _conditions(node)
    if node.order_by:
        clauses.append(e.order_by(node.order_by))
    if node.limit is not None:
        clauses.append(f"LIMIT {node.limit}")
    return clauses + [output_clause(clause) for clause in node.output]


def _conditions(node: ast.Select) -> list[Doc]:
    clauses: list[Doc] = []
    if node.where is not None:
        clauses.append(("WHERE ", e.expression(node.where)))
    if node.group_by:
        clauses.append(Group(("GROUP BY ", Indent(e.expressions(node.group_by)))))
    if node.having is not None:
        clauses.append(("HAVING ", e.expression(node.having)))
    if node.windows:
        windows = join(
            enclosed(f"{name(w.name)} AS (", e.window_spec(w.spec)) for w in node.windows
        )
        clauses.append(Group(("WINDOW ", Indent(windows))))
    if node.qualify is not None:
        clauses.append(("QUALIFY ", e.expression(node.qualify)))
    return clauses


def _item(node: ast.SelectItem | ast.Star) -> Doc:
    if isinstance(node, ast.Star):
        return "*"
    return (e.expression(node.value), alias(node.alias))


# ---------------------------------------------------------------- output control


def output_clause(node: ast.OutputClause) -> Doc:
    """Return EMIT, SUPPRESS, LIMIT .. PER or TIMESTAMP."""
    match node:
        case ast.Emit():
            return ("EMIT ", _emit(node))
        case ast.Suppress():
            columns = enclosed("SUPPRESS BY (", e.expressions(node.columns))
            return (columns, f" FOR {duration(node.duration)}")
        case ast.RateLimit():
            limit = f"LIMIT {node.count} PER {duration(node.per)}"
            if not node.columns:
                return limit
            return (limit, enclosed(" BY (", e.expressions(node.columns)))
        case ast.OutTime():
            return ("TIMESTAMP ", e.expression(node.value))


def _emit(node: ast.Emit) -> Doc:
    every = f"EVERY {duration(node.every)}" if node.every is not None else ""
    if node.mode == "every":
        return f"{every} {node.kind.upper()}" if node.kind else every
    if node.mode == "on_change":
        return enclosed("ON CHANGE OF (", e.expressions(node.columns))
    return f"{_EMITS[node.mode]} {every}".rstrip()


# ---------------------------------------------------------------- tables


def table(node: ast.Table, between: Doc = LINE) -> Doc:
    """Return what stands in FROM."""
    if not isinstance(node, ast.Join):
        return _TABLES[type(node)](node)
    joins: list[Doc] = []
    left: ast.Table = node
    while isinstance(left, ast.Join):
        joins.append((between, _join(left)))
        left = left.left
    return (table(left), Indent(tuple(reversed(joins))))


def _join(node: ast.Join) -> Doc:
    within = ""
    if node.within is not None:
        within = f" WITHIN {duration(node.within)}"
    elif node.before is not None and node.after is not None:
        within = f" WITHIN ({duration(node.before)} BEFORE, {duration(node.after)} AFTER)"
    on = (" ON ", e.expression(node.condition))
    return (f"{_JOINS[node.kind]} ", table(node.right), within, on)


def _table_name(node: ast.TableName) -> Doc:
    if node.as_of is None:
        return (dotted(node.name), alias(node.alias))
    as_of = e.expression(node.as_of, e.ADDITIVE)
    return (f"{dotted(node.name)} FOR SYSTEM_TIME AS OF ", as_of, alias(node.alias))


def _derived(node: ast.Derived) -> Doc:
    return (enclosed("(", query(node.query)), alias(node.alias))


def _table_function(node: ast.TableFunction) -> Doc:
    call = enclosed(f"{dotted(node.function)}(", join(map(_table_argument, node.args)))
    return (("TABLE(", call, ")") if node.standard else call, alias(node.alias))


def _table_argument(
    node: ast.TableArgument | ast.Descriptor | ast.NamedArgument | ast.Expression,
) -> Doc:
    if isinstance(node, ast.TableArgument | ast.Descriptor):
        named = "" if node.name is None else f"{name(node.name, ARGUMENT)} => "
        if isinstance(node, ast.TableArgument):
            return f"{named}TABLE {dotted(node.table)}"
        return f"{named}DESCRIPTOR({names(node.columns)})"
    return e.argument(node)


# ---------------------------------------------------------------- MATCH and MATCH_RECOGNIZE


def _skip(node: ast.Skip) -> str:
    words = f"AFTER MATCH SKIP {_SKIPS[node.kind]}"
    if node.kind in ("past_last", "to_next"):
        return words
    if node.variable is None:
        return words
    reserved = SKIPPED_TO if node.kind == "to_variable" else frozenset[str]()
    return f"{words} {name(node.variable, reserved)}"


def _define(node: ast.Define) -> Doc:
    if node.stream is None:
        condition: Doc = "" if node.condition is None else e.expression(node.condition)
        return (f"{name(node.variable)} AS ", condition)
    where: Doc = "" if node.condition is None else (" WHERE ", e.expression(node.condition))
    return (f"{name(node.variable)} AS STREAM {dotted(node.stream)}", where)


def _within(node: ast.Match | ast.MatchRecognize) -> list[Doc]:
    clauses: list[Doc] = []
    if node.within is not None:
        clauses.append(f"WITHIN {duration(node.within)}")
    if node.within_events is not None:
        clauses.append(f"WITHIN {node.within_events} EVENTS")
    if node.gap is not None:
        clauses.append(f"GAP {duration(node.gap)}")
    return clauses


def _listed(word: str, items: list[Doc]) -> list[Doc]:
    return [Group((f"{word} ", Indent(join(items))))] if items else []


def _definitions(node: ast.Match | ast.MatchRecognize) -> list[Doc]:
    subsets: list[Doc] = [f"{name(s.name)} = ({names(s.variables)})" for s in node.subsets]
    defines = [_define(d) for d in node.defines]
    return [*_listed("SUBSET", subsets), *_listed("DEFINE", defines)]


def _keys(node: ast.Match | ast.MatchRecognize) -> list[Doc]:
    keys: list[Doc] = []
    if node.partition_by:
        keys.append(e.partition_by(node.partition_by))
    if node.order_by:
        keys.append(e.order_by(node.order_by))
    return keys


def _behaviour(node: ast.Match | ast.MatchRecognize, unit: str) -> list[Doc]:
    """AFTER MATCH and STARTS; `unit` is ROW or EVENT, both mean the same."""
    clauses: list[Doc] = []
    if node.skip is not None:
        ends_with_unit = node.skip.kind in ("past_last", "to_next")
        clauses.append(_skip(node.skip) + (f" {unit}" if ends_with_unit else ""))
    if node.starts is not None:
        clauses.append(f"STARTS {node.starts.upper()}")
    return clauses


def _match(node: ast.Match) -> Doc:
    source: Doc = "" if node.source is None else (table(node.source), " ")
    clauses = [
        pattern(node.pattern),
        *_keys(node),
        *_within(node),
        *_behaviour(node, "EVENT"),
        *_definitions(node),
    ]
    return (source, enclosed("MATCH (", join(clauses, LINE)), alias(node.alias))


def _match_recognize(node: ast.MatchRecognize) -> Doc:
    measures: list[Doc] = [(e.expression(m.value), alias(m.name)) for m in node.measures]
    behaviour = _behaviour(node, "ROW")
    rows: list[Doc] = [_ROWS[node.rows]] if node.rows is not None else []
    clauses = [
        *_keys(node),
        *_listed("MEASURES", measures),
        *rows,
        *behaviour,
        ("PATTERN ", Group(("(", Indent((SOFT, pattern(node.pattern))), SOFT, ")"))),
        *_within(node),
        *_definitions(node),
    ]
    inside = enclosed("MATCH_RECOGNIZE (", join(clauses, LINE))
    return (table(node.source), " ", inside, alias(node.alias))


_TABLES: dict[type, Callable[[Any], Doc]] = {
    ast.TableName: _table_name,
    ast.Derived: _derived,
    ast.TableFunction: _table_function,
    ast.Match: _match,
    ast.MatchRecognize: _match_recognize,
}
