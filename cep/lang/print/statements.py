"""Prints statements, without their `;`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from cep.lang import ast
from cep.lang.print.expressions import ADDITIVE, expression, expressions
from cep.lang.print.layout import HARD, LINE, SOFT, Group, Indent, enclosed, join, lines
from cep.lang.print.names import (
    ANNOTATION,
    ARGUMENT,
    DEFINED_COLUMN,
    dotted,
    duration,
    name,
    names,
    text_literal,
    type_name,
)
from cep.lang.print.queries import query

if TYPE_CHECKING:
    from collections.abc import Callable

    from cep.lang.print.layout import Doc

_VERSION = re.compile(r"\d+(\.\d+)?")
_OPTION = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


def statement(node: ast.Statement) -> Doc:
    """Return a statement without its `;`."""
    return _PRINTERS[type(node)](node)


# ---------------------------------------------------------------- modules, parameters, functions


def _default(value: ast.Expression | None) -> Doc:
    return "" if value is None else (" = ", expression(value))


def _import(node: ast.Import) -> Doc:
    alias = "" if node.alias is None else f" AS {name(node.alias)}"
    return f"IMPORT {text_literal(node.path)}{alias}"


def _param(node: ast.Param) -> Doc:
    return (f"PARAM {name(node.name)} {type_name(node.type)}", _default(node.default))


def _create(what: str, node: Any) -> str:
    replace = "OR REPLACE " if node.or_replace else ""
    exists = "IF NOT EXISTS " if getattr(node, "if_not_exists", False) else ""
    return f"CREATE {replace}{what} {exists}{dotted(node.name)}"


def _create_function(node: ast.CreateFunction) -> Doc:
    replace = "OR REPLACE " if node.or_replace else ""
    kind = "AGGREGATE FUNCTION" if node.aggregate else "FUNCTION"
    parameters = join(f"{name(p.name)} {type_name(p.type)}" for p in node.parameters)
    tail = f"LANGUAGE {name(node.language)} AS {text_literal(node.body)}"
    return Group((
        enclosed(f"CREATE {replace}{kind} {name(node.name)}(", parameters),
        Indent((LINE, f"RETURNS {type_name(node.returns)}", LINE, tail)),
    ))


def _template_parameter(node: ast.TemplateParameter) -> Doc:
    kind = node.kind.upper() if isinstance(node.kind, str) else type_name(node.kind)
    return (f"{name(node.name)} {kind}", _default(node.default))


def _create_template(node: ast.CreateTemplate) -> Doc:
    replace = "OR REPLACE " if node.or_replace else ""
    parameters = join(map(_template_parameter, node.parameters))
    head = enclosed(f"CREATE {replace}TEMPLATE {name(node.name)}(", parameters)
    return (head, " AS", Indent((HARD, query(node.query, HARD))))


# ---------------------------------------------------------------- streams and tables


def _annotated(node: Any, doc: Doc) -> Doc:
    """Return a statement below its annotations, which share a line while they fit."""
    if not node.annotations:
        return doc
    annotations = join(map(_annotation, node.annotations), LINE)
    return (Group(annotations), HARD, doc)


def _annotation(node: ast.Annotation) -> Doc:
    if not node.args:
        return f"@{name(node.name)}"
    return enclosed(f"@{name(node.name)}(", join(map(_annotation_argument, node.args)))


def _annotation_argument(node: ast.Expression | ast.NamedArgument) -> Doc:
    if isinstance(node, ast.NamedArgument):
        return (f"{name(node.name, ARGUMENT)} = ", _word_or_value(node.value))
    return _word_or_value(node)


def _word_or_value(node: ast.Expression) -> Doc:
    """Return the value of an argument; here clause words are words as any other."""
    if isinstance(node, ast.Name):
        return name(node.name, ANNOTATION)
    return expression(node, ADDITIVE)


def _column(node: ast.ColumnDefinition) -> Doc:
    parts: list[Doc] = [f"{name(node.name, DEFINED_COLUMN)} {type_name(node.type)}"]
    if node.not_null:
        parts.append(" NOT NULL")
    if node.primary_key:
        parts.append(" PRIMARY KEY")
    if node.default is not None:
        parts.append((" DEFAULT ", expression(node.default, ADDITIVE)))
    if node.computed is not None:
        parts.append(enclosed(" AS (", expression(node.computed)))
    return tuple(parts)


_ELEMENTS: dict[type, Callable[[Any], Doc]] = {
    ast.ColumnDefinition: _column,
    ast.Watermark: lambda n: (f"WATERMARK FOR {name(n.column)} AS ", expression(n.value)),
    ast.LateInto: lambda n: f"LATE INTO {dotted(n.stream)}",
    ast.Tiebreak: lambda n: enclosed("TIEBREAK BY (", expressions(n.columns)),
    ast.PrimaryKey: lambda n: f"PRIMARY KEY ({names(n.columns)})",
}


def _option(node: ast.Option) -> Doc:
    plain = _OPTION.fullmatch(node.name)
    written = dotted(node.name) if plain else text_literal(node.name)
    return (f"{written} = ", expression(node.value))


def _table(what: str, node: ast.CreateStream | ast.CreateTable) -> Doc:
    head: list[Doc] = [_create(what, node)]
    if node.elements is not None:
        elements = join(_ELEMENTS[type(element)](element) for element in node.elements)
        head.append((" (", Indent((SOFT, elements)), SOFT, ")"))
    if node.options:
        head.append(enclosed(" WITH (", join(map(_option, node.options))))
    # One group: the columns go on lines of their own before the options do.
    parts: list[Doc] = [Group(tuple(head))]
    if isinstance(node, ast.CreateTable) and node.query is not None:
        parts.append((" AS", HARD, query(node.query, HARD)))
    return _annotated(node, tuple(parts))


def _create_view(node: ast.CreateView) -> Doc:
    return _annotated(node, (_create("VIEW", node), " AS", HARD, query(node.query, HARD)))


# ---------------------------------------------------------------- rules


def _insert(node: ast.Insert) -> Doc:
    body = query(node.query, HARD)
    if node.target is None:
        return body
    word = "UPSERT" if node.upsert else "INSERT"
    columns = f" ({names(node.columns)})" if node.columns else ""
    return (f"{word} INTO {dotted(node.target)}{columns}", HARD, body)


def _create_rule(node: ast.CreateRule) -> Doc:
    head = _create("RULE", node)
    if node.version is not None:
        plain = _VERSION.fullmatch(node.version)
        head += f" VERSION {node.version if plain else text_literal(node.version)}"
    if node.state is not None:
        head += f" {node.state.upper()} STATE"
    timeouts: list[Doc] = [("ON TIMEOUT", HARD, _insert(t)) for t in node.timeouts]
    return _annotated(node, lines([f"{head} AS", _insert(node.body), *timeouts]))


def _drop(node: ast.Drop) -> Doc:
    exists = "IF EXISTS " if node.if_exists else ""
    return f"DROP {node.kind.upper()} {exists}{dotted(node.name)}"


def _explain_why(node: ast.ExplainWhy) -> Doc:
    parts: list[Doc] = [f"EXPLAIN WHY {'NOT ' if node.negated else ''}{dotted(node.rule)}"]
    if node.keys:
        parts.append((LINE, "FOR ", expressions(node.keys)))
    if node.during is not None:
        parts.append((LINE, enclosed("DURING (", expressions(node.during))))
    return Group(Indent(tuple(parts)))


# ---------------------------------------------------------------- incidents


def _incident_on(node: ast.IncidentOn) -> Doc:
    alias = "" if node.alias is None else f" AS {name(node.alias)}"
    parts: list[Doc] = [f"{node.kind.upper()} ON {dotted(node.stream)}{alias}"]
    if node.where is not None:
        parts.append((LINE, "WHERE ", expression(node.where)))
    if node.sets:
        sets = join((f"{name(s.column)} = ", expression(s.value)) for s in node.sets)
        parts.append((LINE, "SET ", Group(Indent(sets))))
    return Group(Indent(tuple(parts)))


def _emit_item(node: ast.EmitItem) -> str:
    if node.every is not None:
        return f"{node.state.upper()} EVERY {duration(node.every)}"
    if node.on_change:
        return f"{node.state.upper()} ON CHANGE OF ({names(node.on_change)})"
    return node.state.upper()


_INCIDENT_CLAUSES: dict[type, Callable[[Any], Doc]] = {
    ast.IncidentOn: _incident_on,
    ast.CloseWhen: lambda n: ("CLOSE WHEN ", expression(n.condition)),
    ast.CloseAfter: lambda n: f"CLOSE AFTER {duration(n.duration)}{' IDLE' if n.idle else ''}",
    ast.Cooldown: lambda n: f"COOLDOWN {duration(n.duration)}",
    ast.IncidentEmit: lambda n: Group(("EMIT ", Indent(join(map(_emit_item, n.items))))),
    ast.IncidentInto: lambda n: f"INTO {dotted(n.stream)}",
}


def _create_incident(node: ast.CreateIncident) -> Doc:
    head = f"{_create('INCIDENT', node)} KEY ({names(node.keys)})"
    clauses = [_INCIDENT_CLAUSES[type(clause)](clause) for clause in node.clauses]
    return _annotated(node, (head, Indent((HARD, lines(clauses)))))


# ---------------------------------------------------------------- tests in the rule file


def _rows(word: str, node: ast.Given | ast.Expect) -> Doc:
    if not node.rows:
        return f"{word} NO {dotted(node.stream)}"
    head = f"{word} {dotted(node.stream)} ({names(node.columns)}) VALUES"
    rows = join(enclosed("(", expressions(row)) for row in node.rows)
    return Group((head, Indent((LINE, rows))))


def _test(node: ast.Test) -> Doc:
    title = "" if node.title is None else f" {text_literal(node.title)}"
    given = [_rows("GIVEN", g) for g in node.given]
    expect = [_rows("EXPECT", x) for x in node.expect]
    head = f"TEST{title} OF {dotted(node.rule)}"
    return (head, Indent((HARD, lines([*given, *expect]))))


_PRINTERS: dict[type, Callable[[Any], Doc]] = {
    ast.Module: lambda n: f"MODULE {dotted(n.name)}",
    ast.Import: _import,
    ast.Param: _param,
    ast.SetOption: lambda n: (f"SET {dotted(n.name)} = ", expression(n.value)),
    ast.CreateFunction: _create_function,
    ast.CreateTemplate: _create_template,
    ast.CreateStream: lambda n: _table("STREAM", n),
    ast.CreateTable: lambda n: _table("TABLE", n),
    ast.CreateView: _create_view,
    ast.CreateRule: _create_rule,
    ast.CreateIncident: _create_incident,
    ast.Insert: _insert,
    ast.Drop: _drop,
    ast.RuleState: lambda n: f"{n.action.upper()} RULE {dotted(n.name)}",
    ast.ExplainRule: lambda n: f"EXPLAIN RULE {dotted(n.name)}",
    ast.ExplainWhy: _explain_why,
    ast.ExplainQuery: lambda n: ("EXPLAIN", HARD, _insert(n.body)),
    ast.Test: _test,
}
