"""Slots of counts and sums.

A sum of integers is kept as two halves, `high * 2**32 + low`, so that it is exact whatever the order of
its terms: it is NULL only if the sum itself does not fit into 64 bits.
"""

from __future__ import annotations

from cep.aggregates.slots.kind import Field, SlotKind

KINDS = (
    SlotKind(
        "rows", (Field("n", "i64"),), "{a.n} += 1", "{a.n} += {b.n}", argument=False, straight=True
    ),
    SlotKind("count", (Field("n", "i64"),), "{a.n} += 1", "{a.n} += {b.n}", straight=True),
    SlotKind("distinct", (), "", "", collects="distinct"),
    SlotKind("ordered", (), "", "", collects="ordered"),
    SlotKind("ordered_samples", (), "", "", collects="ordered"),
    SlotKind(
        "sum",
        (Field("value", "f64", 0.0),),
        "{a.value} += {x}",
        "{a.value} += {b.value}",
        straight=True,
    ),
    SlotKind(
        "whole_sum",
        (Field("high", "i64"), Field("low", "i64")),
        "{a.high} += {x} >> 32\n{a.low} += {x} & 4294967295",
        "{a.high} += {b.high}\n{a.low} += {b.low}",
        straight=True,
    ),
)
