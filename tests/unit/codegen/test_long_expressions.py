"""Long and deep expressions: kernels about as long as the rule, the same rows in both tiers and in numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import cep
from cep.compile import compile_rules
from cep.errors import CepError, SourceText

if TYPE_CHECKING:
    from collections.abc import Callable

STREAM = (
    "CREATE STREAM s (ts TIMESTAMP NOT NULL, b BOOLEAN, n INT, v DOUBLE, t STRING,"
    " WATERMARK FOR ts AS ts) WITH (ts_unit = 'us');\n"
)
ROWS: list[dict[str, Any]] = [
    {
        "ts": k,
        "b": (None, True, False)[k % 3],
        "n": (None, 0, 1, 5, 150)[k % 5],
        "v": k / 4,
        "t": (None, "x3", "z")[k % 3],
    }
    for k in range(200)  # more than the rows from which on numpy runs
]


def nested(step: Callable[[str], str], start: str, levels: int) -> str:
    """Return `step` applied so many times."""
    text = start
    for _ in range(levels):
        text = step(text)
    return text


DEEP: dict[str, Callable[[int], str]] = {
    "equal": lambda k: nested(lambda x: f"(b = {x})", "b", k),
    "is null": lambda k: nested(lambda x: f"(NULLIF({x}, TRUE) IS NULL)", "b", k),
    "distinct": lambda k: nested(lambda x: f"(b IS DISTINCT FROM {x})", "b", k),
    "or": lambda k: nested(lambda x: f"((n = 1 OR b) = {x})", "b", k),
    "nullif left": lambda k: nested(lambda x: f"NULLIF({x}, n + 1)", "n", k),
    "nullif right": lambda k: nested(lambda x: f"NULLIF(n, {x})", "n", k),
    "coalesce": lambda k: nested(lambda x: f"COALESCE({x}, n + 1)", "n", k),
    "case": lambda k: nested(lambda x: f"CASE WHEN {x} = 1 THEN n ELSE 2 END", "n", k),
}
LONG = {
    "whens": "CASE " + " ".join(f"WHEN n = {k} THEN {2 * k}" for k in range(200)) + " ELSE v END",
    "values": "CASE n " + " ".join(f"WHEN {k} THEN {2 * k}" for k in range(200)) + " END",
    "coalesce": "COALESCE(" + ", ".join(f"NULLIF(n, {k % 6})" for k in range(200)) + ")",
    "texts": "CASE t " + " ".join(f"WHEN 'x{k}' THEN 'y{k}'" for k in range(300)) + " ELSE t END",
    "greatest": "GREATEST(" + ", ".join(f"n + {k}" for k in range(200)) + ")",
    "sum": " + ".join(["n"] * 100),
    "in": "n IN (" + ", ".join(map(str, range(1_000))) + ")",
}


def rule(expression: str) -> str:
    """Return a file with one rule that selects the expression."""
    return f"{STREAM}CREATE RULE r AS SELECT ts, {expression} AS x FROM s;"


def length(expression: str) -> int:
    """Return the characters of the kernel and of its numpy form."""
    operator = compile_rules([SourceText("t.cep", rule(expression))]).graph.rules[0].operators[0]
    return len(operator.kernel.source) + len(operator.numpy_source or "")


def rows(expression: str, tier: str, *, at_once: bool) -> list[Any]:
    """Return the values that the rule selects."""
    found: list[Any] = []
    with cep.Engine(rule(expression), tier=tier) as engine:
        engine.on("r")(lambda event: found.append(event["x"]))
        if at_once:
            engine.send_many("s", ROWS)
        else:
            for row in ROWS:
                engine.send("s", row)
        engine.flush()
    return found


@pytest.mark.parametrize("name", DEEP)
def test_kernels_grow_with_the_depth_and_not_with_its_power(name: str) -> None:
    one, two, four = (length(DEEP[name](levels)) for levels in (8, 16, 32))
    assert four - two <= 3 * (two - one)


@pytest.mark.parametrize("name", [*DEEP, *LONG])
def test_all_forms_give_the_same_rows(name: str) -> None:
    expression = DEEP[name](20) if name in DEEP else LONG[name]
    expected = rows(expression, "python", at_once=False)
    assert len(expected) == len(ROWS)
    assert len(set(map(repr, expected))) > 1
    for tier in ("python", "llvm"):
        for at_once in (False, True):
            assert rows(expression, tier, at_once=at_once) == expected, (tier, at_once)


@pytest.mark.parametrize(
    "expression",
    [
        nested(lambda x: f"CASE WHEN {x} IN (1, 2, 3) THEN n ELSE 2 END", "n", 20),
        nested(lambda x: f"CASE WHEN {x} BETWEEN 1 AND 2 THEN n ELSE 2 END", "n", 40),
        nested(lambda x: f"CASE {x} WHEN 1 THEN n WHEN 2 THEN 3 END", "n", 40),
        "CASE " + "WHEN n = 1 THEN 2 " * 501 + "END",
        "COALESCE(" + ", ".join(["n"] * 501) + ")",
        " + ".join(["n"] * 200),
        "- " * 200 + "n",
        "(" * 200 + "n" + ")" * 200,
    ],
)
def test_beyond_the_limits_is_a_mistake_with_a_place(expression: str) -> None:
    with pytest.raises(CepError) as caught:
        compile_rules([SourceText("t.cep", rule(expression))])
    (problem,) = caught.value.problems
    assert problem.code == "CEP105"
