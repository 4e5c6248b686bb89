"""Runs a `.test` case in every mode: batch splits, restarts, tiers, rewrites; all give the expected rows."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

import cep
from cep.compile import plan_rules
from cep.errors import CepError, SourceText
from cep.plan.explain import explain_text
from cep.state.checkpoint_file import decode, encode
from cep.testing.case_format import Case, CaseError, Step, table_of, typed
from tests.harness.sources import source_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cep.batch import EventBatch

ALL_ROWS = 1 << 30
REL = 1e-9
PLAIN = {"python": 0.5, "llvm": 0.125}  # share of the random modes without rewrites


@dataclass(frozen=True)
class Mode:
    """One way to run a case: rows a batch, restart between batches, tier, rewrites, columnar input."""

    batch: int = ALL_ROWS
    restart: bool = False
    tier: str = "python"
    rewrites: bool = True

    def __str__(self) -> str:
        batch = "all" if self.batch == ALL_ROWS else self.batch
        extra = ("+restart" if self.restart else "") + ("" if self.rewrites else "+plain")
        return f"{self.tier}/batch={batch}{extra}"


def modes(case: Case) -> list[Mode]:
    """Return the base run, one axis changed at a time, then two seeded random combinations."""
    tiers = os.environ.get("CEP_TEST_TIERS", "python,llvm").split(",")
    base = Mode(tier=tiers[0])
    found = [base, *(replace(base, batch=n) for n in (1, 2, 7))]
    found.append(replace(base, batch=1, restart=True))
    found.append(replace(base, rewrites=False))
    found += [replace(base, tier=t) for t in tiers[1:]]
    draw = random.Random(f"{case.file}:{case.title}")
    for tier in draw.choices(tiers, k=2):
        # Another plan costs seconds of compiling in all, so few run compiled.
        plain = draw.random() < PLAIN[tier]
        found.append(Mode(draw.choice((1, 2, 3, 5)), draw.random() < 0.5, tier, not plain))
    return list(dict.fromkeys(found))


class Run:
    """One run of a case in one mode."""

    def __init__(self, case: Case, mode: Mode) -> None:
        self.case = case
        self.mode = mode
        self.rows: dict[str, list[dict[str, Any]]] = {}
        self.seen: set[str] = set()
        self.engine = self._fresh()
        fed = {s.args[0] for s in case.steps if s.kind in ("input", "watermark")}
        for name in self.engine.sources:
            if name not in fed:
                self.engine._core.end_stream(name)

    def _fresh(self) -> cep.Engine:
        engine = cep.Engine([source_of(self.case.rules)], **self._options())
        for name in engine.outputs:
            engine._delivery.add_batches(name, lambda b, n=name: self._take(n, b))
        return engine

    def _options(self) -> dict[str, Any]:
        mode = self.mode
        return {"tier": mode.tier, "rewrites": mode.rewrites, "bounded": True, "raw_time": True}

    def _take(self, name: str, batch: EventBatch) -> None:
        events = self.engine._delivery.events(name, batch)
        self.rows.setdefault(name, []).extend(e.to_dict() for e in events)

    def _restart(self) -> None:
        arrays, _ = decode(encode(self.engine.snapshot(), {}))  # through the bytes of a checkpoint
        self.engine.close()
        self.engine = self._fresh()
        self.engine.load_snapshot(arrays)

    def _between(self) -> None:
        self.engine.check()
        for name, rule in self.engine.stats()["rules"].items():
            if "run_ends" in rule:
                ends = sum(rule["run_ends"].values())
                assert rule["runs_started"] == ends + rule["runs_live"], (name, rule)
                split = [rule[f"runs_{w}"] for w in ("matched", "expired", "killed", "dropped")]
                assert ends == sum(split), (name, rule)
        if self.mode.restart:
            self._restart()

    def play(self) -> None:
        """Run the steps in order, comparing outputs where the case says so."""
        for step in self.case.steps:
            getattr(self, f"do_{step.kind}")(step)
        if self.mode.tier == "llvm":
            for name, rule in self.engine.stats()["rules"].items():
                assert rule["tier"] == "llvm", f"rule {name} did not run compiled"
        self.engine.close()

    def do_rules(self, step: Step) -> None:
        pass

    def do_input(self, step: Step) -> None:
        stream = step.args[0]
        schema = self.engine._core.specs[stream].schema
        header, rows = table_of(step)
        kinds = {c.name: c.type for c in schema.columns}
        for name in header:
            if name not in kinds:
                msg = f"line {step.line}: stream {stream} has no column {name}"
                raise CaseError(msg)
        spec = self.engine._core.specs[stream]
        divisor = {"s": 1_000_000, "ms": 1_000, "us": 1, "ns": 1}[spec.ts_unit]
        factor = 1_000 if spec.ts_unit == "ns" else 1

        def value(name: str, text: str | None) -> Any:
            found = typed(text, kinds[name])
            if found is not None and kinds[name].value == "TIMESTAMP":
                return (
                    int(found) * factor / divisor
                    if int(found) % divisor
                    else int(found) * factor // divisor
                )
            return found

        events = [{n: value(n, v) for n, v in zip(header, row, strict=True)} for row in rows]
        for start in range(0, len(events), self.mode.batch):
            self.engine.send_many(stream, events[start : start + self.mode.batch])
            self._between()

    def do_watermark(self, step: Step) -> None:
        stream, time = step.args
        from cep.times import parse_duration

        self.engine.advance(parse_duration(time), stream)
        self._between()

    def do_end(self, step: Step) -> None:
        self.engine.flush()
        self._between()

    def do_restart(self, step: Step) -> None:
        self._restart()

    def do_error(self, step: Step) -> None:
        msg = "the rules were expected to be refused"
        raise AssertionError(msg)

    def do_plan(self, step: Step) -> None:
        """Plans are compared by `check_plan`, once."""

    def do_late(self, step: Step) -> None:
        spec = self.engine._core.specs[step.args[0]]
        self._compare(spec.late_into or "", step)

    def do_output(self, step: Step) -> None:
        self._compare(step.args[0], step)

    def _compare(self, stream: str, step: Step) -> None:
        assert stream in self.engine.outputs, f"no rule writes {stream}"
        header, rows = table_of(step)
        schema = self.engine._delivery.schema(stream)
        kinds = {c.name: c.type for c in schema.columns}
        missing = [n for n in header if n not in kinds]
        assert not missing, f"stream {stream} has no columns {missing}, it has {list(kinds)}"
        expected = [
            {n: typed(v, kinds[n]) for n, v in zip(header, row, strict=True)} for row in rows
        ]
        got = [{n: row[n] for n in header or kinds} for row in self.rows.pop(stream, [])]
        same = len(got) == len(expected) and all(map(equal_rows, got, expected))
        assert same, (
            f"{self.case.file}:{step.line}: {self.mode}: output {stream}\n"
            f"expected {_shown(expected)}\n     got {_shown(got)}"
        )


def equal_rows(got: dict[str, Any], expected: dict[str, Any]) -> bool:
    """Whether two rows agree, DOUBLE within a relative 1e-9."""
    for name, value in expected.items():
        other = got[name]
        if isinstance(value, float) and isinstance(other, float):
            if abs(value - other) > REL * max(1.0, abs(value), abs(other)):
                return False
        elif value != other:
            return False
    return True


def _shown(rows: list[dict[str, Any]]) -> str:
    return "\n         ".join(map(str, rows)) or "no rows"


def check_error(case: Case) -> bool:
    """Check the `error CODE at L:C` sections of a case; whether there are any."""
    wanted = [s for s in case.steps if s.kind == "error"]
    if not wanted:
        return False
    with pytest.raises(CepError) as caught:
        cep.Engine(case.rules, tier="python").close()
    problems = caught.value.problems
    got = [f"{p.code} at {p.span.line}:{p.span.column}" for p in problems]
    assert got == [" ".join(s.args) for s in wanted], str(caught.value)
    return True


def check_plan(case: Case) -> Iterator[str]:
    """Yield the differences between `plan STAGE` sections and the plans as they are."""
    for step in case.steps:
        if step.kind == "plan":
            planned = plan_rules([SourceText(case.file, case.rules)])
            plan = planned.plan if step.args[0] == "plan" else planned.optimized
            got = [line.rstrip() for line in explain_text(plan).splitlines() if line.strip()]
            expected = [line.rstrip() for line in step.body if line.strip()]
            if got != expected:
                yield "\n".join([f"plan {step.args[0]}:", *got])
