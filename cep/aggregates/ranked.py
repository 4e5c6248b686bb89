"""What MEDIAN and QUANTILE share: the values in order, exactly, between neighbours by their distance."""

from __future__ import annotations

from cep.aggregates.contract import Formula, Use

# Number of type INT or DOUBLE; the tree keeps either.
VALUES = Use("values", "ordered")


def quantile_formula(q: float) -> Formula:
    """Return the q-quantile, 0 <= q <= 1; NULL without values. Cost: O(log rows)."""
    return Formula(
        (VALUES,),
        f"quantile({{values.tree}}, {{values.floats}}, {q!r})",
        "{values.root} >= 0",
        functions=(("ordered", "quantile"),),
    )
