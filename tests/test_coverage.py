"""What a rule can say is run or refused by a case: grammar, functions, aggregates, codes, metrics, rule files."""

from __future__ import annotations

import re
from contextlib import suppress
from functools import cache
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest
from lark.exceptions import LarkError

from cep.aggregates import AGGREGATES
from cep.functions import FUNCTIONS, names
from cep.lang.grammar import alternatives, alternatives_used
from cep.metrics import METRICS
from cep.plan.bind.refused import REFUSED
from cep.plan.problems import CODES
from cep.testing.case_format import Case, read_cases

ROOT = Path(__file__).resolve().parent.parent
TESTS = ROOT / "tests"
SPELLINGS = TESTS / "unit" / "functions" / "test_spellings.py"
OPERATORS = {name for name, function in FUNCTIONS.items() if function.operator}
CASES = [case for path in sorted((TESTS / "cases").rglob("*.test")) for case in read_cases(path)]


def refusals() -> dict[str, str]:
    """Return a text for each row of the table of refusals; `test_refused` sees that all rows have one."""
    folder = TESTS / "unit" / "plan"
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        found: dict[str, Any] = run_path(str(folder / "test_refused.py"))
    return dict(found["CASES"])


def rules_of(case: Case) -> str:
    """Return the rule text of a case."""
    return "\n".join(line for step in case.steps if step.kind == "rules" for line in step.body)


def is_refused(case: Case) -> bool:
    """Return whether a case expects mistakes."""
    return any(step.kind == "error" for step in case.steps)


@cache
def running_text() -> str:
    """Return the rule texts of the cases that run, in lower case."""
    return "\n".join(rules_of(c) for c in CASES if not is_refused(c)).lower()


@cache
def all_tests() -> str:
    """Return the text of all tests."""
    files = [*TESTS.rglob("*.py"), *TESTS.rglob("*.test")]
    return "\n".join(p.read_text(encoding="utf-8") for p in files if p.name != Path(__file__).name)


def test_every_alternative_of_the_grammar_is_run_or_refused() -> None:
    statements = [s for c in CASES for s in re.split(r"(?<=;)\s*\n", rules_of(c))]
    found: set[str] = set()
    for statement in [*statements, *(text.replace("¦", "") for text in refusals().values())]:
        with suppress(LarkError):  # a text with syntax mistakes uses nothing
            found |= alternatives_used(statement)
    assert sorted(alternatives() - found) == []


@pytest.mark.parametrize("kind", ["function", "aggregate"])
def test_every_function_is_run(kind: str) -> None:
    known = set(names()) if kind == "function" else set(AGGREGATES)
    # Of functions a table of values counts too: it runs in both tiers.
    text = running_text() + SPELLINGS.read_text(encoding="utf-8").lower()
    missing = [n for n in sorted(known - OPERATORS) if not re.search(rf"\b{n}\s*\(", text)]
    assert missing == []


def test_every_code_is_asserted() -> None:
    # Rows of the table of refusals have a test of their own, which goes through that table.
    refused = {row.code for row in REFUSED.values()}
    # Our own mistakes (9xx) are what no input is known to cause.
    codes = {code for code in CODES if not code.startswith("CEP9")} - refused
    assert sorted(code for code in codes if code not in all_tests()) == []


def test_every_metric_stands_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    written = {name.removesuffix("_total") for name in re.findall(r"`(cep_[a-z_]+)`", readme)}
    assert set(METRICS) - written == set()
    assert written - set(METRICS) - {"cep_engine"} == {
        "cep_match_delay_seconds",
        "cep_checkpoint_seconds",
        "cep_step_seconds",
        "cep_build_info",
    }


def test_every_rule_file_is_run() -> None:
    files = [*(ROOT / "rules").glob("*.cep"), *(ROOT / "examples").rglob("*.cep")]
    text = all_tests() + (ROOT / "README.md").read_text(encoding="utf-8")
    assert [f.name for f in files if f.stem not in text] == []
