"""What a kind of slot states: its fields and how they are filled and merged."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Field:
    """One cell of a slot: its dtype (i32 holds string codes) and its value before the first row."""

    name: str
    dtype: Literal["i64", "i32", "f64"]
    empty: int | float = 0


@dataclass(frozen=True, slots=True)
class SlotKind:
    """A kind of slot, as kernel text over local names.

    add: the value `{x}` of a row at time `{t}` (us) joins the slot `{a.field}`; x is neither NULL nor
    infinite. A slot of pairs gets `{x}` and `{y}`. merge: slot `{b.field}` of later rows joins `{a.field}`. Locals of the text itself begin
    with `slot_`. `argument`: whether it reads an argument at all. carried: kept a group for good and
    not merged inside a frame: when a part leaves the frame, its slot is merged into the group's; formulas
    read the group's. ranks: the text reads `ranks`, the table of string ranks.
    collects: filled by the kernel, which holds the values themselves (no text): different ones, or in order.
    straight: merging is one addition or one comparison a field.
    functions: routines of kernellib the text calls, as (module, name).
    """

    name: str
    fields: tuple[Field, ...]
    add: str
    merge: str
    argument: bool = True
    carried: bool = False
    ranks: bool = False
    collects: Literal["", "distinct", "ordered"] = ""
    straight: bool = False
    functions: tuple[tuple[str, str], ...] = ()

    def add_text(self, names: Mapping[str, str], xs: tuple[str, ...], t: str) -> list[str]:
        """Return the statements that add the values `xs` of time `t`; names: field to local name."""
        x, y = (*xs, "", "")[:2]
        return self.add.format(a=SimpleNamespace(**names), x=x, y=y, t=t).splitlines()

    def merge_text(self, into: Mapping[str, str], later: Mapping[str, str]) -> list[str]:
        """Return the statements that merge the slot of later rows; both map fields to local names."""
        text = self.merge.format(a=SimpleNamespace(**into), b=SimpleNamespace(**later))
        return text.splitlines()
