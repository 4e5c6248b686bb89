"""Modules of the kernel language: what a source text defines and imports, before types.

A module holds functions, integer and float constants, imports from `cep.kernellib`, and docstrings.
"""

from __future__ import annotations

import ast
import operator
import re
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from cep.errors import SourceText, Span, error
from cep.graph.kernel import Dtype
from cep.kernel.intrinsics import CONSTANTS, GENERIC, INTRINSICS
from cep.kernel.tree import Parameter

if TYPE_CHECKING:
    from collections.abc import Callable

    from cep.errors import CepError
    from cep.kernel.tree import Function, Kind, Result

LIBRARY_PACKAGE = "cep.kernellib"
LIBRARY_FOLDER = Path(__file__).parent.parent / "kernellib"
BUILTINS = frozenset({"range", "int", "float", "bool"})
RESERVED = frozenset(INTRINSICS) | frozenset(GENERIC) | frozenset(CONSTANTS) | BUILTINS

_SCALARS: dict[str, Kind] = {"int": "i64", "float": "f64", "bool": "bool"}
_ARRAY = re.compile(r"\s*(\w+)\s*\[[^\]]*\]\s*")
_DTYPES: dict[str, Dtype] = {d: d for d in get_args(Dtype)}
_FOLDED: dict[type[ast.operator], Callable[[int | float, int | float], int | float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
}
_INT_FOLDED: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
}


@dataclass(frozen=True, slots=True)
class Signature:
    """Parameters and result of a function as annotated."""

    parameters: tuple[Parameter, ...]
    result: Result


@dataclass(frozen=True, slots=True)
class Module:
    """The definitions of one source text; `name` is "" for a kernel, else the kernellib module."""

    name: str
    text: SourceText
    functions: dict[str, ast.FunctionDef] = field(default_factory=dict)
    signatures: dict[str, Signature] = field(default_factory=dict)
    constants: dict[str, int | float] = field(default_factory=dict)
    imported: dict[str, tuple[str, str]] = field(default_factory=dict)

    def refusal(self, node: ast.AST, message: str, hint: str = "") -> CepError:
        """Return CEP901 at a node, with file and line, to be raised."""
        line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0)
        lines = self.text.text.splitlines(keepends=True)
        before = sum(len(t) for t in lines[: line - 1])
        start = before + column
        one_line = getattr(node, "end_lineno", None) == line
        end = before + getattr(node, "end_col_offset", 0) if one_line else start + 1
        return error("CEP901", f"kernel language: {message}", Span(start, end, self.text), hint)

    def key(self, function: str) -> str:
        """Return the key of one of this module's functions (`ring.push`; `.w4` in a kernel)."""
        return f"{self.name}.{function}"


class Library:
    """The modules of `cep.kernellib`, parsed when first used, and their checked functions.

    Memory: every module once. Thread-safe: `lock` guards both dictionaries (held by the checker).
    """

    def __init__(self, folder: Path = LIBRARY_FOLDER) -> None:
        self.folder = folder
        self.lock = threading.RLock()
        self.functions: dict[str, Function] = {}
        self._modules: dict[str, Module] = {}
        self._texts: dict[str, str] = {}

    def path(self, name: str) -> Path:
        """Return the file of a module."""
        return self.folder / f"{name}.py"

    def text(self, name: str) -> str:
        """Return the source of a module, read once."""
        with self.lock:
            if name not in self._texts:
                self._texts[name] = self.path(name).read_text(encoding="utf-8")
            return self._texts[name]

    def names(self) -> tuple[str, ...]:
        """Return the names of all modules, sorted."""
        return tuple(sorted(p.stem for p in self.folder.glob("*.py") if p.stem != "__init__"))

    def module(self, name: str, by: Module, node: ast.AST) -> Module:
        """Return a module imported by `by` at `node`; refused when there is none."""
        with self.lock:
            found = self._modules.get(name)
            if found is None:
                path = self.path(name)
                if not path.is_file():
                    raise by.refusal(node, f"there is no module {LIBRARY_PACKAGE}.{name}")
                text = SourceText(str(path), self.text(name))
                found = self._modules[name] = read_module(name, text, self)
            return found


LIBRARY = Library()


def read_module(name: str, text: SourceText, library: Library) -> Module:
    """Parse a source text and collect its definitions; refuses everything that is not one."""
    module = Module(name, text)
    try:
        tree = ast.parse(text.text)
    except SyntaxError as problem:
        place = ast.Pass(lineno=problem.lineno or 1, col_offset=0)
        raise module.refusal(place, f"not Python: {problem.msg}") from None
    for node in tree.body:
        match node:
            case ast.FunctionDef():
                _add_function(module, node)
            case ast.ImportFrom():
                _add_import(module, node, library)
            case ast.Assign(targets=[ast.Name(id=target)], value=value):
                _add_constant(module, node, target, value)
            case ast.AnnAssign(target=ast.Name(id=target), value=ast.expr() as value):
                _add_constant(module, node, target, value)
            case ast.Expr(value=ast.Constant(value=str())):
                pass
            case _:
                raise module.refusal(node, f"{describe(node)} is not allowed at module level")
    return module


