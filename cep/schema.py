"""Schemas: the named, typed columns of a stream."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cep.types import Type


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """A column: name, type, and whether it is declared NOT NULL (rows that break this are rejected)."""

    name: str
    type: Type
    not_null: bool = False


@dataclass(frozen=True, slots=True)
class Schema:
    """The columns of a stream in declared order."""

    columns: tuple[ColumnSpec, ...]

    def names(self) -> tuple[str, ...]:
        """Return the column names in order."""
        return tuple(c.name for c in self.columns)

    def find(self, name: str) -> ColumnSpec | None:
        """Return the column of that name, or None."""
        for column in self.columns:
            if column.name == name:
                return column
        return None
