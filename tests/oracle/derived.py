"""Queries inside queries, as the model sees them: each is a rule whose rows nobody outside reads."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from itertools import count
from typing import TYPE_CHECKING, Any

from cep.lang import ast
from tests.oracle.names import table_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# What no name in a rule file holds.
HIDDEN = "%"
# How columns are called that say what a table says of a row; stars pass them over.
ANSWER = "%asked"


def flattened(statements: Sequence[ast.Statement]) -> tuple[list[ast.Statement], set[str]]:
    """Return statements without inner queries, and the names of the streams that are no outputs."""
    found: list[ast.Statement] = []
    templates = {s.name: s for s in statements if isinstance(s, ast.CreateTemplate)}
    views = {s.name for s in statements if isinstance(s, ast.CreateView)}
    numbers = count()
    for statement in statements:
        if isinstance(statement, ast.CreateView):
            body = ast.Insert(statement.query)
            statement = ast.CreateRule(statement.name, body)
        if isinstance(statement, ast.CreateTemplate):
            continue
        if isinstance(statement, ast.CreateRule):
            statement = _listed(_applied(statement, templates))
            made: list[ast.Statement] = []
            query = _query(statement.body.query, {}, made, numbers)
            lasting = tuple(a for a in statement.annotations if a.name.lower() == "ttl")
            made = [replace(rule, annotations=lasting) for rule in made]  # type: ignore[call-arg]
            found += [*made, replace(statement, body=replace(statement.body, query=query))]
        else:
            found.append(statement)
    return found, views


def _listed(rule: ast.CreateRule) -> ast.CreateRule:
    """Return a rule whose column lists after INSERT INTO are names of its items."""

    def query(node: Any, names: tuple[str, ...]) -> Any:
        if isinstance(node, ast.Union):
            return replace(node, left=query(node.left, names))
        items = (replace(i, alias=n) for i, n in zip(node.items, names, strict=True))
        return replace(node, items=tuple(items))

    def named(insert: ast.Insert) -> ast.Insert:
        if not insert.columns:
            return insert
        return replace(insert, query=query(insert.query, insert.columns), columns=())

    return replace(rule, body=named(rule.body), timeouts=tuple(map(named, rule.timeouts)))


def _applied(rule: ast.CreateRule, templates: dict[str, ast.CreateTemplate]) -> ast.CreateRule:
    """Return a rule whose APPLY is written out; parameters are names in the query of the template."""
    call = rule.body.query
    if not isinstance(call, ast.Apply):
        return rule
    template = templates[call.template]
    given: dict[str, Any] = {p.name: p.default for p in template.parameters}
    for parameter, arg in zip(template.parameters, call.args, strict=False):
        if not isinstance(arg, ast.NamedArgument):
            given[parameter.name] = arg
    given |= {a.name: a.value for a in call.args if isinstance(a, ast.NamedArgument)}
    for name, value in given.items():
        if isinstance(value, ast.Member):  # a stream of an imported file
            assert isinstance(value.target, ast.Name)
            given[name] = ast.Name(f"{value.target.name}.{value.name}")

    def put(part: Any) -> Any:
        match part:
            case ast.TableName(name=name) if name in given:
                return ast.TableName(given[name].name, alias=name)
            case ast.Name(name=name) if name in given:
                return given[name]
            case ast.Member(target=ast.Name() as owner, name=name):
                return ast.Member(owner, given[name].name if name in given else name)
            case tuple():
                return tuple(put(p) for p in part)
            case _ if is_dataclass(part) and not isinstance(part, type):
                return replace(part, **{f.name: put(getattr(part, f.name)) for f in fields(part)})
            case _:
                return part

    query = put(template.query)
    query = replace(query, output=(*query.output, *call.output))
    return replace(rule, body=replace(rule.body, query=query))


def _query(
    node: Any, names: dict[str, str], made: list[ast.Statement], numbers: Iterator[int]
) -> Any:
    def hide(query: Any, known: dict[str, str], into: str = "") -> str:
        name = f"{HIDDEN}{next(numbers)}"
        inner = _query(query, known, made, numbers)
        made.append(ast.CreateRule(name, ast.Insert(inner, into or None)))
        return into or name

    if isinstance(node, ast.Union):
        sides = _sides(node)
        stream = f"{HIDDEN}u{next(numbers)}"
        for side in sides:
            hide(_named_as(side, sides[0]), names, stream)
        return ast.Select((ast.Star(),), ast.TableName(stream))
    for table in node.with_:
        names = {**names, table.name: hide(table.query, names)}

    def renamed(part: Any) -> Any:
        match part:
            case ast.Derived(query=query, alias=alias):
                return ast.TableName(hide(query, names), alias=alias)
            case ast.Join(left=ast.Join()):
                return renamed(replace(part, left=_join_rule(renamed(part.left), made, numbers)))
            case ast.TableName(name=name) if name in names:
                return replace(part, name=names[name], alias=part.alias or name)
            case ast.Atom(stream=stream) if stream in names:
                return replace(part, stream=names[stream])
            case tuple():
                return tuple(renamed(p) for p in part)
            case _:
                below = ("source", "pattern", "part", "parts", "left", "right")
                have = {n: renamed(getattr(part, n)) for n in below if hasattr(part, n)}
                return replace(part, **have) if have else part

    table = renamed(_row_sides(node.from_))
    node, table = _with_memberships(node, table, made, numbers)
    node, table = _with_answers(node, table, made, numbers)
    table = _join_rule(table, made, numbers)
    return replace(node, from_=table, with_=())


def _row_sides(table: Any) -> Any:
    """Return a join whose sides are streams or queries; anything else as it is."""
    if not isinstance(table, ast.Join):
        return table

    def side(part: Any) -> Any:
        if not isinstance(part, ast.TableFunction | ast.MatchRecognize):
            return _row_sides(part)
        query = ast.Select((ast.Star(),), replace(part, alias=None))
        return ast.Derived(query, part.alias or table_of(part))  # type: ignore[arg-type]

    return replace(table, left=side(table.left), right=side(table.right))


def _join_rule(table: Any, made: list[ast.Statement], numbers: Iterator[int]) -> Any:
    """Make a rule of a join; of anything else nothing."""
    if not isinstance(table, ast.Join):
        return table
    name = f"{HIDDEN}{next(numbers)}"
    made.append(ast.CreateRule(name, ast.Insert(ast.Select((ast.Star(),), table))))
    return ast.TableName(name)


def _sides(node: Any) -> list[Any]:
    return [*_sides(node.left), *_sides(node.right)] if isinstance(node, ast.Union) else [node]


def _with_memberships(
    node: Any, table: Any, made: list[ast.Statement], numbers: Iterator[int]
) -> tuple[Any, Any]:
    """Return a query without its conditions on tables, and the last of the rules that these become."""
    if not isinstance(table, ast.TableName):
        return node, table
    where = None
    for part in _ands(node.where):
        if _asks(part):
            name = f"{HIDDEN}{next(numbers)}"
            query = ast.Select((ast.Star(),), table, part)
            made.append(ast.CreateRule(name, ast.Insert(query)))
            table = ast.TableName(name, alias=table.alias or table.name)
        else:
            where = part if where is None else ast.Binary("and", where, part)
    return replace(node, where=where), table


def _with_answers(
    node: Any, table: Any, made: list[ast.Statement], numbers: Iterator[int]
) -> tuple[Any, Any]:
    """Return a query whose other questions about tables are columns, and the last of the rules that answer them."""
    if not isinstance(table, ast.TableName):
        return node, table
    asked: list[Any] = []

    def put(part: Any) -> Any:
        match part:
            case ast.InTable() | ast.Exists():
                if part not in asked:
                    asked.append(part)
                return ast.Name(f"{ANSWER}{asked.index(part) + 1}")
            case tuple():
                return tuple(put(p) for p in part)
            case _ if is_dataclass(part) and not isinstance(part, type):
                return replace(part, **{f.name: put(getattr(part, f.name)) for f in fields(part)})
            case _:
                return part

    node = put(replace(node, from_=None))
    for number, part in enumerate(asked, 1):
        name = f"{HIDDEN}{next(numbers)}"
        items = (ast.Star(), ast.SelectItem(part, f"{ANSWER}{number}"))
        made.append(ast.CreateRule(name, ast.Insert(ast.Select(items, table, part))))
        table = ast.TableName(name, alias=table.alias or table.name)
    return node, table


def _ands(node: Any) -> list[Any]:
    if isinstance(node, ast.Binary) and node.operator == "and":
        return [*_ands(node.left), *_ands(node.right)]
    return [] if node is None else [node]


def _asks(node: Any) -> bool:
    """Whether this is a condition on a table: [NOT] IN table, [NOT] EXISTS."""
    node = node.operand if isinstance(node, ast.Unary) else node
    return isinstance(node, ast.InTable | ast.Exists)


def _named_as(node: ast.Select, first: ast.Select) -> ast.Select:
    """Return a side of UNION ALL with the column names of the first one."""
    items = []
    for item, model in zip(node.items, first.items, strict=True):
        assert isinstance(item, ast.SelectItem)
        assert isinstance(model, ast.SelectItem)
        name = model.alias or getattr(model.value, "name", None)
        items.append(replace(item, alias=name))
    return replace(node, items=tuple(items))
