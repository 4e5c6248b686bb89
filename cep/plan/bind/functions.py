"""CREATE FUNCTION: the user's functions, called by name like those of the language."""

from __future__ import annotations

import re
from dataclasses import dataclass
from inspect import iscoroutinefunction, isgeneratorfunction
from pathlib import Path
from typing import TYPE_CHECKING

from cep.errors import CepError
from cep.plan.bind.refused import LATER_FUNCTIONS, refuse
from cep.plan.bind.row_functions import ROW_FUNCTIONS
from cep.plan.bind.types import bind_type
from cep.plan.nodes import FunctionPlan
from cep.types import Type

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from cep.functions import Function
    from cep.lang import ast
    from cep.plan.bind.environment import Environment
    from cep.plan.expressions import Expr
    from cep.types import Type as ValueType

_BODY = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)
# Names that calls give a meaning without a table.
_RESERVED = frozenset({"first", "last", "prev", "next", "nullif", "if", "timestamp"})


@dataclass(frozen=True, slots=True)
class UserFunction:
    """A declared function: how it runs, and its body as an expression where it has been translated."""

    function: Function
    body: Expr | None
    plan: FunctionPlan


def bind_functions(declared: Mapping[str, ast.CreateFunction], environment: Environment) -> None:
    """Put the functions of all files into the environment, by lower name.

    Errors: CEP206 and CEP309 types, CEP209 name of a function that the language has, CEP270 to CEP272.
    """
    for node in declared.values():
        found = _bind(node, environment)
        if found is None:
            environment.broken_names |= {node.name}
        else:
            environment.functions[node.name.lower()] = found


def _bind(node: ast.CreateFunction, environment: Environment) -> UserFunction | None:
    from cep.functions import register
    from cep.functions.python import python_function

    report = environment.report
    if node.aggregate:
        refuse(report, "CreateFunction.aggregate", node.span)
        return None
    if _is_known(node.name):
        message = f"the language has a function {node.name.upper()} already"
        report.add("CEP209", message, node.span, "give it another name")
        return None
    kinds = [bind_type(p.type, report) for p in node.parameters]
    result = bind_type(node.returns, report)
    loaded = _loaded(node, environment)
    if loaded is None or result is None or None in kinds:
        return None
    callable_, digest = loaded
    types = tuple(k for k in kinds if k is not None)
    function = register(python_function(callable_, node.body, digest, types, result))
    body, how = _translated(callable_, function, types, result)
    names = [f"{p.name} {k.value}" for p, k in zip(node.parameters, types, strict=True)]
    head = f"{node.name}({', '.join(names)}) {result.value}"
    return UserFunction(function, body, FunctionPlan(node.name, head, node.body, how))


def _is_known(name: str) -> bool:
    from cep.aggregates import AGGREGATES
    from cep.functions import find

    lower = name.lower()
    known = (*_RESERVED, *ROW_FUNCTIONS, *LATER_FUNCTIONS, *(n.lower() for n in AGGREGATES))
    return find(name) is not None or lower in known or lower.startswith("match_")


def _loaded(
    node: ast.CreateFunction, environment: Environment
) -> tuple[Callable[..., Any], str] | None:
    """Return what the body names, if it can be called with the parameters."""
    from cep.functions.python import load, parameters_of, takes

    report = environment.report
    if node.language.upper() != "PYTHON":
        report.add("CEP270", f"no functions in {node.language}", node.span, "write LANGUAGE PYTHON")
        return None
    if not _BODY.fullmatch(node.body):
        message = f"{node.body!r} does not name a module and a function of it"
        report.add("CEP270", message, node.span, "write AS 'module:function'")
        return None
    source = node.span.source
    folder = Path(source.name).parent if source is not None else None
    try:
        module, _, name = node.body.partition(":")
        found, digest = load(module, name, folder)
    except CepError as problem:
        report.add(problem.code, problem.message, node.span, problem.hint)
        return None
    if iscoroutinefunction(found) or isgeneratorfunction(found):
        message = f"{node.body} does not return a value: it is a coroutine or generator"
        report.add("CEP272", message, node.span)
        return None
    count = len(node.parameters)
    if not takes(found, count):
        message = f"{node.body} takes {parameters_of(found)}, not {count} values"
        report.add("CEP272", message, node.span)
        return None
    return found, digest


def _translated(
    callable_: Callable[..., Any],
    function: Function,
    types: Sequence[ValueType],
    result: ValueType,
) -> tuple[Expr | None, str]:
    """Return the body as an expression where it is pure arithmetic, and how the function runs in words."""
    from cep.plan.python_source import UntranslatableError, translate

    if function.rows is not None:
        return None, "runs in Python, on arrays of rows"
    by_row = "runs in Python, once for each distinct row"
    if any(kind is not Type.DOUBLE for kind in (*types, result)):
        return None, f"{by_row}: not all of its types are DOUBLE"
    try:
        return translate(callable_, len(types)), "translated into the kernel"
    except UntranslatableError as problem:
        return None, f"{by_row}: {problem}"
