"""What the tests of expression forms share: a reference evaluator, tiers side by side, builders."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from cep.batch import EventBatch
from cep.codegen.select import Selection
from cep.functions import FUNCTIONS
from cep.graph.graph import OperatorKind, OperatorSpec
from cep.operators.base import Merged
from cep.operators.kernel_operator import KernelOperator
from cep.operators.select import SelectOperator
from cep.operators.tables import stored, values_of
from cep.plan.expressions import Call, Case, Column, Expr, Literal
from cep.plan.nodes import Item
from cep.schema import ColumnSpec, Schema
from cep.strings import StringTable
from cep.types import Type

if TYPE_CHECKING:
    from collections.abc import Sequence


def evaluate(expr: Expr, row: dict[str, Any]) -> Any:
    """Return the Python value of an expression by the scalar references."""
    match expr:
        case Literal():
            return expr.value
        case Column():
            return row[expr.name]
        case Call():
            signature = FUNCTIONS[expr.function].signature(tuple(a.type for a in expr.args))
            assert signature is not None, expr
            name = signature.host or expr.function
            return FUNCTIONS[name].scalar(*(evaluate(a, row) for a in expr.args))
        case Case():
            for condition, then in expr.whens:
                if evaluate(condition, row) is True:
                    return evaluate(then, row)
            return evaluate(expr.otherwise, row)
        case _:
            raise AssertionError(expr)


def batch_of(schema: Schema, rows: Sequence[Sequence[Any]], strings: StringTable) -> EventBatch:
    """Return rows of Python values as a batch; T is the number of the row."""
    columns = {
        c.name: np.array([stored(row[i], c.type, strings) for row in rows], dtype=c.type.dtype)
        for i, c in enumerate(schema.columns)
    }
    n = len(rows)
    return EventBatch(schema, columns, np.arange(n), np.arange(n))


def same(got: Any, wanted: Any) -> bool:
    """Whether two Python values are equal and of one kind."""
    if isinstance(wanted, float) and isinstance(got, float):
        return got == wanted or (math.isnan(got) and math.isnan(wanted))
    return type(got) is type(wanted) and got == wanted


def run_forms(
    exprs: Sequence[Expr],
    schema: Schema,
    rows: Sequence[Sequence[Any]],
    *,
    conditions: Sequence[Expr] = (),
    tiers: Sequence[str] = ("python", "llvm"),
) -> dict[str, list[tuple[Any, ...]]]:
    """Return the output rows of a selection in each tier and, where there is one, its numpy form."""
    from cep.codegen.select import select_kernel

    items = tuple(Item(f"x{i}", e) for i, e in enumerate(exprs))
    kernel, vector = select_kernel(Selection(tuple(conditions), items), "rule")
    output = Schema(tuple(ColumnSpec(i.name, i.value.type) for i in items))
    spec = OperatorSpec(OperatorKind.SELECT, kernel, output, numpy_source=vector)
    results = {}
    for tier in (*tiers, *(["numpy"] if vector is not None else [])):
        strings = StringTable()
        merged_of = batch_of(schema, rows, strings)
        merged = Merged((merged_of,), merged_of.ts)
        made: KernelOperator
        if tier == "numpy":
            made = SelectOperator(spec, strings, tier="python")
            repeat = max(1, 128 // max(1, len(rows)) + 1)
            merged_of = batch_of(schema, list(rows) * repeat, strings)
            merged = Merged((merged_of,), merged_of.ts)
        else:
            made = KernelOperator(spec, strings, tier=tier)
        done = made.process(merged, 0)
        if done is None:
            results[tier] = []
            continue
        lists = [values_of(done.columns[c.name], c.type, strings) for c in output.columns]
        got = list(zip(*lists, strict=True))
        results[tier] = got[: len(got) // repeat] if tier == "numpy" else got
    return results


def lit(value: Any, kind: Type | None = None) -> Literal:
    """Return a constant of the type that fits a Python value, or of the given one."""
    kinds = {bool: Type.BOOLEAN, int: Type.INT, float: Type.DOUBLE, str: Type.STRING}
    return Literal(value, kind or kinds[type(value)])


def call(name: str, *args: Expr) -> Call:
    """Return a call with the result type of its signature."""
    signature = FUNCTIONS[name].signature(tuple(a.type for a in args))
    assert signature is not None, (name, args)
    return Call(name, args, signature.result)
