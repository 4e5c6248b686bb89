"""TEMPLATE and APPLY: a query with streams, columns and constants put in for its parameters."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any

from cep.errors import nearest
from cep.lang import ast

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cep.plan.bind.report import Report

Arguments = dict[str, ast.Expression]


class Templates:
    """The templates of all files; a template may be used before its place."""

    def __init__(self, statements: Sequence[ast.Statement], report: Report) -> None:
        self.report = report
        self.known: dict[str, ast.CreateTemplate] = {}
        for node in statements:
            if not isinstance(node, ast.CreateTemplate):
                continue
            if node.name in self.known and not node.or_replace:
                hint = "write CREATE OR REPLACE to replace the first one"
                report.add("CEP209", f"{node.name!r} is declared twice", node.span, hint)
            self.known[node.name] = node

    def apply(self, node: ast.Apply, inside: tuple[str, ...] = ()) -> ast.Query | None:
        """Return the query of a template with the arguments put in, or None.

        Errors: CEP207 unknown template, CEP208 unknown parameter, CEP214 argument missing or too many, CEP216
        argument of another kind, CEP230 a template that applies itself.
        """
        template = self.known.get(node.template)
        if template is None:
            hint = nearest(node.template, self.known) or "declare it with CREATE TEMPLATE"
            self.report.add("CEP207", f"unknown template {node.template!r}", node.span, hint)
            return None
        if template.name in inside:
            path = " -> ".join((*inside, template.name))
            self.report.add("CEP230", f"templates apply each other in a circle: {path}", node.span)
            return None
        given = self._arguments(node, template)
        if given is None:
            return None
        query: ast.Query = _substituted(template.query, given, _streams(template))
        if isinstance(query, ast.Apply):
            found = self.apply(query, (*inside, template.name))
            if found is None:
                return None
            query = found
        return _with_output(query, node.output)

    def _arguments(self, node: ast.Apply, template: ast.CreateTemplate) -> Arguments | None:
        given: Arguments = {}
        known = {p.name: p for p in template.parameters}
        before = self.report.mistakes
        for place, arg in enumerate(node.args):
            if isinstance(arg, ast.NamedArgument):
                name, value = arg.name, arg.value
            elif place < len(template.parameters):
                name, value = template.parameters[place].name, arg
            else:
                message = f"template {template.name} has {len(known)} parameters"
                self.report.add("CEP214", message, arg.span)
                continue
            if name not in known:
                hint = nearest(name, known) or ""
                message = f"template {template.name} has no parameter {name!r}"
                self.report.add("CEP208", message, arg.span, hint)
                continue
            value = _dotted(value) if known[name].kind == "stream" else value
            if known[name].kind in ("stream", "column") and not isinstance(value, ast.Name):
                message = f"parameter {name} is the name of a {known[name].kind}"
                self.report.add("CEP216", message, value.span)
            else:
                given[name] = value
        for name, parameter in known.items():
            if name in given:
                continue
            if parameter.default is not None:
                given[name] = parameter.default
            elif self.report.mistakes == before:
                message = f"template {template.name} needs a value for {name!r}"
                self.report.add("CEP214", message, node.span)
        return given if self.report.mistakes == before else None


def _dotted(node: ast.Expression) -> ast.Expression:
    """Return `n.s`, a stream of an imported file, as a name."""
    match node:
        case ast.Member(target=ast.Name(name=owner), name=name):
            return ast.Name(f"{owner}.{name}", node.span)
        case _:
            return node


def _streams(template: ast.CreateTemplate) -> frozenset[str]:
    return frozenset(p.name for p in template.parameters if p.kind == "stream")


def _substituted(node: Any, given: Mapping[str, ast.Expression], streams: frozenset[str]) -> Any:
    """Return a part of a query with arguments in place of parameters; a stream keeps the parameter as alias."""

    def inside(part: Any) -> Any:
        return _substituted(part, given, streams)

    def stream(name: str | None) -> str | None:
        found = given.get(name or "") if name in streams else None
        return found.name if isinstance(found, ast.Name) else name

    match node:
        case ast.Name(name=name) if name in given:
            return given[name]
        case ast.Member(name=name) if name in given and isinstance(given[name], ast.Name):
            column = given[name]
            assert isinstance(column, ast.Name)
            return replace(node, target=_owner(node.target, inside, streams), name=column.name)
        case ast.Member():
            return replace(node, target=_owner(node.target, inside, streams))
        case ast.TableName(name=name) if name in streams:
            return replace(node, name=stream(name) or name, alias=node.alias or name)
        case ast.TableArgument():
            return replace(node, table=stream(node.table) or node.table)
        case ast.Atom() | ast.Define():
            return replace(node, stream=stream(node.stream), condition=inside(node.condition))
        case tuple():
            return tuple(inside(part) for part in node)
        case _ if is_dataclass(node) and not isinstance(node, type):
            parts = {
                f.name: inside(getattr(node, f.name)) for f in fields(node) if f.name != "span"
            }
            return replace(node, **parts)
        case _:
            return node


def _owner(target: Any, inside: Any, streams: frozenset[str]) -> Any:
    """Return the owner of a column: the name of a stream's parameter is its alias and stays."""
    kept = isinstance(target, ast.Name) and target.name in streams
    return target if kept else inside(target)


def _with_output(query: ast.Query, output: Sequence[ast.OutputClause]) -> ast.Query:
    """Return a query with the output clauses that APPLY adds."""
    if isinstance(query, ast.Union):
        return replace(query, right=_with_output(query.right, output))
    return replace(query, output=(*query.output, *output))
