"""Faults of MATCH_RECOGNIZE: preference, skips, time, rows."""

from __future__ import annotations

from tests.faults.fault import Fault

RECOGNIZE = (
    Fault(
        "reluctant loops are greedy",
        "cep/pattern/recognize/program.py",
        "        for split in splits:\n            split.targets.append(leave)\n            if pattern.reluctant:",
        "        for split in splits:\n            split.targets.append(leave)\n            if not pattern.reluctant:",
        ("documented",),
    ),
    Fault(
        "a match does not cut off less preferred paths",
        "cep/codegen/recognize/step.py",
        '"accepted = 1", "move = moves_end"',
        '"accepted = 0"',
        ("preference",),
    ),
    Fault(
        "a match is not replaced by a preferred one that ends later",
        "cep/codegen/recognize/step.py",
        'with writer.block("if state_accepts[target] == 1:"):',
        'with writer.block("if state_accepts[target] == 1 and key_best[slot] < 0:"):',
        ("preference",),
    ),
    Fault(
        "PAST LAST ROW begins again with the last row",
        "cep/codegen/recognize/decide.py",
        '            writer.line("next_start = row_next[last_row]")\n            return',
        '            writer.line("next_start = last_row if last_row != head else row_next[head]")\n            return',
        ("preference",),
    ),
    Fault(
        "TO FIRST skips to the last row of its variable",
        "cep/codegen/recognize/decide.py",
        'more = "skip_row < 0 and " if first else ""',
        'more = ""',
        ("preference",),
    ),
    Fault(
        "WITHIN excludes its last instant",
        "cep/codegen/recognize/scout.py",
        '" and row_ts[r] <= last_ts"',
        '" and row_ts[r] < last_ts"',
        ("preference", "documented"),
    ),
    Fault(
        "what WITHIN cut off is never tried again",
        "cep/codegen/recognize/decide.py",
        '                parts.add_one("runs_expired")\n                self._forget("head", "key_at[slot]")',
        '                parts.add_one("runs_expired")',
        ("preference",),
    ),
    Fault(
        "rows that {- -} excludes are shown",
        "cep/codegen/recognize/emit.py",
        'with writer.block("if state_excluded[node_state[step]] == 0:"):',
        'with writer.block("if state_excluded[node_state[step]] >= 0:"):',
        ("rows",),
    ),
    Fault(
        "FINAL is RUNNING",
        "cep/plan/bind/recognize_scopes.py",
        'self.final, node.mode == "final" and self.all_rows',
        'self.final, node.mode == "none" and self.all_rows',
        ("rows",),
    ),
    Fault(
        "PREV looks two rows back",
        "cep/codegen/recognize/rows.py",
        'writer.line(f"{ring}[{first}] = {source}[{row}]")',
        'writer.line(f"{ring}[{first}] = {source}[max_i64({row} - 1, 0)]")',
        ("documented",),
    ),
    Fault(
        "a guard is not looked at",
        "cep/codegen/recognize/scout.py",
        "mask |= (number in (target, *move.guards)) << place",
        "mask |= (number == target) << place",
        ("followed",),
    ),
    Fault(
        "keys are decided at the end of input in the order of their slots",
        "cep/codegen/recognize/kernel.py",
        '                writer.line("key_order[key] = row_number[key_head[key]]")',
        '                writer.line("key_order[key] = 0 - key")',
        ("preference",),
    ),
    Fault(
        "in one pass the row that ends a match does not begin the next one",
        "cep/pattern/recognize/determinize.py",
        "        begins = step.follow(0, None, len(before.threads))",
        "        begins = not gives and step.follow(0, None, len(before.threads))",
        ("one_pass",),
    ),
    Fault(
        "in one pass a match is given although a preferred thread lives",
        "cep/pattern/recognize/determinize.py",
        "            if self.threads:\n                raise _NotDeterministicError",
        "            if len(self.threads) > MOST_THREADS:\n                raise _NotDeterministicError",
        ("preference",),
    ),
    Fault(
        "in one pass a thread moves without the row where it started",
        "cep/codegen/recognize/transitions.py",
        "        elif source != place:",
        "        elif source > place + 1:",
        ("one_pass", "preference"),
    ),
    Fault(
        "in one pass time ends the newest start",
        "cep/pattern/recognize/determinize.py",
        "left = [(n, t) for n, t in enumerate(before.threads) if t.start]",
        "left = [(n, t) for n, t in enumerate(before.threads) if t.start + 1 < before.starts]",
        ("one_pass",),
    ),
    Fault(
        "in one pass matches that the end of input ends come in the order of their keys",
        "cep/codegen/recognize/one_pass.py",
        'writer.line(f"key_order[slot] = {self._oldest(NUMBER)}")\n                        ',
        'writer.line("key_order[slot] = 0 - slot")\n                        ',
        ("one_pass",),
    ),
)
