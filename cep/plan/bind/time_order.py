"""ORDER BY of patterns: the order of time, which events have anyway (ruling 26)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.lang import ast

if TYPE_CHECKING:
    from cep.plan.bind.environment import StreamInfo
    from cep.plan.bind.report import Report


def bind_time_order(
    items: tuple[ast.SortItem, ...], stream: StreamInfo, report: Report
) -> tuple[str, ...]:
    """Return the columns of ORDER BY: the time of the stream, then its TIEBREAK columns.

    Errors: CEP253.
    """
    wanted = (stream.time_column or "ts", *stream.tiebreak)
    for place, item in enumerate(items):
        name = item.value.name if isinstance(item.value, ast.Name) else ""
        ascending = item.direction != "desc" and item.nulls != "first"
        fits = place < len(wanted) and name == wanted[place] and ascending
        if not fits and not stream.unknown:
            message = f"rows come in the order of time: ORDER BY {', '.join(wanted)}"
            report.add("CEP253", message, item.span, "declare other columns in TIEBREAK BY")
            return ()
    return wanted[: len(items)]
