"""Every function and operator in every form: scalar reference, python tier, llvm tier, numpy."""

from __future__ import annotations

import math
from itertools import product
from typing import Any

import pytest
from expressions import call, evaluate, lit, run_forms, same
from hypothesis import given, settings
from hypothesis import strategies as st

from cep.codegen.select import Selection, select_kernel
from cep.functions import FUNCTIONS, Signature
from cep.plan.expressions import Call, Case, Column, Expr
from cep.plan.nodes import Item
from cep.schema import ColumnSpec, Schema
from cep.types import MAX_I64, Type

EDGES: dict[Type, list[Any]] = {
    Type.BOOLEAN: [None, True, False],
    Type.INT: [None, 0, 1, -1, 2, -3, 7, 25, MAX_I64, -MAX_I64, 2**53 + 1, 3037000500],
    Type.DOUBLE: [
        *(None, 0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.5, 1e-320, 1e308, -1e308, 1.5e10),
        *(0.49999999999999994, 9007199254740993.0, 9.3e18, -2.675),
    ],
    Type.STRING: [None, "", "a", "B", "temperature", "12", "-1.5e3", " true ", "é%_", "2020-02-30"],
    Type.TIMESTAMP: [
        *(None, 0, -1, 1_700_000_000_123_456, 951_782_400_000_000, -62_135_596_800_000_000),
        *(1_709_164_800_000_000, 253_402_300_799_999_999, MAX_I64 // 4, -MAX_I64 // 4),
    ],
    Type.DURATION: [None, 0, 1, -1_500_000, 30_000_000, 90_061_000_001, MAX_I64],
    Type.JSON: [None, "1", '"a"', '{"a":2.5}', '[1,"b"]', "true", '"1"', "[]"],
    Type.BYTES: [None, "", "aGk=", "/w=="],
    Type.ARRAY_INT: [None, "[]", "[1,null]", "[2,1]"],
    Type.ARRAY_DOUBLE: [None, "[]", "[1.0,null]", "[2.5]"],
    Type.ARRAY_STRING: [None, "[]", '["a",null]'],
    Type.MAP_DOUBLE: [None, "{}", '{"a":1.0,"b":null}'],
}
FEWER = {kind: [v for i, v in enumerate(values) if i < 6] for kind, values in EDGES.items()}


def groups() -> list[Any]:
    """Functions by argument types: one kernel evaluates all that take the same."""
    found: dict[tuple[Type, ...], list[tuple[str, Signature]]] = {}
    for function in FUNCTIONS.values():
        if function.name == "match_id" or function.name.startswith("make_"):
            continue
        for signature in function.signatures:
            # These containers stand for those of other types.
            if all(t in EDGES for t in signature.args):
                found.setdefault(signature.args, []).append((function.name, signature))
    return [
        pytest.param(types, members, id="-".join(t.value for t in types) or "none")
        for types, members in found.items()
    ]


@pytest.mark.parametrize(("types", "members"), groups())
def test_signatures(types: tuple[Type, ...], members: list[tuple[str, Signature]]) -> None:
    columns = tuple(ColumnSpec(f"a{i}", t) for i, t in enumerate(types))
    args = tuple(Column(0, c.name, c.type) for c in columns)
    edges = EDGES if len(columns) < 3 else FEWER
    rows = list(product(*(edges[c.type] for c in columns)))
    if Type.STRING in types and Type.INT in types:
        rows = [r for r in rows if all(not isinstance(v, int) or abs(v) < 1000 for v in r)]
    schema = Schema(columns or (ColumnSpec("a0", Type.INT),))
    if not columns:
        rows = [(1,)]
    exprs: list[Expr] = []
    for name, signature in members:
        expr = Call(name, args, signature.result)
        exprs.append(expr)
        if signature.result is Type.BOOLEAN:
            exprs.append(Case(((expr, lit(1)),), lit(0), Type.INT))
            exprs.append(Case(((call("not", expr), lit(1)),), lit(0), Type.INT))
    dicts = [dict(zip(schema.names(), row, strict=True)) for row in rows]
    exact = vectorized(exprs)
    for tier, got in (run_forms(exprs, schema, rows) | numpy_only(exact, schema, rows)).items():
        checked = exact if tier == "numpy" else exprs
        assert len(got) == len(rows)
        for row, have in zip(dicts, got, strict=True):
            for expr, value in zip(checked, have, strict=True):
                assert same(value, evaluate(expr, row)), (tier, row, expr, value)


def vectorized(exprs: list[Expr]) -> list[Expr]:
    """Return the expressions that have a numpy form by themselves."""
    found = []
    for expr in exprs:
        selection = Selection((), (Item("x", expr),))
        if select_kernel(selection, "rule")[1] is not None:
            found.append(expr)
    return found


def numpy_only(exprs: list[Expr], schema: Schema, rows: list[Any]) -> dict[str, Any]:
    """Return the numpy results of expressions that all have a numpy form."""
    if not exprs:
        return {}
    return {"numpy": run_forms(exprs, schema, rows, tiers=())["numpy"]}


# ---------------------------------------------------------------------- random expressions

SCHEMA = Schema((
    ColumnSpec("b", Type.BOOLEAN),
    ColumnSpec("i", Type.INT),
    ColumnSpec("n", Type.INT, not_null=True),
    ColumnSpec("d", Type.DOUBLE),
    ColumnSpec("s", Type.STRING),
    ColumnSpec("t", Type.STRING),
))
COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge", "is_distinct")


def leaf(kind: Type) -> st.SearchStrategy[Expr]:
    columns = [Column(0, c.name, c.type, c.not_null) for c in SCHEMA.columns if c.type is kind]
    values = [lit(v, kind) for v in EDGES[kind]]
    return st.sampled_from([*columns, *columns, *values])


def expressions(kind: Type, depth: int) -> st.SearchStrategy[Expr]:
    if depth == 0:
        return leaf(kind)
    below = depth - 1
    make = {Type.BOOLEAN: booleans, Type.DOUBLE: doubles, Type.INT: integers, Type.STRING: texts}
    case = st.builds(
        lambda c, a, b: Case(((c, a),), b, kind),
        expressions(Type.BOOLEAN, below),
        expressions(kind, below),
        expressions(kind, below),
    )
    same_kind = expressions(kind, below)
    coalesce = st.builds(lambda a, b: call("coalesce", a, b), same_kind, same_kind)
    nullif = st.builds(lambda a, b: call("nullif", a, b), same_kind, same_kind)
    return st.one_of(leaf(kind), make[kind](below), make[kind](below), case, coalesce, nullif)


def booleans(depth: int) -> st.SearchStrategy[Expr]:
    inner = expressions(Type.BOOLEAN, depth)
    compared = st.sampled_from([Type.INT, Type.DOUBLE, Type.STRING]).flatmap(
        lambda k: st.builds(
            call, st.sampled_from(COMPARISONS), expressions(k, depth), expressions(k, depth)
        )
    )
    return st.one_of(
        compared,
        compared,
        st.builds(call, st.sampled_from(["and", "or"]), inner, inner),
        st.builds(call, st.sampled_from(["not", "is_null", "is_true", "is_false"]), inner),
        st.builds(lambda a: call("is_null", a), expressions(Type.DOUBLE, depth)),
        st.builds(
            lambda a, b: call("like", a, b), expressions(Type.STRING, depth), leaf(Type.STRING)
        ),
    )


def doubles(depth: int) -> st.SearchStrategy[Expr]:
    inner = expressions(Type.DOUBLE, depth)
    return st.one_of(
        st.builds(call, st.sampled_from(["add", "sub", "mul", "div", "mod"]), inner, inner),
        st.builds(call, st.sampled_from(["greatest", "least", "power"]), inner, inner),
        st.builds(call, st.sampled_from(["neg", "abs", "sqrt", "floor", "round", "exp"]), inner),
        st.builds(lambda a: call("to_double", a), expressions(Type.INT, depth)),
    )


def integers(depth: int) -> st.SearchStrategy[Expr]:
    inner = expressions(Type.INT, depth)
    return st.one_of(
        st.builds(call, st.sampled_from(["add", "sub", "mul", "int_div", "mod"]), inner, inner),
        st.builds(call, st.sampled_from(["neg", "abs"]), inner),
        st.builds(lambda a: call("to_int", a), expressions(Type.DOUBLE, depth)),
        st.builds(lambda a: call("length", a), expressions(Type.STRING, depth)),
    )


def texts(depth: int) -> st.SearchStrategy[Expr]:
    inner = expressions(Type.STRING, depth)
    return st.one_of(
        st.builds(call, st.sampled_from(["upper", "trim"]), inner),
        st.builds(lambda a, b: call("concat", a, b), inner, inner),
        st.builds(lambda a: call("to_string", a), expressions(Type.INT, depth)),
    )


ROWS = st.lists(
    st.tuples(*(st.sampled_from(EDGES[c.type][1 if c.not_null else 0 :]) for c in SCHEMA.columns)),
    min_size=1,
    max_size=20,
)


@settings(max_examples=10, deadline=None)
@given(
    st.sampled_from([Type.BOOLEAN, Type.DOUBLE, Type.INT, Type.STRING]).flatmap(
        lambda k: expressions(k, 3)
    ),
    expressions(Type.BOOLEAN, 2),
    ROWS,
)
def test_random_expression(expr: Expr, condition: Expr, rows: list[tuple[Any, ...]]) -> None:
    dicts = [dict(zip(SCHEMA.names(), row, strict=True)) for row in rows]
    wanted = [evaluate(expr, row) for row in dicts if evaluate(condition, row) is True]
    for tier, got in run_forms([expr], SCHEMA, rows, conditions=[condition]).items():
        assert len(got) == len(wanted), tier
        assert all(same(h, w) for (h,), w in zip(got, wanted, strict=True)), (tier, got, wanted)


def test_infinities_are_null_where_they_are_used() -> None:
    d = Column(0, "d", Type.DOUBLE)
    large = call("mul", d, lit(10.0))
    schema = Schema((ColumnSpec("d", Type.DOUBLE),))
    exprs = [
        large,
        call("is_null", large),
        call("gt", large, lit(0.0)),
        call("exp", call("neg", large)),
    ]
    for got in run_forms(exprs, schema, [(1e308,)]).values():
        assert got == [(None, True, None, None)]
    assert math.isinf(1e308 * 10)
