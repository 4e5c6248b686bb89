"""Laws of MATCH: changes of rules and rows that must not change what matches, in the engine alone."""

from __future__ import annotations

import os
import re
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cep
from tests.harness.engine_adapter import run_engine
from tests.oracle.draw_pattern import STREAMS, Drawing, draw_arrivals, draw_pattern
from tests.oracle.drawing import Draw

if TYPE_CHECKING:
    from collections.abc import Callable

EVERYDAY = 15
SLOW = {"ci": 200, "full": 2_000}[os.environ.get("CEP_TEST_SIZE", "full")]
AMONG = 50
SHIFT = 86_400_000_000 * 365 + 1
FILTER = "v <> 2"
Row = dict[str, Any]
Arrivals = tuple[tuple[str, Row], ...]
ITEMS = "MATCH_START() AS st, MATCH_END() AS en, COUNT(*) AS n, SUM(v) AS total, MATCH_NUMBER() AS number"


def accepted(rules: str) -> bool:
    """Whether the binder takes rules."""
    try:
        cep.Engine(rules, tier="python", bounded=True).close()
    except cep.CepError:
        return False
    return True


def options(drawing: Drawing) -> str:
    """Return WITHIN and other clauses that the laws leave alone."""
    d = drawing.d
    skip = d.pick(("PAST LAST EVENT", "NONE", "TO NEXT EVENT"))
    starts = d.pick(("EACH", "EACH", "FIRST"))
    defines = f"DEFINE {', '.join(drawing.defines)}" if drawing.defines else ""
    key = d.pick(("", "PARTITION BY k"))
    within = f"WITHIN {d.seconds(4, 8, 20)}"
    return f"{key} {within} AFTER MATCH SKIP {skip} STARTS {starts} {defines}"


def rule(pattern: str, clauses: str, name: str = "m", source: str = "s") -> str:
    """Return a rule over a pattern."""
    return (
        f"{STREAMS}CREATE RULE {name} AS SELECT {ITEMS} FROM {source} MATCH ({pattern} {clauses});"
    )


def same(left: str, right: str, arrivals: Arrivals, tier: str = "python") -> bool:
    """Fail unless two texts of rule m give the same rows; return whether there are some."""
    one, other = (run_engine(text, list(arrivals), tier=tier)["m"] for text in (left, right))
    shown = "\n".join(map(str, arrivals))
    assert one == other, f"{left}\n{right}\n{shown}\n{one}\n{other}"
    return bool(one)


def drawn(seed: int, **kinds: Any) -> tuple[Drawing, str]:
    """Return a pattern whose conditions all stand in DEFINE; without loops a short one, to be repeated."""
    drawing = Drawing(Draw(Random(seed)), defined=1.0, **kinds)
    if drawing.quantified:
        return drawing, drawing.sequence(2)
    return drawing, drawing.part(drawing.d.pick((1, 2, 2)))


def rewritten(seed: int, change: Callable[[str], tuple[str, str]], **kinds: Any) -> bool:
    """Check that both patterns `change` makes of a drawn one that the binder takes are the same."""
    for number in range(20):
        drawing, pattern = drawn(seed + number, **kinds)
        clauses = options(drawing)
        left, right = (rule(text, clauses) for text in change(pattern))
        if accepted(left) and accepted(right):
            arrivals = draw_arrivals(drawing.d, several=False)
            return same(left, right, arrivals, "llvm" if seed % 10 == 0 else "python")
    return False


def alternative(seed: int) -> bool:
    """`A|A` is `A`."""
    return rewritten(seed, lambda a: (f"(({a}) | ({a}))", a))


def parentheses(seed: int) -> bool:
    """`(A)` is `A`."""
    return rewritten(seed, lambda a: (f"((({a})))", a))


def inner_parentheses(seed: int) -> bool:
    """So it is of each step (names of steps only, not texts or columns in an UNTIL)."""
    return rewritten(seed, lambda a: (re.sub(r"(?<!')\b([a-m])\b(?![.'])", r"(\1)", a), a))


def twice(seed: int) -> bool:
    """`A{2}` is `A -> A` where A has no loop of its own, which would take what begins the second A."""
    return rewritten(seed, lambda a: (f"({a}){{2}}", f"({a}) -> ({a})"), quantified=False)


def thrice(seed: int) -> bool:
    """`A{3}` before a step is `A -> A -> A`."""

    def change(a: str) -> tuple[str, str]:
        return f"({a}){{3}} -> z", f"({a}) -> ({a}) -> ({a}) -> z"

    return rewritten(seed, change, quantified=False)


def time_shift(seed: int) -> bool:
    """Rows later by a constant give rows later by the constant."""
    pair = draw_accepted(seed)
    later = tuple((s, moved(row)) for s, row in pair.arrivals)
    one, other = run_engine(pair.rules, list(pair.arrivals)), run_engine(pair.rules, list(later))
    assert {name: [moved(r) for r in rows] for name, rows in one.items()} == other, str(pair)
    return any(one.values())


