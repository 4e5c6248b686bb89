"""Queries inside queries: subqueries in FROM, WITH, UNION ALL and views become rules of their own.

Each one writes a stream that nobody outside sees. Its name is that of the rule with `$` and what it is (views
keep their names), so the picture of a rule file shows it and no name in a file can be the same. What a
rule reads then is always the name of a stream.
"""

from __future__ import annotations

from dataclasses import dataclass, field, is_dataclass, replace
from typing import TYPE_CHECKING, Any

from cep.lang import ast
from cep.plan.bind.joins import JOINED
from cep.plan.bind.key_expressions import with_computed_keys
from cep.plan.bind.membership import TableShape, asks_tables, shapes, view_key, with_tests
from cep.plan.bind.names import item_name
from cep.plan.bind.refused import refuse
from cep.plan.bind.table_answers import with_answers
from cep.plan.bind.templates import Templates

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cep.errors import Span
    from cep.plan.bind.report import Report

Names = dict[str, str]  # name in the text: name of the stream


@dataclass(slots=True)
class Expanded:
    """Statements without queries inside queries; `hidden`: the streams that are no outputs.

    tables: views that group without a window, with the columns of their keys and of all.
    """

    statements: list[ast.Statement] = field(default_factory=list)
    hidden: set[str] = field(default_factory=set)
    tables: dict[str, TableShape] = field(default_factory=dict)


def expand(statements: Sequence[ast.Statement], report: Report) -> Expanded:
    """Return the statements with a rule for every query inside another one, before the rule that reads it.

    Errors: CEP209 two common tables of one name, CEP214 sides of UNION ALL with different numbers of columns.
    """
    found = Expanded()
    templates, tables = Templates(statements, report), shapes(statements)
    for node in statements:
        match node:
            case ast.CreateTemplate():
                continue
            case ast.CreateRule():
                inner = _Rule(node.name, found, report, templates, tables)
                body = inner.insert(node.body)
                timeouts = tuple(inner.named(timeout) for timeout in node.timeouts)
                found.statements.append(replace(node, body=body, timeouts=timeouts))
            case ast.CreateView():
                inner = _Rule(node.name, found, report, templates, tables)
                body = ast.Insert(inner.query(node.query, {}), span=node.span)
                found.hidden.add(node.name)
                if view_key(node):
                    found.tables[node.name] = tables[node.name]
                found.statements.append(
                    ast.CreateRule(
                        node.name,
                        body,
                        annotations=node.annotations,
                        or_replace=node.or_replace,
                        span=node.span,
                    )
                )
            case _:
                found.statements.append(node)
    return found


