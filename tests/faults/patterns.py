"""Faults of MATCH and incidents."""

from __future__ import annotations

from tests.faults.fault import Fault

PATTERNS = (
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

INCIDENTS = (
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
