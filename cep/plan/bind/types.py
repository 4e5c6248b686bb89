"""Type names of rule text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.errors import nearest
from cep.plan.bind.refused import refuse
from cep.types import TYPE_NAMES, TYPE_NAMES_LATER, Type

if TYPE_CHECKING:
    from cep.lang import ast
    from cep.plan.bind.report import Report


def bind_type(node: ast.TypeName, report: Report) -> Type | None:
    """Return the type a name stands for, or None.

    Errors: CEP206 unknown type, CEP309 type of a later version.
    """
    name = node.name.upper()
    found = TYPE_NAMES.get(name)
    if found is not None and not node.parameters:
        # VARCHAR(20) and TIMESTAMP(3): lengths and precisions are accepted as in SQL and not enforced.
        return found
    if name in TYPE_NAMES_LATER or node.parameters:
        refuse(report, "TypeName", node.span, name=f"the type {name}")
        return None
    hint = nearest(name, TYPE_NAMES)
    report.add("CEP206", f"unknown type {node.name!r}", node.span, hint)
    return None
