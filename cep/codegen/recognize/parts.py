"""What the parts of the kernel of a MATCH_RECOGNIZE share: names of arrays, the program, split conditions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cep.pattern.gates import reads_bindings
from cep.plan.tree import conjuncts

if TYPE_CHECKING:
    from cep.codegen.keys import KeySlots
    from cep.codegen.layout import Layout
    from cep.codegen.recognize.cells import Cells
    from cep.codegen.recognize.rows import RowBuffer
    from cep.codegen.recognize.scope import RecognizeScope
    from cep.codegen.writer import Writer
    from cep.pattern.recognize.program import Program
    from cep.plan.expressions import Expr
    from cep.plan.recognition import Recognize
    from cep.types import Type

THREADS = "threads"
NODES = "nodes"
TRIED_BITS = 32  # marks a word of `row_tried`


@dataclass(frozen=True, slots=True)
class RowCondition:
    """The condition of a variable: parts about the row alone, and parts that read rows bound before."""

    number: int
    name: str
    alone: tuple[Expr, ...]
    bound: tuple[Expr, ...]


def conditions_of(node: Recognize) -> tuple[RowCondition, ...]:
    """Return the conditions of all variables, split, by number."""
    found = []
    for number, variable in enumerate(node.variables):
        parts = conjuncts(variable.condition)
        alone = tuple(p for p in parts if not reads_bindings(p))
        bound = tuple(p for p in parts if reads_bindings(p))
        found.append(RowCondition(number, variable.name, alone, bound))
    return tuple(found)


def key_types(node: Recognize) -> list[Type]:
    """Return the types of the columns of PARTITION BY."""
    schema = node.inputs[0].schema
    return [column.type for n in node.partition if (column := schema.find(n)) is not None]


@dataclass(slots=True)
class KernelParts:
    """What the writers of either kernel work with; measures: the cells of the match that is being written."""

    node: Recognize
    program: Program
    layout: Layout
    writer: Writer
    keys: KeySlots
    scope: RecognizeScope
    measures: Cells
    conditions: tuple[RowCondition, ...]

    @property
    def keeps_keys(self) -> bool:
        """Whether a key is remembered when it has no rows: for PREV, `^`, MATCH_NUMBER()."""
        numbered = any(getattr(m.value, "what", "") == "match_number" for m in self.node.measures)
        behind = any(shift.offset > 0 for shift in self.node.shifted)
        return behind or self.program.anchored or numbered

    def call(self, module: str, function: str, *args: str | int) -> str:
        """Return the text of a call of a kernellib function."""
        return f"{self.layout.use(module, function)}({', '.join(str(a) for a in args)})"


@dataclass(slots=True)
class Parts(KernelParts):
    """Everything the writers of the kernel that keeps rows and threads work with.

    threads: cells of threads (what conditions read of the rows bound so far). marks: whether (row, state) pairs that
    led to no match are marked. free_threads, free_nodes: registers of the free lists.
    """

    rows: RowBuffer
    threads: Cells
    marks: bool = True
    free_threads: int = 0
    free_nodes: int = 0

    @property
    def captures(self) -> bool:
        """Whether some condition reads rows bound before; else equal (row, state) pairs are equal threads."""
        return any(condition.bound for condition in self.conditions)

    @property
    def timed(self) -> bool:
        """Whether time ends starts: WITHIN or GAP."""
        return self.node.within_us is not None or self.node.gap_us is not None

    @property
    def limited(self) -> bool:
        """Whether something but rows that do not fit ends starts: WITHIN (a time or a number of rows) or GAP."""
        return self.timed or self.node.within_events is not None

    @property
    def tried_words(self) -> int:
        """Words of marks a row."""
        return -(-len(self.program.states) // TRIED_BITS)

    @property
    def most_moves(self) -> int:
        """Largest number of states that may follow one state."""
        return max(len(state.follow) for state in self.program.states)

    def add_one(self, name: str) -> None:
        """Write the counting of one in a register."""
        cell = self.layout.register(name)
        self.writer.line(f"{cell} = {cell} + 1")

    def take_one(self, name: str) -> None:
        """Write the counting down by one in a register."""
        cell = self.layout.register(name)
        self.writer.line(f"{cell} = {cell} - 1")

    def take(self, pool: str, at: int) -> str:
        """Return the text that takes a free thread or node."""
        return self.call("slots", "take_slot", "reg", at, f"{pool}_chain")

    def release_path(self, node: str) -> str:
        """Return the text that gives up a hold on a path."""
        return self.call(
            "row_paths",
            "release_path",
            "reg",
            self.free_nodes,
            f"{NODES}_chain",
            "node_parent",
            "node_refs",
            node,
        )

    def drop_thread(self, thread: str) -> None:
        """Write the end of a thread: its hold on its path, and its slot."""
        self.writer.lines(
            self.release_path(f"thread_node[{thread}]"),
            self.call("slots", "free_slot", "reg", self.free_threads, f"{THREADS}_chain", thread),
        )
