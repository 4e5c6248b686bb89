"""Runs the cases of `.test` files: each in one go, then row by row with a restart after every row.

Files that their rules import are looked for from the working folder.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cep.api import Engine
from cep.compile import compile_rules, plan_rules
from cep.errors import CepError, SourceText, error
from cep.testing.blocks import Difference, equal_values, shown_row
from cep.testing.case_format import Case, CaseError, Step, read_cases, table_of, typed
from cep.times import parse_duration
from cep.types import Type

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cep.graph.graph import StreamSpec

MODES = ("in one go", "row by row with restarts")
ARGUMENTS = {"input": 1, "output": 1, "late": 1, "watermark": 2, "plan": 1}
_UNIT_US = {"s": 1_000_000, "ms": 1_000, "us": 1}


@dataclass(frozen=True, slots=True)
class CaseOutcome:
    """What became of a case: the first failure with the mode it came in, none if it passed."""

    title: str
    file: str
    line: int
    failure: str = ""

    @property
    def passed(self) -> bool:
        """Whether all is as expected in all modes."""
        return not self.failure

    @property
    def place(self) -> str:
        """File and line."""
        return f"{self.file}:{self.line}"

    def render(self) -> str:
        """Return why it failed, as text."""
        return self.failure

    def to_dict(self) -> dict[str, object]:
        """Return title, place and why it failed, as `cep test --json` gives them."""
        return {
            "title": self.title,
            "file": self.file,
            "line": self.line,
            "passed": self.passed,
            "failure": self.failure,
        }


def load_cases(path: Path) -> list[Case]:
    """Return the cases of a `.test` file.

    Raises:
        CepError: CEP201, it cannot be read or is malformed.
    """
    try:
        return read_cases(path)
    except UnicodeDecodeError:
        msg = f"cannot read test file {path}: not UTF-8"
        raise error("CEP201", msg) from None
    except (OSError, CaseError) as problem:
        msg = f"cannot read test file {path}: {problem}"
        raise error("CEP201", msg) from None


def run_case(case: Case, path: str, *, tier: str = "python") -> CaseOutcome:
    """Run a case in all modes; its `error` sections are the mistakes that the rules must have."""
    text = ""
    try:
        _check_arguments(case)
        if any(s.kind == "error" for s in case.steps):
            text = _mistakes(case)
        else:
            text = _plans(case)
            for one_by_one in (False, True):
                if not text:
                    found = _Run(case, path, tier, one_by_one=one_by_one).play()
                    text = f"{MODES[one_by_one]}: {found}" if found else ""
    except (CepError, CaseError, ValueError, KeyError) as problem:
        text = str(problem)
    return CaseOutcome(case.title, path, case.line, text)


def _check_arguments(case: Case) -> None:
    """Refuse sections without the names and times they need.

    Raises:
        CaseError: at the first of them.
    """
    for step in case.steps:
        if step.kind in ARGUMENTS and len(step.args) != ARGUMENTS[step.kind]:
            msg = f"line {step.line}: {step.kind} takes {ARGUMENTS[step.kind]} words, not {len(step.args)}"
            raise CaseError(msg)


def _mistakes(case: Case) -> str:
    """Compare codes and places of the mistakes."""
    wanted = [" ".join(s.args) for s in case.steps if s.kind == "error"]
    try:
        compile_rules([SourceText("rules", case.rules)])
    except CepError as problem:
        got = [f"{p.code} at {p.span.line}:{p.span.column}" for p in problem.problems]
        return "" if got == wanted else f"expected {', '.join(wanted)}, got\n{problem}"
    return f"expected {', '.join(wanted)}, but the rules have no mistake"


def _plans(case: Case) -> str:
    """Compare the `plan` sections."""
    from cep.plan.explain import explain_text

    for step in case.steps:
        if step.kind == "plan":
            planned = plan_rules([SourceText("rules", case.rules)])
            text = explain_text(planned.plan if step.args[0] == "plan" else planned.optimized)
            got = [line.rstrip() for line in text.splitlines() if line.strip()]
            if got != [line.rstrip() for line in step.body if line.strip()]:
                return "\n".join([f"line {step.line}: plan {step.args[0]} is", *got])
    return ""


class _Run:
    """One run of a case."""

    def __init__(self, case: Case, path: str, tier: str, *, one_by_one: bool) -> None:
        self.case, self.path, self.tier, self.one_by_one = case, path, tier, one_by_one
        self.rows: dict[str, list[Any]] = {}
        self.columns: dict[str, dict[str, Type]] = {}
        graph = compile_rules([SourceText("rules", case.rules)]).graph
        self.specs: dict[str, StreamSpec] = {s.name: s for s in graph.streams}
        self.engine = self._fresh()
        fed = {s.args[0] for s in case.steps if s.kind in ("input", "watermark")}
        for name in self.engine.sources:
            if name not in fed:
                self.engine.end(name)

    def _fresh(self) -> Engine:
        source = SourceText("rules", self.case.rules)
        engine = Engine([source], tier=self.tier, bounded=True, raw_time=True)
        for name in engine.outputs:
            engine.on(name)(self.rows.setdefault(name, []).append)
        if not self.columns:
            tables = engine.tables()
            self.columns = {
                n: {c.name: c.type for c in t.schema.columns} for n, t in tables.items()
            }
        return engine

    def _restart(self) -> None:
        arrays = self.engine.snapshot()
        self.engine.close()
        self.engine = self._fresh()
        self.engine.load_snapshot(arrays)

    def play(self) -> str:
        """Run the steps; return the first failure as text."""
        try:
            for step in self.case.steps:
                if text := self._step(step):
                    return f"{self.path}:{step.line}: {text}"
            return ""
        finally:
            self.engine.close()

    def _step(self, step: Step) -> str:
        match step.kind:
            case "input":
                self._input(step)
            case "watermark":
                us = parse_duration(step.args[1])
                if us is None:
                    msg = f"line {step.line}: {step.args[1]!r} is no offset"
                    raise CaseError(msg)
                self.engine.advance(us, step.args[0])
            case "end":
                self.engine.flush()
            case "restart":
                self._restart()
            case "output":
                return self._compare(step.args[0], step)
            case "late":
                return self._compare(self.specs[step.args[0]].late_into or "", step)
            case _:  # rules, and what was looked at before
                return ""
        if self.one_by_one and step.kind != "restart":
            self._restart()
        return ""

    def _input(self, step: Step) -> None:
        spec = self.specs.get(step.args[0])
        header, rows = table_of(step)
        kinds = {} if spec is None else {c.name: c.type for c in spec.schema.columns}
        if spec is None or (unknown := [n for n in header if n not in kinds]):
            what = f"no stream {step.args[0]}" if spec is None else f"no column {unknown[0]}"
            msg = f"line {step.line}: there is {what}"
            raise CaseError(msg)
        for row in rows:
            event = {
                name: _sent(typed(text, kinds[name]), kinds[name], spec.ts_unit)
                for name, text in zip(header, row, strict=True)
            }
            self.engine.send(spec.name, event)
            if self.one_by_one:
                self._restart()

    def _compare(self, stream: str, step: Step) -> str:
        """Compare the rows since the last check with a table."""
        kinds = self.columns.get(stream)
        if kinds is None:
            return f"no rule writes stream {stream!r}"
        header, table = table_of(step)
        if unknown := [name for name in header if name not in kinds]:
            return f"stream {stream} has no column {unknown[0]}, it has {', '.join(kinds)}"
        names = tuple(header or kinds)
        types = [kinds[name] for name in names]
        wanted = [tuple(map(typed, row, types)) for row in table]
        got = [tuple(row[name] for name in names) for row in self.rows[stream]]
        self.rows[stream].clear()
        if len(got) == len(wanted) and all(map(_same, got, wanted)):
            return ""
        expected = tuple(shown_row(row, types) for row in wanted)
        return Difference(
            stream, names, expected, tuple(shown_row(row, types) for row in got)
        ).render()


def _same(got: Sequence[object], wanted: Sequence[object]) -> bool:
    return all(map(equal_values, got, wanted))


def _sent(value: Any, kind: Type, unit: str) -> Any:
    """Return a value as `send` takes it: times in the unit of the stream."""
    if value is None or kind is not Type.TIMESTAMP:
        return value
    if unit == "ns":
        return value * 1_000
    divisor = _UNIT_US[unit]
    return value / divisor if value % divisor else value // divisor
