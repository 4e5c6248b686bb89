"""The checker: from source text to a typed `Program`, or a refusal with file and line.

Types come from assignment: a local is int64, float64 or bool; an int local into which a float flows
is float64 everywhere. A local must be assigned on every way to a read (`flow.py`).
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from cep.errors import SourceText
from cep.kernel.check_expressions import ExpressionChecker, has_call, join
from cep.kernel.flow import check_flow
from cep.kernel.modules import LIBRARY, RESERVED, check_name, describe, fold, read_module
from cep.kernel.tree import (
    Assign,
    Break,
    Continue,
    Discard,
    For,
    Function,
    If,
    Kind,
    Program,
    Return,
    Stmt,
    Store,
    While,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cep.graph.kernel import KernelSpec
    from cep.kernel.modules import Library, Module, Signature
    from cep.kernel.tree import Expr


def check(spec: KernelSpec, library: Library = LIBRARY) -> Program:
    """Return the typed program of a kernel.

    Raises:
        CepError: CEP901 with file and line when the source is not in the kernel language, or when
            the parameters of the entry are not the arrays of the spec.
    """
    program = check_source(spec.source, spec.entry, library=library)
    given = tuple((p.name, p.dtype) for p in program.entry.parameters)
    wanted = tuple((a.name, a.dtype) for a in spec.arrays)
    if given != wanted:
        module = program_module(spec.source, spec.entry, library)
        node = module.functions[spec.entry]
        raise module.refusal(
            node, f"the arrays of the spec are {wanted}, the parameters are {given}"
        )
    return program


def program_module(source: str, entry: str, library: Library = LIBRARY) -> Module:
    """Return the definitions of a kernel's source."""
    return read_module("", SourceText(f"<kernel {entry}>", source), library)


def check_source(source: str, entry: str, *, library: Library = LIBRARY) -> Program:
    """Return the typed program whose entry is function `entry` of `source`: arrays in, an int out."""
    with library.lock:
        module = program_module(source, entry, library)
        if entry not in module.functions:
            raise module.refusal(
                ast.Pass(lineno=1, col_offset=0), f"there is no function {entry!r}"
            )
        signature = module.signatures[entry]
        node = module.functions[entry]
        if signature.result != "i64" or any(p.dtype is None for p in signature.parameters):
            raise module.refusal(node, "a kernel takes arrays only and returns an int")
        try:
            return ProgramChecker(library).program(module, [entry])
        except RecursionError:
            raise module.refusal(node, "expressions or branches are nested too deeply") from None


def check_library(name: str, *, library: Library = LIBRARY) -> Program:
    """Check every function of a kernellib module; the program has no entry."""
    with library.lock:
        nowhere = read_module("", SourceText("<kernellib>", ""), library)
        module = library.module(name, nowhere, ast.Pass(lineno=1, col_offset=0))
        return ProgramChecker(library).program(module, list(module.functions))


