"""DEFAULT and computed columns of streams and tables that rules write: a projection on top of each of these rules.

A default stands for NULL, and for a column that a rule leaves out; a computed column reads the others of its row, defaults put in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.lang import ast
from cep.plan.bind.constants import bind_constant
from cep.plan.bind.expressions import bind_expression
from cep.plan.bind.report import is_broken
from cep.plan.bind.scopes import RowScope
from cep.plan.bind.types import bind_type
from cep.plan.expressions import Call, Column, Expr
from cep.plan.nodes import Item, Node, Project
from cep.schema import ColumnSpec, Schema

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cep.plan.bind.environment import Environment

Definitions = tuple[ast.ColumnDefinition, ...]


def made_columns(node: ast.CreateStream | ast.CreateTable) -> Definitions:
    """Return the columns of a declaration if one of them has a default or is computed, else none."""
    columns = [e for e in node.elements or () if isinstance(e, ast.ColumnDefinition)]
    made = any(c.default is not None or c.computed is not None for c in columns)
    return tuple(columns) if made else ()


def with_written_columns(
    roots: Sequence[Node], name: str, columns: Definitions, given: Schema, environment: Environment
) -> tuple[list[Node], Schema]:
    """Return the queries that write a stream with all its columns, and its columns.

    columns: as declared. given: those that are not computed, as the queries have them, `ts` in front.

    Errors: those of the expressions of computed columns.
    """
    by_name = {c.name: c for c in columns}
    filled = Schema(tuple(_filled_column(c, by_name.get(c.name)) for c in given.columns))
    defaults = [_filled(c, by_name.get(c.name), environment) for c in given.columns]
    scope = RowScope(environment, "a computed column", filled, (name,))
    order = [c.name for c in given.columns if c.name not in by_name]
    items, found = [], []
    for column in (*order, *by_name):
        definition, own = by_name.get(column), filled.find(column)
        if definition is None or definition.computed is None:
            assert own is not None, "a column that is not computed is given"
            items.append(Item(column, Column(0, column, own.type, own.not_null)))
            found.append(own)
            continue
        value = bind_expression(ast.Cast(definition.computed, definition.type), scope)
        kind = bind_type(definition.type, environment.report)
        if is_broken(value) or kind is None:
            return list(roots), given
        items.append(Item(column, value))
        found.append(ColumnSpec(column, kind))
    schema = Schema(tuple(found))
    below = [Project(root, tuple(defaults), filled) for root in roots]
    return [Project(root, tuple(items), schema) for root in below], schema


def _filled_column(column: ColumnSpec, definition: ast.ColumnDefinition | None) -> ColumnSpec:
    has_default = definition is not None and definition.default is not None
    return ColumnSpec(column.name, column.type, column.not_null or has_default)


def _filled(
    column: ColumnSpec, definition: ast.ColumnDefinition | None, environment: Environment
) -> Item:
    value: Expr = Column(0, column.name, column.type, column.not_null)
    if definition is not None and definition.default is not None:
        what = f"the default of {column.name}"
        default = bind_constant(definition.default, column.type, what, environment)
        if default is not None:
            value = Call("coalesce", (value, default), column.type, definition.span)
    return Item(column.name, value)
