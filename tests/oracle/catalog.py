"""What a rule text declares: source streams with their clocks, parameters, and the columns of every stream."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cep.lang import ast
from cep.types import Type
from tests.oracle.derived import ANSWER, HIDDEN, flattened
from tests.oracle.expressions import evaluate, item_name
from tests.oracle.names import table_of
from tests.oracle.statements import declared
from tests.oracle.user_functions import called
from tests.oracle.values import UnsupportedError, type_named

if TYPE_CHECKING:
    from collections.abc import Callable

INCIDENT_BEFORE = (
    "incident_id", "state", "version", "opened_at", "updated_at", "closed_at", "close_reason",
)  # fmt: skip


@dataclass
class Event:
    """A row of a stream at an instant; `position` is its place in the total order, `phase` that of its cause."""

    stream: str
    t: int
    row: dict[str, Any]
    seq: int = -1
    position: int = -1
    phase: int = 1


@dataclass
class TableRows:
    """A table: its columns, its key, the rows it starts with.

    removed_by: a column that is NULL in a change that leaves the key without a row.
    """

    columns: list[str]
    key: list[str]
    rows: list[dict[str, Any]]
    removed_by: str = ""


@dataclass
class Source:
    """A declared stream: columns, time, disorder bound (us), ties, what becomes of late rows."""

    name: str
    order: int
    columns: dict[str, Type]
    required: set[str]
    time: str = ""
    delay: int = 0
    ties: tuple[str, ...] = ()
    late_into: str | None = None
    adjusts: bool = False
    defaults: dict[str, Any] = field(default_factory=dict)
    made: dict[str, ast.Expression] = field(default_factory=dict)
    any_fields: bool = False
    order_of_columns: list[str] = field(default_factory=list)
    # State of the clock: the watermark W, rows read so far.
    watermark: float = float("-inf")
    read: int = 0


_RULES = (ast.CreateRule, ast.CreateIncident)


@dataclass
class Constants:
    """A scope of literals and parameters only."""

    parameters: dict[str, Any] = field(default_factory=dict)

    def name(self, name: str) -> Any:
        raise UnsupportedError(name)

    def member(self, owner: str, name: str) -> Any:
        msg = f"{owner}.{name}"
        raise UnsupportedError(msg)

    def call(self, call: ast.Call) -> Any:
        raise UnsupportedError(call.name)


def changes(query: ast.Select) -> bool:
    """Whether a query gives the changes of windows: EMIT CHANGES over TUMBLE."""
    emits = [c for c in query.output if isinstance(c, ast.Emit)]
    windows = [g for g in query.group_by if isinstance(g, ast.Call) and g.name.upper() == "TUMBLE"]
    return bool(windows) and any(c.mode == "changes" for c in emits)


class Catalog:
    """The declarations of a rule text; rules and incidents in text order."""

    def __init__(self, text: str) -> None:
        self.sources: dict[str, Source] = {}
        self.parameters: dict[str, Any] = {}
        self.rules: list[ast.CreateRule | ast.CreateIncident] = []
        self.tables: dict[str, TableRows] = {}
        self.declared: dict[str, Source] = {}  # declared streams and tables that rules write
        self.written: dict[str, int] = {}  # rows so far of every derived stream
        statements, self.views = flattened(called(declared(text)))
        written = {t for s in statements if isinstance(s, _RULES) for t in targets_of(s)}
        for statement in statements:
            if isinstance(statement, ast.CreateStream) and statement.name in written:
                if statement.elements is not None:
                    self.declared[statement.name] = declaration_of(statement, 0)
            else:
                self._add(statement)
        self._incident_tables()
        self._view_tables()

    def hidden(self, stream: str) -> bool:
        """Whether a stream is no output: that of a query inside another one, or a view."""
        return stream in self.views or stream.startswith(HIDDEN)

    def _view_tables(self) -> None:
        """A view that groups without a window is a table (ruling 38)."""
        for rule in self.rules:
            query = rule.body.query if isinstance(rule, ast.CreateRule) else None
            if rule.name not in self.views or not isinstance(query, ast.Select):
                continue
            windows = [g for g in query.group_by if isinstance(g, ast.Call)]
            if query.group_by and not windows and not isinstance(query.from_, ast.TableFunction):
                items = [i for i in query.items if isinstance(i, ast.SelectItem)]
                key = [item_name(next(i for i in items if i.value == g)) for g in query.group_by]
                names = [item_name(i) for i in items]
                self.tables[rule.name] = TableRows(names, key, [])

    def _incident_tables(self) -> None:
        """An incident that some rule reads by its name is a table (ruling 37)."""
        written = {target_of(rule) for rule in self.rules}
        read = {name for rule in self.rules for name in self.reads(rule)}
        for rule in self.rules:
            if isinstance(rule, ast.CreateIncident) and rule.name in read - written:
                names = self.columns_of_rule(rule)
                self.tables[rule.name] = TableRows(names, list(rule.keys), [], "state")
                self.views.add(rule.name)

    def _add(self, statement: ast.Statement) -> None:
        match statement:
            case ast.CreateStream(elements=None):
                pass  # a rule writes it
            case ast.CreateStream():
                self.sources[statement.name] = source_of(statement, len(self.sources))
            case ast.CreateTable():
                self.tables[statement.name] = table_of_file(statement)
                self.declared[statement.name] = declaration_of(statement, 0)
                self.views.add(statement.name)
            case ast.Param(name=name, default=default):
                if default is not None:
                    self.parameters[name] = self.constant(default)
            case ast.CreateRule() | ast.CreateIncident():
                self.rules.append(statement)
            case ast.Test() | ast.ExplainWhy():
                pass
            case _:
                raise UnsupportedError(type(statement).__name__)

    def constant(self, expression: ast.Expression) -> Any:
        """Return the value of an expression of literals and parameters."""
        return evaluate(expression, Constants(self.parameters))

    def columns(self, stream: str) -> list[str]:
        """Return the columns of a stream, of a derived one the union over its writers."""
        if stream in self.sources:
            return list(self.sources[stream].order_of_columns)
        if stream in self.tables:
            return self.tables[stream].columns
        if stream in self.declared:
            return self.declared[stream].order_of_columns
        found: dict[str, None] = {}
        for rule in self.rules:
            for target, names in self.written_by(rule):
                if target == stream:
                    found.update(dict.fromkeys(names()))
        if not found:
            msg = f"stream {stream}"
            raise UnsupportedError(msg)
        return list(found)

    def written_by(
        self, rule: ast.CreateRule | ast.CreateIncident
    ) -> list[tuple[str, Callable[[], list[str]]]]:
        """Return the streams a rule writes, each with a way to get its columns."""
        found = [(target_of(rule), lambda: self.columns_of_rule(rule))]
        for timeout in rule.timeouts if isinstance(rule, ast.CreateRule) else ():
            target = timeout.target or f"{rule.name}_timeout"
            query = timeout.query
            assert isinstance(rule, ast.CreateRule)
            source = rule.body.query
            assert isinstance(query, ast.Select)
            assert isinstance(source, ast.Select)
            whole = replace(query, from_=source.from_)
            found.append((target, lambda whole=whole: self.columns_of_query(whole)))  # type: ignore[misc]
        return found

    def columns_of_rule(self, rule: ast.CreateRule | ast.CreateIncident) -> list[str]:
        """Return the columns a rule writes."""
        if isinstance(rule, ast.CreateIncident):
            opening = next(
                c for c in rule.clauses if isinstance(c, ast.IncidentOn) and c.kind == "open"
            )
            states = [s.column for s in opening.sets]
            return ["ts", *rule.keys, *INCIDENT_BEFORE, *states, "duration"]
        return self.columns_of_query(rule.body.query)

    def columns_of_query(self, query: ast.Query) -> list[str]:
        """Return the columns of a query."""
        if not isinstance(query, ast.Select):
            raise UnsupportedError(type(query).__name__)
        names = [n for item in query.items for n in self.item_names(item, query)]
        if changes(query) and "window_state" not in names:
            names.append("window_state")
        if any(isinstance(c, ast.Suppress) for c in query.output):
            names.append("suppressed")
        hidden = isinstance(query.from_, ast.Join)  # the rows of a join as they are
        return names if "ts" in names or hidden else ["ts", *names]

    def item_names(self, item: ast.SelectItem | ast.Star, query: ast.Select) -> list[str]:
        """Return the column names of an item of a SELECT list: several for a star."""
        if isinstance(item, ast.SelectItem):
            if isinstance(item.value, ast.MemberStar):
                return self._columns_of_variable(item.value, query)
            return [item_name(item)]
        match query.from_:
            case ast.TableName(name=name):
                names = [n.rpartition(".")[2] for n in self.columns(name)]
                keeps = any(isinstance(i, ast.SelectItem) and asks(i.alias) for i in query.items)
                return [n for n in names if keeps or not asks(n)]
            case ast.Join() as join:
                sides = sides_of(join)
                return [joined_name(o, n) for o, stream in sides for n in self.columns(stream)]
            case ast.TableFunction():
                names = self.columns(table_of(query.from_))
                return [*names, "window_start", "window_end", "window_time"]
            case ast.MatchRecognize() as clause:
                return columns_of_recognition(clause, self.columns_of_source(clause.source))
            case _:
                raise UnsupportedError("*")

    def columns_of_source(self, source: ast.Table) -> list[str]:
        """Return the columns of a stream or a subquery in FROM."""
        match source:
            case ast.TableName(name=name):
                return self.columns(name)
            case ast.Derived(query=ast.Select() as query):
                return [n for item in query.items for n in self.item_names(item, query)]
            case _:
                raise UnsupportedError(type(source).__name__)

    def _columns_of_variable(self, star: ast.MemberStar, query: ast.Select) -> list[str]:
        """Return the names of `v.*`: `v_column` for all columns of its stream; those of a side of a join."""
        if isinstance(query.from_, ast.TableName) and isinstance(star.target, ast.Name):
            names = self.columns(query.from_.name)
            side = f"{star.target.name}."
            return [n.removeprefix(side) for n in names if n.startswith(side)]
        if not isinstance(query.from_, ast.Match) or not isinstance(star.target, ast.Name):
            raise UnsupportedError(".*")
        owner = star.target.name
        streams = streams_of(query.from_)
        members = next((s.variables for s in query.from_.subsets if s.name == owner), (owner,))
        if any(member not in streams for member in members):
            raise UnsupportedError(owner)
        first, *others = [self.columns(streams[member]) for member in members]
        return [f"{owner}_{n}" for n in first if all(n in other for other in others)]

    def reads(self, rule: ast.CreateRule | ast.CreateIncident) -> list[str]:
        """Return the streams a rule reads."""
        if isinstance(rule, ast.CreateIncident):
            return [c.stream for c in rule.clauses if isinstance(c, ast.IncidentOn)]
        query = rule.body.query
        assert isinstance(query, ast.Select)
        match query.from_:
            case ast.TableName(name=name):
                return [name, *table_asked(query.where)]
            case ast.TableFunction():
                return [table_of(query.from_)]
            case ast.Join() as join:
                return sorted({stream for _, stream in sides_of(join)})
            case ast.Match() | ast.MatchRecognize():
                # A pattern of no step still reads its input.
                return sorted({*streams_of(query.from_).values()} or {default_stream(query.from_)})
            case _:
                raise UnsupportedError(type(query.from_).__name__)


def asks(name: str | None) -> bool:
    """Whether a column says what a table says of a row."""
    return name is not None and name.startswith(ANSWER)


def table_asked(where: Any) -> list[str]:
    """Return the table of a rule whose condition is [NOT] IN table or [NOT] EXISTS."""
    where = where.operand if isinstance(where, ast.Unary) else where
    match where:
        case ast.InTable(table=table):
            return [table]
        case ast.Exists(query=ast.Select(from_=ast.TableName(name=name))):
            return [name]
        case _:
            return []


def default_stream(clause: ast.Match | ast.MatchRecognize) -> str:
    """Return the stream that FROM names, an empty text without one."""
    match clause.source:
        case (
            ast.TableName(name=name) | ast.Derived(query=ast.Select(from_=ast.TableName(name=name)))
        ):
            return name
        case _:
            return ""


def streams_of(clause: ast.Match | ast.MatchRecognize) -> dict[str, str]:
    """Return the stream of every variable of a pattern, negated ones included."""
    default = default_stream(clause)
    defined = {d.variable: d.stream for d in clause.defines}
    found: dict[str, str] = {}
    for atom in atoms(clause.pattern):
        given = atom.stream or defined.get(atom.variable) or found.get(atom.variable)
        found[atom.variable] = given or default
    return found


def atoms(part: Any) -> list[ast.Atom]:
    """Return the steps of a pattern, negated ones included, left to right."""
    if isinstance(part, ast.Atom):
        return [part]
    inner = part.parts if hasattr(part, "parts") else [part.part] if hasattr(part, "part") else []
    return [a for p in inner for a in atoms(p)]


def table_of_file(statement: ast.CreateTable) -> TableRows:
    """Return a table as it is declared, with the rows of its file."""
    kinds: dict[str, Type] = {}
    key: list[str] = []
    for element in statement.elements or ():
        match element:
            case ast.ColumnDefinition(name=name, type=kind, primary_key=primary):
                kinds[name] = type_named(kind)
                key += [name] if primary else []
            case ast.PrimaryKey(columns=columns):
                key += columns
            case _:
                raise UnsupportedError(statement.name)
    options = {o.name: o.value for o in statement.options}
    rows = []
    place = options.get("source")
    if isinstance(place, ast.Text):
        with Path(place.value).open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                rows.append({n: _typed(row[n], kind) for n, kind in kinds.items()})
    return TableRows(list(kinds), key, rows)


def _typed(text: str, kind: Type) -> Any:
    if not text:
        return None
    return {Type.INT: int, Type.DOUBLE: float}.get(kind, str)(text)


def joined_name(owner: str, column: str) -> str:
    """Return the name of a column of a join; one of an inner join has it already."""
    return column if "." in column else f"{owner}.{column}"


def sides_of(join: ast.Join) -> list[tuple[str, str]]:
    """Return (owner, stream) of both sides."""
    found = []
    for table in (join.left, join.right):
        if not isinstance(table, ast.TableName):
            raise UnsupportedError(type(table).__name__)
        found.append((table.alias or table.name, table.name))
    return found


def target_of(rule: ast.CreateRule | ast.CreateIncident) -> str:
    """Return the stream a rule writes."""
    if isinstance(rule, ast.CreateIncident):
        into = [c.stream for c in rule.clauses if isinstance(c, ast.IncidentInto)]
        return into[0] if into else f"{rule.name}_events"
    return rule.body.target or rule.name


def targets_of(rule: ast.CreateRule | ast.CreateIncident) -> list[str]:
    """Return the streams a rule writes, with those of its ON TIMEOUT queries."""
    timeouts = rule.timeouts if isinstance(rule, ast.CreateRule) else ()
    return [target_of(rule), *(t.target for t in timeouts if t.target is not None)]


def _column(node: ast.ColumnDefinition, source: Source) -> None:
    if node.computed is not None:
        source.made[node.name] = ast.Cast(node.computed, node.type)
        return
    source.columns[node.name] = type_named(node.type)
    if node.default is not None:
        source.defaults[node.name] = evaluate(ast.Cast(node.default, node.type), Constants())
    elif node.not_null:
        source.required.add(node.name)


def source_of(statement: ast.CreateStream, order: int) -> Source:
    """Return the declaration of a stream that no rule writes."""
    source = declaration_of(statement, order)
    if not source.time:
        msg = "a stream without WATERMARK"
        raise UnsupportedError(msg)
    return source


def declaration_of(statement: ast.CreateStream | ast.CreateTable, order: int) -> Source:
    """Return the declaration of a stream or table."""
    source = Source(statement.name, order, {}, set())
    for element in statement.elements or ():
        match element:
            case ast.ColumnDefinition():
                _column(element, source)
            case ast.Watermark(column=column, value=value):
                source.time, source.delay = column, delay_of(value)
            case ast.Tiebreak(columns=columns):
                source.ties = tuple(c.name for c in columns if isinstance(c, ast.Name))
            case ast.LateInto(stream=late):
                source.late_into = late
            case ast.PrimaryKey():
                pass
            case _:
                raise UnsupportedError(type(element).__name__)
    source.order_of_columns = [
        e.name for e in statement.elements or () if isinstance(e, ast.ColumnDefinition)
    ]
    source.any_fields = not source.order_of_columns
    if source.any_fields and source.time:
        source.columns[source.time] = Type.TIMESTAMP
    for option in statement.options:
        if option.name == "late" and option.value == ast.Text("adjust"):
            source.adjusts = True
    return source


def delay_of(value: ast.Expression) -> int:
    """Return the bound of disorder of a WATERMARK expression, in us."""
    match value:
        case ast.Name():
            return 0
        case ast.Binary(operator="sub", left=ast.Name(), right=ast.Duration(us=us)):
            return us
        case _:
            msg = "WATERMARK"
            raise UnsupportedError(msg)


def columns_of_recognition(clause: ast.MatchRecognize, columns: list[str]) -> list[str]:
    """Return the columns of the table; `columns` are those of its input."""
    keys = [(i.value.name, i.alias or i.value.name) for i in clause.partition_by]  # type: ignore[union-attr]
    found = [alias for _, alias in keys]
    if clause.rows not in (None, "one"):
        found += [s.value.name for s in clause.order_by if isinstance(s.value, ast.Name)]
    found += [m.name for m in clause.measures]
    if clause.rows not in (None, "one"):
        hidden = {n for n, alias in keys if alias != n}
        found += [n for n in columns if n not in hidden]
    return list(dict.fromkeys(found))
