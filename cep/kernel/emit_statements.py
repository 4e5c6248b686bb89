"""LLVM instructions for each kind of statement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cep.kernel.faults import NARROW
from cep.kernel.tree import (
    Assign,
    Break,
    Continue,
    Discard,
    For,
    If,
    Return,
    Store,
    While,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from cep.kernel.emit_llvm import Emitter

_RANGES = {"i32": (-(2**31), 2**31 - 1), "i8": (-128, 127), "u8": (0, 255)}


def _assign(e: Emitter, statement: Assign) -> None:
    e.b.store(e.value(statement.value), e.locals[statement.name])


def _store(e: Emitter, statement: Store) -> None:
    value, index = e.value(statement.value), e.value(statement.index)
    place = e.element(statement.array, index, statement.line)
    if statement.dtype in _RANGES:
        if e.sites is not None:
            low, high = _RANGES[statement.dtype]
            below = e.b.icmp_signed("<", value, e.i64(low))
            outside = e.b.or_(below, e.b.icmp_signed(">", value, e.i64(high)))
            e.trap_if(outside, NARROW, statement.line, array=statement.array, value=value)
        value = e.b.trunc(value, e.elements[statement.dtype])
    e.b.store(value, place)


def _close(e: Emitter, following: Any) -> None:
    """End the current block with a jump, unless it already ends in one."""
    if not e.b.block.is_terminated:
        e.b.branch(following)


def _if(e: Emitter, statement: If) -> None:
    yes = e.new_block("then")
    no = e.new_block("else") if statement.orelse else None
    after = e.new_block("after")
    e.branch(statement.condition, yes, no or after)
    e.b.position_at_end(yes)
    e.block(statement.body)
    _close(e, after)
    if no is not None:
        e.b.position_at_end(no)
        e.block(statement.orelse)
        _close(e, after)
    e.b.position_at_end(after)


def _loop_body(e: Emitter, body: Any, again: Any, after: Any) -> None:
    e.loops.append((again, after))
    e.block(body)
    e.loops.pop()
    _close(e, again)


def _while(e: Emitter, statement: While) -> None:
    head, body, after = e.new_block("while"), e.new_block("body"), e.new_block("done")
    e.b.branch(head)
    e.b.position_at_end(head)
    e.branch(statement.condition, body, after)
    e.b.position_at_end(body)
    _loop_body(e, statement.body, head, after)
    e.b.position_at_end(after)


def _for(e: Emitter, statement: For) -> None:
    counter = e.alloca("i64", f"{statement.name}.count")
    start, stop = e.value(statement.start), e.value(statement.stop)
    e.b.store(start, counter)
    head, body, again, after = (e.new_block(n) for n in ("for", "body", "again", "done"))
    e.b.branch(head)
    e.b.position_at_end(head)
    current = e.b.load(counter, typ=e.types["i64"])
    e.b.cbranch(e.b.icmp_signed("<" if statement.step > 0 else ">", current, stop), body, after)
    e.b.position_at_end(body)
    shown = e.b.sitofp(current, e.types["f64"]) if statement.kind == "f64" else current
    e.b.store(shown, e.locals[statement.name])
    _loop_body(e, statement.body, again, after)
    e.b.position_at_end(again)
    _advance(e, counter, statement.step, head, after)
    e.b.position_at_end(after)


def _advance(e: Emitter, counter: Any, step: int, head: Any, after: Any) -> None:
    """Add the step; a step beyond int64 ends the loop (steps of one cannot go beyond)."""
    current = e.b.load(counter, typ=e.types["i64"])
    if abs(step) == 1:
        e.b.store(e.b.add(current, e.i64(step)), counter)
        e.b.branch(head)
        return
    pair = e.overflow("sadd", current, e.i64(step))
    e.b.store(e.b.extract_value(pair, 0), counter)
    e.b.cbranch(e.b.extract_value(pair, 1), after, head)


def _break(e: Emitter, statement: Break) -> None:
    del statement
    e.b.branch(e.loops[-1][1])


def _continue(e: Emitter, statement: Continue) -> None:
    del statement
    e.b.branch(e.loops[-1][0])


def _return(e: Emitter, statement: Return) -> None:
    if statement.value is None:
        e.b.ret_void()
    else:
        e.b.ret(e.value(statement.value))


def _discard(e: Emitter, statement: Discard) -> None:
    e.call(statement)


STATEMENTS: dict[type[Any], Callable[..., None]] = {
    Assign: _assign,
    Store: _store,
    If: _if,
    While: _while,
    For: _for,
    Break: _break,
    Continue: _continue,
    Return: _return,
    Discard: _discard,
}
