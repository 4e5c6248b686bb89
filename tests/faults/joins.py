"""Faults of joins and tables, of gaps and skips to variables, of values kept in order."""

from __future__ import annotations

from tests.faults.fault import Fault

JOINS = (
    Fault(
        "a join takes the bound of the other side",
        "cep/codegen/join/within.py",
        "(node.after_us, node.before_us)[number]",
        "(node.before_us, node.after_us)[number]",
        ("joins",),
    ),
    Fault(
        "a row with a partner comes without one too",
        "cep/codegen/join/within.py",
        'f"{name}_paired[p] = paired"',
        'f"{name}_paired[p] = 0"',
        ("joins",),
    ),
    Fault(
        "an earlier row does not hear of its partner",
        "cep/codegen/join/within.py",
        'f"{other.name}_paired[p] = 1"',
        'f"{other.name}_paired[p] = {other.name}_paired[p]"',
        ("joins",),
    ),
    Fault(
        "of rows due at one instant those of the left come first",
        "cep/codegen/join/within.py",
        'f"of_left = left_order[{left.oldest}] < right_order[{right.oldest}]"',
        '"of_left = 1 == 1"',
        ("joins",),
    ),
    Fault(
        "a lookup forgets the rest of ON",
        "cep/codegen/join/lookup.py",
        '"1 == 1" if condition is None else is_true(condition, scope)',
        '"1 == 1"',
        ("joins", "tables"),
    ),
)
CLAUSES = (
    Fault(
        "the upper bound of a gap is exclusive",
        "cep/codegen/match/scan.py",
        'f" and ts - run_anchor[r] <= {move.high_us}"',
        'f" and ts - run_anchor[r] < {move.high_us}"',
        ("gaps",),
    ),
    Fault(
        "the lower bound of a gap is exclusive",
        "cep/codegen/match/scan.py",
        'f" and ts - run_anchor[r] >= {move.low_us}"',
        'f" and ts - run_anchor[r] > {move.low_us}"',
        ("gaps",),
    ),
    Fault(
        "a run out of its gap lives on",
        "cep/pattern/limits.py",
        "limit_us=max(known) if len(known) == len(highs) else None",
        "limit_us=None",
        ("gaps",),
    ),
    Fault(
        "SKIP TO FIRST is SKIP TO LAST",
        "cep/codegen/match/runs.py",
        'if parts.node.skip == "to_last":',
        "if parts.node.skip:",
        ("skip_to",),
    ),
    Fault(
        "PREV is the candidate of the condition before",
        "cep/codegen/match/previous.py",
        'return Value(f"{names[bound.offset - 1]}[slot]", kind)',
        'return Value(f"{names[0]}[slot]", kind)',
        ("previous",),
    ),
)
ORDERED = (
    Fault(
        "equal values leave the tree in another order",
        "cep/kernellib/ordered.py",
        "        side = int(order >= words[4 * here])",
        "        side = int(order > words[4 * here])",
        ("ordered",),
    ),
    Fault(
        "a quantile does not lie between its neighbours",
        "cep/kernellib/ordered.py",
        "value = value + (above - value) * (place - low)",
        "value = value + 0.0 * (above - value)",
        ("ordered",),
    ),
    Fault(
        "a decayed mean counts its last sample in full",
        "cep/kernellib/trends.py",
        "return (keep * first + gain) * left + (1.0 - left) * last",
        "return (keep * first + gain) * left + last",
        ("change",),
    ),
    Fault(
        "a run goes on after a tie",
        "cep/kernellib/trends.py",
        "        return min_i64(run, 0) - 1\n    return 0\n\n\ndef whole_run_step",
        "        return min_i64(run, 0) - 1\n    return run\n\n\ndef whole_run_step",
        ("change",),
    ),
)
