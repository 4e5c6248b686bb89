"""Gates: parts of conditions that are monotone in one captured value."""

from __future__ import annotations

import pytest

from cep.pattern.gates import gate_of, split
from cep.plan.expressions import Bound, Call, Column, Literal
from cep.types import Type

D = Type.DOUBLE
V = Column(0, "v", D)
X = Bound("a", "v", D)
TEN = Literal(10.0, D)


def call(function, *args, kind=D):
    return Call(function, args, kind)


def compare(function, left, right):
    return call(function, left, right, kind=Type.BOOLEAN)


GATES = [
    (compare("gt", V, call("add", X, TEN)), "min"),
    (compare("ge", call("sub", V, X), TEN), "min"),
    (compare("lt", V, X), "max"),
    (compare("lt", X, V), "min"),
    (compare("gt", X, V), "max"),
    (compare("gt", V, call("mul", X, Literal(-2.0, D))), "max"),
    (compare("gt", V, call("neg", X)), "max"),
    (compare("gt", V, call("mul", X, V)), None),
    (compare("eq", V, X), None),
    (compare("gt", call("abs", call("sub", V, X)), TEN), None),
    (compare("gt", call("add", X, X), TEN), None),
    (compare("gt", V, Bound("a", "v", D, offset=1)), None),
    (compare("gt", V, TEN), None),
]


@pytest.mark.parametrize(("condition", "keep"), GATES)
def test_gate(condition, keep):
    gate = gate_of(condition)
    assert (gate.keep if gate else None) == keep


def test_split_takes_conjunctions_apart():
    alone, bound = compare("gt", V, TEN), compare("gt", V, X)
    both = Call("and", (alone, Call("and", (bound, alone), Type.BOOLEAN)), Type.BOOLEAN)
    assert split(both) == ((alone, alone), (bound,))
    assert split(None) == ((), ())


def test_the_event_before_in_a_loop_is_a_gate():
    before = Bound("up", "v", D, offset=1, candidate=True, default=TEN)
    condition = compare("gt", V, before)
    assert gate_of(condition) is None
    gate = gate_of(condition, loop=True)
    assert gate is not None
    assert (gate.leaf, gate.keep) == (before, "min")
