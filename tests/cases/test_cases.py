"""Every `.test` case, in every mode."""

from __future__ import annotations

from pathlib import Path

import pytest

from cep.testing.case_format import Case, read_cases
from tests.harness.runner import Mode, Run, check_error, check_plan, modes

FOLDER = Path(__file__).parent
CASES = [case for path in sorted(FOLDER.rglob("*.test")) for case in read_cases(path)]


def name_of(case: Case) -> str:
    return f"{case.file}:{case.line}"


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_case(case: Case) -> None:
    """One expected table for all modes: batches, restarts, tiers and rewrites are invisible."""
    if check_error(case):
        return
    differences = list(check_plan(case))
    assert not differences, differences
    for mode in modes(case):
        Run(case, mode).play()


def test_modes_cover_all_axes() -> None:
    """The modes of a case change every axis."""
    if not CASES:
        pytest.fail("there are no cases")
    found = modes(CASES[0])
    assert {m.batch for m in found} >= {1, 2, 7}
    assert any(m.restart for m in found)
    assert any(not m.rewrites for m in found)
    assert Mode() in found
