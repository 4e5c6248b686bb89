"""Plugin of pytest: collects the TEST statements of `*.cep` files, and gives engines to test functions.

`pytest rules/` runs every TEST of the rule files there; a failure shows the expected and the found rows. The fixture
`cep_engine` makes engines (in the python tier, bounded) that are closed when the test is over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cep.errors import CepError, SourceText

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from cep.api import Engine
    from cep.plan.rule_tests import RuleTest


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> RuleFile | None:
    """Collect a rule file."""
    if file_path.suffix != ".cep":
        return None
    file: RuleFile = RuleFile.from_parent(parent, path=file_path)
    return file


class DifferenceError(Exception):
    """A TEST found other rows than it expects."""


class RuleFile(pytest.File):
    """A rule file: its tests are the TEST statements in it."""

    def collect(self) -> Iterator[RuleItem]:
        """Yield an item for each TEST; a file without one is left alone, whatever it holds."""
        from cep.testing.blocks import load_tests, may_have_tests

        text = self.path.read_text(encoding="utf-8")
        if not may_have_tests(text):
            return
        source = SourceText(str(self.path), text)
        try:
            tests = load_tests([source])
        except CepError as problem:
            raise self.CollectError(str(problem)) from None
        names: dict[str, int] = {}
        for test in tests:
            names[test.title] = names.get(test.title, 0) + 1
            name = test.title if names[test.title] == 1 else f"{test.title} {names[test.title]}"
            yield RuleItem.from_parent(self, name=name, test=test, source=source)


class RuleItem(pytest.Item):
    """One TEST statement."""

    def __init__(self, *, test: RuleTest, source: SourceText, **rest: Any) -> None:
        super().__init__(**rest)
        self.test = test
        self.source = source

    def runtest(self) -> None:
        """Run it.

        Raises:
            DifferenceError: other rows came than were expected.
        """
        from cep.testing.blocks import run_test

        outcome = run_test(self.test, [self.source])
        if not outcome.passed:
            raise DifferenceError(outcome.render())

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show the two tables instead of a traceback."""
        if isinstance(excinfo.value, DifferenceError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Say where the statement stands."""
        return self.path, max(self.test.span.line - 1, 0), self.name


@pytest.fixture
def cep_engine() -> Iterator[Callable[..., Engine]]:
    """Make engines: `cep_engine(rules, **options)` as `cep.Engine`; all are closed after the test."""
    from cep.api import Engine

    made: list[Engine] = []

    def make(rules: Any, **options: Any) -> Engine:
        engine = Engine(rules, **{"tier": "python", "bounded": True, **options})
        made.append(engine)
        return engine

    yield make
    for engine in made:
        engine.close()
