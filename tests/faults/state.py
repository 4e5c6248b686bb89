"""Faults of restarts, growth and slots that are used again."""

from __future__ import annotations

from tests.faults.fault import Fault

RESTART = (
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