class ProgramChecker:
    """Checks a kernel and the functions it needs; functions of the library are kept in the library."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self._own: dict[str, Function] = {}
        self._open: list[str] = []

    def program(self, module: Module, names: Sequence[str]) -> Program:
        """Return functions of a module and all they call; the last name is the entry."""
        for name in names:
            self.function(module, name, module.functions[name])
        functions = self._ordered([module.key(n) for n in names])
        texts = {module.name: (module.text.name, module.text.text)}
        for function in functions:
            if function.module not in texts:
                path = str(self.library.path(function.module))
                texts[function.module] = (path, self.library.text(function.module))
        return Program(functions, texts)

    def _ordered(self, roots: Sequence[str]) -> tuple[Function, ...]:
        """Return the functions reachable from `roots`, callees before callers."""
        order: dict[str, Function] = {}

        def visit(key: str) -> None:
            if key not in order:
                function = self._checked(key)
                for called in function.calls:
                    visit(called)
                order[key] = function

        for root in roots:
            visit(root)
        return tuple(order.values())

    def _checked(self, key: str) -> Function:
        return self._own[key] if key in self._own else self.library.functions[key]

    def resolve(self, module: Module, node: ast.Call, name: str) -> tuple[str, Signature]:
        """Return key and signature of a called function, checking its body when it is new."""
        if name in module.functions:
            owner, original = module, name
        elif name in module.imported:
            source, original = module.imported[name]
            owner = self.library.module(source, module, node)
        else:
            raise module.refusal(node, f"there is no function {name!r}")
        self.function(owner, original, node if owner is module else owner.functions[original])
        return owner.key(original), owner.signatures[original]

    def function(self, module: Module, name: str, at: ast.AST) -> Function:
        """Check one function once; recursion is refused at `at`."""
        key = module.key(name)
        known = self._own if not module.name else self.library.functions
        if key not in known:
            if key in self._open:
                raise module.refusal(
                    at, f"{name!r} calls itself", "the kernel language has no recursion"
                )
            self._open.append(key)
            known[key] = FunctionChecker(module, name, self).check()
            self._open.pop()
        return known[key]


class FunctionChecker:
    """Checks the statements of one function."""

    def __init__(self, module: Module, name: str, program: ProgramChecker) -> None:
        self.module = module
        self.name = name
        self.node = module.functions[name]
        self.signature = module.signatures[name]
        self.typing = ExpressionChecker(module, program, self.signature)
        self._parameters = {p.name for p in self.signature.parameters}
        self._loops = 0
        self._promoted = False
        for name in self._parameters & set(self.module.constants):
            raise self.module.refusal(
                self.node, f"parameter {name!r} is also a constant of the module"
            )

    def check(self) -> Function:
        """Return the checked function.

        The body is read again when the kind of a local changed after a read of it: kinds only go
        from i64 to f64, so this ends.
        """
        while True:
            self._promoted = False
            body = self._block(self.node.body)
            if not self._promoted:
                return self._finish(body)

    def _finish(self, body: tuple[Stmt, ...]) -> Function:
        problem = check_flow(body, self._parameters, returns=self.signature.result != "none")
        if problem is not None:
            line, message = problem
            raise self.module.refusal(
                ast.Pass(lineno=line or self.node.lineno, col_offset=0), message
            )
        for name, call in self.typing.called.items():
            if name in self.typing.kinds or name in self.typing.arrays:
                raise self.module.refusal(call, f"{name!r} is also a local of this function")
        local_kinds = tuple(
            (n, k) for n, k in self.typing.kinds.items() if n not in self._parameters
        )
        return Function(
            self.module.key(self.name),
            self.module.name,
            self.signature.parameters,
            self.signature.result,
            local_kinds,
            body,
            tuple(self.typing.calls),
            self.node.lineno,
        )

    def _block(self, nodes: Sequence[ast.stmt]) -> tuple[Stmt, ...]:
        found: list[Stmt] = []
        for node in nodes:
            rule = _RULES.get(type(node))
            if rule is None:
                raise self.module.refusal(node, f"{describe(node)} is not in the kernel language")
            typed = rule(self, node)
            if typed is not None:
                found.append(typed)
        return tuple(found)

    def _assign(self, node: ast.Assign) -> Stmt:
        if len(node.targets) != 1:
            raise self.module.refusal(node, "one target per assignment")
        value = self.typing.expression(node.value)
        return self._assign_to(node, node.targets[0], value)

    def _assign_to(self, node: ast.stmt, target: ast.expr, value: Expr) -> Stmt:
        if isinstance(target, ast.Name):
            return self._assign_local(node, target.id, value)
        if isinstance(target, ast.Subscript):
            place = self.typing.element(target)
            stored = self.typing.as_kind(node, value, place.kind)
            return Store(place.array, place.dtype, place.index, stored, node.lineno)
        raise self.module.refusal(node, "only locals and array elements can be assigned to")

    def _assign_local(self, node: ast.stmt, name: str, value: Expr) -> Stmt:
        kind = self._local(node, name, value.kind)
        return Assign(name, self.typing.as_kind(node, value, kind), node.lineno)

    def _local(self, node: ast.stmt, name: str, kind: Kind) -> Kind:
        """Note that a value of `kind` flows into a local; return the local's kind."""
        if name in self.typing.arrays:
            raise self.module.refusal(node, f"array {name!r} cannot be assigned to")
        if name in self.module.constants:
            raise self.module.refusal(node, f"{name!r} is already a constant of the module")
        if name not in self.typing.kinds:
            check_name(self.module, node, name)
            self.typing.kinds[name] = kind
            return kind
        joined = join(self.typing.kinds[name], kind)
        if joined is None:
            raise self.module.refusal(
                node, f"{name!r} holds a bool in one place and a number in another"
            )
        if joined != self.typing.kinds[name] and name in self._parameters:
            raise self.module.refusal(node, f"parameter {name!r} is an int, this is a float")
        self._promoted |= joined != self.typing.kinds[name]
        self.typing.kinds[name] = joined
        return joined

    def _augmented(self, node: ast.AugAssign) -> Stmt:
        current: Expr
        if isinstance(node.target, ast.Subscript):
            current = self.typing.element(node.target)
            if has_call(current):
                raise self.module.refusal(
                    node, "the index of an augmented assignment calls a function"
                )
        else:
            current = self.typing.number(node.target)
        value = self.typing.number(node.value)
        changed = self.typing.arithmetic(node, node.op, current, value)
        return self._assign_to(node, node.target, changed)

    def _if(self, node: ast.If) -> Stmt:
        condition = self.typing.condition(node.test)
        return If(condition, self._block(node.body), self._block(node.orelse), node.lineno)

    def _loop_body(self, node: ast.While | ast.For) -> tuple[Stmt, ...]:
        if node.orelse:
            raise self.module.refusal(node, "a loop has no else")
        self._loops += 1
        body = self._block(node.body)
        self._loops -= 1
        return body

    def _while(self, node: ast.While) -> Stmt:
        return While(self.typing.condition(node.test), self._loop_body(node), node.lineno)

    def _for(self, node: ast.For) -> Stmt:
        match node:
            case ast.For(
                target=ast.Name(id=name),
                iter=ast.Call(func=ast.Name(id="range"), args=[_, *_] as bounds, keywords=[]),
            ) if len(bounds) <= 3:
                start, stop, step = self._range(node, bounds)
            case _:
                raise self.module.refusal(
                    node, "only 'for name in range(...)' is in the kernel language"
                )
        kind = self._local(node, name, "i64")
        body = self._loop_body(node)
        return For(name, "f64" if kind == "f64" else "i64", start, stop, step, body, node.lineno)

    def _range(self, node: ast.For, bounds: Sequence[ast.expr]) -> tuple[Expr, Expr, int]:
        step = fold(self.module, bounds[2]) if len(bounds) == 3 else 1
        if not isinstance(step, int) or step == 0 or abs(step) >= 2**62:
            raise self.module.refusal(
                node, "the step of range must be a constant integer other than 0"
            )
        typed = [self.typing.integer(b) for b in bounds[:2]]
        if len(typed) == 1:
            return self.typing.integer(ast.Constant(0)), typed[0], step
        return typed[0], typed[1], step

    def _jump(self, node: ast.Break | ast.Continue) -> Stmt:
        if not self._loops:
            raise self.module.refusal(node, "not in a loop")
        return Break(node.lineno) if isinstance(node, ast.Break) else Continue(node.lineno)

    def _return(self, node: ast.Return) -> Stmt:
        result = self.signature.result
        if (node.value is None) != (result == "none"):
            raise self.module.refusal(node, f"the result is annotated as {result}")
        if node.value is None or result == "none":
            return Return(None, node.lineno)
        value = self.typing.expression(node.value)
        return Return(self.typing.as_kind(node, value, result), node.lineno)

    def _expression_statement(self, node: ast.Expr) -> Stmt | None:
        match node.value:
            case ast.Constant(value=str()):
                return None
            case ast.Call(func=ast.Name(id=name)) as call if name not in RESERVED:
                key, arguments, _ = self.typing.call_function(call, name)
                return Discard(key, arguments, node.lineno)
            case _:
                raise self.module.refusal(node, "this statement has no effect")

    def _nothing(self, node: ast.Pass) -> None:
        del node


_RULES: dict[type[ast.stmt], Callable[..., Stmt | None]] = {
    ast.Assign: FunctionChecker._assign,  # noqa: SLF001 - the table of this class
    ast.AugAssign: FunctionChecker._augmented,  # noqa: SLF001
    ast.If: FunctionChecker._if,  # noqa: SLF001
    ast.While: FunctionChecker._while,  # noqa: SLF001
    ast.For: FunctionChecker._for,  # noqa: SLF001
    ast.Break: FunctionChecker._jump,  # noqa: SLF001
    ast.Continue: FunctionChecker._jump,  # noqa: SLF001
    ast.Return: FunctionChecker._return,  # noqa: SLF001
    ast.Expr: FunctionChecker._expression_statement,  # noqa: SLF001
    ast.Pass: FunctionChecker._nothing,  # noqa: SLF001
}
