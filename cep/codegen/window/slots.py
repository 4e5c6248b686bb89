"""Part of the kernels of windows and frames: the slots of their aggregates, shared where they are equal.

An aggregate is a formula over slots (`cep.aggregates`). `Slots` collects the slots a list of aggregates
needs and writes what a kernel does with them: arrays, adding a row, merging, and values.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cep.aggregates.slots import SLOT_KINDS
from cep.codegen.scope import Value
from cep.codegen.slot_uses import added_values, formula_of, slot_needs, value_text
from cep.codegen.texts import null_test, null_text, number_text
from cep.types import Type

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from cep.aggregates.slots import Field, SlotKind
    from cep.codegen.layout import Layout
    from cep.codegen.scope import Scope
    from cep.codegen.slot_uses import SlotNeed
    from cep.codegen.writer import Writer
    from cep.plan.expressions import Aggregate, Expr


@dataclass(frozen=True, slots=True)
class Slot:
    """One slot of a kernel: its kind, and which rows it takes what from."""

    name: str
    kind: SlotKind
    args: tuple[Expr, ...]
    filter: Expr | None

    def cells(self, prefix: str, index: str) -> dict[str, str]:
        """Return field to cell: `{prefix}{name}_{field}[index]`."""
        return {f.name: f"{prefix}{self.name}_{f.name}[{index}]" for f in self.kind.fields}

    def locals(self, prefix: str) -> dict[str, str]:
        """Return field to local name: `{prefix}{name}_{field}`."""
        return {f.name: f"{prefix}{self.name}_{f.name}" for f in self.kind.fields}


class Slots:
    """The slots of some aggregates."""

    def __init__(self, layout: Layout, aggregates: Sequence[Aggregate], prefix: str = "") -> None:
        self.layout = layout
        self.prefix = prefix
        self._slots: dict[SlotNeed, Slot] = {}
        for aggregate in aggregates:
            self._uses(aggregate)

    # ------------------------------------------------------------------ which slots

    def all(self) -> tuple[Slot, ...]:
        """Return every slot."""
        return tuple(self._slots.values())

    def merged(self) -> tuple[Slot, ...]:
        """Return the slots that are merged along a frame."""
        return tuple(s for s in self.all() if not (s.kind.carried or s.kind.collects))

    def carried(self) -> tuple[Slot, ...]:
        """Return the slots kept a group for good: the samples before the frame."""
        return tuple(s for s in self.all() if s.kind.carried)

    def collected(self) -> tuple[Slot, ...]:
        """Return the slots whose size grows with their rows (see `collected`)."""
        return tuple(s for s in self.all() if s.kind.collects)

    def fields(self, slots: Sequence[Slot]) -> Iterator[tuple[str, Field]]:
        """Yield (name of the array without prefix, field) for every field of some slots."""
        for slot in slots:
            for field in slot.kind.fields:
                yield f"{slot.name}_{field.name}", field

    def _uses(self, aggregate: Aggregate) -> dict[str, Slot]:
        found: dict[str, Slot] = {}
        for name, need in slot_needs(aggregate, formula_of(aggregate)).items():
            if need not in self._slots:
                unique = f"{self.prefix}{need.kind}_{len(self._slots) + 1}"
                self._slots[need] = Slot(unique, SLOT_KINDS[need.kind], need.args, need.filter)
            found[name] = self._slots[need]
        return found

    # ------------------------------------------------------------------ what kernels write

    def arrays(
        self, prefix: str, slots: Sequence[Slot], pool: str, width: int = 1
    ) -> tuple[tuple[str, Field], ...]:
        """Add a state array a field, `{prefix}{slot}_{field}`; return them with their fields."""
        made = []
        for name, field in self.fields(slots):
            array = self.layout.state(
                prefix + name, field.dtype, pool, width=width, fill=field.empty
            )
            made.append((array, field))
        return tuple(made)

    def _imports(self, functions: Sequence[tuple[str, str]]) -> None:
        for module, function in functions:
            self.layout.use(module, function)

    def add_rows(
        self,
        scope: Scope,
        slots: Sequence[Slot],
        ts: str,
        write: Callable[[Slot, tuple[str, ...]], None] | None = None,
        *,
        cells: Callable[[Slot], Mapping[str, str]],
    ) -> None:
        """Write the adding of the present row to slots; `cells` names the fields of each.

        `write(slot, xs)` writes the adding to a collecting slot.
        """
        groups: dict[tuple[tuple[Expr, ...], Expr | None], list[Slot]] = {}
        for slot in slots:
            groups.setdefault((slot.args, slot.filter), []).append(slot)
        for (args, keep), members in groups.items():
            tests, xs = added_values(args, keep, scope, lambda _: scope.writer.fresh("x"))
            with scope.writer.block(f"if {' and '.join(tests)}:") if tests else nullcontext():
                for slot in members:
                    if slot.kind.collects and write is not None:
                        write(slot, xs)
                        continue
                    self._imports(slot.kind.functions)
                    if slot.kind.ranks:
                        self.layout.ranks()
                    scope.writer.lines(*slot.kind.add_text(cells(slot), xs, ts))

    def merge(
        self, writer: Writer, slot: Slot, into: Mapping[str, str], later: Mapping[str, str]
    ) -> None:
        """Write `into := into, then later` for one slot; both map fields to kernel text."""
        self._imports(slot.kind.functions)
        if slot.kind.ranks:
            self.layout.ranks()
        writer.lines(*slot.kind.merge_text(into, later))

    def reset(
        self, writer: Writer, slots: Sequence[Slot], cells: Callable[[Slot], Mapping[str, str]]
    ) -> None:
        """Write the emptying of the fields of slots."""
        for slot in slots:
            names = cells(slot)
            for field in slot.kind.fields:
                writer.line(f"{names[field.name]} = {number_text(field.empty)}")

    def used_by(self, aggregates: Sequence[Aggregate]) -> tuple[Slot, ...]:
        """Return the slots the formulas of some aggregates read."""
        found = {s.name: s for a in aggregates for s in self._uses(a).values()}
        return tuple(found.values())

    def value(
        self,
        writer: Writer,
        aggregate: Aggregate,
        cells: Callable[[Slot], Mapping[str, str]],
        *,
        start: str,
        end: str,
        count_errors: bool = True,
    ) -> Value:
        """Write the computing of an aggregate to a local and return it.

        start, end: kernel text of the instants between which the frame lies, us. A result that
        overflowed (an infinity, a sum beyond 64 bits) is NULL and counted.
        """
        formula = formula_of(aggregate)
        self._imports(formula.functions)
        names = {name: cells(slot) for name, slot in self._uses(aggregate).items()}
        local = writer.fresh("value")
        kind = aggregate.type
        text, defined = value_text(formula, names, start=start, end=end)
        if kind is Type.DOUBLE:
            text = f"finite({text})"
        if defined:
            text = f"({text}) if {defined} else {null_text(kind)}"
        writer.line(f"{local} = {text}")
        if count_errors and (kind is Type.DOUBLE or formula.may_fail):
            failed = null_test(Value(local, kind)) + (f" and {defined}" if defined else "")
            with writer.block(f"if {failed}:"):
                writer.line("ctl[5] += 1")
        return Value(local, kind, nullable=not formula.total)
