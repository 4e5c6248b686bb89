"""Type names of rule text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.errors import nearest
from cep.plan.bind.refused import refuse
from cep.types import ARRAYS, MAPS, TYPE_NAMES, TYPE_NAMES_LATER, Type

if TYPE_CHECKING:
    from cep.lang import ast
    from cep.plan.bind.report import Report


def bind_type(node: ast.TypeName, report: Report) -> Type | None:
    """Return the type a name stands for, or None.

    Errors: CEP206 unknown type, CEP309 type of a later version.
    """
    name = node.name.upper()
    if name in ("ARRAY", "MAP"):
        return _container(name, node, report)
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


def _container(name: str, node: ast.TypeName, report: Report) -> Type | None:
    """Return ARRAY<T> or MAP<STRING, T> of a type T that is neither.

    Errors: CEP206 wrong number of types, CEP309 of anything else.
    """
    wanted = 1 if name == "ARRAY" else 2
    if len(node.parameters) != wanted:
        hint = "write ARRAY<DOUBLE>" if name == "ARRAY" else "write MAP<STRING, DOUBLE>"
        report.add("CEP206", f"the type {name} needs to know of what", node.span, hint)
        return None
    kinds = [bind_type(p, report) for p in node.parameters]
    if None in kinds:
        return None
    found = (ARRAYS if name == "ARRAY" else MAPS).get(kinds[-1] or Type.NULL)
    if found is None or (name == "MAP" and kinds[0] is not Type.STRING):
        inner = ", ".join(k.value for k in kinds if k is not None)
        refuse(
            report, "TypeName", node.span, name=f"the type {name}<{inner}>", hint="JSON holds it"
        )
        return None
    return found
