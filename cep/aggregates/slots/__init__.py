"""Kinds of slots: the accumulators of window, frame and pattern kernels, as text in the kernel language.

A slot is a partial aggregate over a run of rows of one group. It can be filled row by row (`add`) and
joined with the slot of the rows that follow (`merge`); nothing is ever subtracted, so a huge value that
has left a frame leaves nothing behind. Equal slots of one kernel are shared between its aggregates.
"""

from __future__ import annotations

from cep.aggregates.slots.ends import KINDS as ENDS
from cep.aggregates.slots.kind import Field, SlotKind
from cep.aggregates.slots.moments import KINDS as MOMENTS
from cep.aggregates.slots.pairs import KINDS as PAIRS
from cep.aggregates.slots.recent import KINDS as RECENT
from cep.aggregates.slots.samples import KINDS as SAMPLES
from cep.aggregates.slots.totals import KINDS as TOTALS
from cep.aggregates.slots.trends import KINDS as TRENDS

# Every kind of slot by name.
_ALL = (*TOTALS, *ENDS, *MOMENTS, *PAIRS, *SAMPLES, *RECENT, *TRENDS)
SLOT_KINDS: dict[str, SlotKind] = {k.name: k for k in _ALL}

__all__ = ["SLOT_KINDS", "Field", "SlotKind"]