class _Rule:
    """The queries inside one rule."""

    def __init__(
        self,
        name: str,
        found: Expanded,
        report: Report,
        templates: Templates,
        tables: dict[str, TableShape],
    ) -> None:
        self.name = name
        self.templates = templates
        self.tables = tables
        self.found = found
        self.report = report
        self.n = 0

    def insert(self, node: ast.Insert) -> ast.Insert:
        """Return the main query of a rule with its target."""
        node = self.named(node)
        return replace(node, query=self.query(node.query, {}))

    def named(self, node: ast.Insert) -> ast.Insert:
        """Return INSERT INTO t (a, b) SELECT x, y as INSERT INTO t SELECT x AS a, y AS b."""
        if not node.columns:
            return node
        query = node.query
        if isinstance(query, ast.Apply):
            query = self.templates.apply(query) or query
        first = _sides(query)[0]
        own = _columns(first)
        if own is None:
            refuse(self.report, "Insert.star", node.span)
        elif len(own) != len(node.columns):
            message = f"INSERT INTO names {len(node.columns)} columns, the query gives {len(own)}"
            self.report.add("CEP214", message, node.span)
        else:
            query = _with_first(query, _renamed(first, node.columns))
        return replace(node, query=query, columns=())

    def query(self, node: ast.Query, names: Names) -> ast.Query:
        """Return a query that reads streams only; `names` are the common tables in scope."""
        match node:
            case ast.Apply():
                applied = self.templates.apply(node)
                # A mistake was reported: what stands here makes no further ones.
                return node if applied is None else self.query(applied, names)
            case ast.Union():
                return ast.Select((ast.Star(node.span),), self._union(node, names), span=node.span)
            case ast.Select():
                names = self._common(node.with_, names)
                from_ = None if node.from_ is None else self._table(node.from_, names)
                node = replace(node, from_=from_, with_=())
                span = node.span

                def hide(asking: ast.Select) -> str:
                    return self._hide(asking, names, "", span)

                node = with_tests(node, self.tables, hide, self.report)
                return with_answers(node, self.tables, hide, self.report)

    def _common(self, tables: Sequence[ast.CommonTable], names: Names) -> Names:
        own: set[str] = set()
        for table in tables:
            if table.name in own:
                message = f"WITH gives the name {table.name!r} twice"
                self.report.add("CEP209", message, table.span)
            own.add(table.name)
            stream = self._hide(table.query, names, table.name, table.span)
            names = {**names, table.name: stream}
        return names

    def _hide(
        self, query: ast.Query, names: Names, label: str, span: Span, into: str | None = None
    ) -> str:
        """Make a rule of a query; return the stream it writes."""
        self.n += 1
        name = f"{self.name}${label or self.n}"
        if any(isinstance(s, ast.CreateRule) and s.name == name for s in self.found.statements):
            name = f"{name}${self.n}"
        body = ast.Insert(self.query(query, names), into, span=span)
        self.found.statements.append(ast.CreateRule(name, body, span=span))
        self.found.hidden.add(into or name)
        return into or name

    def _inner(self, node: ast.Join) -> ast.TableName:
        """Make a rule of a join inside a join, with all its columns; its name says whose time its rows have."""
        stream = self._hide(ast.Select((), node, span=node.span), {}, "", node.span)
        lasting = node.kind.endswith("asof") or _name_of(node.right) in self.tables
        time = (node.left.alias or node.left.name) if isinstance(node.left, ast.TableName) else ""
        return ast.TableName(stream, alias=f"{JOINED}{time if lasting else ''}", span=node.span)

    def _union(self, node: ast.Union, names: Names) -> ast.TableName:
        """Make rules of all sides, which write one stream; columns are called as on the first side."""
        sides = _sides(node)
        self.n += 1
        stream = f"{self.name}$union{self.n}"
        first = _columns(sides[0])
        for number, side in enumerate(sides):
            own = _columns(side)
            if first is not None and own is not None and len(first) != len(own):
                message = f"the sides of UNION ALL have {len(first)} and {len(own)} columns"
                self.report.add("CEP214", message, side.span)
            named = side if first is None or number == 0 else _renamed(side, first)
            self._hide(named, names, f"union{self.n}_{number + 1}", side.span, stream)
        return ast.TableName(stream, span=node.span)

    def _table(self, node: Any, names: Names) -> Any:
        match node:
            case ast.TableName():
                if node.name not in names:
                    return node
                return replace(node, name=names[node.name], alias=node.alias or node.name)
            case ast.Derived():
                stream = self._hide(node.query, names, "", node.span)
                return ast.TableName(stream, alias=node.alias, span=node.span)
            case ast.Join():
                left = self._table(_rows_of(node.left), names)
                right = self._table(_rows_of(node.right), names)
                if isinstance(left, ast.Join):
                    left = self._inner(left)
                return replace(node, left=left, right=right)
            case ast.TableFunction():
                args = tuple(_argument(a, names) for a in node.args)
                return replace(node, args=args)
            case ast.Match():
                node = with_computed_keys(node)
                source = None if node.source is None else self._table(node.source, names)
                return _with_streams(replace(node, source=source), names)
            case ast.MatchRecognize():
                if not _is_filter(node.source, names):
                    node = replace(node, source=self._table(node.source, names))
                return _with_streams(node, names)


