"""The engine makes the rows that the workloads' definition says; the runner and the comparison work."""

import json

import pytest

from benchmarks import compare, run
from benchmarks.measure import EXPECTED_MATCHES, engine_batches, measure, run_engine
from benchmarks.reference import library
from benchmarks.workloads.generate import columns

RUNNABLE = sorted(EXPECTED_MATCHES)


@pytest.fixture(scope="module")
def million():
    return engine_batches(columns(1_000_000), 10_000)


@pytest.mark.parametrize("workload", RUNNABLE)
def test_engine_counts(workload, million):
    assert run_engine(workload, million)[1] == EXPECTED_MATCHES[workload]


@pytest.mark.parametrize("workload", RUNNABLE)
def test_tiers_and_batches_make_the_same_number_of_rows(workload):
    readings = columns(20_000, sensors=20)
    counts = {
        run_engine(workload, engine_batches(readings, size), tier)[1]
        for size, tier in ((20_000, "python"), (997, "llvm"), (20_000, "llvm"))
    }
    assert len(counts) == 1


@pytest.mark.needs_gcc
@pytest.mark.skipif(library.gcc() is None, reason="the C reference needs gcc")
def test_both_sides_are_measured():
    result = measure("w4", columns(50_000, sensors=50), 5_000, repetitions=2)
    assert result.matches == result.reference_matches
    assert len(result.engine_seconds) == len(result.reference_seconds) == 2
    assert result.ratio > 0
    assert run.verdict(result) == ""
    assert json.loads(json.dumps(result.to_dict()))["ratio"] == result.ratio


def saved(path, *, seconds=0.02, matches=64):
    result = {
        "workload": "w4", "batch_rows": 10_000, "rows": 1_000_000,
        "engine": seconds, "ratio": None, "matches": matches,
    }  # fmt: skip
    path.write_text(json.dumps({"results": [result]}))
    return str(path)


def test_compare_finds_what_got_slower_or_wrong(tmp_path, capsys):
    old = saved(tmp_path / "old.json")
    assert compare.main([old, saved(tmp_path / "same.json", seconds=0.021)]) == 0
    assert compare.main([old, saved(tmp_path / "slower.json", seconds=0.03)]) == 1
    assert "+50.0%" in capsys.readouterr().out
    assert compare.main([old, saved(tmp_path / "wrong.json", matches=53)]) == 1
    assert "rows" in capsys.readouterr().out


def test_the_runner_refuses_an_unknown_workload(capsys):
    with pytest.raises(SystemExit) as end:
        run.main(["w9"])
    assert end.value.code == 2
    assert "unknown workload: w9" in capsys.readouterr().err
