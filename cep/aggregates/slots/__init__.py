"""Kinds of slots: the accumulators of window, frame and pattern kernels, as text in the kernel language.

A slot is a partial aggregate over a run of rows of one group. It can be filled row by row (`add`) and
joined with the slot of the rows that follow (`merge`); nothing is ever subtracted, so a huge value that
has left a frame leaves nothing behind. Equal slots of one kernel are shared between its aggregates.
"""

from __future__ import annotations

from cep.aggregates.slots.ends import KINDS as ENDS
from cep.aggregates.slots.kind import Field, SlotKind
from cep.aggregates.slots.moments import KINDS as MOMENTS
from cep.aggregates.slots.samples import KINDS as SAMPLES
from cep.aggregates.slots.totals import KINDS as TOTALS

# Every kind of slot by name.
SLOT_KINDS: dict[str, SlotKind] = {k.name: k for k in (*TOTALS, *ENDS, *MOMENTS, *SAMPLES)}

__all__ = ["SLOT_KINDS", "Field", "SlotKind"]
