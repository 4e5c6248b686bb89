"""Slots over pairs of values: the value beside the smallest or largest one, and moments of two variables.

Source: T. F. Chan, G. H. Golub, R. J. LeVeque, "Updating formulae and a pairwise algorithm for computing
sample variances", COMPSTAT 1982, equation 2.1, with the product of both deviations for `syx`.
"""

from __future__ import annotations

from typing import Literal

from cep.aggregates.slots.kind import Field, SlotKind

# The first argument of the SQL functions is the dependent variable: {x} is y, {y} is x of the formulas.
_PAIRS = SlotKind(
    "pair_moments",
    (
        Field("n", "i64"),
        Field("mean_y", "f64", 0.0),
        Field("mean_x", "f64", 0.0),
        Field("syy", "f64", 0.0),
        Field("sxx", "f64", 0.0),
        Field("syx", "f64", 0.0),
    ),
    """\
{a.n} += 1
slot_dy = {x} - {a.mean_y}
slot_dx = {y} - {a.mean_x}
slot_weight = div_f64({a.n} - 1, {a.n})
{a.mean_y} += div_f64(slot_dy, {a.n})
{a.mean_x} += div_f64(slot_dx, {a.n})
{a.syy} += slot_dy * slot_dy * slot_weight
{a.sxx} += slot_dx * slot_dx * slot_weight
{a.syx} += slot_dy * slot_dx * slot_weight""",
    """\
if {a.n} == 0:
    {a.n} = {b.n}
    {a.mean_y} = {b.mean_y}
    {a.mean_x} = {b.mean_x}
    {a.syy} = {b.syy}
    {a.sxx} = {b.sxx}
    {a.syx} = {b.syx}
elif {b.n} > 0:
    slot_n = {a.n} + {b.n}
    slot_dy = {b.mean_y} - {a.mean_y}
    slot_dx = {b.mean_x} - {a.mean_x}
    slot_part = div_f64({b.n}, slot_n)
    slot_weight = {a.n} * slot_part
    {a.syy} += {b.syy} + slot_dy * slot_dy * slot_weight
    {a.sxx} += {b.sxx} + slot_dx * slot_dx * slot_weight
    {a.syx} += {b.syx} + slot_dy * slot_dx * slot_weight
    {a.mean_y} += slot_dy * slot_part
    {a.mean_x} += slot_dx * slot_part
    {a.n} = slot_n""",
)

_Dtype = Literal["i64", "i32", "f64"]
_DTYPES: dict[str, _Dtype] = {"f64": "f64", "i64": "i64", "text": "i32"}


def _beside(which: Literal["min", "max"], value: str, by: str) -> SlotKind:
    """Return the slot of the value beside the smallest or largest `by`; of ties the earlier."""
    sign = "<" if which == "min" else ">"
    ranked = ("ranks[{y}]", "ranks[{a.best}]", "ranks[{b.best}]")
    plain = ("{y}", "{a.best}", "{b.best}")
    new, best, later = ranked if by == "text" else plain
    return SlotKind(
        f"arg_{which}_{value}_{by}",
        (
            Field("found", "i64"),
            Field("best", _DTYPES[by]),
            Field("value", _DTYPES[value]),
        ),
        f"if {{a.found}} == 0 or {new} {sign} {best}:\n"
        "    {a.found} = 1\n"
        "    {a.best} = {y}\n"
        "    {a.value} = {x}",
        f"if {{b.found}} == 1 and ({{a.found}} == 0 or {later} {sign} {best}):\n"
        "    {a.found} = 1\n"
        "    {a.best} = {b.best}\n"
        "    {a.value} = {b.value}",
        ranks=by == "text",
    )


KINDS = (
    _PAIRS,
    *(_beside(w, value, by) for w in ("min", "max") for value in _DTYPES for by in _DTYPES),
)
