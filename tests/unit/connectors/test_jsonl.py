"""JSON lines: blocks of usual values are read as blocks of any values are."""

from __future__ import annotations

import random

import numpy as np
import pytest

from cep.connectors.formats.jsonl import JsonLinesDecoder
from cep.graph.graph import StreamSpec
from cep.schema import ColumnSpec, Schema
from cep.strings import StringTable
from cep.types import Type

KINDS = [k for k in Type if k is not Type.NULL]
COLUMNS = tuple(ColumnSpec(k.value.lower(), k, not_null=k is Type.TIMESTAMP) for k in KINDS)
SPEC = StreamSpec("s", Schema(COLUMNS), 0, time_column="timestamp", ts_unit="ms")
ODD = [
    *["1", "2.0", "2.5", "null", "true", "false", "[1]", "{}"],
    '"x"',
    '"90s"',
    '"2024-01-01T00:00:00Z"',
]
ODD += [
    "123456789012345678901234567890",
    "9223372036854775808",
    "9007199254740993",
    "1e400",
    "-0.0",
]


def lines(share_odd: float) -> bytes:
    draw = random.Random(7)
    made = []
    for number in range(1000):
        row = {
            "timestamp": str(number),
            "string": f'"t{number % 3}"',
            "double": draw.choice(["1.5", "2", "null"]),
            "int": draw.choice(["3", "null"]),
            "boolean": draw.choice(["true", "null"]),
            "duration": "5",
        }
        if draw.random() < share_odd:
            row[draw.choice(sorted(row))] = draw.choice(ODD)
        made.append("{" + ", ".join(f'"{name}": {value}' for name, value in row.items()) + "}\n")
    return "".join(made).encode()


@pytest.mark.parametrize("share_odd", [0.0, 0.001, 0.3])
def test_usual_and_any_values(share_odd: float) -> None:
    block = lines(share_odd)
    usual, general = (JsonLinesDecoder(SPEC, StringTable()) for _ in range(2))
    general._usual_decoder, general._usual_types = general._decoder, [None] * len(KINDS)
    found, expected = usual.decode(block), general.decode(block)
    assert found.rows_read == expected.rows_read == 1000
    assert [(r.row, r.reason) for r in found.rejects] == [
        (r.row, r.reason) for r in expected.rejects
    ]
    assert bool(found.rejects) == (share_odd > 0)
    for name, column in expected.columns.items():
        np.testing.assert_array_equal(found.columns[name], column)
