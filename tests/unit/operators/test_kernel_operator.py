"""The host of a kernel: what it allocates, binds and grows, how tiers are swapped, what `check` sees."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import numpy as np
import pytest

from cep.errors import CepError
from cep.graph.kernel import NEXT
from cep.kernel import BackgroundCompiler
from cep.kernel.background import CompileBox
from cep.operators import kernel_operator
from cep.strings import StringTable
from cep.types import MAX_I64
from tests.unit.operators.hosting import Row, merged_of, operator_of, rows_of, spec_of, tight

if TYPE_CHECKING:
    from cep.graph.graph import OperatorSpec
    from cep.graph.kernel import KernelSpec
    from cep.operators.base import Merged
    from cep.schema import Schema

SECOND = 1_000_000
RULES = {
    "match": """CREATE RULE r AS SELECT k, a.v AS a, b.v AS b FROM s
  MATCH (a[v > 0] -> b[v > a.v] PARTITION BY k WITHIN 50s);""",
    "absence": """CREATE RULE r AS SELECT k, a.v AS a FROM s
  MATCH (a[v > 0] -> NOT b[v < 0] FOR 40s PARTITION BY k);""",
    "window": """CREATE RULE r AS SELECT k, COUNT(*) AS n, SUM(v) AS total, MIN(d) AS low FROM s
  GROUP BY k, HOP(size => 90s, every => 30s);""",
    "two keys": """CREATE RULE r AS SELECT k, v, COUNT(*) AS n FROM s GROUP BY k, v, TUMBLE(60s);""",
    "over": """CREATE RULE r AS SELECT k, SUM(d) OVER (PARTITION BY k RANGE 60s PRECEDING) AS total,
  COUNT(DISTINCT v) OVER (PARTITION BY k ROWS 9 PRECEDING) AS n FROM s;""",
    "incident": """CREATE INCIDENT r KEY (k) OPEN ON s WHERE v > 5 SET top = v
  UPDATE ON s AS e WHERE e.v > top SET top = e.v CLOSE AFTER 30s IDLE;""",
    "suppress": "CREATE RULE r AS SELECT ts, k, v, d FROM s SUPPRESS BY (k) FOR 20s;",
    "texts": """CREATE RULE r AS SELECT UPPER(k) AS up, k < 'k5' AS less, k || UPPER(k) AS both FROM s
  WHERE k LIKE 'k%' AND v > 2;""",
}
WITH_STATE = [name for name in RULES if name != "texts"]


def rows(count: int, seed: int = 1) -> list[Row]:
    """Rows (ts, k, v, d) with more keys than any pool has room for at first, ties and NULLs."""
    draw = random.Random(seed)
    now = 0
    found = []
    for _ in range(count):
        now += draw.choice((0, SECOND // 10, SECOND // 4))
        v = draw.choice((None, -1, 1, 2, 3, 6, 9))
        found.append((now, f"k{draw.randrange(90)}", v, draw.choice((None, 0.5, 1e9, -3.25))))
    return found


class Run:
    """An operator that is handed rows batch by batch, and all that it made, causes counted over batches."""

    def __init__(
        self,
        given: tuple[Schema, OperatorSpec],
        tier: str = "python",
        compiler: BackgroundCompiler | None = None,
    ) -> None:
        self.schema, self.spec = given
        self.tier = tier
        self.strings = StringTable()
        self.operator = operator_of(self.spec, self.strings, tier, compiler)
        self.out: list[Row] = []
        self.count = 0

    def merged(self, given: list[Row]) -> Merged:
        return merged_of(self.schema, given, self.strings, self.count)

    def send(self, given: list[Row], size: int) -> Run:
        for start in range(0, len(given), size):
            part = given[start : start + size]
            made = self.operator.process(self.merged(part), part[-1][0])
            found = rows_of(made, self.strings)
            self.out += [(t, c + self.count if c >= 0 else c, *more) for t, c, *more in found]
            self.count += len(part)
            self.operator.check()
        return self

    def end(self) -> list[Row]:
        made = self.operator.process(self.merged([]), MAX_I64, flush=True)
        self.out += rows_of(made, self.strings)
        self.operator.check()
        return self.out

    def restart(self) -> None:
        arrays = {name: array.copy() for name, array in self.operator.arrays().items()}
        self.operator = operator_of(self.spec, self.strings, self.tier)
        self.operator.restore(arrays)
        self.operator.check()


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(("tier", "size"), [("python", 1), ("python", 50), ("llvm", 100)])
def test_growth_changes_no_row(rule: str, tier: str, size: int) -> None:
    """100 rows a call are above SMALL_BATCH: the call that frees the lock is tested too."""
    schema, spec = spec_of(RULES[rule])
    given = rows(600)
    expected = Run((schema, spec)).send(given, 1000).end()
    assert len(expected) > 20
    small = Run((schema, tight(spec)), tier)
    before = small.operator.state_bytes
    small.send(given, size)
    sizes = dict(zip((p.name for p in spec.kernel.pools), small.operator._pools, strict=True))
    if rule in WITH_STATE:
        assert small.operator.state_bytes > before
        assert max(sizes.values()) >= 64, sizes
    assert small.end() == expected
    assert small.operator.tier == tier
    assert all(n & (n - 1) == 0 for n in sizes.values())


@pytest.mark.parametrize("rule", WITH_STATE)
def test_a_restart_after_a_growth_changes_no_row(rule: str) -> None:
    schema, spec = spec_of(RULES[rule])
    given = rows(400, seed=2)
    expected = Run((schema, spec)).send(given, 1000).end()
    run = Run((schema, tight(spec)))
    run.send(given[:250], 10)
    middle = len(run.out)
    run.restart()
    found = run.send(given[250:], 10).end()
    assert found == expected
    assert middle < len(found)


@pytest.mark.parametrize("rule", RULES)
def test_the_compiled_kernel_takes_over_between_batches(rule: str) -> None:
    schema, spec = spec_of(RULES[rule])
    given = rows(400, seed=3)
    expected = Run((schema, spec)).send(given, 1000).end()
    compiler = BackgroundCompiler()
    try:
        run = Run((schema, tight(spec)), "auto", compiler)
        assert not run.operator.settled
        run.operator._box, box = None, run.operator._box  # however fast the compile is
        run.send(given[:200], 9)
        assert run.operator.tier == "python"
        run.operator._box = box
        run.operator.wait_compiled()
        assert run.operator.tier == "llvm"
        assert run.operator.settled
        assert run.operator.compile_seconds > 0
        assert run.send(given[200:], 9).end() == expected
    finally:
        compiler.close()


class BrokenCompiler:
    """Stands for a compiler on a machine where no kernel can be compiled."""

    def submit(self, spec: KernelSpec) -> CompileBox:
        box = CompileBox(spec)
        box.finish(None, RuntimeError("no such machine"))
        return box


def test_without_a_compiled_kernel_the_python_tier_goes_on() -> None:
    schema, spec = spec_of(RULES["match"])
    given = rows(300)
    run = Run((schema, spec), "auto", BrokenCompiler())  # type: ignore[arg-type]
    assert run.send(given, 20).end() == Run((schema, spec)).send(given, 300).end()
    assert run.operator.tier == "python"
    assert str(run.operator.compile_failure) == "no such machine"
    assert run.operator.settled


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("tier", ["python", "llvm"])
def test_rows_bound_by_name_are_rows_of_batches(rule: str, tier: str) -> None:
    """The way of single events: inputs are bound once, and the arrays of one row written to."""
    schema, spec = spec_of(RULES[rule])
    given = rows(200, seed=4)
    wanted = Run((schema, spec)).send(given, 1).out
    run = Run((schema, tight(spec)), tier)
    operator, cells = run.operator, {}
    for number, row in enumerate(given):
        merged = run.merged([row])
        run.count += 1
        if operator._tables:
            operator._extend_tables(merged)
        fresh = {name: np.array(read(merged)) for _, name, read in operator._inputs}
        if operator.bound_to is not run:
            cells = fresh
            operator.bind_row(cells, run)
        for name, column in fresh.items():
            cells[name][:] = column
        if operator.run_row(row[0]):
            made = rows_of(operator.made(), run.strings)
            run.out += [(t, c + number if c >= 0 else c, *more) for t, c, *more in made]
        operator.check()
    assert operator.bound_to is run
    assert run.out == wanted
    operator.process(run.merged(given[:2]), given[1][0])
    assert operator.bound_to is None


def test_columns_with_gaps_are_taken_as_they_are() -> None:
    schema, spec = spec_of(RULES["suppress"])
    given = rows(60, seed=5)
    run, other = Run((schema, spec), "llvm"), Run((schema, spec), "llvm")
    merged = run.merged(given)
    (batch,) = merged.batches
    for name, column in batch.columns.items():
        batch.columns[name] = np.repeat(column, 2)[::2]
        assert not batch.columns[name].flags.c_contiguous
    merged.ts = np.repeat(merged.ts, 2)[::2]
    made = rows_of(run.operator.process(merged, given[-1][0]), run.strings)
    assert made == other.send(given, 60).out
    assert made


def test_a_timer_is_due_when_its_deadline_is_over() -> None:
    run = Run(spec_of(RULES["absence"]))
    assert not run.operator.due(MAX_I64 - 1)
    run.send([(SECOND, "k", 1, None)], 1)
    assert not run.operator.due(41 * SECOND)
    assert run.operator.due(41 * SECOND + 1)
    assert run.operator.process(run.merged([]), 41 * SECOND) is None
    made = run.operator.process(run.merged([]), 41 * SECOND + 1)
    assert rows_of(made, run.strings)[0][:5] == (41 * SECOND, -2, 41 * SECOND, "k", 1)
    assert not run.operator.due(MAX_I64 - 1)


def test_expression_errors_are_counted_and_kept_over_a_restart() -> None:
    run = Run(spec_of("CREATE RULE r AS SELECT d / v AS q FROM s WHERE d IS NOT NULL;"))
    run.send([(1, "k", 0, 1.0), (2, "k", 0, 2.0), (3, "k", 1, 1.0), (4, "k", None, 1.0)], 2)
    assert run.operator.errors == 2
    assert [row[-1] for row in run.out] == [None, None, 1.0, None]
    run.restart()
    assert run.operator.errors == 2


def test_a_pool_that_may_not_grow_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_operator, "MOST_CELLS", 128)
    schema, spec = spec_of(RULES["match"])
    run = Run((schema, tight(spec)))
    with pytest.raises(CepError, match=r"CEP903.*runs"):
        run.send([(n, f"k{n % 50}", 1, None) for n in range(300)], 300)


def test_check_finds_an_array_that_is_too_short() -> None:
    operator = Run(spec_of(RULES["match"])).operator
    operator.check()
    place = operator._places["run_start"]
    operator._set(place, operator._arrays[place][:-1].copy())
    with pytest.raises(AssertionError, match="run_start"):
        operator.check()


def test_check_finds_a_run_that_is_lost() -> None:
    run = Run(spec_of(RULES["match"])).send([(1, "k", 1, None), (2, "q", 1, None)], 1)
    counts = run.operator.registers()
    assert (counts["runs_started"], counts["runs_live"]) == (2, 2)
    registers = run.operator._arrays[run.operator._places["reg"]]
    registers[run.operator._registers["runs_live"]] = 1
    with pytest.raises(AssertionError, match="runs_live"):
        run.operator.check()


def test_state_is_arrays_by_name_with_pools_and_the_next_timer() -> None:
    run = Run(spec_of(RULES["absence"])).send([(SECOND, "k", 1, None)], 1)
    arrays = run.operator.arrays()
    assert arrays["$pools"].tolist() == [pool.initial for pool in run.spec.kernel.pools]
    assert arrays["$next"].tolist() == [run.operator._ctl[NEXT], 0]
    assert {"reg", "run_deadline", "run_key"} < arrays.keys()
    assert not arrays.keys() & {"ctl", "ts", "out_ts"}
    assert run.operator.state_bytes == sum(a.nbytes for a in arrays.values())


def test_a_restored_operator_shares_nothing_with_the_snapshot() -> None:
    run = Run(spec_of(RULES["absence"])).send([(SECOND, "k", 1, None)], 1)
    arrays = run.operator.arrays()
    other = Run((run.schema, run.spec))
    other.strings.code("k")
    other.operator.restore(arrays)
    run.send([(2 * SECOND, "k", -1, None)], 1)
    assert run.end() == []
    assert [row[3:5] for row in other.end()] == [("k", 1)]


def test_hidden_columns_travel_beside_the_columns() -> None:
    schema, spec = spec_of("CREATE INCIDENT i KEY (k) OPEN ON s SET n = 1;")
    assert spec.hidden == ("$origin_stream", "$origin_seq")
    strings = StringTable()
    host = operator_of(spec, strings)
    made = host.process(merged_of(schema, [(1, "a", 1, None), (2, "b", 1, None)], strings, 40), 2)
    assert made is not None
    assert made.extra["$origin_seq"].tolist() == [40, 41]
    assert made.extra["$origin_stream"].tolist() == [0, 0]
    assert not made.extra.keys() & made.columns.keys()
