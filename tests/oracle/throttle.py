"""SUPPRESS and LIMIT PER (ruling 36): which output rows pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cep.lang import ast
from tests.oracle.values import UnsupportedError

if TYPE_CHECKING:
    from tests.oracle.catalog import Catalog

Row = dict[str, Any]


def throttles_of(
    clauses: tuple[ast.OutputClause, ...], catalog: Catalog
) -> list[Suppressor | Limiter | Stamp]:
    """Return the throttles of a rule in the order written."""
    found: list[Suppressor | Limiter | Stamp] = []
    for clause in clauses:
        match clause:
            case ast.Suppress(columns=columns, duration=duration):
                found.append(Suppressor(names(columns), catalog.constant(duration)))
            case ast.RateLimit(count=count, per=per, columns=columns):
                found.append(Limiter(names(columns), count, catalog.constant(per)))
            case ast.OutTime(value=value):
                found.append(Stamp(value, catalog))
            case ast.Emit(
                mode="final" | "on_match" | "on_close" | "changes" | "every" | "on_change"
            ):
                pass
            case _:
                raise UnsupportedError(type(clause).__name__)
    return found


def names(columns: tuple[ast.Expression, ...]) -> list[str]:
    """Return the names of output columns."""
    return [c.name for c in columns if isinstance(c, ast.Name)]


class Suppressor:
    """The first row of a key passes, later ones only after the duration; it counts those it holds back."""

    def __init__(self, columns: list[str], duration: int) -> None:
        self.columns = columns
        self.duration = duration
        self.entries: dict[tuple[Any, ...], list[int]] = {}

    def offer(self, t: int, row: Row) -> Row | None:
        """Return the row with its count, None if it is held back."""
        key = tuple(row[c] for c in self.columns)
        entry = self.entries.get(key)
        if entry is not None and t > entry[0] + 2 * self.duration:
            entry = None
        if entry is not None and t - entry[0] < self.duration:
            entry[1] += 1
            return None
        self.entries[key] = [t, 0]
        return {**row, "suppressed": entry[1] if entry else 0}


class Limiter:
    """At most `count` rows of a key in the interval that its first row starts."""

    def __init__(self, columns: list[str], count: int, duration: int) -> None:
        self.columns = columns
        self.count = count
        self.duration = duration
        self.intervals: dict[tuple[Any, ...], list[int]] = {}

    def offer(self, t: int, row: Row) -> Row | None:
        """Return the row if it passes."""
        key = tuple(row[c] for c in self.columns)
        interval = self.intervals.get(key)
        if interval is None or t >= interval[0] + self.duration:
            interval = self.intervals[key] = [t, 0]
        interval[1] += 1
        return row if interval[1] <= self.count else None


class Stamp:
    """TIMESTAMP: puts another time into the column `ts`."""

    def __init__(self, value: ast.Expression, catalog: Catalog) -> None:
        self.value = value
        self.catalog = catalog

    def offer(self, t: int, row: Row) -> Row:
        """Return the row with its new time."""
        from tests.oracle.expressions import evaluate
        from tests.oracle.operator import RowScope

        del t
        return {**row, "ts": evaluate(self.value, RowScope(row, set(), self.catalog.parameters))}
