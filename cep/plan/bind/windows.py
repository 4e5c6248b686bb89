"""Windows of groups: TUMBLE, HOP and CUMULATE in GROUP BY, and as table functions of Flink and RisingWave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.lang import ast
from cep.plan.bind.calendars import argument_name, calendar_window
from cep.plan.bind.constants import bind_duration
from cep.plan.bind.refused import refuse
from cep.plan.nodes import WindowSize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cep.plan.bind.environment import Environment, StreamInfo
    from cep.plan.nodes import CalendarWindow

# Durations of each window by parameter name; the positional order is Flink's.
WINDOWS: dict[str, tuple[str, ...]] = {
    "tumble": ("size", "offset"),
    "hop": ("slide", "size", "offset"),
    "cumulate": ("step", "size", "offset"),
}
_SPELLINGS = {"every": "slide"}
# Windows whose arguments have names in GROUP BY, and how they are written there.
_NAMED = {"hop": "HOP(size => 10s, every => 1s)", "cumulate": "CUMULATE(step => 1m, size => 1h)"}


def group_window(node: ast.Call, environment: Environment) -> WindowSize | CalendarWindow | None:
    """Return the window of a call in GROUP BY: `TUMBLE(10s)`, `HOP(size => 10s, every => 1s)`, `CUMULATE(step => 1m, size => 1h)`.

    Errors: CEP208, CEP214, CEP216.
    """
    name = node.name.lower()
    plain = [a for a in node.args if not isinstance(a, ast.NamedArgument)]
    if name in _NAMED and plain:
        message = f"{name.upper()} in GROUP BY takes named arguments"
        hint = f"write {_NAMED[name]}"
        environment.report.add("CEP214", message, node.span, hint)
        return None
    return _window(name, node.args, node, environment)


def _window(
    name: str,
    args: Sequence[ast.Expression | ast.NamedArgument],
    node: ast.Call | ast.TableFunction,
    environment: Environment,
) -> WindowSize | CalendarWindow | None:
    """Return the window for the arguments, all but the zone durations."""
    report, wanted = environment.report, (*WINDOWS[name], "zone")
    given: dict[str, ast.Expression] = {}
    for place, arg in enumerate(args):
        key, value = wanted[min(place, len(wanted) - 2)], arg
        if isinstance(arg, ast.NamedArgument):
            key, value = _SPELLINGS.get(arg.name.lower(), arg.name.lower()), arg.value
        if key not in wanted or key in given or isinstance(value, ast.NamedArgument):
            written = arg.name.lower() if isinstance(arg, ast.NamedArgument) else key
            message = f"{name.upper()} has no argument {written!r} here"
            hint = f"arguments are {', '.join(wanted)}".replace("slide", "every")
            report.add("CEP208", message, arg.span, hint)
            return None
        given[key] = value
    missing = [k for k in WINDOWS[name] if k != "offset" and k not in given]
    if missing:
        text = missing[0].replace("slide", "every")
        hint = f"write {_NAMED.get(name, 'TUMBLE(10s)')}"
        report.add("CEP214", f"{name.upper()} needs a {text}", node.span, hint)
        return None
    if "zone" in given:
        return calendar_window(name, given, node.span, environment)
    values = {
        key: bind_duration(value, argument_name(name, key), environment, zero=key == "offset")
        for key, value in given.items()
    }
    if name == "cumulate":
        return _cumulating(values, node, environment)
    return _sized(values, node, environment)


def _cumulating(
    values: dict[str, int | None], node: ast.Call | ast.TableFunction, environment: Environment
) -> WindowSize | None:
    size, step, offset = values["size"], values["step"], values.get("offset", 0)
    if size is None or step is None or offset is None:
        return None
    if size % step:
        message = "the size of CUMULATE is no multiple of its step"
        environment.report.add("CEP216", message, node.span, "such as step => 1m, size => 1h")
        return None
    return WindowSize(size, step, offset % size, cumulates=True)


def _sized(
    values: dict[str, int | None], node: ast.Call | ast.TableFunction, environment: Environment
) -> WindowSize | None:
    size = values["size"]
    every = values.get("slide", size)
    if size is None or every is None:
        return None
    if every > size:
        message = "the windows of HOP leave gaps: every is longer than size"
        environment.report.add("CEP216", message, node.span, "make every at most size")
        return None
    offset = values.get("offset", 0)
    return None if offset is None else WindowSize(size, every, offset % every)


def table_window(
    node: ast.TableFunction, environment: Environment
) -> tuple[StreamInfo, WindowSize | CalendarWindow | None] | None:
    """Return stream and window of `TABLE(HOP(TABLE s, DESCRIPTOR(ts), d, d))` or `TUMBLE(s, ts, d)`.

    Errors: CEP201, CEP208, CEP214, CEP304 when the column is not the event time.
    """
    tables: list[tuple[str, ast.TableArgument | ast.Name]] = []
    columns: list[ast.Descriptor | ast.Name] = []
    durations: list[ast.Expression | ast.NamedArgument] = []
    for arg in node.args:
        match arg:
            case ast.TableArgument():
                tables.append((arg.table, arg))
            case ast.Descriptor():
                columns.append(arg)
            case ast.Name() if not node.standard and not tables:
                tables.append((arg.name, arg))
            case ast.Name() if not node.standard and not columns:
                columns.append(arg)
            case _:
                durations.append(arg)
    name = node.function.lower()
    if len(tables) != 1 or len(columns) != 1:
        message = f"{node.function.upper()} in FROM needs a stream and its time column"
        hint = "write TABLE(TUMBLE(TABLE s, DESCRIPTOR(ts), 10s)) or TUMBLE(s, ts, 10s)"
        environment.report.add("CEP214", message, node.span, hint)
        return None
    stream = environment.stream(tables[0][0], tables[0][1].span)
    column = columns[0]
    named = (column.name,) if isinstance(column, ast.Name) else column.columns
    if not stream.unknown and named != (stream.time_column,):
        hint = f"the event time of {stream.name} is {stream.time_column}"
        refuse(environment.report, "Descriptor", column.span, hint=hint)
        return None
    return stream, _window(name, durations, node, environment)
