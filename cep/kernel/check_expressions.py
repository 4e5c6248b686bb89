"""Types of expressions: from `ast` to the typed tree, with every conversion written out."""

from __future__ import annotations

import ast
import math
from typing import TYPE_CHECKING

from cep.kernel.intrinsics import CONSTANTS, GENERIC, INTRINSICS
from cep.kernel.modules import describe, fold
from cep.kernel.tree import (
    Arith,
    ArrayArgument,
    CallFunction,
    CallIntrinsic,
    Choose,
    Compare,
    Const,
    Convert,
    Expr,
    Kind,
    Load,
    Local,
    Logic,
    Not,
    Unary,
    walk,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from cep.errors import CepError
    from cep.graph.kernel import Dtype
    from cep.kernel.checker import ProgramChecker
    from cep.kernel.modules import Module, Signature
    from cep.kernel.tree import Parameter, Result

ARITHMETIC: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
    ast.LShift: "<<",
    ast.RShift: ">>",
}
FLOAT_ARITHMETIC = frozenset("+-*")
_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}
_INT_RANGE = range(-(2**63), 2**63)


class ExpressionChecker:
    """Types expressions of one function, given the kinds of its locals found so far.

    `kinds` grows while the statements are read; `calls` collects the keys of called
    functions, `called` the names they are called by.
    """

    def __init__(self, module: Module, program: ProgramChecker, signature: Signature) -> None:
        self.module = module
        self.program = program
        self.kinds: dict[str, Kind] = {}
        self.arrays: dict[str, Dtype] = {}
        self.calls: dict[str, None] = {}
        self.called: dict[str, ast.Call] = {}
        for parameter in signature.parameters:
            if parameter.dtype is None:
                self.kinds[parameter.name] = parameter.kind
            else:
                self.arrays[parameter.name] = parameter.dtype

    def refusal(self, node: ast.AST, message: str, hint: str = "") -> CepError:
        """Return CEP901 at a node, to be raised."""
        return self.module.refusal(node, message, hint)

    def expression(self, node: ast.expr) -> Expr:
        """Return the typed form of an expression."""
        constant = None if isinstance(node, ast.Name) else fold(self.module, node)
        if constant is not None:
            return self._constant(node, constant)
        rule = _RULES.get(type(node))
        if rule is None:
            raise self.refusal(node, f"{describe(node)} is not in the kernel language")
        return rule(self, node)

    def condition(self, node: ast.expr) -> Expr:
        """Return a bool expression; numbers are not conditions."""
        typed = self.expression(node)
        if typed.kind != "bool":
            raise self.refusal(node, "a condition must be a bool", "compare with 0")
        return typed

    def as_kind(self, node: ast.AST, typed: Expr, kind: Kind) -> Expr:
        """Return an expression converted to `kind`: an int may become a float, nothing else."""
        if typed.kind == kind:
            return typed
        if typed.kind == "i64" and kind == "f64":
            if isinstance(typed, Const):
                return Const(float(typed.value), "f64")
            return Convert(typed, "f64")
        raise self.refusal(
            node, f"{kind} expected, this is {typed.kind}", _HINTS.get((typed.kind, kind), "")
        )

    def number(self, node: ast.expr) -> Expr:
        """Return an int or float expression."""
        typed = self.expression(node)
        if typed.kind == "bool":
            raise self.refusal(
                node, "a number is expected, this is a bool", "int(condition) is 0 or 1"
            )
        return typed

    def integer(self, node: ast.expr) -> Expr:
        """Return an int expression."""
        return self.as_kind(node, self.expression(node), "i64")

    def _constant(self, node: ast.AST, value: int | float) -> Const:
        if isinstance(value, int):
            if value not in _INT_RANGE:
                raise self.refusal(node, "integer outside the range of int64")
            return Const(value, "i64")
        if isinstance(node, ast.Constant) and math.isinf(value):
            raise self.refusal(node, "float literal outside the range of float64")
        return Const(value, "f64")

    def _literal(self, node: ast.Constant) -> Expr:
        if isinstance(node.value, bool):
            return Const(node.value, "bool")
        raise self.refusal(node, f"literal {node.value!r} is not a number or a bool")

    def _name(self, node: ast.Name) -> Expr:
        name = node.id
        if name in self.kinds:
            return Local(name, self.kinds[name], node.lineno)
        if name in self.arrays:
            raise self.refusal(node, f"array {name!r} needs an index here")
        value = self.module.constants.get(name, CONSTANTS.get(name))
        if value is None:
            raise self.refusal(node, f"{name!r} is read before it is assigned")
        return Const(value, "i64" if isinstance(value, int) else "f64")

    def element(self, node: ast.Subscript) -> Load:
        """Return the element an index expression names."""
        if not isinstance(node.value, ast.Name) or node.value.id not in self.arrays:
            raise self.refusal(node, "only array parameters can be indexed")
        if isinstance(node.slice, ast.Slice):
            raise self.refusal(node, "slices are not in the kernel language")
        name = node.value.id
        return Load(name, self.arrays[name], self.integer(node.slice), node.lineno)

    def _binary(self, node: ast.BinOp) -> Expr:
        left, right = self.number(node.left), self.number(node.right)
        return self.arithmetic(node, node.op, left, right)

    def arithmetic(self, node: ast.AST, op: ast.operator, left: Expr, right: Expr) -> Expr:
        """Return `left op right`; one float operand makes both floats."""
        symbol = ARITHMETIC.get(type(op))
        if isinstance(op, ast.Div):
            raise self.refusal(
                node, "'/' is not in the kernel language", "div_f64(a, b), or // for indices"
            )
        if symbol is None:
            raise self.refusal(node, f"{describe(op)} is not in the kernel language")
        line = getattr(node, "lineno", 0)
        if left.kind == right.kind == "i64":
            return Arith(symbol, left, right, "i64", line)
        if symbol not in FLOAT_ARITHMETIC:
            raise self.refusal(
                node, f"{symbol!r} is for integers", "mod_f64, div_f64 and floor are for floats"
            )
        both = self.as_kind(node, left, "f64"), self.as_kind(node, right, "f64")
        return Arith(symbol, *both, "f64", line)

    def _unary(self, node: ast.UnaryOp) -> Expr:
        if isinstance(node.op, ast.Not):
            return Not(self.condition(node.operand))
        operand = self.number(node.operand)
        if isinstance(node.op, ast.USub):
            return Unary("-", operand, operand.kind, node.lineno)
        if isinstance(node.op, ast.Invert):
            return Unary("~", self.as_kind(node, operand, "i64"), "i64", node.lineno)
        return operand

    def _logic(self, node: ast.BoolOp) -> Expr:
        parts = tuple(self.condition(v) for v in node.values)
        return Logic("and" if isinstance(node.op, ast.And) else "or", parts)

    def _compare(self, node: ast.Compare) -> Expr:
        if len(node.ops) != 1:
            raise self.refusal(
                node, "chained comparisons are not in the kernel language", "a < b and b < c"
            )
        symbol = _COMPARISONS.get(type(node.ops[0]))
        if symbol is None:
            raise self.refusal(node, f"{describe(node.ops[0])} is not in the kernel language")
        left, right = self.expression(node.left), self.expression(node.comparators[0])
        if left.kind == right.kind == "bool":
            if symbol not in {"==", "!="}:
                raise self.refusal(node, "bools have no order")
            return Compare(symbol, left, right)
        kind: Kind = "i64" if left.kind == right.kind == "i64" else "f64"
        return Compare(symbol, self.as_kind(node, left, kind), self.as_kind(node, right, kind))

    def _choose(self, node: ast.IfExp) -> Expr:
        condition = self.condition(node.test)
        sides = self.expression(node.body), self.expression(node.orelse)
        kind = join(sides[0].kind, sides[1].kind)
        if kind is None:
            raise self.refusal(node, "one side is a bool, the other a number")
        if_true, if_false = (self.as_kind(node, s, kind) for s in sides)
        return Choose(condition, if_true, if_false, kind)

    def _call(self, node: ast.Call) -> Expr:
        if not isinstance(node.func, ast.Name) or node.keywords:
            raise self.refusal(
                node, "only calls of named functions with positional arguments are allowed"
            )
        name = node.func.id
        if name in {"int", "float"}:
            return self._conversion(node, name)
        if name in GENERIC:
            return self._generic(node, name)
        if name in INTRINSICS:
            return self._intrinsic(node, name)
        key, arguments, result = self.call_function(node, name)
        if result == "none":
            raise self.refusal(node, f"{name!r} has no result")
        return CallFunction(key, arguments, result, node.lineno)

    def _arguments(self, node: ast.Call, count: int) -> list[ast.expr]:
        if len(node.args) != count:
            raise self.refusal(node, f"{count} argument(s) expected, {len(node.args)} given")
        return node.args

    def _conversion(self, node: ast.Call, name: str) -> Expr:
        (argument,) = self._arguments(node, 1)
        typed = self.expression(argument)
        if name == "float":
            return self.as_kind(node, typed, "f64")
        if typed.kind == "f64":
            raise self.refusal(node, "int() is for bools", "to_i64(x) truncates a float")
        return Convert(typed, "i64") if typed.kind == "bool" else typed

    def _generic(self, node: ast.Call, name: str) -> Expr:
        integers, floats = GENERIC[name]
        typed = [
            self.number(a) for a in self._arguments(node, len(INTRINSICS[integers].parameters))
        ]
        exact: Kind = "i64" if all(t.kind == "i64" for t in typed) else "f64"
        arguments = tuple(self.as_kind(node, t, exact) for t in typed)
        return CallIntrinsic(integers if exact == "i64" else floats, arguments, exact)

    def _intrinsic(self, node: ast.Call, name: str) -> Expr:
        entry = INTRINSICS[name]
        given = self._arguments(node, len(entry.parameters))
        arguments = tuple(
            self.as_kind(a, self.expression(a), kind)
            for a, kind in zip(given, entry.parameters, strict=True)
        )
        return CallIntrinsic(name, arguments, entry.result)

    def call_function(
        self, node: ast.Call, name: str
    ) -> tuple[str, tuple[Expr | ArrayArgument, ...], Result]:
        """Return key, arguments and result of a call of a function (own or imported)."""
        key, signature = self.program.resolve(self.module, node, name)
        self.calls[key] = None
        self.called[name] = node
        given = self._arguments(node, len(signature.parameters))
        arguments = tuple(
            self._argument(a, p) for a, p in zip(given, signature.parameters, strict=True)
        )
        handed = [a.name for a in arguments if isinstance(a, ArrayArgument)]
        if len(set(handed)) != len(handed):
            raise self.refusal(
                node, "the same array is handed over twice", "arrays must not overlap"
            )
        return key, arguments, signature.result

    def _argument(self, node: ast.expr, parameter: Parameter) -> Expr | ArrayArgument:
        if parameter.dtype is None:
            return self.as_kind(node, self.expression(node), parameter.kind)
        if not isinstance(node, ast.Name) or node.id not in self.arrays:
            raise self.refusal(node, f"{parameter.name!r} takes an array of {parameter.dtype}")
        if self.arrays[node.id] != parameter.dtype:
            given = self.arrays[node.id]
            raise self.refusal(
                node, f"{parameter.name!r} takes {parameter.dtype}, {node.id!r} is {given}"
            )
        return ArrayArgument(node.id)


