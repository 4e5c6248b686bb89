"""Faults of tables that incidents and views are, of IN and EXISTS, of the clauses of incidents."""

from __future__ import annotations

from tests.faults.fault import Fault

TABLES = (
    Fault(
        "a closed incident stays in the table",
        "cep/codegen/join/lookup.py",
        "gone = self._gone()",
        'gone = ""',
        ("table",),
    ),
    Fault(
        "a key opens again before its cooldown is over",
        "cep/codegen/incident/kernel.py",
        '{self.node.cooldown_us}) - 1"',
        '{self.node.cooldown_us}) - 1_000_000"',
        ("cooldown",),
    ),
    Fault(
        "NULL is another value than NULL for ON CHANGE OF",
        "cep/codegen/incident/kernel.py",
        'test = f"{test} and ({new} == {new} or {old} == {old})"',
        'test = f"{test}"',
        ("on_change",),
    ),
    Fault(
        "NULL is not in the table for NOT IN",
        "cep/plan/bind/membership.py",
        "operand if node.negated else None",
        "None",
        ("membership",),
    ),
    Fault(
        "NOT EXISTS is EXISTS",
        "cep/plan/bind/membership.py",
        'ast.Is(key, "null", test.keeps, span)',
        'ast.Is(key, "null", True, span)',
        ("membership",),
    ),
    Fault(
        "a paused rule runs",
        "cep/plan/binder.py",
        'if r.name.partition("$")[0] not in catalog.paused',
        "if r.name",
        ("statements",),
    ),
)
