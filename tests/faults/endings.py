"""Faults of how runs of MATCH end: ON TIMEOUT, growing matches, counts of ends."""

from __future__ import annotations

from tests.faults.fault import Fault

ENDINGS = (
    Fault(
        "rows of a timeout leave by the port of matches",
        "cep/codegen/match/timers.py",
        'self.emitter.emit("due", str(CAUSE_DEADLINE), end, port=ENDED_PORT)',
        'self.emitter.emit("due", str(CAUSE_DEADLINE), end)',
        ("timeouts",),
    ),
    Fault(
        "the step awaited in a loop is the one behind it",
        "cep/pattern/build/awaited.py",
        'phases[-1] == "below"',
        'phases[-1] == "never"',
        ("timeouts",),
    ),
    Fault(
        "of a group the last operand is awaited",
        "cep/codegen/match/emit.py",
        "for move in reversed(operands):",
        "for move in operands:",
        ("timeouts",),
    ),
    Fault(
        "of two runs due together the absence comes first",
        "cep/codegen/match/timers.py",
        "(deadline == due and r >= 0 and run_number[head] < run_number[r]))",
        "(deadline == due and r >= 0 and run_number[head] < 0))",
        ("timeouts",),
    ),
    Fault(
        "rows of one deadline on two streams are two causes",
        "cep/engine/rule_task.py",
        "parents, causes[places], numbers[places], emissions, depth",
        "parents, causes[places], numbers[places] + 1000 * number, emissions, depth",
        ("timeouts",),
    ),
    Fault(
        "runs start while a match is open",
        "cep/codegen/match/kernel.py",
        "tests.append(self.growth.none_open())",
        'tests.append("1 == 1")',
        ("growing",),
    ),
    Fault(
        "an open match is killed by what breaks its loop",
        "cep/pattern/growing.py",
        "return replace(grown_state, skipped=lapsed)",
        "return replace(grown_state, skipped=DEAD)",
        ("growing",),
    ),
    Fault(
        "an update in the instant of the opening is due at once",
        "cep/codegen/match/growth.py",
        'writer.line("ticks_passed = 1")',
        'writer.line("ticks_passed = 0")',
        ("growing",),
    ),
    Fault(
        "closing leaves a pending update",
        "cep/codegen/match/runs.py",
        "            self.growth.forget()",
        "            pass",
        ("growing",),
    ),
    Fault(
        "the number of a match counts its rows",
        "cep/codegen/match/emit.py",
        'return "run_match[r]"',
        'return "(n_out + 1)"',
        ("growing",),
    ),
)
