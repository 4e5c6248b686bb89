"""Slots of variance and regression: centred moments that can be merged.

Source: B. P. Welford, "Note on a method for calculating corrected sums of squares and products",
Technometrics 4(3), 1962 (add); T. F. Chan, G. H. Golub, R. J. LeVeque, "Updating formulae and a pairwise
algorithm for computing sample variances", COMPSTAT 1982, equation 2.1 (merge).

| here | name in paper |
|---|---|
| `n mean m2` | m, T / m, S |

Regression is over (seconds since the slot's first sample, value). Samples of equal time count as one,
the last of them; therefore the last sample stands beside the moments until its time has passed.
"""

from __future__ import annotations

from cep.aggregates.slots.kind import Field, SlotKind
from cep.types import NULL_I64 as NULL

_MOMENTS = SlotKind(
    "moments",
    (Field("n", "i64"), Field("mean", "f64", 0.0), Field("m2", "f64", 0.0)),
    """\
{a.n} += 1
slot_dv = {x} - {a.mean}
{a.mean} += div_f64(slot_dv, {a.n})
{a.m2} += slot_dv * ({x} - {a.mean})""",
    """\
if {a.n} == 0:
    {a.n} = {b.n}
    {a.mean} = {b.mean}
    {a.m2} = {b.m2}
elif {b.n} > 0:
    slot_n = {a.n} + {b.n}
    slot_dv = {b.mean} - {a.mean}
    slot_weight = div_f64({b.n}, slot_n)
    {a.m2} += {b.m2} + slot_dv * slot_dv * ({a.n} * slot_weight)
    {a.mean} += slot_dv * slot_weight
    {a.n} = slot_n""",
)

# Takes the last sample into the moments.
_ABSORB = """\
{a.n} += 1
slot_dt = div_f64({a.last_ts} - {a.first_ts}, 1000000.0) - {a.mean_t}
slot_dv = {a.last} - {a.mean}
{a.mean_t} += div_f64(slot_dt, {a.n})
{a.mean} += div_f64(slot_dv, {a.n})
slot_weight = div_f64({a.n} - 1, {a.n})
{a.stt} += slot_dt * slot_dt * slot_weight
{a.stv} += slot_dt * slot_dv * slot_weight"""


def _indent(text: str, levels: int) -> str:
    return "\n".join("    " * levels + line for line in text.splitlines())


_REGRESSION = SlotKind(
    "regression",
    (
        Field("n", "i64"),
        Field("first_ts", "i64", NULL),
        Field("mean_t", "f64", 0.0),
        Field("mean", "f64", 0.0),
        Field("stt", "f64", 0.0),
        Field("stv", "f64", 0.0),
        Field("last_ts", "i64", NULL),
        Field("last", "f64", 0.0),
    ),
    f"""\
if {{a.first_ts}} == NULL_I64:
    {{a.first_ts}} = {{t}}
elif {{a.last_ts}} != {{t}}:
{_indent(_ABSORB, 1)}
{{a.last_ts}} = {{t}}
{{a.last}} = {{x}}""",
    f"""\
if {{b.first_ts}} != NULL_I64:
    if {{a.first_ts}} == NULL_I64:
        {{a.first_ts}} = {{b.first_ts}}
    elif {{a.last_ts}} != {{b.first_ts}}:
{_indent(_ABSORB, 2)}
    if {{b.n}} > 0:
        slot_shift = div_f64({{b.first_ts}} - {{a.first_ts}}, 1000000.0)
        if {{a.n}} == 0:
            {{a.n}} = {{b.n}}
            {{a.mean_t}} = {{b.mean_t}} + slot_shift
            {{a.mean}} = {{b.mean}}
            {{a.stt}} = {{b.stt}}
            {{a.stv}} = {{b.stv}}
        else:
            slot_n = {{a.n}} + {{b.n}}
            slot_dt = {{b.mean_t}} + slot_shift - {{a.mean_t}}
            slot_dv = {{b.mean}} - {{a.mean}}
            slot_weight = div_f64({{b.n}}, slot_n)
            {{a.stt}} += {{b.stt}} + slot_dt * slot_dt * ({{a.n}} * slot_weight)
            {{a.stv}} += {{b.stv}} + slot_dt * slot_dv * ({{a.n}} * slot_weight)
            {{a.mean_t}} += slot_dt * slot_weight
            {{a.mean}} += slot_dv * slot_weight
            {{a.n}} = slot_n
    {{a.last_ts}} = {{b.last_ts}}
    {{a.last}} = {{b.last}}""",
)

_KEEP = """\
{a.n} += 1
slot_dv = {a.last} - {a.mean}
{a.mean} += div_f64(slot_dv, {a.n})
{a.m2} += slot_dv * ({a.last} - {a.mean})"""

# The moments of all samples but the last one, which stands beside them.
_OTHERS = SlotKind(
    "others",
    (
        Field("n", "i64"),
        Field("mean", "f64", 0.0),
        Field("m2", "f64", 0.0),
        Field("first_ts", "i64", NULL),
        Field("last_ts", "i64", NULL),
        Field("last", "f64", 0.0),
    ),
    f"""\
if {{a.first_ts}} == NULL_I64:
    {{a.first_ts}} = {{t}}
elif {{a.last_ts}} != {{t}}:
{_indent(_KEEP, 1)}
{{a.last_ts}} = {{t}}
{{a.last}} = {{x}}""",
    f"""\
if {{b.first_ts}} != NULL_I64:
    if {{a.first_ts}} == NULL_I64:
        {{a.first_ts}} = {{b.first_ts}}
    elif {{a.last_ts}} != {{b.first_ts}}:
{_indent(_KEEP, 2)}
{_indent(_MOMENTS.merge, 1)}
    {{a.last_ts}} = {{b.last_ts}}
    {{a.last}} = {{b.last}}""",
)


def _with_squares(kind: SlotKind) -> SlotKind:
    """Return regression with `svv`, the centred sum of v * v."""

    def widened(text: str) -> str:
        lines = []
        for line in text.splitlines():
            lines.append(line)
            if "{a.stv}" in line:
                lines.append(line.replace("stv", "svv").replace("slot_dt", "slot_dv"))
        return "\n".join(lines)

    fields = [
        f
        for field in kind.fields
        for f in (field, Field("svv", "f64", 0.0))[: 1 + (field.name == "stv")]
    ]
    return SlotKind("regression_squares", tuple(fields), widened(kind.add), widened(kind.merge))


KINDS = (_MOMENTS, _REGRESSION, _with_squares(_REGRESSION), _OTHERS)
