"""Python functions of pure arithmetic as expressions of the plan, so that kernels compute them.

What is taken: DOUBLE parameters and result; assignments to plain names, `if`, `return`, conditional
expressions; + - * / **, comparisons of parameters and numbers, numbers of the module, the functions of
`math` that the language has too, abs, min and max. Python raises where the language gives NULL, so a value
that may be NULL makes the result NULL even where a branch does not read it. One difference remains: where
an intermediate result overflows the result is NULL, while Python may go on with an infinity.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import math
import textwrap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cep.plan.expressions import Call, Case, Column, Expr, Literal, children
from cep.plan.tree import rebuild, walk
from cep.types import Type

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PARAMETER = -2  # Column.input of a parameter in a translated function
MOST_NODES = 500

_OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "div",
    ast.Pow: "power",
}
_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Lt: "lt",
    ast.LtE: "le",
    ast.Gt: "gt",
    ast.GtE: "ge",
    ast.Eq: "eq",
    ast.NotEq: "ne",
}
# Functions of Python with one meaning in the language: name, number of arguments (0: two or more).
_FUNCTIONS: dict[Any, tuple[str, int]] = {
    abs: ("abs", 1),
    max: ("greatest", 0),
    min: ("least", 0),
    pow: ("power", 2),
    math.fabs: ("abs", 1),
    math.pow: ("power", 2),
    math.log: ("ln", 1),
    math.atan2: ("atan2", 2),
    **{
        getattr(math, name): (name, 1)
        for name in (
            *("sqrt", "exp", "log2", "log10", "radians", "degrees"),
            *("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh"),
        )
    },
}


class UntranslatableError(Exception):
    """What keeps a function in Python; the text says it to the user."""


def translate(function: Callable[..., Any], count: int) -> Expr:
    """Return the body of a function of `count` DOUBLE parameters as an expression.

    Its leaves are numbers and parameters: Column(PARAMETER, "0"), Column(PARAMETER, "1"), ..

    Raises:
        UntranslatableError: the function is more than pure arithmetic, or its source is not at hand.
    """
    node = _definition(function)
    names = [a.arg for a in (*node.args.posonlyargs, *node.args.args)]
    if len(names) != count or node.args.kwonlyargs or node.args.vararg or node.args.kwarg:
        msg = "its parameters are not plain ones"
        raise UntranslatableError(msg)
    reader = _Reader(getattr(function, "__globals__", {}))
    values = [Column(PARAMETER, str(number), Type.DOUBLE) for number in range(count)]
    body = reader.block(node.body, dict(zip(names, values, strict=True)))
    for value in reversed(values):
        body = _needing(value, body)
    if sum(1 for _ in walk(body)) > MOST_NODES:
        msg = "it is too long"
        raise UntranslatableError(msg)
    return body


def applied(body: Expr, args: Sequence[Expr]) -> Expr | None:
    """Return a translated body with arguments for its parameters; None if that is too long."""
    size = sum(
        len(list(walk(args[int(part.name)]))) if isinstance(part, Column) else 1
        for part in walk(body)
    )
    if size > MOST_NODES:
        return None

    def step(part: Expr) -> Expr:
        is_parameter = isinstance(part, Column) and part.input == PARAMETER
        return args[int(part.name)] if is_parameter and isinstance(part, Column) else part

    return rebuild(body, step)


def _definition(function: Callable[..., Any]) -> ast.FunctionDef:
    if not inspect.isfunction(function):
        msg = "it is no function written with def"
        raise UntranslatableError(msg)
    if function.__closure__ or hasattr(function, "__wrapped__"):
        msg = "it reads more than its parameters"
        raise UntranslatableError(msg)
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError) as problem:
        msg = "its source is not at hand"
        raise UntranslatableError(msg) from problem
    node = tree.body[0] if tree.body else None
    if not isinstance(node, ast.FunctionDef) or node.decorator_list:
        msg = "it is no plain function written with def"
        raise UntranslatableError(msg)
    return node


def _pairs(target: ast.expr, value: ast.expr, node: ast.stmt) -> list[tuple[str, ast.expr]]:
    """Return the names that an assignment gives values to."""
    match target, value:
        case ast.Name(id=name), _:
            return [(name, value)]
        case ast.Tuple(elts=targets), ast.Tuple(elts=values) if len(targets) == len(values):
            return [p for t, v in zip(targets, values, strict=True) for p in _pairs(t, v, node)]
        case _:
            raise _beyond(node)


def _needing(value: Expr, body: Expr) -> Expr:
    """Return a body that is NULL where `value` is, as Python is where the value cannot be computed."""
    if isinstance(value, Literal):
        return body
    always = list(_always(body))
    if value in always:
        return body
    absent = Call("is_null", (value,), Type.BOOLEAN)
    first = (absent, Literal(None, Type.DOUBLE))
    if isinstance(body, Case):
        return Case((first, *body.whens), body.otherwise, Type.DOUBLE)
    return Case((first,), body, Type.DOUBLE)


def _always(expr: Expr) -> list[Expr]:
    """Return the parts of an expression without which it has no value: none below a CASE."""
    if isinstance(expr, Case):
        return []
    return [expr, *(part for child in children(expr) for part in _always(child))]


@dataclass(slots=True)
class _Reader:
    """Reads statements and expressions; `names` are the globals of the function."""

    names: dict[str, Any]
    steps: int = field(default=0)

    def block(self, statements: Sequence[ast.stmt], local: dict[str, Expr]) -> Expr:
        """Return the value that a list of statements returns."""
        if not statements:
            msg = "it may end without a result"
            raise UntranslatableError(msg)
        self._count()
        first, rest = statements[0], statements[1:]
        match first:
            case ast.Expr(value=ast.Constant(value=str())):
                return self.block(rest, local)
            case ast.Return(value=ast.expr() as value):
                return self.value(value, local)
            case ast.Assign(targets=[target], value=given):
                return self._with(_pairs(target, given, first), rest, local)
            case ast.AnnAssign(target=target, value=ast.expr() as given):
                return self._with(_pairs(target, given, first), rest, local)
            case ast.If():
                chosen = self.block([*first.body, *rest], dict(local))
                other = self.block([*first.orelse, *rest], dict(local))
                return Case(((self.test(first.test, local), chosen),), other, Type.DOUBLE)
            case _:
                raise _beyond(first)

    def _with(
        self,
        pairs: list[tuple[str, ast.expr]],
        rest: Sequence[ast.stmt],
        local: dict[str, Expr],
    ) -> Expr:
        """Return the value of what follows an assignment."""
        values = {name: self.value(given, local) for name, given in pairs}
        body = self.block(rest, {**local, **values})
        for value in reversed(values.values()):
            body = _needing(value, body)
        return body

    def value(self, node: ast.expr, local: dict[str, Expr]) -> Expr:
        """Return an expression of type DOUBLE."""
        self._count()
        number = self._number(node, local)
        if number is not None:
            return Literal(number, Type.DOUBLE)
        match node:
            case ast.Name(id=name) if name in local:
                return local[name]
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.value(operand, local)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return Call("neg", (self.value(operand, local),), Type.DOUBLE)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                args = (self.value(left, local), self.value(right, local))
                return Call(_OPERATORS[type(op)], args, Type.DOUBLE)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                pair = (self.test(test, local), self.value(body, local))
                return Case((pair,), self.value(orelse, local), Type.DOUBLE)
            case ast.Call(args=args, keywords=[]):
                return self._call(node, [self.value(a, local) for a in args], local)
            case _:
                raise _beyond(node)

    def _call(self, node: ast.Call, args: list[Expr], local: dict[str, Expr]) -> Expr:
        known = self._function(node.func, local)
        if known is None:
            msg = f"it calls {ast.unparse(node.func)}"
            raise UntranslatableError(msg)
        name, count = known
        if len(args) != count if count else len(args) < 2:
            raise _beyond(node)
        return Call(name, tuple(args), Type.DOUBLE)

    def test(self, node: ast.expr, local: dict[str, Expr]) -> Expr:
        """Return a condition; what it compares cannot fail, as Python would then raise."""
        self._count()
        match node:
            case ast.BoolOp(op=op, values=values):
                tests = tuple(self.test(v, local) for v in values)
                return Call("and" if isinstance(op, ast.And) else "or", tests, Type.BOOLEAN)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return Call("not", (self.test(operand, local),), Type.BOOLEAN)
            case ast.Compare(left=left, ops=ops, comparators=others):
                sides = [self._safe(part, local) for part in (left, *others)]
                pairs = zip(ops, sides[:-1], sides[1:], strict=True)
                tests = tuple(self._comparison(op, a, b, node) for op, a, b in pairs)
                return tests[0] if len(tests) == 1 else Call("and", tests, Type.BOOLEAN)
            case _:
                raise _beyond(node)

    @staticmethod
    def _comparison(op: ast.cmpop, left: Expr, right: Expr, node: ast.expr) -> Expr:
        if type(op) not in _COMPARISONS:
            raise _beyond(node)
        return Call(_COMPARISONS[type(op)], (left, right), Type.BOOLEAN)

    def _safe(self, node: ast.expr, local: dict[str, Expr]) -> Expr:
        """Return a side of a comparison: a parameter or a number, perhaps with its sign changed."""
        value = self.value(node, local)
        if any(
            isinstance(p, Case) or (isinstance(p, Call) and p.function not in ("abs", "neg"))
            for p in walk(value)
        ):
            msg = f"it compares {ast.unparse(node)}, which is computed"
            raise UntranslatableError(msg)
        return value

    def _number(self, node: ast.expr, local: dict[str, Expr]) -> float | None:
        """Return the value of an expression that reads no parameter, computed by Python."""
        if not self._is_constant(node, local):
            return None
        code = compile(ast.Expression(node), "<constant>", "eval")
        try:
            value = eval(code, self.names)
        except (ArithmeticError, ValueError, TypeError) as problem:
            raise _beyond(node) from problem
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _beyond(node)
        number = float(value)
        if not math.isfinite(number):
            raise _beyond(node)
        return number

    def _is_constant(self, node: ast.expr, local: dict[str, Expr]) -> bool:
        match node:
            case ast.Constant(value=value):
                return isinstance(value, int | float) and not isinstance(value, bool)
            case ast.Name() | ast.Attribute():
                return isinstance(self._object(node, local), int | float)
            case ast.UnaryOp(op=ast.UAdd() | ast.USub(), operand=operand):
                return self._is_constant(operand, local)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                return self._is_constant(left, local) and self._is_constant(right, local)
            case ast.Call(func=func, args=args, keywords=[]):
                known = self._function(func, local) is not None
                return known and all(self._is_constant(a, local) for a in args)
            case _:
                return False

    def _function(self, node: ast.expr, local: dict[str, Expr]) -> tuple[str, int] | None:
        found = self._object(node, local)
        try:
            return _FUNCTIONS.get(found)
        except TypeError:  # not hashable
            return None

    def _object(self, node: ast.expr, local: dict[str, Expr]) -> Any:
        """Return what a name, or an attribute of a module, stands for outside the function."""
        match node:
            case ast.Name(id=name) if name not in local:
                return self.names.get(name, getattr(builtins, name, None))
            case ast.Attribute(value=ast.Name(id=owner), attr=attr) if owner not in local:
                module = self.names.get(owner)
                return getattr(module, attr, None) if inspect.ismodule(module) else None
            case _:
                return None

    def _count(self) -> None:
        self.steps += 1
        if self.steps > MOST_NODES:
            msg = "it is too long"
            raise UntranslatableError(msg)


def _beyond(node: ast.AST) -> UntranslatableError:
    text = " ".join(ast.unparse(node).split())
    short = text if len(text) <= 40 else text[:37] + "..."
    return UntranslatableError(f"it has `{short}`")
