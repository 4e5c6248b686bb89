"""Faults of conditions, texts and arithmetic."""

from __future__ import annotations

from tests.faults.fault import Fault

EXPRESSIONS = (
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
