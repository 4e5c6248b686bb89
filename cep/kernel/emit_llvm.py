"""The typed tree as LLVM IR: one IR function per function of the program, plus the two ways in.

Locals are allocas of the entry block (LLVM turns them into registers); arrays are `noalias`
pointer arguments, which is true because the arrays of one kernel never overlap and the checker refuses
to hand over one array twice. Conditions become branches, not values. No fast-math flag is ever set.

In checked mode every array argument is followed by its length, the last argument points at the fault
cells (kind, site, value); a function that finds a fault fills them and returns, and so do its callers.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from llvmlite import ir

from cep.kernel.emit_statements import STATEMENTS
from cep.kernel.emit_values import VALUES
from cep.kernel.faults import INDEX, Site
from cep.kernel.intrinsics_llvm import C_PREFIX
from cep.kernel.tree import Arith, ArrayArgument, Compare, Const, Logic, Not

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cep.kernel.tree import CallFunction, Discard, Expr, Function, Program, Stmt

KERNEL_SYMBOL = "cep_kernel"
BUILTIN_SYMBOL = "cep_builtin"

I1, I64, F64, POINTER = ir.IntType(1), ir.IntType(64), ir.DoubleType(), ir.PointerType()
KIND_TYPES: dict[str, ir.Type] = {"i64": I64, "f64": F64, "bool": I1, "none": ir.VoidType()}
ELEMENT_TYPES: dict[str, ir.Type] = {
    "i64": I64,
    "i32": ir.IntType(32),
    "i8": ir.IntType(8),
    "u8": ir.IntType(8),
    "f64": F64,
}


def emit_module(program: Program, *, checked: bool) -> tuple[ir.Module, tuple[Site, ...]]:
    """Return the IR of a program and, in checked mode, the sites its fault cells refer to."""
    module = ir.Module(name=program.entry.key)
    sites: list[Site] = []
    declared: dict[str, ir.Function] = {}
    for function in program.functions:
        declared[function.key] = _declare(module, function, checked=checked)
        file = program.texts[function.module][0]
        Emitter(declared, function, file, sites if checked else None).emit()
    declared[program.entry.key].attributes.add("alwaysinline")
    kernel = _emit_entry(module, program.entry, declared[program.entry.key], checked=checked)
    _emit_builtin(module, kernel)
    return module, tuple(sites)


def _declare(module: ir.Module, function: Function, *, checked: bool) -> ir.Function:
    types: list[ir.Type] = []
    for parameter in function.parameters:
        types.append(KIND_TYPES[parameter.kind] if parameter.dtype is None else POINTER)
        if checked and parameter.dtype is not None:
            types.append(I64)
    if checked:
        types.append(POINTER)
    name = f"{function.module or 'kernel'}.{function.key.rpartition('.')[2]}"
    made = ir.Function(module, ir.FunctionType(KIND_TYPES[function.result], types), name)
    made.linkage = "internal"
    made.attributes.add("nounwind")
    if function.module:
        made.attributes.add("inlinehint")
    for argument in made.args:
        if argument.type == POINTER:
            argument.add_attribute("noalias")
    return made


def _emit_entry(
    module: ir.Module, entry: Function, target: ir.Function, *, checked: bool
) -> ir.Function:
    """Emit `i64 cep_kernel(i64 context)`: load the addresses (and lengths), call the kernel."""
    made = ir.Function(module, ir.FunctionType(I64, [I64]), KERNEL_SYMBOL)
    made.attributes.add("nounwind")
    b = ir.IRBuilder(made.append_basic_block("entry"))
    context = b.inttoptr(made.args[0], POINTER)
    n = len(entry.parameters)

    def cell(position: int) -> ir.Value:
        return b.gep(context, [I64(position)], inbounds=True, source_etype=I64)

    arguments: list[ir.Value] = []
    for position in range(n):
        arguments.append(b.load(cell(position), typ=POINTER))
        if checked:
            arguments.append(b.load(cell(n + position), typ=I64))
    if checked:
        arguments.append(cell(2 * n))
    b.ret(b.call(target, arguments))
    return made


def _emit_builtin(module: ir.Module, kernel: ir.Function) -> None:
    """Emit a METH_NOARGS function whose `self` is a Python int, the address of the context block."""
    to_int = ir.Function(module, ir.FunctionType(I64, [POINTER]), "PyLong_AsLongLong")
    to_object = ir.Function(module, ir.FunctionType(POINTER, [I64]), "PyLong_FromLongLong")
    made = ir.Function(module, ir.FunctionType(POINTER, [POINTER, POINTER]), BUILTIN_SYMBOL)
    kernel.attributes.add("noinline")
    b = ir.IRBuilder(made.append_basic_block("entry"))
    b.ret(b.call(to_object, [b.call(kernel, [b.call(to_int, [made.args[0]])])]))


class Emitter:
    """Emits one function. `b` is the builder; `sites` is None unless checked."""

    def __init__(
        self,
        declared: dict[str, ir.Function],
        function: Function,
        file: str,
        sites: list[Site] | None,
    ) -> None:
        self.types = KIND_TYPES
        self.elements = ELEMENT_TYPES
        self.function = function
        self.target = declared[function.key]
        self.module = self.target.module
        self.sites = sites
        self.arrays: dict[str, ir.Value] = {}
        self.lengths: dict[str, ir.Value] = {}
        self.locals: dict[str, ir.Value] = {}
        self.loops: list[tuple[ir.Block, ir.Block]] = []  # (continue, break) of the open loops
        self._declared = declared
        self._file = file
        self._entry = self.target.append_basic_block("entry")
        self.b = ir.IRBuilder(self._entry)
        self._fault: ir.Value | None = self.target.args[-1] if sites is not None else None

    def emit(self) -> None:
        """Append the whole function."""
        arguments = iter(self.target.args)
        for parameter in self.function.parameters:
            value = next(arguments)
            value.name = parameter.name
            if parameter.dtype is None:
                self.locals[parameter.name] = self.alloca(parameter.kind, parameter.name)
                self.b.store(value, self.locals[parameter.name])
            else:
                self.arrays[parameter.name] = value
                if self.sites is not None:
                    self.lengths[parameter.name] = next(arguments)
        for name, kind in self.function.local_kinds:
            self.locals[name] = self.alloca(kind, name)
        self.block(self.function.body)
        if not self.b.block.is_terminated:
            self.leave()

    def block(self, statements: tuple[Stmt, ...]) -> None:
        """Append statements."""
        for statement in statements:
            STATEMENTS[type(statement)](self, statement)

    def value(self, expr: Expr) -> ir.Value:
        """Append the evaluation of an expression and return its value."""
        return VALUES[type(expr)](self, expr)

    def branch(self, expr: Expr, yes: ir.Block, no: ir.Block) -> None:
        """Append a jump on a condition, with `and`, `or`, `not` as control flow."""
        match expr:
            case Const(value=known):
                self.b.branch(yes if known else no)
            case Not(operand=operand):
                self.branch(operand, no, yes)
            case Logic(op=op, operands=(*first, last)):
                for operand in first:
                    further = self.new_block(op)
                    if op == "and":
                        self.branch(operand, further, no)
                    else:
                        self.branch(operand, yes, further)
                    self.b.position_at_end(further)
                self.branch(last, yes, no)
            case Compare(left=Arith(op="&")):
                # Without this LLVM would make one branch of each side again.
                jump = self.b.cbranch(self.value(expr), yes, no)
                jump.set_metadata("unpredictable", self.module.add_metadata([]))
            case _:
                self.b.cbranch(self.value(expr), yes, no)

    def call(self, expr: CallFunction | Discard) -> ir.Value:
        """Append a call of another function; in checked mode leave if it found a fault."""
        values: list[ir.Value] = []
        for argument in expr.arguments:
            if not isinstance(argument, ArrayArgument):
                values.append(self.value(argument))
                continue
            values.append(self.arrays[argument.name])
            if self.sites is not None:
                values.append(self.lengths[argument.name])
        if self._fault is None:
            return self.b.call(self._declared[expr.function], values)
        result = self.b.call(self._declared[expr.function], [*values, self._fault])
        failed = self.b.icmp_signed("!=", self.b.load(self._fault, typ=I64), self.i64(0))
        with self.b.if_then(failed, likely=False):
            self.leave()
        return result

    def leave(self) -> None:
        """Append a return without a meaningful result."""
        if self.function.result == "none":
            self.b.ret_void()
        else:
            self.b.ret(ir.Constant(KIND_TYPES[self.function.result], None))

    def trap_if(
        self, bad: ir.Value, kind: int, line: int, *, array: str = "", value: Any = None
    ) -> None:
        """Append a fault exit of the checked mode."""
        if self.sites is None or self._fault is None:
            return
        with self.b.if_then(bad, likely=False):
            cells = (self.i64(kind), self.i64(len(self.sites)), value or self.i64(0))
            for position, cell in enumerate(cells):
                place = self.b.gep(self._fault, [self.i64(position)], source_etype=I64)
                self.b.store(cell, place)
            self.sites.append(Site(self._file, line, array))
            self.leave()

    def element(self, array: str, index: ir.Value, line: int) -> ir.Value:
        """Append the address of an array element, checked in checked mode."""
        if self.sites is not None:
            outside = self.b.icmp_unsigned(">=", index, self.lengths[array])
            self.trap_if(outside, INDEX, line, array=array, value=index)
        dtype = next(p.dtype for p in self.function.parameters if p.name == array)
        return self.b.gep(
            self.arrays[array], [index], inbounds=True, source_etype=self.elements[str(dtype)]
        )

    def alloca(self, kind: str, name: str = "") -> ir.Value:
        """Return a stack slot, made in the entry block."""
        with self.b.goto_entry_block():
            return self.b.alloca(KIND_TYPES[kind], name=name)

    def new_block(self, name: str) -> ir.Block:
        """Return a new block, not yet filled."""
        return self.target.append_basic_block(name)

    def i64(self, value: int) -> ir.Constant:
        """Return an int64 constant."""
        return ir.Constant(I64, value)

    def f64(self, value: float) -> ir.Constant:
        """Return a float64 constant."""
        return ir.Constant(F64, value)

    def bool(self, *, value: bool) -> ir.Constant:
        """Return a bool constant."""
        return ir.Constant(I1, int(value))

    def nan(self) -> ir.Constant:
        """Return NaN."""
        return self.f64(math.nan)

    def infinity(self) -> ir.Constant:
        """Return positive infinity."""
        return self.f64(math.inf)

    def overflow(self, name: str, a: ir.Value, b: ir.Value) -> ir.Value:
        """Append `sadd`, `ssub` or `smul` with overflow; the value is {result, overflowed}."""
        return getattr(self.b, f"{name}_with_overflow")(a, b)

    def llvm(self, name: str, kind: str, arguments: Sequence[ir.Value]) -> ir.Value:
        """Append a call of an LLVM intrinsic."""
        return self.b.call(self._external(name, kind, arguments), arguments)

    def c_call(self, name: str, arguments: Sequence[ir.Value]) -> ir.Value:
        """Append a call of a function of the C library, under its private name."""
        callee = self._external(C_PREFIX + name, "f64", arguments)
        callee.attributes.add("nounwind")
        callee.attributes.add("readnone")
        return self.b.call(callee, arguments)

    def _external(self, name: str, kind: str, arguments: Sequence[ir.Value]) -> ir.Function:
        known = self.module.globals.get(name)
        if known is not None:
            return known
        types = ir.FunctionType(KIND_TYPES[kind], [a.type for a in arguments])
        return ir.Function(self.module, types, name)
