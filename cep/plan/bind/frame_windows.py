"""Windows of GROUP BY that give a row with a row: SLIDE and COUNT_WINDOW with another `every`, run as frames.

A view that groups without a window is one whose frames are all rows so far. `GROUP BY k, SLIDE(1m)` is OVER (PARTITION BY k RANGE 1m PRECEDING); `COUNT_WINDOW(100, every => 10)` is
OVER (PARTITION BY k ROWS 99 PRECEDING) for every tenth row of the group.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from cep.plan.bind.names import fresh
from cep.plan.expressions import Aggregate, Call, Column, Expr, Meta
from cep.plan.expressions import Literal as Constant
from cep.plan.nodes import Filter, Frame, Item, Node, Over, Project
from cep.schema import ColumnSpec, Schema
from cep.types import Type

if TYPE_CHECKING:
    from collections.abc import Mapping

_NOW = Meta("time", Type.TIMESTAMP)


@dataclass(frozen=True, slots=True)
class FrameWindow:
    """kind slide: the rows `amount` us back; count: the last `amount` rows, at every `every`-th row; all: all rows."""

    kind: Literal["slide", "count", "all"]
    amount: int
    every: int = 1


def framed_rows(
    below: Node,
    keys: tuple[Item, ...],
    window: FrameWindow,
    aggregates: Mapping[str, Aggregate],
    schema: Schema,
    *,
    ttl_us: int | None = None,
) -> Node:
    """Return the plan of a group whose windows are frames; its columns are those of `schema`.

    ttl_us: how long after its last row a group without a window is forgotten.
    """
    partition = tuple(key.value for key in keys)
    amount = None if window.kind == "all" else window.amount
    frames = [Frame(partition, "range", amount, ttl_us)]
    wanted = [(name, aggregate, 0) for name, aggregate in aggregates.items()]
    one = (Constant(1, Type.INT),)
    if window.kind == "count":
        frames = [Frame(partition, "rows", window.amount - 1), Frame(partition, "range", None)]
        wanted.append(("window_start", Aggregate("first_time", one, Type.TIMESTAMP), 0))
        wanted.append(("count", Aggregate("count", one, Type.INT), 1))
    taken = [column.name for column in below.schema.columns]
    names: dict[str, str] = {}
    for name, _, _ in wanted:
        names[name] = fresh(name, taken)
        taken.append(names[name])
    added = tuple(ColumnSpec(names[name], aggregate.type) for name, aggregate, _ in wanted)
    top: Node = Over(
        below,
        tuple(frames),
        tuple((names[name], aggregate, frame) for name, aggregate, frame in wanted),
        Schema((*below.schema.columns, *added)),
    )
    if window.kind == "count":
        seen = Column(0, names["count"], Type.INT)
        left = Call("mod", (seen, Constant(window.every, Type.INT)), Type.INT)
        test = Call("eq", (left, Constant(0, Type.INT)), Type.BOOLEAN)
        top = Filter(top, test, top.schema)
        start: Expr = Column(0, names["window_start"], Type.TIMESTAMP)
    else:
        start = Call("sub", (_NOW, Constant(window.amount, Type.DURATION)), Type.TIMESTAMP)
    items = [*keys]
    if window.kind != "all":
        items += [Item("window_start", start), Item("window_end", _NOW)]
    items += [Item(name, Column(0, names[name], a.type)) for name, a in aggregates.items()]
    return Project(top, tuple(items), schema)
