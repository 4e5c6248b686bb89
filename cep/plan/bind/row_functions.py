"""Window functions that give the value of one row, as expressions of aggregates over frames.

Unlike FIRST and LAST they do not pass over NULLs: `FIRST(x)` is the value of the first row if that is not NULL, and
whether it is says another aggregate. Frames end with the present row, so that is the last one.

| function | is |
|---|---|
| `ROW_NUMBER()` | `COUNT(*)` over all rows so far |
| `LAG(x, n, default)` | the first row of ROWS n PRECEDING, `default` if there are fewer |
| `FIRST_VALUE(x)` | the first row of the frame |
| `LAST_VALUE(x)` | `x` |
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cep.lang import ast

if TYPE_CHECKING:
    from cep.plan.bind.report import Report

# Name to the least and the largest number of arguments.
ROW_FUNCTIONS: dict[str, tuple[int, int]] = {
    "row_number": (0, 0),
    "lag": (1, 3),
    "first_value": (1, 1),
    "last_value": (1, 1),
}


def expand_row_function(
    node: ast.Call, window: ast.WindowSpec, report: Report
) -> ast.Expression | None:
    """Return the expression that a window function of one row stands for, None on a mistake.

    Errors: CEP208 for arguments it does not have.
    """
    name = node.name.lower()
    least, most = ROW_FUNCTIONS[name]
    args = [a for a in node.args if not isinstance(a, ast.NamedArgument)]
    plain = len(args) == len(node.args) and not (node.star or node.distinct or node.filter)
    if not plain or not least <= len(args) <= most:
        message = f"{name.upper()} takes {_wanted(least, most)}"
        report.add("CEP208", message, node.span, "write LAG(x, 1) OVER (PARTITION BY k)")
        return None
    if name == "row_number":
        return _over("count", None, replace(window, frame=None), node)
    if name == "last_value":
        return args[0]
    if name == "first_value":
        return _first(args[0], window, node, ())
    back = args[1] if len(args) > 1 else ast.Number(1, node.span)
    default = args[2] if len(args) > 2 else ast.Null(node.span)
    frame = ast.Frame("rows", ast.FrameBound("preceding", back, span=node.span), None)
    window = replace(window, frame=frame)
    too_few = ast.Binary("le", _over("count", None, window, node), back, span=node.span)
    return _first(args[0], window, node, ((too_few, default),))


def _wanted(least: int, most: int) -> str:
    return f"{least} argument(s)" if least == most else f"{least} to {most} arguments"


def _first(
    value: ast.Expression,
    window: ast.WindowSpec,
    node: ast.Call,
    before: tuple[tuple[ast.Expression, ast.Expression], ...],
) -> ast.Case:
    """Return the value of the first row of a frame, behind other cases."""
    zero, one = ast.Number(0, node.span), ast.Number(1, node.span)
    flag = ast.Case(None, ((ast.Is(value, "null", span=node.span), one),), zero, span=node.span)
    is_null = ast.Binary("eq", _over("first", flag, window, node), one, span=node.span)
    whens = (*before, (is_null, ast.Null(node.span)))
    return ast.Case(None, whens, _over("first", value, window, node), span=node.span)


def _over(
    name: str, value: ast.Expression | None, window: ast.WindowSpec, node: ast.Call
) -> ast.Call:
    args = () if value is None else (value,)
    return ast.Call(name, args, star=value is None, over=window, span=node.span)
