"""Faults of clocks, deadlines and the order of events."""

from __future__ import annotations

from tests.faults.fault import Fault

TIME = (
    Fault(
        "WITHIN is exclusive",
        "cep/codegen/match/timers.py",
        '"deadline_after", "run_start[head]", within_us)',
        '"deadline_after", "run_start[head]", within_us - 1)',
        ("sequence", "worked"),
    ),
    Fault(
        "WITHIN comes before an absence of the same instant",
        "cep/codegen/match/timers.py",
        '            earlier = "deadline < due"',
        '            earlier = "deadline <= due"',
        ("negation",),
    ),
    Fault(
        "deadlines of an instant pass before its events",
        "cep/codegen/match/kernel.py",
        "limit = {parts.layout.merge('ts')}[row]\"",
        "limit = {parts.layout.merge('ts')}[row] + 1\"",
        ("negation", "worked"),
    ),
    Fault(
        "a guard before a deadline counts from the instant of its event",
        "cep/codegen/match/scan.py",
        'block(f"if ts > run_deadline[r] - {length}:"):',
        'block(f"if ts >= run_deadline[r] - {length}:"):',
        ("negation",),
    ),
    Fault(
        "deadlines of one instant pass in the order they were set",
        "cep/kernellib/deadlines.py",
        "due[before] > deadline or (due[before] == deadline and order[before] > order[slot])",
        "due[before] > deadline",
        ("negation",),
    ),
    Fault(
        "timers of one instant are in no order",
        "cep/kernellib/timers.py",
        "if due[left] < due[right] or (due[left] == due[right] and order[left] < order[right]):",
        "if due[left] < due[right] or (due[left] == due[right] and order[left] > order[right]):",
        ("clauses", "life"),
    ),
    Fault(
        "deadlines are events of phase 1",
        "cep/engine/merge.py",
        "CAUSE_DEADLINE: PHASE_DEADLINE",
        "CAUSE_DEADLINE: PHASE_EVENT",
        ("negation", "tumble_and_hop", "order"),
    ),
    Fault(
        "a row at the watermark is late",
        "cep/engine/watermark.py",
        "late = times < np.maximum(limits, clock)",
        "late = times <= np.maximum(limits, clock)",
        ("order",),
    ),
    Fault(
        "late rows are not late",
        "cep/engine/watermark.py",
        "late = times < np.maximum(limits, clock)",
        "late = times < np.full(len(times), NEVER)",
        ("order",),
    ),
    Fault(
        "the declared disorder is ignored",
        "cep/engine/watermark.py",
        "self._delay = spec.watermark_delay_us",
        "self._delay = 0",
        ("order",),
    ),
    Fault(
        "late rows that are adjusted keep their time",
        "cep/engine/watermark.py",
        "np.where(late & (at > NEVER), at, times)",
        "np.where(late & (at > NEVER), times, times)",
        ("order",),
    ),
    Fault(
        "end of input closes nothing",
        "cep/engine/watermark.py",
        "        if self.ended:\n            return MAX_I64\n",
        "",
        ("tumble_and_hop",),
    ),
    Fault(
        "the clock is that of the fastest stream",
        "cep/engine/component.py",
        "max(self.clock, min(marks))",
        "max(self.clock, max(marks))",
        ("order",),
    ),
    Fault(
        "rows at the clock go on waiting",
        "cep/engine/reorder.py",
        "ready = rows.batch.ts <= limit",
        "ready = rows.batch.ts < limit",
        ("order",),
    ),
)

ORDER = (
    Fault(
        "rows of one time come last in, first out",
        "cep/engine/reorder.py",
        "keys = (rows.offset, ",
        "keys = (-rows.offset, ",
        ("order",),
    ),
    Fault(
        "TIEBREAK is ignored",
        "cep/engine/reorder.py",
        "ties = [self._sortable(rows.batch, name) for name in self._spec.tiebreak]",
        "ties = []",
        ("order",),
    ),
    Fault(
        "NULLs of a TIEBREAK column come first",
        "cep/engine/reorder.py",
        "return np.where(stored < 0, MAX_I64, np.append(ranks, 0)[stored])",
        "return np.where(stored < 0, -1, np.append(ranks, 0)[stored])",
        ("order",),
    ),
    Fault(
        "rules of one event are taken in the wrong order",
        "cep/engine/merge.py",
        "(declaration << EMISSION_BITS)",
        "((99 - declaration) << EMISSION_BITS)",
        ("derived",),
    ),
    Fault(
        "events of equal level come in any order",
        "cep/engine/merge.py",
        "np.lexsort((*reversed(p.path), p.level,",
        "np.lexsort((p.level,",
        ("derived",),
    ),
    Fault(
        "NULL of INT is a number as DOUBLE",
        "cep/kernel/intrinsics_python.py",
        "return NAN if a == NULL_I64 else float(a)",
        "return float(a)",
        ("derived",),
    ),
    Fault(
        "ranks of texts are those of their codes",
        "cep/strings.py",
        "order = sorted(range(count), key=self._texts.__getitem__)",
        "order = list(range(count))",
        ("order", "expressions"),
    ),
)
