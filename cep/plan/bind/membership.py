"""IN over a table and EXISTS: joins with the table that keep the rows for which there is one, or is none.

A condition of WHERE that stands alone or between ANDs becomes a rule below the query: its rows are those of the
stream with (NOT: without) a partner in the table, all columns as they were.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any

from cep.lang import ast
from cep.plan.bind.event_windows import EVENT_WINDOWS
from cep.plan.bind.incidents import state_columns
from cep.plan.bind.names import item_name
from cep.plan.bind.windows import WINDOWS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cep.plan.bind.report import Report

_TABLE = (
    "$table"  # the table in a join with a stream of its own name; no name in a file can be the same
)


_WINDOWS = frozenset({*WINDOWS, *EVENT_WINDOWS})


@dataclass(frozen=True, slots=True)
class TableShape:
    """A table by its names alone: its key and all its columns."""

    key: tuple[str, ...]
    columns: frozenset[str]


@dataclass(frozen=True, slots=True)
class TableTest:
    """A condition on a table: ON of the join with it; keeps: rows with a partner, else those without.

    asked: what is looked up in the table; if it is NULL, so is the answer.
    """

    table: str
    alias: str
    condition: ast.Expression
    keeps: bool
    asked: ast.Expression | None = None


def shapes(statements: Sequence[ast.Statement]) -> dict[str, TableShape]:
    """Return the tables of all files by name; incidents are tables too."""
    found: dict[str, TableShape] = {}
    for node in statements:
        match node:
            case ast.CreateTable():
                defined = [e for e in node.elements or () if isinstance(e, ast.ColumnDefinition)]
                key = [e.name for e in defined if e.primary_key]
                keys = [e.columns for e in node.elements or () if isinstance(e, ast.PrimaryKey)]
                key += [name for columns in keys for name in columns]
                found[node.name] = TableShape(tuple(key), frozenset(e.name for e in defined))
            case ast.CreateIncident():
                found[node.name] = TableShape(node.keys, state_columns(node))
            case ast.CreateView() if view_key(node):
                assert isinstance(node.query, ast.Select)
                names = (item_names(item) for item in node.query.items)
                found[node.name] = TableShape(view_key(node), frozenset(n for n in names if n))
            case _:
                pass
    return found


def item_names(item: ast.SelectItem | ast.Star) -> str:
    """Return the name of an item of a select list, empty for a star."""
    if isinstance(item, ast.Star):
        return ""
    return item.alias or item_name(item.value) or ""


def view_key(node: ast.CreateView) -> tuple[str, ...]:
    """Return the columns that hold the keys of a view that groups without a window, none if it is no table.

    Such a view is a table (ruling 38): all its keys stand in its list.
    """
    query = node.query
    if not isinstance(query, ast.Select) or isinstance(query.from_, ast.TableFunction):
        return ()
    if any(isinstance(g, ast.Call) and g.name.lower() in _WINDOWS for g in query.group_by):
        return ()
    items = [i for i in query.items if isinstance(i, ast.SelectItem)]
    found = [next((item_names(i) for i in items if i.value == g), "") for g in query.group_by]
    return tuple(found) if all(found) else ()


def with_tests(
    node: ast.Select,
    tables: dict[str, TableShape],
    hide: Callable[[ast.Select], str],
    report: Report,
) -> ast.Select:
    """Return a query whose conditions on tables are joins below it; `hide` makes a rule of a query.

    Errors: CEP236 no such table, CEP258 IN over a table whose key has several columns. What cannot be a join stays
    and is refused where it stands.
    """
    if node.where is None or not isinstance(node.from_, ast.TableName):
        return node
    rest: list[ast.Expression] = []
    source = node.from_
    for part in _conjuncts(node.where):
        test = table_test(part, source, tables, report)
        if test == "wrong":
            continue
        if isinstance(test, TableTest):
            stream = hide(_joined(source, test, tables[test.table]))
            source = ast.TableName(stream, alias=source.alias or source.name, span=source.span)
        else:
            rest.append(part)
    where = rest[0] if rest else None
    for part in rest[1:]:
        assert where is not None
        where = ast.Binary("and", where, part, node.where.span)
    return replace(node, from_=source, where=where)


def asks_tables(where: ast.Expression | None) -> bool:
    """Return whether a condition has a part that `with_tests` may take out of it."""
    if where is None:
        return False
    parts = (p.operand if isinstance(p, ast.Unary) else p for p in _conjuncts(where))
    return any(isinstance(part, ast.InTable | ast.Exists) for part in parts)


def _conjuncts(node: ast.Expression) -> list[ast.Expression]:
    match node:
        case ast.Binary(operator="and", left=left, right=right):
            return [*_conjuncts(left), *_conjuncts(right)]
        case _:
            return [node]


def table_test(
    part: ast.Expression, source: ast.TableName, tables: dict[str, TableShape], report: Report
) -> TableTest | str | None:
    """Return a condition on a table, "wrong" for one with a mistake, None for any other condition.

    Errors: CEP236, CEP258.
    """
    owner = source.alias or source.name
    match part:
        case ast.InTable():
            return _in_table(part, owner, tables, report)
        case ast.Exists():
            return _exists(part, owner, tables, report, keeps=True)
        case ast.Unary(operator="not", operand=ast.InTable() as test):
            return _in_table(replace(test, negated=not test.negated), owner, tables, report)
        case ast.Unary(operator="not", operand=ast.Exists() as test):
            return _exists(test, owner, tables, report, keeps=False)
        case _:
            return None


def _known(name: str, span: Any, tables: dict[str, TableShape], report: Report) -> bool:
    if name in tables:
        return True
    hint = "declare it with CREATE TABLE .. PRIMARY KEY"
    report.add("CEP236", f"{name} is no table", span, hint)
    return False


def _in_table(
    node: ast.InTable, owner: str, tables: dict[str, TableShape], report: Report
) -> TableTest | str:
    if not _known(node.table, node.span, tables, report):
        return "wrong"
    key = tables[node.table].key
    if len(key) != 1:
        message = f"the key of {node.table} has {len(key)} columns"
        hint = f"EXISTS (SELECT * FROM {node.table} AS t WHERE t.{key[0] if key else 'k'} = ..)"
        report.add("CEP258", message, node.span, hint)
        return "wrong"
    operand = _owned(node.operand, lambda _: owner)
    alias = node.table if node.table != owner else _TABLE
    column = ast.Member(ast.Name(alias, node.span), key[0], node.span)
    condition = ast.Binary("eq", column, operand, node.span)
    return TableTest(node.table, alias, condition, not node.negated, operand)


def _exists(
    node: ast.Exists, owner: str, tables: dict[str, TableShape], report: Report, *, keeps: bool
) -> TableTest | str | None:
    query = node.query
    if not isinstance(query, ast.Select) or not isinstance(query.from_, ast.TableName):
        return None
    table, where = query.from_, query.where
    if where is None or query != ast.Select(query.items, query.from_, where):
        return None
    if not _known(table.name, table.span, tables, report):
        return "wrong"
    own = table.alias or table.name
    columns = tables[table.name].columns
    alias = own if own != owner else _TABLE
    named = _owned(where, lambda name: alias if name in columns else owner)
    if alias != own:
        named = _renamed(named, own)
    return TableTest(table.name, alias, named, keeps)


def _owned(node: Any, owner: Callable[[str], str]) -> Any:
    """Return an expression with an owner before each bare name."""
    match node:
        case ast.Name(name=name):
            return ast.Member(ast.Name(owner(name), node.span), name, node.span)
        case ast.Member(target=ast.Name()):
            return node
        case _:
            return parts_of(node, lambda part: _owned(part, owner))


def _renamed(node: Any, own: str) -> Any:
    """Return an expression in which the table has the name it has in the join."""
    match node:
        case ast.Member(target=ast.Name(name=name)) if name == own:
            return replace(node, target=ast.Name(_TABLE, node.span))
        case _:
            return parts_of(node, lambda part: _renamed(part, own))


def parts_of(node: Any, change: Callable[[Any], Any]) -> Any:
    """Return a node, or a tuple of nodes, with its parts changed."""
    if isinstance(node, tuple):
        return tuple(change(part) for part in node)
    if is_dataclass(node) and not isinstance(node, type):
        inner = {f.name: change(getattr(node, f.name)) for f in fields(node) if f.name != "span"}
        return replace(node, **inner)
    return node


def with_table(
    source: ast.TableName, test: TableTest, shape: TableShape
) -> tuple[ast.Join, ast.Expression]:
    """Return the rows of the stream with what the table has for them, and what is NULL where it has nothing."""
    span = test.condition.span
    right = ast.TableName(test.table, alias=test.alias, span=span)
    join = ast.Join(source, right, "left", test.condition, span=span)
    if not shape.key:
        return join, ast.Null(span)
    return join, ast.Member(ast.Name(test.alias, span), shape.key[0], span)


def _joined(source: ast.TableName, test: TableTest, shape: TableShape) -> ast.Select:
    """Return the query that gives the rows of the stream with a partner in the table, or without."""
    span = test.condition.span
    owner = ast.Name(source.alias or source.name, span)
    join, key = with_table(source, test, shape)
    where: ast.Expression = ast.Is(key, "null", test.keeps, span)
    if test.asked is not None and not test.keeps:
        where = ast.Binary("and", where, ast.Is(test.asked, "null", negated=True, span=span), span)
    item = ast.SelectItem(ast.MemberStar(owner, span), span=span)
    return ast.Select((item,), join, where, span=span)
