"""The kernel form of a typed expression: a value, or a condition in its two forms.

Three-valued logic costs nothing: a condition is generated as *is true* or *is false*, never as a value;
`is_true(NOT c)` is `is_false(c)`, `is_false(a AND b)` is `is_false(a) or is_false(b)`. Ordered
comparisons of doubles fail on NaN, those of integers test the sentinel only where it matters.

A generator calls
    value(expr, scope)      -> Value, in-band; an infinity may stand for NULL (`Value.infinite`)
    settled(expr, scope)    -> Value whose NULL is the in-band one: use it to store, capture or emit
    is_true(expr, scope)    -> condition text, to stand behind `if`
    is_false(expr, scope)   -> condition text
All of them may write temporaries to `scope.writer`, before the line that uses the text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cep.codegen.scope import Scope, Value
    from cep.plan.expressions import Expr

TRUE = "1 == 1"
FALSE = "1 == 0"


def value(expr: Expr, scope: Scope) -> Value:
    """Return the kernel text of an expression's in-band value."""
    raise NotImplementedError


def settled(expr: Expr, scope: Scope) -> Value:
    """Return the value with every computed infinity made NULL: what may be stored or emitted."""
    raise NotImplementedError


def is_true(expr: Expr, scope: Scope) -> str:
    """Return a condition that holds iff the expression is TRUE.

    The text can be joined with `and` and `or` as it is.
    """
    raise NotImplementedError


def is_false(expr: Expr, scope: Scope) -> str:
    """Return a condition that holds iff the expression is FALSE."""
    raise NotImplementedError