def moved(row: Row) -> Row:
    """Return a row with its times later."""
    return {
        n: v + SHIFT if n in ("ts", "st", "en") and v is not None else v for n, v in row.items()
    }


def renamed_keys(seed: int) -> bool:
    """Other names of keys change nothing but the names."""
    pair = draw_accepted(seed)
    names = {"x": "quite another", "y": "a", None: None}
    renamed = [
        (s, {n: names[v] if n in ("k", "kk") else v for n, v in row.items()})
        for s, row in pair.arrivals
    ]
    one = run_engine(pair.rules, list(pair.arrivals))
    assert one == run_engine(pair.rules, renamed), str(pair)
    return any(one.values())


def unused_columns(seed: int) -> bool:
    """Columns that no rule reads change nothing."""
    pair = draw_accepted(seed)
    rng = Random(seed)
    wider = pair.rules.replace("(ts TIMESTAMP,", "(more STRING, ts TIMESTAMP, other DOUBLE,")
    rows = [
        (s, {**row, "more": rng.choice(("a", None)), "other": rng.random()})
        for s, row in pair.arrivals
    ]
    one = run_engine(pair.rules, list(pair.arrivals))
    assert one == run_engine(wider, rows), str(pair)
    return any(one.values())


def filter_before(seed: int) -> bool:
    """With relaxed edges and loops and no PREV, a filter before is the same condition in every step, negated ones too."""
    for number in range(20):
        drawing, pattern = drawn(seed + number, strict=False)
        named = dict(item.split(" AS ", 1) for item in drawing.defines)
        filtered = [
            f"{v.name} AS {FILTER}" + (f" AND ({named[v.name]})" if v.name in named else "")
            for v in drawing.variables
        ]
        state = drawing.d.random.getstate()
        plain = options(drawing)
        drawing.defines = filtered
        drawing.d.random.setstate(state)
        left = rule(pattern, plain, source=f"(SELECT * FROM s WHERE {FILTER})")
        right = rule(pattern, options(drawing))
        if "UNTIL" not in pattern and accepted(left) and accepted(right):
            return same(left, right, draw_arrivals(drawing.d, several=False))
    return False


def draw_accepted(seed: int) -> Any:
    """Return a pair of all operators that the binder takes."""
    random = Random(seed)
    while True:
        pair = draw_pattern(random)
        if accepted(pair.rules):
            return pair


LAWS = (
    alternative, parentheses, inner_parentheses, twice, thrice, time_shift, renamed_keys,
    unused_columns, filter_before,
)  # fmt: skip


def check_law(law: Callable[[int], bool], examples: int) -> None:
    """Fail if a law does not hold for some seed, or if hardly any of its rules match something."""
    matched: list[bool] = []

    @settings(max_examples=examples)
    @given(seed=st.integers(0, 1 << 40))
    def holds(seed: int) -> None:
        matched.append(law(seed))

    holds()
    assert 6 * sum(matched) >= len(matched), f"{sum(matched)} of {len(matched)} match"


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_law(law: Callable[[int], bool]) -> None:
    check_law(law, EVERYDAY)


@pytest.mark.slow
@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_law_at_length(law: Callable[[int], bool]) -> None:
    check_law(law, SLOW)


def check_among(seed: int, tier: str) -> None:
    """Fail unless the rules of a drawing give the same rows alone and among many others."""
    random = Random(seed)
    texts: list[str] = []
    arrivals: Arrivals = ()
    while len(texts) < AMONG:
        pair = draw_pattern(random)
        # At the end of input a match closes in the last instant of all rules: of the others, too.
        if "EMIT" in pair.rules or not accepted(pair.rules):
            continue
        number = len(texts)
        text = pair.rules.removeprefix(STREAMS).replace("CREATE RULE m ", f"CREATE RULE m{number} ")
        texts.append(text.replace("INSERT INTO late ", f"INSERT INTO late{number} "))
        arrivals = arrivals if "q" in {s for s, _ in arrivals} else pair.arrivals
    together = run_engine(STREAMS + "\n".join(texts), list(arrivals), tier=tier)
    for number in random.sample(range(AMONG), 8):
        alone = run_engine(STREAMS + texts[number], list(arrivals), tier="python")
        assert {n: together[n] for n in alone} == alone, f"seed {seed}\n{texts[number]}"


def test_a_rule_alone_is_the_rule_among_fifty() -> None:
    check_among(0, "python")


@pytest.mark.slow
@pytest.mark.parametrize("start", range(10))
def test_a_rule_alone_is_the_rule_among_fifty_at_length(start: int) -> None:
    for seed in range(10 + start, 10 + SLOW // 4, 10):
        check_among(seed, "llvm" if seed % 10 == 0 else "python")
