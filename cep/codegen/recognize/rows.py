"""Part of the kernel of a MATCH_RECOGNIZE: the rows of a key that are not decided yet, and the look-behind of keys.

Rows of a key stand in a list, the start that is being tried first: rows before it are given back. Of a row only the
columns are kept that conditions on bound rows, measures or ALL ROWS read. `PREV` reads, when a row comes, the last
values of its key, which outlive the rows; where it is read later its value is kept with the row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.codegen.layout import identifier, kernel_dtype
from cep.codegen.scope import Value
from cep.codegen.texts import null_text

if TYPE_CHECKING:
    from cep.codegen.layout import Layout
    from cep.codegen.writer import Writer
    from cep.plan.recognition import Recognize, Shifted
    from cep.types import Type

ROWS = "rows"


class LookBehind:
    """The columns of the row that has just come: its own, and those of rows before it in the last values of its key."""

    def __init__(self, node: Recognize, layout: Layout) -> None:
        self.layout = layout
        self.shifted: dict[str, Shifted] = {s.name: s for s in node.shifted}
        self.schema = node.inputs[0].schema
        self.depths: dict[str, int] = {}
        for shift in (s for s in node.shifted if s.offset > 0):
            self.depths[shift.column] = max(self.depths.get(shift.column, 0), shift.offset)
        self.rings = {
            column: layout.state(
                f"key_prev_{identifier(column)}{number}",
                kernel_dtype(self.type_of(column)),
                "keys",
                width=depth,
            )
            for number, (column, depth) in enumerate(self.depths.items())
        }

    def type_of(self, name: str) -> Type:
        """Return the type of a column, look-behind columns included."""
        column = self.schema.find(self.shifted[name].column if name in self.shifted else name)
        if column is None:
            msg = f"no column {name}"
            raise AssertionError(msg)
        return column.type

    def _value(self, name: str, text: str) -> Value:
        column = self.schema.find(name)
        not_null = column is not None and column.not_null
        return Value(text, self.type_of(name), nullable=not not_null)

    def cell(self, name: str, row: str) -> Value:
        """Return a column of input row `row`, which is the present one."""
        if name in self.shifted:
            return self.arriving(name)
        return self._value(name, f"{self.layout.column(0, name, self.type_of(name))}[{row}]")

    def arriving(self, name: str) -> Value:
        """Return a look-behind column of the row that has just come, from the last values of its key."""
        shift = self.shifted[name]
        width = self.depths[shift.column]
        place = "slot" if width == 1 else f"slot * {width} + {shift.offset - 1}"
        return Value(f"{self.rings[shift.column]}[{place}]", self.type_of(name))

    def newest(self, name: str) -> str | None:
        """Return the cell with a column of the newest row of key `slot`, None if it is not kept."""
        if name not in self.rings:
            return None
        width = self.depths[name]
        return f"{self.rings[name]}[slot]" if width == 1 else f"{self.rings[name]}[slot * {width}]"

    def clear_rings(self, writer: Writer) -> None:
        """Write the look-behind of a key that had no row yet."""
        for column, ring in self.rings.items():
            width = self.depths[column]
            for place in range(width):
                cell = "slot" if width == 1 else f"slot * {width} + {place}"
                writer.line(f"{ring}[{cell}] = {null_text(self.type_of(column))}")

    def remember(self, writer: Writer, row: str) -> None:
        """Write the joining of the present row to the look-behind of its key."""
        for column, ring in self.rings.items():
            width = self.depths[column]
            for place in range(width - 1, 0, -1):
                writer.line(
                    f"{ring}[slot * {width} + {place}] = {ring}[slot * {width} + {place - 1}]"
                )
            first = "slot" if width == 1 else f"slot * {width}"
            source = self.layout.column(0, column, self.type_of(column))
            writer.line(f"{ring}[{first}] = {source}[{row}]")


class RowBuffer(LookBehind):
    """The arrays of rows (pool "rows") and the last values of every key."""

    def __init__(self, node: Recognize, layout: Layout) -> None:
        self.kept: dict[str, tuple[str, Type]] = {}
        self._names: set[str] = set()
        layout.pool(ROWS, 256, slots="rows_free")
        self.at = layout.register_number("rows_free", -1)
        layout.register("rows_used")
        layout.register("rows_live")
        layout.register("rows_seen")
        layout.state("rows_chain", "i32", ROWS, fill=-1)
        layout.state("row_next", "i64", ROWS, fill=-1)
        layout.state("row_ts", "i64", ROWS)
        layout.state("row_number", "i64", ROWS)
        layout.state("row_flags", "i64", ROWS)
        layout.state("row_seq", "i64", ROWS)
        super().__init__(node, layout)

    def cell(self, name: str, row: str) -> Value:
        """Return a kept column of a buffered row; it is kept from the first time it is asked for.

        Of a look-ahead column the column itself is kept.
        """
        if name in self.shifted and self.shifted[name].offset < 0:
            name = self.shifted[name].column
        kind = self.type_of(name)
        if name not in self.kept:
            base = f"row_{identifier(name)}"
            while base in self._names:
                base += "x"
            base = self.layout.state(f"{base}_kept", kernel_dtype(kind), ROWS)
            self._names.add(base.removesuffix("_kept"))
            self.kept[name] = (base, kind)
        return self._value(name, f"{self.kept[name][0]}[{row}]")

    def ahead(self, name: str, row: str, writer: Writer) -> Value:
        """Write the reading of a look-ahead column of a buffered row; NULL if the row it stands in has not come."""
        shift = self.shifted[name]
        kept = self.cell(name, "later")
        go = self.layout.use("row_paths", "row_ahead")
        value = writer.fresh("ahead_f" if kernel_dtype(kept.type) == "f64" else "ahead_")
        writer.lines(
            f"later = {go}(row_next, {row}, {-shift.offset})", f"{value} = {null_text(kept.type)}"
        )
        with writer.block("if later >= 0:"):
            writer.line(f"{value} = {kept.text}")
        return Value(value, kept.type)

    def keep(self, writer: Writer, row: str) -> None:
        """Write the kept columns of the present row into the new buffered row `kept`."""
        for name, (array, kind) in self.kept.items():
            if name in self.shifted:
                text = self.arriving(name).text
            else:
                text = f"{self.layout.column(0, name, kind)}[{row}]"
            writer.line(f"{array}[kept] = {text}")
