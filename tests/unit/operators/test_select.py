"""SELECT: the numpy form of large batches makes the bytes that the kernel makes of small ones."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from cep.operators.select import VECTOR_ROWS, SelectOperator
from cep.strings import StringTable
from cep.types import MAX_I64, NULL_I64
from tests.unit.operators.hosting import Row, merged_of, operator_of, rows_of, spec_of

RULES = {
    "arithmetic": "SELECT v + 1 AS a, v - v * 3 AS b, -v AS c, d * 2 AS e, d / v AS f, ABS(v) AS g FROM s",
    "conditions": "SELECT v > 2 AS a, d <> 0.5 AS b, NOT (v = 3 OR d > 1) AS c, v IS DISTINCT FROM 3 AS e FROM s",
    "filter": "SELECT ts, k, v FROM s WHERE NOT (v > 2 AND d < 1) OR k IS NULL",
    "choices": "SELECT CASE WHEN v > 2 THEN d WHEN v < 0 THEN -1.0 END AS a, COALESCE(v, 7) AS b, NULLIF(v, 3) AS c FROM s",
    "texts": "SELECT UPPER(k) AS a, LENGTH(k) AS b, k || '!' || k AS c, k < 'k5' AS e FROM s WHERE k LIKE 'k_'",
    "two texts": "SELECT k || CAST(v AS STRING) AS a FROM s WHERE k || 'x' > 'k3'",
    "times": "SELECT ts + 5s AS a, ts - TIMESTAMP('1970-01-01T00:00:07Z') AS b FROM s WHERE ts > TIMESTAMP('1970-01-01T00:00:01Z')",
    "constants": "SELECT 1 AS a, 'x' AS b, NULLIF(1, 1) AS c, TRUE AS e FROM s",
    "everything": "SELECT * FROM s",
}


def rows(count: int, seed: int = 1) -> list[Row]:
    """Rows (ts, k, v, d) with NULLs, zeros and the ends of INT and DOUBLE."""
    draw = random.Random(seed)
    found = []
    for number in range(count):
        k = draw.choice((None, "", "k7", "K7", "k\u00e9", f"k{draw.randrange(20)}"))
        v = draw.choice((None, 0, 1, -1, 2, 3, 9, MAX_I64, NULL_I64 + 1))
        d = draw.choice((None, 0.0, -0.0, 0.5, 1.5, -3.25, 1e308, -1e308, 5e-324))
        found.append((number * 10_000, k, v, d))
    return found


def operator(rule: str, tier: str = "python") -> tuple[Any, StringTable, SelectOperator]:
    schema, spec = spec_of(f"CREATE RULE r AS {rule};")
    strings = StringTable()
    made = operator_of(spec, strings, tier)
    assert isinstance(made, SelectOperator)
    return schema, strings, made


def columns_of(rule: str, given: list[Row], size: int, tier: str) -> dict[str, Any]:
    """Return the columns that batches of `size` make: bytes of numbers and times, texts of texts."""
    schema, strings, select = operator(rule, tier)
    parts: dict[str, list[Any]] = {}
    for start in range(0, len(given), size):
        merged = merged_of(schema, given[start : start + size], strings, start)
        made = select.process(merged, 0)
        if made is None:
            continue
        assert made.cause is not None
        columns = {**made.columns, "$ts": made.ts, "$cause": made.cause + start}
        for column in made.schema.columns:
            if column.type.value == "STRING":
                columns[column.name] = np.array(strings.decode(made.columns[column.name]), object)
        for name, column in columns.items():
            parts.setdefault(name, []).append(column)
    joined = {name: np.concatenate(cells) for name, cells in parts.items()}
    joined["$cause"] = joined["$cause"].astype(np.int64)
    return {
        n: (c.tolist() if c.dtype == object else (c.dtype, c.tobytes())) for n, c in joined.items()
    }


@pytest.mark.parametrize("rule", RULES)
def test_both_forms_and_tiers_make_the_same_bytes(rule: str) -> None:
    given = rows(4 * VECTOR_ROWS)
    _, _, select = operator(RULES[rule])
    assert select._vector is not None, "the rule has a numpy form"
    expected = columns_of(RULES[rule], given, VECTOR_ROWS - 1, "python")
    assert len(expected["$cause"][1]) > 8 * 10
    for size, tier in ((len(given), "python"), (VECTOR_ROWS, "python"), (1, "llvm"), (100, "llvm")):
        assert columns_of(RULES[rule], given, size, tier) == expected, (size, tier)


def test_the_number_of_rows_decides_which_form_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    schema, strings, select = operator(RULES["filter"])
    calls = []
    vector = select._vector
    assert vector is not None
    monkeypatch.setattr(select, "_vector", lambda *given: calls.append(1) or vector(*given))
    for count, wanted in ((VECTOR_ROWS - 1, 0), (VECTOR_ROWS, 1), (1, 1), (0, 1)):
        made = select.process(merged_of(schema, rows(count), strings), 0)
        assert (made is None) == (count == 0)
        assert len(calls) == wanted


def test_what_numpy_does_not_do_exactly_runs_in_the_kernel() -> None:
    rule = "SELECT EXP(d) AS a, POWER(d, 2) AS b FROM s WHERE SIN(d) >= 0"
    schema, strings, select = operator(rule)
    assert select._vector is None
    made = select.process(merged_of(schema, rows(3 * VECTOR_ROWS), strings), 0)
    assert made is not None
    assert columns_of(rule, rows(300), 300, "llvm") == columns_of(rule, rows(300), 7, "python")


def test_no_row_that_passes_is_no_batch() -> None:
    schema, strings, select = operator("SELECT v FROM s WHERE v > 100 AND v < 99")
    for count in (0, 5, 2 * VECTOR_ROWS):
        assert select.process(merged_of(schema, rows(count), strings), 0) is None
    assert not select.due(MAX_I64)


def test_rows_that_all_pass_are_not_the_senders_memory() -> None:
    schema, strings, select = operator(RULES["everything"])
    merged = merged_of(schema, rows(2 * VECTOR_ROWS), strings)
    made = select.process(merged, 0)
    assert made is not None
    kept = rows_of(made, strings)
    merged.ts[:] = 0
    for column in merged.batches[0].columns.values():
        column[:] = 0
    assert rows_of(made, strings) == kept


def test_tables_of_texts_follow_the_texts_that_come() -> None:
    """Each batch brings texts that were not there before, in both forms by turns."""
    schema, strings, select = operator("SELECT LOWER(k) AS a, k < 'T5' AS b FROM s")
    for number, size in enumerate((3, VECTOR_ROWS, 2, 2 * VECTOR_ROWS, 1)):
        given = [(n, f"T{n}.{number}", None, None) for n in range(size)]
        made = rows_of(select.process(merged_of(schema, given, strings), 0), strings)
        assert [row[-2:] for row in made] == [
            (f"t{n}.{number}", f"T{n}" < "T5") for n in range(size)
        ]
