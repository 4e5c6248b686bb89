"""The typed tree as a Python function: conversions written out, constants as literals.

Plain mode gives the source's own operations over memoryviews. Checked mode wraps index access, bare
integer arithmetic, shifts and narrow stores in calls of `python_checks.py`.
"""

from __future__ import annotations

import ast
import math
from typing import TYPE_CHECKING, Any, TypeVar

from cep.kernel.tree import (
    Arith,
    ArrayArgument,
    Assign,
    Break,
    CallFunction,
    CallIntrinsic,
    Choose,
    Compare,
    Const,
    Continue,
    Convert,
    Discard,
    For,
    If,
    Load,
    Local,
    Logic,
    Not,
    Return,
    Store,
    Unary,
    While,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from cep.kernel.tree import Expr, Function, Stmt

Node = TypeVar("Node", ast.stmt, ast.expr, ast.BinOp, ast.FunctionDef)

_BINARY: dict[str, ast.operator] = {
    "+": ast.Add(),
    "-": ast.Sub(),
    "*": ast.Mult(),
    "//": ast.FloorDiv(),
    "%": ast.Mod(),
    "&": ast.BitAnd(),
    "|": ast.BitOr(),
    "^": ast.BitXor(),
    "<<": ast.LShift(),
    ">>": ast.RShift(),
}
_COMPARE: dict[str, ast.cmpop] = {
    "<": ast.Lt(),
    "<=": ast.LtE(),
    ">": ast.Gt(),
    ">=": ast.GtE(),
    "==": ast.Eq(),
    "!=": ast.NotEq(),
}
# Intrinsics that are exactly a cheaper Python builtin.
_BUILTIN = {"min_i64": "min", "max_i64": "max", "min_f64": "min", "max_f64": "max"}
_CHECKED_ARITHMETIC = {"+", "-", "*", "//", "%", "<<", ">>"}


def global_name(key: str) -> str:
    """Return the name of a function in the namespace of the python tier (`ring.push`: `ring__push`)."""
    module, _, name = key.rpartition(".")
    return f"{module or 'kernel'}__{name}"


def emit_function(function: Function, *, checked: bool) -> ast.Module:
    """Return a module with the one function; line numbers are those of its source."""
    emitter = _PythonEmitter(checked=checked)
    arguments = ast.arguments(
        posonlyargs=[],
        args=[ast.arg(arg=p.name) for p in function.parameters],
        kwonlyargs=[],
        kw_defaults=[],
        defaults=[],
    )
    definition = ast.FunctionDef(
        name=global_name(function.key),
        args=arguments,
        body=emitter.block(function.body),
        decorator_list=[],
    )
    module = ast.Module(body=[_at(definition, function.line)], type_ignores=[])
    return ast.fix_missing_locations(module)


def _at(node: Node, line: int) -> Node:
    node.lineno = node.end_lineno = line
    node.col_offset = node.end_col_offset = 0
    return node


def _name(name: str) -> ast.Name:
    return ast.Name(id=name, ctx=ast.Load())


def _call(name: str, *arguments: ast.expr) -> ast.Call:
    return ast.Call(func=_name(name), args=list(arguments), keywords=[])


class _PythonEmitter:
    def __init__(self, *, checked: bool) -> None:
        self.checked = checked

    def block(self, statements: tuple[Stmt, ...]) -> list[ast.stmt]:
        found: list[ast.stmt] = []
        for statement in statements:
            node = _STATEMENTS[type(statement)](self, statement)
            found.append(_at(node, statement.line))
        return found or [ast.Pass()]

    def expression(self, expr: Expr) -> ast.expr:
        return _EXPRESSIONS[type(expr)](self, expr)

    def _site(self, line: int, array: str = "") -> tuple[ast.expr, ast.expr]:
        return ast.Constant(line), ast.Constant(array)

    def const(self, expr: Const) -> ast.expr:
        value = expr.value
        if isinstance(value, float) and not math.isfinite(value):
            return _name("NAN" if value != value else "INF" if value > 0 else "INF__negative")
        return ast.Constant(value)

    def local(self, expr: Local) -> ast.expr:
        return _name(expr.name)

    def load(self, expr: Load) -> ast.expr:
        index = self.expression(expr.index)
        if self.checked:
            return _call(
                "check__load", _name(expr.array), index, *self._site(expr.line, expr.array)
            )
        return ast.Subscript(value=_name(expr.array), slice=index, ctx=ast.Load())

    def arith(self, expr: Arith) -> ast.expr:
        left, right = self.expression(expr.left), self.expression(expr.right)
        if self.checked and expr.kind == "i64" and expr.op in _CHECKED_ARITHMETIC:
            return _call("check__arith", ast.Constant(expr.op), left, right, *self._site(expr.line))
        return _at(ast.BinOp(left=left, op=_BINARY[expr.op], right=right), expr.line)

    def unary(self, expr: Unary) -> ast.expr:
        operand = self.expression(expr.operand)
        if self.checked and expr.kind == "i64" and expr.op == "-":
            zero = ast.Constant(0)
            return _call("check__arith", ast.Constant("-"), zero, operand, *self._site(expr.line))
        return ast.UnaryOp(op=ast.USub() if expr.op == "-" else ast.Invert(), operand=operand)

    def compare(self, expr: Compare) -> ast.expr:
        left, right = self.expression(expr.left), self.expression(expr.right)
        return ast.Compare(left=left, ops=[_COMPARE[expr.op]], comparators=[right])

    def logic(self, expr: Logic) -> ast.expr:
        values = [self.expression(o) for o in expr.operands]
        return ast.BoolOp(op=ast.And() if expr.op == "and" else ast.Or(), values=values)

    def negation(self, expr: Not) -> ast.expr:
        return ast.UnaryOp(op=ast.Not(), operand=self.expression(expr.operand))

    def choose(self, expr: Choose) -> ast.expr:
        return ast.IfExp(
            test=self.expression(expr.condition),
            body=self.expression(expr.if_true),
            orelse=self.expression(expr.if_false),
        )

    def convert(self, expr: Convert) -> ast.expr:
        return _call("float" if expr.kind == "f64" else "int", self.expression(expr.operand))

    def intrinsic(self, expr: CallIntrinsic) -> ast.expr:
        name = _BUILTIN.get(expr.name, expr.name)
        return _call(name, *(self.expression(a) for a in expr.arguments))

    def call(self, expr: CallFunction | Discard) -> ast.expr:
        arguments = [
            _name(a.name) if isinstance(a, ArrayArgument) else self.expression(a)
            for a in expr.arguments
        ]
        return _call(global_name(expr.function), *arguments)

    def assign(self, statement: Assign) -> ast.stmt:
        target = ast.Name(id=statement.name, ctx=ast.Store())
        return ast.Assign(targets=[target], value=self.expression(statement.value))

    def store(self, statement: Store) -> ast.stmt:
        value, index = self.expression(statement.value), self.expression(statement.index)
        if self.checked:
            site = self._site(statement.line, statement.array)
            array = _name(statement.array)
            return ast.Expr(_call("check__store", value, array, index, *site))
        target = ast.Subscript(value=_name(statement.array), slice=index, ctx=ast.Store())
        return ast.Assign(targets=[target], value=value)

    def branch(self, statement: If) -> ast.stmt:
        orelse = self.block(statement.orelse) if statement.orelse else []
        test = self.expression(statement.condition)
        return ast.If(test=test, body=self.block(statement.body), orelse=orelse)

    def loop(self, statement: While) -> ast.stmt:
        test = self.expression(statement.condition)
        return ast.While(test=test, body=self.block(statement.body), orelse=[])

    def count(self, statement: For) -> ast.stmt:
        bounds = [self.expression(statement.start), self.expression(statement.stop)]
        if statement.step != 1:
            bounds.append(ast.Constant(statement.step))
        body = self.block(statement.body)
        if statement.kind == "f64":
            target = ast.Name(id=statement.name, ctx=ast.Store())
            body.insert(
                0, ast.Assign(targets=[target], value=_call("float", _name(statement.name)))
            )
        target = ast.Name(id=statement.name, ctx=ast.Store())
        return ast.For(target=target, iter=_call("range", *bounds), body=body, orelse=[])

    def leave(self, statement: Break) -> ast.stmt:
        del statement
        return ast.Break()

    def again(self, statement: Continue) -> ast.stmt:
        del statement
        return ast.Continue()

    def give(self, statement: Return) -> ast.stmt:
        return ast.Return(None if statement.value is None else self.expression(statement.value))

    def discard(self, statement: Discard) -> ast.stmt:
        return ast.Expr(self.call(statement))


_EXPRESSIONS: dict[type[Any], Callable[..., ast.expr]] = {
    Const: _PythonEmitter.const,
    Local: _PythonEmitter.local,
    Load: _PythonEmitter.load,
    Arith: _PythonEmitter.arith,
    Unary: _PythonEmitter.unary,
    Compare: _PythonEmitter.compare,
    Logic: _PythonEmitter.logic,
    Not: _PythonEmitter.negation,
    Choose: _PythonEmitter.choose,
    Convert: _PythonEmitter.convert,
    CallIntrinsic: _PythonEmitter.intrinsic,
    CallFunction: _PythonEmitter.call,
}

_STATEMENTS: dict[type[Any], Callable[..., ast.stmt]] = {
    Assign: _PythonEmitter.assign,
    Store: _PythonEmitter.store,
    If: _PythonEmitter.branch,
    While: _PythonEmitter.loop,
    For: _PythonEmitter.count,
    Break: _PythonEmitter.leave,
    Continue: _PythonEmitter.again,
    Return: _PythonEmitter.give,
    Discard: _PythonEmitter.discard,
}