_HINTS = {
    ("f64", "i64"): "to_i64(x) truncates",
    ("bool", "i64"): "int(condition) is 0 or 1",
    ("i64", "bool"): "compare with 0",
}

_RULES: dict[type[ast.expr], Callable[..., Expr]] = {
    ast.Constant: ExpressionChecker._literal,  # noqa: SLF001 - the table of this class
    ast.Name: ExpressionChecker._name,  # noqa: SLF001
    ast.Subscript: ExpressionChecker.element,
    ast.BinOp: ExpressionChecker._binary,  # noqa: SLF001
    ast.UnaryOp: ExpressionChecker._unary,  # noqa: SLF001
    ast.BoolOp: ExpressionChecker._logic,  # noqa: SLF001
    ast.Compare: ExpressionChecker._compare,  # noqa: SLF001
    ast.IfExp: ExpressionChecker._choose,  # noqa: SLF001
    ast.Call: ExpressionChecker._call,  # noqa: SLF001
}


def join(left: Kind, right: Kind) -> Kind | None:
    """Return the kind that holds values of both, or None for a bool and a number."""
    if left == right:
        return left
    return None if "bool" in {left, right} else "f64"


def has_call(expr: Expr) -> bool:
    """Whether an expression calls a function (which may write to arrays)."""
    return any(isinstance(node, CallFunction) for node in walk(expr))
