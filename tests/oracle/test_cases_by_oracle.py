"""Every expected table of the `.test` cases is confirmed by the model."""

from __future__ import annotations

from pathlib import Path

import pytest

from cep.testing.case_format import Case, read_cases
from tests.oracle.cases import play

FOLDER = Path(__file__).parents[1] / "cases"
CASES = [
    case
    for path in sorted(FOLDER.rglob("*.test"))
    for case in read_cases(path)
    if any(s.kind in ("output", "late") for s in case.steps)
]


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.file}:{c.line}")
def test_case(case: Case) -> None:
    """The model gives the rows that the case expects."""
    differences = list(play(case))
    assert not differences, "\n".join([case.title, *differences])
