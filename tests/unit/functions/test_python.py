"""Functions in Python: where they are found, what they get and give, how failures end."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import cep
from cep.errors import CepError
from cep.functions.python import load, python_function
from cep.types import Type

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RULES = """
CREATE FUNCTION twice(n INT) RETURNS INT LANGUAGE PYTHON AS 'mine:twice';
CREATE STREAM s (ts TIMESTAMP, n INT, WATERMARK FOR ts AS ts);
CREATE RULE m AS SELECT twice(n) AS n FROM s;
"""


def made(function: Callable[..., Any], types: tuple[Type, ...], result: Type) -> Any:
    return python_function(function, "m:f", "", types, result)


def test_a_file_beside_the_rules_wins_and_finds_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("import nearby\ndef twice(n): return nearby.TWO * n\n")
    (tmp_path / "nearby.py").write_text("TWO = 2\n")
    (tmp_path / "r.cep").write_text(RULES)
    for factor in (2, 3):
        rows = cep.run([tmp_path / "r.cep"], inputs={"s": [{"ts": 0, "n": 7}]})["m"]
        assert [row["n"] for row in rows] == [7 * factor]
        # A file with another text is another function, in the same process too.
        (tmp_path / "mine.py").write_text("def twice(n): return 3 * n\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 / 0", "cannot import mine: ZeroDivisionError: division by zero"),
        ("def twice(n) return n", "cannot import mine: SyntaxError"),
        ("raise SystemExit(3)", "cannot import mine: SystemExit: 3"),
        ("def thrice(n): return n", "mine has no function 'twice'"),
        ("async def twice(n): return n", "is a coroutine or generator"),
        ("def twice(n, m): return n", "mine:twice takes (n, m), not 1 values"),
    ],
)
def test_mistakes_name_the_declaration(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "mine.py").write_text(text + "\n")
    (tmp_path / "r.cep").write_text(RULES)
    with pytest.raises(CepError) as caught:
        cep.Engine(tmp_path / "r.cep")
    (problem,) = caught.value.problems
    assert message in problem.message
    assert problem.span.line == 2


def test_a_missing_module_says_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(CepError) as caught:
        load("no_such_module", "f", tmp_path)
    assert str(tmp_path / "no_such_module.py") in caught.value.hint


def test_methods_and_builtins_are_callables(tmp_path: Path) -> None:
    found, _ = load("datetime", "datetime.fromisoformat", tmp_path)
    function = made(found, (Type.STRING,), Type.TIMESTAMP)
    assert function.scalar("1970-01-01T00:00:01+00:00") == 1_000_000
    assert function.scalar("never") is None


@pytest.mark.parametrize(
    ("given", "result", "value"),
    [
        (True, Type.BOOLEAN, True),
        (np.bool_(True), Type.BOOLEAN, True),
        (1, Type.BOOLEAN, None),
        (np.int64(4), Type.INT, 4),
        (True, Type.INT, None),
        (2**63, Type.INT, None),
        (2.0, Type.INT, None),
        (2, Type.DOUBLE, 2.0),
        (float("inf"), Type.DOUBLE, None),
        (float("nan"), Type.DOUBLE, None),
        (np.float32(0.5), Type.DOUBLE, 0.5),
        ("x", Type.STRING, "x"),
        (b"x", Type.STRING, None),
        (datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC), Type.TIMESTAMP, 1_000_000),
        (timedelta(microseconds=7), Type.DURATION, 7),
        (None, Type.DOUBLE, None),
    ],
)
def test_results(given: object, result: Type, value: object) -> None:
    function = made(lambda _: given, (Type.INT,), result)
    assert function.scalar(1) == value
    assert type(function.scalar(1)) is type(value)


def test_the_first_failure_is_logged_and_the_others_are_not(
    caplog: pytest.LogCaptureFixture,
) -> None:
    function = made(lambda x: 1 / x, (Type.DOUBLE,), Type.DOUBLE)
    with caplog.at_level(logging.WARNING, "cep"):
        assert [function.scalar(x) for x in (0.0, 0.0, 2.0, None)] == [None, None, 0.5, None]
    (record,) = caplog.records
    assert record.getMessage().startswith("m:f(0.0,) failed: ZeroDivisionError")


def test_failures_count_as_expression_errors(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def twice(n): return {1: 2}[n]\n")
    (tmp_path / "r.cep").write_text(RULES)
    with cep.Engine(tmp_path / "r.cep") as engine:
        engine.send_many("s", [{"ts": n, "n": n % 3} for n in range(9)])
        engine.flush()
        assert engine.stats()["rules"]["m"]["errors"] == 6


def test_vectorized_functions_are_called_once_for_the_new_rows_of_a_batch(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from cep import vectorized\nSIZES = []\n"
        "@vectorized\ndef twice(n):\n    SIZES.append(len(n))\n    return n * 2\n"
    )
    (tmp_path / "r.cep").write_text(RULES)
    with cep.Engine(tmp_path / "r.cep") as engine:
        engine.send_many("s", [{"ts": n, "n": n % 50} for n in range(1000)])
        engine.send_many("s", [{"ts": 1000, "n": 3}, {"ts": 1001, "n": 77}, {"ts": 1002}])
        engine.flush()
    module, _ = load("mine", "SIZES.append", tmp_path)
    assert sum(module.__self__) == 51
    assert len(module.__self__) <= 3


def test_a_row_that_fails_in_arrays_does_not_take_the_others_with_it() -> None:
    @cep.vectorized
    def whole(text: Any) -> Any:
        return [int(t) for t in text]

    function = made(whole, (Type.STRING,), Type.INT)
    assert function.rows([("1",), ("x",), ("3",)]) == [1, None, 3]
    assert function.scalar("4") == 4


@pytest.mark.parametrize(
    ("result", "kind", "cells"),
    [
        (np.array([1.5, np.nan]), Type.DOUBLE, [1.5, None]),
        (5, Type.INT, [5, 5]),
        (np.array([1, 2, 3]), Type.INT, [None, None]),
        (np.array(["a", None], object), Type.STRING, ["a", None]),
        (np.array(["1970-01-02", "NaT"], "datetime64[D]"), Type.TIMESTAMP, [86_400_000_000, None]),
        (np.array([1, 2], "timedelta64[s]"), Type.DURATION, [1_000_000, 2_000_000]),
        (np.array([1, 2], "timedelta64[s]"), Type.INT, [None, None]),
        (np.array(["1970-01-02", "NaT"], "datetime64[D]"), Type.DURATION, [None, None]),
    ],
)
def test_results_of_arrays(result: Any, kind: Type, cells: list[Any]) -> None:
    function = made(cep.vectorized(lambda _: result), (Type.INT,), kind)
    assert function.rows([(1,), (2,)]) == cells
