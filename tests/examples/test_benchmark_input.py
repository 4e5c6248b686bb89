"""The benchmark input is the same on every machine, and the C reference counts what it must."""

import hashlib

import pytest

from benchmarks.measure import EXPECTED_MATCHES
from benchmarks.reference import library
from benchmarks.workloads.generate import columns, write

MILLION = {
    "csv": "9c45947a590c040fc0bfce1cee6c6a0c5c99eaa832f28a98f92b1a2780759b2f",
    "jsonl": "0b0f4f24371f6e0ef4a0f8c35a50d46771c426b95a3c66c55e90721e69af660a",
}
SMALL = {
    "csv": "9b68863214830df2b4a267345d5165dd7533542b0ba988a6847189ecca4608fd",
    "jsonl": "e448a9cb253ff8e26c4d85259bb306ad8e7e7c8620815bf3617f675791baa95b",
}
REFERENCES = ("w1", "w3", "w4", "w4_hot", "w5")

needs_gcc = [
    pytest.mark.needs_gcc,
    pytest.mark.skipif(library.gcc() is None, reason="the C reference needs gcc"),
]


def digests(rows, directory):
    paths = write(columns(rows), directory / "readings")
    return {
        path.suffix.removeprefix("."): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in paths
    }


def test_small_files_are_the_same_bytes(tmp_path):
    assert digests(2_000, tmp_path) == SMALL


def test_million_row_files_are_the_same_bytes(tmp_path):
    assert digests(1_000_000, tmp_path) == MILLION


@pytest.fixture(scope="module")
def million():
    return columns(1_000_000)


@pytest.mark.parametrize("name", [pytest.param(name, marks=needs_gcc) for name in REFERENCES])
def test_reference_counts(name, million):
    assert library.count(name, million) == EXPECTED_MATCHES[name]


@pytest.mark.parametrize("name", [pytest.param(name, marks=needs_gcc) for name in REFERENCES])
def test_reference_does_not_depend_on_batches(name):
    readings = columns(100_000, sensors=100)
    whole = library.count(name, readings, len(readings))
    assert whole > 0
    assert library.count(name, readings, 1) == whole
    assert library.count(name, readings, 777) == whole


@pytest.mark.needs_gcc
@pytest.mark.skipif(library.gcc() is None, reason="the C reference needs gcc")
def test_reference_leaves_late_rows_out():
    readings = columns(1_000_000)
    hot = (readings.kind == 0) & (readings.value > 50)
    readings.ts[0] = readings.ts[hot].max() + 1
    assert library.count("w1", readings) == 0
