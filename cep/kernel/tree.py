"""The kernel language as a typed tree: what the checker makes and both tiers read.

Every expression has a `kind`: `i64`, `f64` or `bool`. All conversions are explicit nodes, so neither
tier decides anything about types.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cep.graph.kernel import Dtype

Kind = Literal["i64", "f64", "bool"]
Result = Literal["i64", "f64", "bool", "none"]

KIND_OF_DTYPE: dict[Dtype, Kind] = {
    "i64": "i64",
    "i32": "i64",
    "i8": "i64",
    "u8": "i64",
    "f64": "f64",
}


@dataclass(frozen=True, slots=True)
class Const:
    """A literal or a named constant."""

    value: int | float | bool
    kind: Kind


@dataclass(frozen=True, slots=True)
class Local:
    """The value of a local variable or scalar parameter."""

    name: str
    kind: Kind
    line: int


@dataclass(frozen=True, slots=True)
class Load:
    """An array element, widened to int64 or float64."""

    array: str
    dtype: Dtype
    index: Expr
    line: int

    @property
    def kind(self) -> Kind:
        """Kind of the widened element."""
        return KIND_OF_DTYPE[self.dtype]


@dataclass(frozen=True, slots=True)
class Arith:
    """`left op right`; both operands have the kind of the result."""

    op: str
    left: Expr
    right: Expr
    kind: Kind
    line: int


@dataclass(frozen=True, slots=True)
class Unary:
    """`-operand` (i64 or f64) or `~operand` (i64)."""

    op: Literal["-", "~"]
    operand: Expr
    kind: Kind
    line: int


@dataclass(frozen=True, slots=True)
class Compare:
    """`left op right`; both operands have the same kind."""

    op: str
    left: Expr
    right: Expr
    kind: Literal["bool"] = "bool"


@dataclass(frozen=True, slots=True)
class Logic:
    """Short-circuit `and` / `or` of two or more conditions."""

    op: Literal["and", "or"]
    operands: tuple[Expr, ...]
    kind: Literal["bool"] = "bool"


@dataclass(frozen=True, slots=True)
class Not:
    """`not operand`."""

    operand: Expr
    kind: Literal["bool"] = "bool"


@dataclass(frozen=True, slots=True)
class Choose:
    """`if_true if condition else if_false`; only the chosen side is evaluated."""

    condition: Expr
    if_true: Expr
    if_false: Expr
    kind: Kind


@dataclass(frozen=True, slots=True)
class Convert:
    """i64 to f64 (round to nearest even), or bool to i64 (0 or 1)."""

    operand: Expr
    kind: Literal["i64", "f64"]


@dataclass(frozen=True, slots=True)
class CallIntrinsic:
    """A call of an intrinsic (`intrinsics.py`)."""

    name: str
    arguments: tuple[Expr, ...]
    kind: Kind


@dataclass(frozen=True, slots=True)
class ArrayArgument:
    """An array handed to a called function."""

    name: str


@dataclass(frozen=True, slots=True)
class CallFunction:
    """A call of a function of the kernel's own module or of `cep.kernellib`; `function` is its key."""

    function: str
    arguments: tuple[Expr | ArrayArgument, ...]
    kind: Kind
    line: int


Expr = (
    Const
    | Local
    | Load
    | Arith
    | Unary
    | Compare
    | Logic
    | Not
    | Choose
    | Convert
    | CallIntrinsic
    | CallFunction
)


@dataclass(frozen=True, slots=True)
class Assign:
    """`name = value`; the value has the kind of the local."""

    name: str
    value: Expr
    line: int


@dataclass(frozen=True, slots=True)
class Store:
    """`array[index] = value`, narrowed to the dtype. The value is evaluated before the index."""

    array: str
    dtype: Dtype
    index: Expr
    value: Expr
    line: int


@dataclass(frozen=True, slots=True)
class If:
    """`if condition: body else: orelse`."""

    condition: Expr
    body: tuple[Stmt, ...]
    orelse: tuple[Stmt, ...]
    line: int


@dataclass(frozen=True, slots=True)
class While:
    """`while condition: body`."""

    condition: Expr
    body: tuple[Stmt, ...]
    line: int


@dataclass(frozen=True, slots=True)
class For:
    """`for name in range(start, stop, step)`; bounds are evaluated once, `step` is a literal but 0.

    A hidden counter drives the loop, so the body may assign to `name` as in Python.
    """

    name: str
    kind: Literal["i64", "f64"]
    start: Expr
    stop: Expr
    step: int
    body: tuple[Stmt, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Break:
    """`break`."""

    line: int


@dataclass(frozen=True, slots=True)
class Continue:
    """`continue`."""

    line: int


@dataclass(frozen=True, slots=True)
class Return:
    """`return value`; None in functions without a result."""

    value: Expr | None
    line: int


@dataclass(frozen=True, slots=True)
class Discard:
    """A call made for its effect on arrays; a result is thrown away."""

    function: str
    arguments: tuple[Expr | ArrayArgument, ...]
    line: int


Stmt = Assign | Store | If | While | For | Break | Continue | Return | Discard


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter: an array with elements of `dtype`, or (dtype None) a scalar of `kind`."""

    name: str
    kind: Kind
    dtype: Dtype | None = None


@dataclass(frozen=True, slots=True)
class Function:
    """A checked function. `calls` lists the keys of the functions it calls, `local_kinds` its locals."""

    key: str
    module: str
    parameters: tuple[Parameter, ...]
    result: Result
    local_kinds: tuple[tuple[str, Kind], ...]
    body: tuple[Stmt, ...]
    calls: tuple[str, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Program:
    """A kernel with all functions it needs, callees before callers; the entry is the last one.

    `texts` maps a module name to (file name, source text), for error messages and tracebacks.
    """

    functions: tuple[Function, ...]
    texts: dict[str, tuple[str, str]]

    @property
    def entry(self) -> Function:
        """The kernel itself."""
        return self.functions[-1]


def operands(expr: Expr) -> tuple[Expr, ...]:
    """Return the direct sub-expressions of an expression, in order of evaluation."""
    match expr:
        case Const() | Local():
            return ()
        case Load(index=index):
            return (index,)
        case Arith(left=left, right=right) | Compare(left=left, right=right):
            return (left, right)
        case Unary(operand=operand) | Not(operand=operand) | Convert(operand=operand):
            return (operand,)
        case Logic(operands=parts):
            return parts
        case Choose(condition=condition, if_true=if_true, if_false=if_false):
            return (condition, if_true, if_false)
        case CallIntrinsic(arguments=arguments):
            return arguments
        case CallFunction(arguments=mixed):
            return scalars(mixed)


def scalars(arguments: tuple[Expr | ArrayArgument, ...]) -> tuple[Expr, ...]:
    """Return the arguments that are values, in order."""
    return tuple(a for a in arguments if not isinstance(a, ArrayArgument))


def walk(expr: Expr) -> Iterator[Expr]:
    """Yield an expression and everything below it, parents first."""
    stack = [expr]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(operands(node)))
