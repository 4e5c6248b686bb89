"""Any order `A & B & C`, `ANY n OF (..)` and PERMUTE: one position, whose events are given to operands.

What the operands still need is one word of a run: a field of bits for each operand, and for `ANY n OF` the
number of operands still needed above them. So a group of 16 operands is two states, not 2^16.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.pattern.automaton import Fill
from cep.pattern.build.fragment import Fragment, Step

if TYPE_CHECKING:
    from cep.plan.nodes import AnyOrder


def any_order(group: AnyOrder) -> Fragment:
    """Return the fragment of an any-order group."""
    name = " & ".join(variable for variable, _ in group.operands)
    return Fragment((Step(name, group),), firsts=((0, ()),), lasts=((0, ()),))


def fills(group: AnyOrder, *, entering: bool) -> list[tuple[str, Fill]]:
    """Return for each operand, left to right, its variable and how its event fills the group."""
    shifts, at = [], 0
    for _, times in group.operands:
        shifts.append(at)
        at += times.bit_length()
    need = at if group.need < len(group.operands) else None
    whole = sum(times << shift for (_, times), shift in zip(group.operands, shifts, strict=True))
    if need is not None:
        whole += group.need << need
    found = []
    for (variable, times), shift in zip(group.operands, shifts, strict=True):
        start = whole - (1 << shift)
        if need is not None and times == 1:
            start -= 1 << need
        mask = (1 << times.bit_length()) - 1
        found.append((variable, Fill(start if entering else None, shift, mask, need)))
    return found


def is_complete(fill: Fill) -> bool:
    """Return whether the first event of a group is all it needs."""
    return fill.start is not None and fill.need is not None and fill.start >> fill.need == 0
