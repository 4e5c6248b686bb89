"""Kernels of one shape: what is a parameter, which kernels share code, and that they compute the same."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pytest

import cep
from cep.compile import compile_rules
from cep.kernel import load
from cep.kernel.llvm_tier import Counters
from cep.kernel.object_cache import ObjectCache
from cep.kernel.shapes import ALONE, Shapes, shape_of
from tests.harness.sources import source_of

if TYPE_CHECKING:
    from pathlib import Path

    from cep.graph.kernel import KernelSpec

STREAM = (
    "CREATE STREAM s (ts TIMESTAMP NOT NULL, k STRING, x DOUBLE, n INT, WATERMARK FOR ts AS ts);\n"
)
ROWS = [
    {"ts": 1_000_000 * i, "k": f"k{i % 3}", "x": float(7 * i % 50), "n": 1000 * i % 9000}
    for i in range(300)
]


def _rule(number: int) -> str:
    """Return a rule of the shape of all the others; its constants are its own."""
    return (
        f"CREATE RULE r{number} AS SELECT k, q.x - p.x + {number}.25 AS d FROM s\n"
        f"  MATCH (p[x < {10 + number}.5] -> q[x > p.x + {number}.125 AND n > {1000 + number}]"
        f" PARTITION BY k WITHIN {5 + number}s);\n"
    )


def _kernels(text: str) -> list[KernelSpec]:
    graph = compile_rules([source_of(STREAM + text)]).graph
    return [operator.kernel for rule in graph.rules for operator in rule.operators]


def _played(text: str, tier: str) -> dict[str, list[dict[str, object]]]:
    rows: dict[str, list[dict[str, object]]] = {}
    with cep.Engine(STREAM + text, tier=tier) as engine:
        for name in re.findall(r"RULE (\w+)", text):
            rows[name] = []
            engine.on(name)(partial(_take, rows[name]))
        for row in ROWS:
            engine.send("s", row)
        engine.flush()
    return rows


def _take(rows: list[dict[str, object]], event: cep.Event) -> None:
    rows.append(event.to_dict())


def test_rules_of_one_template_have_one_shape() -> None:
    shapes = [shape_of(spec) for spec in _kernels("".join(map(_rule, range(4))))]
    assert len({shape.spec.source for shape in shapes if shape is not None}) == 1
    assert all(shape is not None for shape in shapes)


def test_parameters_are_the_literals_in_order() -> None:
    (spec,) = _kernels(
        "CREATE RULE r AS SELECT k FROM s WHERE x > 3.5 AND n < 12345 AND x < 7.5 AND n > 7;"
    )
    shape = shape_of(spec)
    assert shape is not None
    ints, floats = shape.parameters
    assert ints.tolist() == [12345]
    assert floats.tolist() == [3.5, 7.5]
    assert "12345" not in shape.spec.source
    assert " 7" in shape.spec.source


def test_equal_literals_are_one_parameter() -> None:
    same, other = _kernels(
        "CREATE RULE a AS SELECT k FROM s WHERE x > 3.5 OR x + 3.5 > n;"
        "CREATE RULE b AS SELECT k FROM s WHERE x > 3.5 OR x + 4.5 > n;"
    )
    one, two = shape_of(same), shape_of(other)
    assert one is not None
    assert two is not None
    assert one.parameters[1].tolist() == [3.5]
    assert two.parameters[1].tolist() == [3.5, 4.5]
    assert one.spec.source != two.spec.source


def test_an_integer_that_no_cell_holds_stays() -> None:
    (spec,) = _kernels("CREATE RULE r AS SELECT k FROM s WHERE n > -9223372036854775807;")
    grown = spec.source.replace("9223372036854775807", "9223372036854775808")
    assert grown != spec.source
    shape = shape_of(spec.__class__(spec.entry, grown, spec.arrays, spec.pools))
    assert shape is not None
    assert "9223372036854775808" in shape.spec.source


def test_the_first_kernels_of_a_shape_keep_their_literals() -> None:
    known = Shapes()
    specs = _kernels("".join(map(_rule, range(ALONE + 2))))
    first = [known.shared(spec) is None for spec in specs]
    assert first == [True] * ALONE + [False] * 2
    assert [known.shared(spec) is None for spec in specs] == first


def test_many_rules_compile_once(tmp_path: Path) -> None:
    specs = _kernels("".join(map(_rule, range(20, 40))))
    emitted = Counters.modules_emitted
    loaded = [load(spec, tier="llvm", checked=False, cache=ObjectCache(tmp_path)) for spec in specs]
    assert Counters.modules_emitted - emitted <= ALONE + 1
    assert len(loaded) == 20


@pytest.mark.parametrize("tier", ["python", "llvm"])
def test_rules_together_are_rules_alone(tier: str) -> None:
    rules = [_rule(number) for number in range(8)]
    together = _played("".join(rules), tier)
    assert sum(map(len, together.values())) > 50
    assert len({repr(rows) for rows in together.values()}) > 4
    for number, rule in enumerate(rules):
        (alone,) = _plain(rule, tier)
        assert together[f"r{number}"] == alone


def _plain(rule: str, tier: str) -> list[list[dict[str, object]]]:
    """Return the rows of a rule whose kernel keeps its literals: no other shape is as this one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cep.kernel.loading._SHAPES", Shapes())
        return [*_played(rule, tier).values()]


def test_a_binding_takes_new_arrays() -> None:
    text = "".join(f"CREATE RULE r{i} AS SELECT k FROM s WHERE x > {i}.75;\n" for i in range(9))
    for tier in ("python", "llvm"):
        rows = _played(text, tier)
        counts = [len(rows[f"r{i}"]) for i in range(9)]
        values = np.array([row["x"] for row in ROWS], np.float64)
        assert counts == [int((values > i + 0.75).sum()) for i in range(9)]
