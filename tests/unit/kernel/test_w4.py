"""A kernel of real size in both tiers: equal rows and states, growth, swap of tiers in mid-stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.kernel.loading import load
from tests.unit.kernel.w4 import SPEC, Host, Readings, readings

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMITS = (24.0, 2.5, 0.1)
ROOMS = 20


def _host(tier: str, *, checked: bool = False, runs: int = 4) -> Host:
    return Host(load(SPEC, tier=tier, checked=checked), rooms=ROOMS, limits=LIMITS, runs=runs)


def _batches(stream: Readings, size: int) -> Iterator[Readings]:
    for start in range(0, len(stream.ts), size):
        end = start + size
        columns = (stream.ts, stream.room, stream.kind, stream.value)
        yield Readings(*(c[start:end].copy() for c in columns))


def _run(
    host: Host, stream: Readings, size: int, *, large: bool = False
) -> list[tuple[object, ...]]:
    return [row for batch in _batches(stream, size) for row in host.process(batch, large=large)]


def test_tiers_modes_and_batch_sizes_agree() -> None:
    stream = readings(6000)
    reference = _host("python")
    expected = _run(reference, stream, 1000)
    assert len(expected) > 100
    for tier, checked, size, large in (
        ("python", True, 6000, False),
        ("llvm", False, 1000, False),
        ("llvm", False, 37, True),
        ("llvm", False, 1, False),
        ("llvm", True, 1000, False),
        ("llvm", True, 500, True),
    ):
        host = _host(tier, checked=checked)
        assert _run(host, stream, size, large=large) == expected
        assert host.state() == reference.state()


def test_growth_re_enters_without_changing_rows() -> None:
    stream = readings(3000)
    roomy = _host("llvm", runs=4096)
    roomy_rows = _run(roomy, stream, 3000)
    tight = _host("llvm", runs=1)
    assert _run(tight, stream, 3000) == roomy_rows
    assert tight.re_entries >= 8
    assert tight.re_entries > roomy.re_entries


def test_tiers_are_swapped_in_the_middle_of_live_runs() -> None:
    stream = readings(4000)
    expected = _run(_host("python"), stream, 100)
    host = _host("python")
    tiers = [load(SPEC, tier="llvm"), load(SPEC, tier="python")]
    rows: list[tuple[object, ...]] = []
    before = 0
    for number, batch in enumerate(_batches(stream, 100)):
        if number % 10 == 5:
            host.use(tiers[number // 10 % 2])
            before = before or len(rows)
        rows += host.process(batch)
    assert rows == expected
    assert 0 < before < len(rows)
