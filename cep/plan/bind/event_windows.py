"""Windows of GROUP BY that rows open and end: SESSION, BATCH, COUNT_WINDOW, STATE_WINDOW, SLIDE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from cep.lang import ast
from cep.plan.bind.constants import bind_count, bind_duration
from cep.plan.bind.expressions import bind_condition
from cep.plan.bind.frame_windows import FrameWindow
from cep.plan.bind.report import is_broken
from cep.plan.nodes import EventWindow

if TYPE_CHECKING:
    from cep.plan.bind.environment import Environment
    from cep.plan.bind.scopes import Scope
    from cep.plan.expressions import Expr

Kind = Literal["session", "batch", "count", "state", "slide"]
# By name: kind, the arguments in order, how many are needed, an example.
EVENT_WINDOWS: dict[str, tuple[Kind, tuple[str, ...], int, str]] = {
    "session": ("session", ("gap", "max"), 1, "SESSION(15m, max => 4h)"),
    "batch": ("batch", ("size", "count"), 2, "BATCH(size => 10s, count => 100)"),
    "count_window": ("count", ("count", "every"), 1, "COUNT_WINDOW(100)"),
    "state_window": ("state", ("open", "close"), 2, "STATE_WINDOW(v > 9, v < 5)"),
    "slide": ("slide", ("size",), 1, "SLIDE(1m)"),
}
_ROWS = ("count", "every")
_CONDITIONS = ("open", "close")


def event_window(
    node: ast.Call, rows: Scope, environment: Environment
) -> EventWindow | FrameWindow | None:
    """Return the window of a call in GROUP BY.

    rows: the scope of one row, for the conditions of STATE_WINDOW.
    Errors: CEP208, CEP214, CEP216.
    """
    name, report = node.name.lower(), environment.report
    kind, wanted, needed, example = EVENT_WINDOWS[name]
    given: dict[str, ast.Expression] = {}
    for place, arg in enumerate(node.args):
        key, value = wanted[min(place, len(wanted) - 1)], arg
        if isinstance(arg, ast.NamedArgument):
            key, value = arg.name.lower(), arg.value
        if key not in wanted or key in given or isinstance(value, ast.NamedArgument):
            hint = f"arguments are {', '.join(wanted)}"
            message = f"{name.upper()} has no argument {key!r} here"
            report.add("CEP208", message, arg.span, hint)
            return None
        given[key] = value
    missing = [key for key in wanted[:needed] if key not in given]
    if missing:
        message = f"{name.upper()} needs the argument {missing[0]!r}"
        report.add("CEP214", message, node.span, f"write {example}")
        return None
    if kind == "state":
        return _state(given, rows)
    numbers = {key: _number(key, name, value, environment) for key, value in given.items()}
    if any(number is None for number in numbers.values()):
        return None
    count, size, every = (numbers.get(key) for key in ("count", "size", "every"))
    if kind == "slide":
        return None if size is None else FrameWindow("slide", size)
    if count is not None and every not in (None, count):
        return FrameWindow("count", count, every or count)
    return EventWindow(kind, numbers.get("gap", numbers.get("size")), numbers.get("max"), numbers.get("count"))  # fmt: skip


def _number(key: str, name: str, value: ast.Expression, environment: Environment) -> int | None:
    """Return a duration in us, or a number of rows (at least one)."""
    what = f"the {key} of {name.upper()}"
    if key not in _ROWS:
        return bind_duration(value, what, environment)
    count = bind_count(value, what, environment)
    if count == 0:
        environment.report.add("CEP216", f"{what} must be at least 1", value.span)
        return None
    return count


def _state(given: dict[str, ast.Expression], rows: Scope) -> EventWindow | None:
    tests: list[Expr] = []
    for key in _CONDITIONS:
        rows.place = f"the {key} condition of STATE_WINDOW"
        tests.append(bind_condition(given[key], rows))
    rows.place = "GROUP BY"
    if any(is_broken(test) for test in tests):
        return None
    return EventWindow("state", opens=tests[0], closes=tests[1])
