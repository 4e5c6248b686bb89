"""The table of seeded faults: what breaks, and the one replacement in one file that breaks it.

`tests.mutants` runs them. A text must stand exactly once in its file; where it no longer does, choose another
place for the same fault.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One fault.

    name: what breaks. file: where. old, new: which text becomes which. likely: case files (without suffix)
    that are run first. tier: the execution tier in which the fault shows.
    """

    name: str
    file: str
    old: str
    new: str
    likely: tuple[str, ...]
    tier: str = "python"


_TIME = (
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
        'with writer.block("if deadline < due:"):',
        'with writer.block("if deadline <= due:"):',
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
        "self.clock = max(self.clock, min(marks))",
        "self.clock = max(self.clock, max(marks))",
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

_ORDER = (
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

_RESTART = (
    Fault(
        "registers are lost at a restart",
        "cep/operators/kernel_operator.py",
        "            if array.role in (Role.STATE, Role.REGISTER):\n                self._set(",
        "            if array.role is Role.STATE:\n                self._set(",
        ("order", "throttles"),
    ),
    Fault(
        "one state array is lost at a restart",
        "cep/operators/kernel_operator.py",
        "self._set(place, arrays[array.name].copy())",
        'self._set(place, arrays[array.name] * (array.name != "updated_at"))',
        ("clauses", "life"),
    ),
    Fault(
        "the next timer is lost at a restart",
        "cep/operators/kernel_operator.py",
        'kept["$next"] = np.array([self._ctl[NEXT]',
        'kept["$next"] = np.array([MAX_I64 - 1',
        ("tumble_and_hop",),
    ),
    Fault(
        "waiting rows are lost at a restart",
        "cep/engine/reorder.py",
        "        if arrays:\n            names",
        "        if arrays and False:\n            names",
        ("order",),
    ),
    Fault(
        "watermarks are lost at a restart",
        "cep/engine/watermark.py",
        "self.partitions = {p: mark for p, mark, _, _ in parts}",
        "self.partitions = {p: NEVER for p, mark, _, _ in parts}",
        ("order",),
    ),
    Fault(
        "growth forgets what was there",
        "cep/operators/kernel_operator.py",
        "fresh[: len(known)] = known",
        "fresh[: 0] = known[: 0]",
        ("growth",),
    ),
    Fault(
        "a constant text is another one",
        "cep/operators/kernel_operator.py",
        "return self._strings.encode(texts)",
        "return self._strings.encode(texts[::-1])",
        ("clauses",),
    ),
    Fault(
        "a recycled slot keeps the key it had",
        "cep/codegen/keys.py",
        'self._enter_code(writer, f"{self.words}[{slot}]", "-1")',
        'self._enter_code(writer, f"{self.words}[{slot}]", slot)',
        ("recycling", "suppress"),
    ),
)

_WINDOWS = (
    Fault(
        "a window takes the rows at its end",
        "cep/codegen/window/kernel.py",
        'self.again.close(writer)\n            with writer.block("if now >= pane_end:"):',
        'self.again.close(writer)\n            with writer.block("if now > pane_end:"):',
        ("tumble_and_hop",),
    ),
    Fault(
        "rows of a window have the time of its end",
        "cep/codegen/window/rows.py",
        'f"out_ts[out] = {self.view.end} - 1"',
        'f"out_ts[out] = {self.view.end}"',
        ("aggregates",),
    ),
    Fault(
        "the offset of windows is ignored",
        "cep/codegen/window/kernel.py",
        "offset = window.offset_us % window.every_us",
        "offset = 0",
        ("negation",),
    ),
    Fault(
        "a suffix sum of panes ends one too early",
        "cep/codegen/window/close.py",
        'block(f"for back in range(1, {n}):")',
        'block(f"for back in range(1, {n - 1}):")',
        ("tumble_and_hop", "aggregates"),
    ),
    Fault(
        "windows of two parts a period have a pane too few",
        "cep/codegen/window/kernel.py",
        "2, 2 * whole + 1, split)",
        "2, 2 * whole, split)",
        ("tumble_and_hop",),
    ),
    Fault(
        "the last windows of a row are not written",
        "cep/codegen/window/close.py",
        'f"if newest <= pane - {panes.n - 1}:"',
        'f"if newest <= pane - {panes.n - 2}:"',
        ("tumble_and_hop",),
    ),
    Fault(
        "groups of a window stand in the order of their slots",
        "cep/codegen/window/rows.py",
        'writer.line(f"{sort}(picked, spare, window_first, n_picked)")',
        'writer.line(f"{sort}(picked, spare, window_first, 0)")',
        ("tumble_and_hop",),
    ),
    Fault(
        "a time frame loses the row at its beginning",
        "cep/codegen/over/frame.py",
        "[{head}] > {self.frame.amount}:",
        "[{head}] >= {self.frame.amount}:",
        ("frames",),
    ),
    Fault(
        "a frame of rows holds one row less",
        "cep/codegen/over/frame.py",
        "== {(self.frame.amount or 0) + 1}:",
        "== {max(self.frame.amount or 0, 1)}:",
        ("frames", "qualify"),
    ),
    Fault(
        "a limit interval is closed at its end",
        "cep/codegen/throttle.py",
        "self.arm(str(self.per_us - 1))",
        "self.arm(str(self.per_us))",
        ("suppress", "throttles"),
    ),
    Fault(
        "a throttle entry is discarded at its deadline",
        "cep/codegen/throttle.py",
        "{self.due}) < now:",
        "{self.due}) <= now:",
        ("suppress",),
    ),
    Fault(
        "SUPPRESS passes only after its time",
        "cep/codegen/throttle.py",
        "elif now >= {after}(",
        "elif now > {after}(",
        ("suppress",),
    ),
    Fault(
        "LIMIT lets one more pass",
        "cep/codegen/throttle.py",
        "[slot] < {self.most}",
        "[slot] <= {self.most}",
        ("suppress",),
    ),
)

_AGGREGATES = (
    Fault(
        "aggregates take NULL as a number",
        "cep/codegen/window/slots.py",
        "        if value.nullable:\n            tests.append(",
        "        if value.nullable and False:\n            tests.append(",
        ("aggregates",),
    ),
    Fault(
        "AVG divides by the number of rows",
        "cep/aggregates/avg.py",
        '_COUNT = Use("count", "count")',
        '_COUNT = Use("count", "rows")',
        ("aggregates",),
    ),
    Fault(
        "MIN and MAX of nothing are the limits of INT",
        "cep/aggregates/extreme.py",
        'whole = Formula((Use("best", f"{name}_i64"), _COUNT), "{best.value}", "{count.n} > 0")',
        'whole = Formula((Use("best", f"{name}_i64"), _COUNT), "{best.value}")',
        ("aggregates",),
    ),
    Fault(
        "STDDEV of the population",
        "cep/aggregates/stddev.py",
        "{moments.m2}, {moments.n} - 1",
        "{moments.m2}, {moments.n}",
        ("aggregates",),
    ),
    Fault(
        "RATE is over the time since the first sample of the frame",
        "cep/kernellib/counters.py",
        "return last_ts - base_ts",
        "return last_ts - first_ts",
        ("rates",),
    ),
    Fault(
        "INCREASE leaves out what came after a reset",
        "cep/kernellib/counters.py",
        "return v & 4294967295\n",
        "return 0\n",
        ("rates",),
    ),
    Fault(
        "RESETS counts equal samples",
        "cep/kernellib/counters.py",
        'def whole_reset(p: int, v: int) -> int:\n    """Return 1 if v is below p, else 0. Cost: O(1)."""\n'
        "    return int(v < p)",
        'def whole_reset(p: int, v: int) -> int:\n    """Return 1 if v is below p, else 0. Cost: O(1)."""\n'
        "    return int(v <= p)",
        ("rates",),
    ),
    Fault(
        "SLOPE takes every sample of an instant",
        "cep/aggregates/slots/moments.py",
        "elif {{a.last_ts}} != {{t}}:",
        "else:",
        ("rates", "qualify"),
    ),
)

_PATTERNS = (
    Fault(
        "a match removes no run",
        "cep/codegen/match/parts.py",
        'return self.node.skip == "past_last"',
        "return False",
        ("worked", "starts_and_skips"),
    ),
    Fault(
        "the event that ends a match starts a run",
        "cep/codegen/match/kernel.py",
        '            tests.append("completed == 0")',
        '            tests.append("completed >= 0")',
        ("starts_and_skips",),
    ),
    Fault(
        "a match at a deadline spares runs started by its last event",
        "cep/codegen/match/timers.py",
        "run_first_event[r] <= last_event:",
        "run_first_event[r] < last_event:",
        ("negation",),
    ),
    Fault(
        "STARTS FIRST starts always",
        "cep/codegen/match/kernel.py",
        'if parts.node.starts == "first":',
        'if parts.node.starts == "never":',
        ("groups", "starts_and_skips"),
    ),
    Fault(
        "STARTS LAST replaces runs in any step",
        "cep/codegen/match/kernel.py",
        '"if run_bound[r] == 1:"',
        '"if run_bound[r] >= 1:"',
        ("starts_and_skips",),
    ),
    Fault(
        "a guard kills although the next step takes the event",
        "cep/codegen/match/scan.py",
        "        if not moves:\n            self._not_taken(number, state, state.guards)",
        "        if state.guards and moves == state.moves:\n"
        "            after = lambda: self._moves(number, state, [*moves])\n"
        "            kill = lambda: self._guarded(state, state.guards[0])\n"
        "            self.fits(state.guards[0], kill, after, True)\n"
        "            return\n"
        "        if not moves:\n            self._not_taken(number, state, state.guards)",
        ("negation",),
    ),
    Fault(
        "an event of no key belongs to a partition",
        "cep/codegen/match/keys.py",
        'scope.writer.line("in_partition = 0")',
        'scope.writer.line("in_partition = 1")',
        ("conditions",),
    ),
    Fault(
        "LAST does not count the candidate",
        "cep/codegen/match/scope.py",
        "offset = bound.offset - bound.candidate\n",
        "offset = bound.offset\n",
        ("conditions",),
    ),
    Fault(
        "aggregates in conditions leave out the candidate",
        "cep/codegen/match/aggregates.py",
        "if aggregate.candidate and scope.variable in use.variables:",
        "if aggregate.candidate and scope.variable not in use.variables:",
        ("conditions",),
    ),
    Fault(
        "an id does not depend on the first event",
        "cep/functions/identity.py",
        "list(keys), stream, seq]",
        "list(keys), stream, 0]",
        ("ids",),
    ),
)

_INCIDENTS = (
    Fault(
        "UPDATE comes before CLOSE",
        "cep/codegen/incident/kernel.py",
        'for kind in ("close", "update")',
        'for kind in ("update", "close")',
        ("clauses", "life"),
    ),
    Fault(
        "an incident is idle since it was opened",
        "cep/codegen/incident/kernel.py",
        "'updated_at' if closing.idle else 'opened_at'",
        "'opened_at' if closing.idle else 'opened_at'",
        ("clauses", "life"),
    ),
    Fault(
        "an idle incident is closed before the events of that instant",
        "cep/codegen/incident/kernel.py",
        'block(f"if {timer} < now:")',
        'block(f"if {timer} <= now and {timer} < MAX_I64:")',
        ("life", "clauses"),
    ),
    Fault(
        "the version of an incident counts updates that are not written",
        "cep/codegen/incident/kernel.py",
        '"updated_at[slot] = now", "changed[slot] = 1",',
        '"updated_at[slot] = now", "changed[slot] = 1", "version[slot] = version[slot] + 1",',
        ("clauses", "life"),
    ),
    Fault(
        "rows of UPDATED EVERY are made up for ticks long gone",
        "cep/codegen/incident/kernel.py",
        'f"ahead = max_i64(ticks[slot] + 1, {ticks})"',
        'f"ahead = ticks[slot] + 1"',
        ("clauses",),
    ),
)

_EXPRESSIONS = (
    Fault(
        "NULL is below every number",
        "cep/codegen/conditions.py",
        '        "lt": (left,),\n',
        '        "lt": (),\n',
        ("aggregates",),
    ),
    Fault(
        "NOT of what is unknown is TRUE",
        "cep/codegen/conditions.py",
        "return _form(call.args[0], scope, wanted=not wanted)",
        "text = _form(call.args[0], scope, wanted=True)\n    return opposite(text) if wanted else text",
        ("expressions",),
    ),
    Fault(
        "OR is FALSE when one side is",
        "cep/codegen/conditions.py",
        "return any_of(texts) if wanted else all_of(texts)",
        "return any_of(texts)",
        ("expressions",),
    ),
    Fault(
        "LIKE knows no escape",
        "cep/functions/operators.py",
        'if character == "\\\\" and position < len(pattern):',
        'if character == "" and position < len(pattern):',
        ("expressions",),
    ),
    Fault(
        "the underscore of LIKE stands for any text",
        "cep/functions/operators.py",
        '"_": "."',
        '"_": ".*"',
        ("expressions",),
    ),
    Fault(
        "integers wrap around",
        "cep/kernel/intrinsics_python.py",
        "return value if -_SIGN < value < _SIGN else NULL_I64",
        "return wrap(value)",
        ("expressions",),
    ),
    Fault(
        "integers wrap around in machine code",
        "cep/kernel/intrinsics_llvm.py",
        "bad = e.b.or_(_either_null(e, a, b), e.b.extract_value(pair, 1))",
        "bad = _either_null(e, a, b)",
        ("expressions",),
        "llvm",
    ),
    Fault(
        "DIV rounds down",
        "cep/kernel/intrinsics_python.py",
        "return quotient if (a < 0) == (b < 0) else -quotient",
        "return a // b",
        ("expressions",),
    ),
    Fault(
        "division by zero gives a number",
        "cep/kernel/intrinsics_python.py",
        "return NAN if b == 0.0 else a / b",
        "return a / (b or 1.0)",
        ("expressions",),
    ),
)

FAULTS = (
    *_TIME,
    *_ORDER,
    *_RESTART,
    *_WINDOWS,
    *_AGGREGATES,
    *_PATTERNS,
    *_INCIDENTS,
    *_EXPRESSIONS,
)