def describe(node: ast.AST) -> str:
    """Return how a kind of syntax is called in messages."""
    return f"'{type(node).__name__}'"


def _define(module: Module, node: ast.AST, name: str) -> None:
    if name in module.functions or name in module.constants or name in module.imported:
        raise module.refusal(node, f"{name!r} is defined twice")
    check_name(module, node, name)


def check_name(module: Module, node: ast.AST, name: str) -> None:
    """Refuse a name that is reserved for intrinsics or for the tiers."""
    if name in RESERVED:
        raise module.refusal(node, f"{name!r} is a name of the kernel language")
    if "__" in name:
        raise module.refusal(node, f"{name!r}: names with two underscores are reserved")


def _add_function(module: Module, node: ast.FunctionDef) -> None:
    _define(module, node, node.name)
    if node.decorator_list:
        raise module.refusal(node, "decorators are not allowed")
    module.functions[node.name] = node
    module.signatures[node.name] = _signature(module, node)


def _signature(module: Module, node: ast.FunctionDef) -> Signature:
    arguments = node.args
    others = (arguments.vararg, arguments.kwarg, *arguments.posonlyargs, *arguments.kwonlyargs)
    if any(others) or arguments.defaults:
        raise module.refusal(node, "only plain positional parameters without defaults are allowed")
    parameters = tuple(_parameter(module, a) for a in arguments.args)
    if len({p.name for p in parameters}) != len(parameters):
        raise module.refusal(node, "two parameters have the same name")
    return Signature(parameters, _result(module, node))


def _annotation(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return ast.unparse(node)


def _parameter(module: Module, node: ast.arg) -> Parameter:
    check_name(module, node, node.arg)
    if node.annotation is None:
        raise module.refusal(
            node, f'parameter {node.arg!r} needs an annotation such as "i64[n]" or int'
        )
    text = _annotation(node.annotation)
    if text in _SCALARS:
        return Parameter(node.arg, _SCALARS[text])
    found = _ARRAY.fullmatch(text)
    if found is None or found[1] not in _DTYPES:
        raise module.refusal(
            node, f"{text!r} is not a type; arrays are i64 i32 i8 u8 f64 with [shape]"
        )
    dtype = _DTYPES[found[1]]
    return Parameter(node.arg, "f64" if dtype == "f64" else "i64", dtype)


def _result(module: Module, node: ast.FunctionDef) -> Result:
    text = "" if node.returns is None else _annotation(node.returns)
    if text == "None":
        return "none"
    if text not in _SCALARS:
        raise module.refusal(node, "the result must be annotated: -> int, float, bool or None")
    return _SCALARS[text]


def _add_import(module: Module, node: ast.ImportFrom, library: Library) -> None:
    if node.module == "__future__":
        return
    package, _, name = (node.module or "").rpartition(".")
    if package != LIBRARY_PACKAGE or node.level:
        raise module.refusal(node, f"only imports from {LIBRARY_PACKAGE} modules are allowed")
    source = library.module(name, module, node)
    for alias in node.names:
        local = alias.asname or alias.name
        _define(module, node, local)
        if alias.name in source.constants:
            module.constants[local] = source.constants[alias.name]
        elif alias.name in source.imported:
            module.imported[local] = source.imported[alias.name]
        elif alias.name in source.functions:
            module.imported[local] = (name, alias.name)
        else:
            raise module.refusal(node, f"{node.module} has no {alias.name!r}")


def _add_constant(module: Module, node: ast.AST, name: str, value: ast.expr) -> None:
    _define(module, node, name)
    folded = fold(module, value)
    if folded is None:
        raise module.refusal(node, f"{name!r} must be a constant integer or float expression")
    module.constants[name] = folded


def fold(module: Module, node: ast.expr) -> int | float | None:
    """Return the value of a constant expression, or None when it is not one."""
    match node:
        case ast.Constant(value=bool()):
            return None
        case ast.Constant(value=int() | float() as value):
            return value
        case ast.Name(id=name):
            return module.constants.get(name, CONSTANTS.get(name))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            inner = fold(module, operand)
            return None if inner is None else -inner
        case ast.BinOp(left=left, op=op, right=right):
            return _fold_pair(op, fold(module, left), fold(module, right))
        case _:
            return None


def _fold_pair(
    op: ast.operator, left: int | float | None, right: int | float | None
) -> int | float | None:
    if left is None or right is None:
        return None
    if type(op) in _FOLDED:
        return _FOLDED[type(op)](left, right)
    integers = _INT_FOLDED.get(type(op))
    if integers is None or not isinstance(left, int) or not isinstance(right, int):
        return None
    bad_divisor = isinstance(op, (ast.FloorDiv, ast.Mod)) and right == 0
    bad_shift = isinstance(op, (ast.LShift, ast.RShift)) and not 0 <= right < 64
    return None if bad_divisor or bad_shift else integers(left, right)
