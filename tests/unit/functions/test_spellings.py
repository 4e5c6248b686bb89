"""Functions and aliases that no case uses, by their values on one row, in both tiers."""

from __future__ import annotations

import math

import pytest

import cep

STREAM = (
    "CREATE STREAM s (ts TIMESTAMP NOT NULL, t STRING, n INT, x DOUBLE, d DURATION,"
    " WATERMARK FOR ts AS ts) WITH (ts_unit = 'us');\n"
)
# 2024-02-29T13:14:15.678901Z, a Thursday
ROW = {"ts": 1_709_212_455_678_901, "t": " Room 7 ", "n": 3, "x": 0.5, "d": 90_000_000}
VALUES: dict[str, object] = {
    "BTRIM(t)": "Room 7",
    "LTRIM(t)": "Room 7 ",
    "RTRIM(t)": " Room 7",
    "LCASE(t)": " room 7 ",
    "UCASE(t)": " ROOM 7 ",
    "CHAR_LENGTH(t)": 8,
    "CHARACTER_LENGTH(t)": 8,
    "SUBSTR(t, 2, 4)": "Room",
    "REPEAT('ab', n)": "ababab",
    "INSTR(t, 'o')": 3,
    "LOCATE('o', t)": 3,
    "SINH(x)": math.sinh(0.5),
    "COSH(x)": math.cosh(0.5),
    "TANH(x)": math.tanh(0.5),
    "LOG2(x)": -1.0,
    "POW(x, 2)": 0.25,
    "CEILING(x)": 1.0,
    "TRUNCATE(x)": 0.0,
    "INT_DIV(n, 2)": 1,
    "IFNULL(NULLIF(n, 3), 4)": 4,
    "NVL(NULLIF(n, 3), 5)": 5,
    "IFF(x > 0, 1, 2)": 1,
    "QUARTER(ts)": 1,
    "DAY_OF_MONTH(ts)": 29,
    "DAYOFMONTH(ts)": 29,
    "DAY_OF_YEAR(ts)": 60,
    "DOY(ts)": 60,
    "DOW(ts)": 4,
    "MILLISECOND(ts)": 678,
    "TO_EPOCH(ts)": 1_709_212_455.678901,
    "FROM_EPOCH(60) = TIMESTAMP('1970-01-01T00:01:00Z')": True,
    "TO_TIMESTAMP('1970-01-01T00:01:00Z') = TIMESTAMP('1970-01-01T00:01:00Z')": True,
    "TO_DURATION('90s') = d": True,
    "MICROSECONDS(5) = 5us": True,
    "DAYS(2) = 48h": True,
    "WEEKS(1) = 7d": True,
}


@pytest.mark.parametrize("tier", ["python", "llvm"])
def test_values(tier: str) -> None:
    items = ", ".join(f"{text} AS c{k}" for k, text in enumerate(VALUES))
    found: list[cep.Event] = []
    with cep.Engine(f"{STREAM}CREATE RULE r AS SELECT ts, {items} FROM s;", tier=tier) as engine:
        engine.on("r")(found.append)
        engine.send("s", ROW)
        engine.flush()
    (event,) = found
    got = {text: event[f"c{k}"] for k, text in enumerate(VALUES)}
    assert got == {t: pytest.approx(v) if type(v) is float else v for t, v in VALUES.items()}