def _rows_of(node: ast.Table) -> ast.Table:
    """Return a side of a join; of a window table function or MATCH_RECOGNIZE a query for its rows."""
    if not isinstance(node, ast.TableFunction | ast.MatchRecognize):
        return node
    query = ast.Select((ast.Star(node.span),), replace(node, alias=None), span=node.span)
    if isinstance(node, ast.MatchRecognize):
        return ast.Derived(query, node.alias, span=node.span)
    tables = (a.table for a in node.args if isinstance(a, ast.TableArgument))
    named = (a.name for a in node.args if isinstance(a, ast.Name))
    alias = node.alias or next(tables, None) or next(named, node.function)
    return ast.Derived(query, alias, span=node.span)


def _name_of(node: ast.Table) -> str:
    return node.name if isinstance(node, ast.TableName) else ""


def _is_filter(node: ast.Table, names: Mapping[str, str]) -> bool:
    """Return whether this is `(SELECT * FROM stream WHERE ..)`, which MATCH_RECOGNIZE reads at once."""
    match node:
        case ast.Derived(
            query=ast.Select(items=(ast.Star(),), from_=ast.TableName() as table) as q
        ):
            plain = ast.Select(q.items, q.from_, q.where)
            return q == plain and table.name not in names and not asks_tables(q.where)
        case _:
            return False


def _with_streams(node: Any, names: Names) -> Any:
    """Return a pattern clause whose steps and definitions name streams instead of common tables."""
    if not names:
        return node
    defines = tuple(replace(d, stream=names.get(d.stream or "", d.stream)) for d in node.defines)
    return replace(node, defines=defines, pattern=_steps(node.pattern, names))


def _steps(node: Any, names: Names) -> Any:
    """Return a pattern, or a part of one, with the streams of its steps renamed."""
    match node:
        case ast.Atom():
            return replace(node, stream=names.get(node.stream or "", node.stream))
        case tuple():
            return tuple(_steps(part, names) for part in node)
        case _ if is_dataclass(node) and not isinstance(node, type):
            below = {
                n: _steps(getattr(node, n), names) for n in ("part", "parts") if hasattr(node, n)
            }
            return replace(node, **below) if below else node
        case _:
            return node


def _argument(node: Any, names: Names) -> Any:
    """Return an argument of a table function that names a stream."""
    match node:
        case ast.TableArgument(table=table):
            return replace(node, table=names.get(table, table))
        case ast.Name(name=name) if name in names:
            return replace(node, name=names[name])
        case _:
            return node


def _sides(node: ast.Query) -> list[ast.Query]:
    if isinstance(node, ast.Union):
        return [*_sides(node.left), *_sides(node.right)]
    return [node]


def _with_first(node: ast.Query, first: ast.Query) -> ast.Query:
    """Return a query with another side in front."""
    if isinstance(node, ast.Union):
        return replace(node, left=_with_first(node.left, first))
    return first


def _columns(node: ast.Query) -> list[str | None] | None:
    """Return the names of the columns of a query, None where a star hides them."""
    if not isinstance(node, ast.Select):
        return None
    names: list[str | None] = []
    for item in node.items:
        if isinstance(item, ast.Star) or isinstance(item.value, ast.Star | ast.MemberStar):
            return None
        names.append(item.alias or item_name(item.value))
    return names


def _renamed(node: ast.Query, names: Sequence[str | None]) -> ast.Query:
    """Return a query whose columns have the names of the first side."""
    if not isinstance(node, ast.Select) or _columns(node) is None:
        return node
    items = tuple(
        replace(item, alias=name) if isinstance(item, ast.SelectItem) and name else item
        for item, name in zip(node.items, names, strict=False)
    )
    return replace(node, items=items + node.items[len(items) :])
