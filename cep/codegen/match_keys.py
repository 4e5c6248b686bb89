"""Part of the kernel of a MATCH: from the partition key of an event to the slot of its runs.

One STRING key is looked up in a map by string code, other and several keys in a hash index, and without
PARTITION BY there is slot 0 only. A slot is taken with the first run of a key and given back with its
last one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.codegen.conditions import null_test
from cep.codegen.scope import Value
from cep.types import Type

if TYPE_CHECKING:
    from cep.codegen.layout import Layout
    from cep.codegen.writer import Writer
    from cep.plan.nodes import Match


class Keys:
    """The key columns of a MATCH and their slots; writes lookups into the kernel.

    Locals of the kernel: `key0 key1 ..` (the words of the key), `slot` (-1: the key has no runs).
    """

    def __init__(self, node: Match, layout: Layout) -> None:
        self.node = node
        self.layout = layout
        self.types = tuple(self._type(columns) for columns in node.partition)
        self.by_code = self.types == (Type.STRING,) and not node.group_null_keys
        self.width = len(self.types)
        layout.pool("keys", 64)
        self.at = int(layout.register("key_free", -1)[4:-1])
        layout.register("keys_used")
        layout.register("keys_live")
        if not self.types:
            return
        self.chain = layout.state("key_chain", "i32", "keys", fill=-1)
        self.words = layout.state("key_words", "i64", "keys", width=self.width)
        if self.by_code:
            self.map = layout.by_code("slot_of_code")
        else:
            layout.pool("index", 256, rehash=True)
            self.index = layout.state("key_index", "i32", "index", fill=-1)
            self.indexed = layout.register("index_cells")

    def _type(self, columns: tuple[str, ...]) -> Type:
        column = self.node.inputs[0].schema.find(columns[0])
        if column is None:
            msg = f"the partition column {columns[0]} is not in the schema"
            raise AssertionError(msg)
        return column.type

    def value(self, number: int) -> Value:
        """Return the value of key column `number` of the key in `slot`."""
        kind = self.types[number]
        text = (
            f"{self.words}[slot * {self.width} + {number}]"
            if self.width > 1
            else (f"{self.words}[slot]")
        )
        if kind is Type.DOUBLE:
            text = f"f64_of_bits({text})"
        return Value(text, kind)

    def enter(self, writer: Writer) -> None:
        """Write what is done at the start of a call: rebuild the index after it has grown."""
        if not self.types or self.by_code:
            return
        rebuild = self.layout.use("hash_index", "rebuild_index")
        capacity = self.layout.capacity("index")
        with writer.block(f"if {self.indexed} != {capacity}:"):
            writer.line(
                f"{rebuild}({self.index}, {capacity}, {self.words}, {self.width}, {self.chain}, "
                f"reg[{self.at + 1}])"
            )
            writer.line(f"{self.indexed} = {capacity}")

    def load(self, writer: Writer, source: int, row: str) -> None:
        """Write `key0 = ..` for a row of input `source`, and `in_partition = 0` if one is NULL."""
        for number, columns in enumerate(self.node.partition):
            name = columns[source]
            kind = self.types[number]
            column = self.node.inputs[source].schema.find(name)
            cell = f"{self.layout.column(source, name, kind)}[{row}]"
            if kind is Type.DOUBLE:
                writer.line(f"key{number} = bits_of_f64({cell} + 0.0)")
            else:
                writer.line(f"key{number} = {cell}")
            if self.node.group_null_keys or (column is not None and column.not_null):
                continue
            test = null_test(Value(cell if kind is Type.DOUBLE else f"key{number}", kind))
            with writer.block(f"if {test}:"):
                writer.line("in_partition = 0")

    def may_be_null(self) -> bool:
        """Return whether some event may be in no partition."""
        if self.node.group_null_keys:
            return False
        columns = (
            scan.schema.find(names[source])
            for names in self.node.partition
            for source, scan in enumerate(self.node.inputs)
        )
        return any(column is not None and not column.not_null for column in columns)

    def find(self, writer: Writer) -> None:
        """Write `slot = ..`; a hash index needs a free slot to look with, so the pool may be full."""
        if not self.types:
            writer.line("slot = 0")
        elif self.by_code:
            writer.line(f"slot = {self.map}[key0]")
        else:
            free = self.layout.use("slots", "next_slot")
            find = self.layout.use("hash_index", "find_key")
            writer.line(f"probe = {free}(reg, {self.at})")
            with writer.block(f"if probe >= {self.layout.capacity('keys')}:"):
                writer.line(f"reason = {self.layout.full('keys')}")
                writer.line("break")
            self._write_words(writer, "probe")
            capacity = self.layout.capacity("index")
            writer.line(
                f"slot = {find}({self.index}, {capacity}, {self.words}, {self.width}, probe)"
            )

    def _write_words(self, writer: Writer, slot: str) -> None:
        for number in range(self.width):
            at = f"{slot} * {self.width} + {number}" if self.width > 1 else slot
            writer.line(f"{self.words}[{at}] = key{number}")

    def check_room(self, writer: Writer) -> None:
        """Write the test that a new key has room; leaves the row loop with `reason` if not."""
        if not self.types:
            return
        if self.by_code:
            free = self.layout.use("slots", "next_slot")
            with writer.block(f"if {free}(reg, {self.at}) >= {self.layout.capacity('keys')}:"):
                writer.lines(f"reason = {self.layout.full('keys')}", "break")
        else:
            capacity = self.layout.capacity("index")
            with writer.block(f"if 2 * (reg[{self.at + 2}] + 1) > {capacity}:"):
                writer.lines(f"reason = {self.layout.full('index')}", "break")

    def add(self, writer: Writer) -> None:
        """Write the taking of a slot for a key that has none."""
        if not self.types:
            return
        take = self.layout.use("slots", "take_slot")
        writer.line(f"slot = {take}(reg, {self.at}, {self.chain})")
        self._write_words(writer, "slot")
        if self.by_code:
            writer.line(f"{self.map}[key0] = slot")
        else:
            add = self.layout.use("hash_index", "add_key")
            capacity = self.layout.capacity("index")
            writer.line(f"{add}({self.index}, {capacity}, {self.words}, {self.width}, slot)")

    def release(self, writer: Writer) -> None:
        """Write the giving back of `slot`, whose runs are all gone."""
        if not self.types:
            return
        if self.by_code:
            writer.line(f"{self.map}[{self.words}[slot]] = -1")
        else:
            remove = self.layout.use("hash_index", "remove_key")
            capacity = self.layout.capacity("index")
            writer.line(f"{remove}({self.index}, {capacity}, {self.words}, {self.width}, slot)")
        free = self.layout.use("slots", "free_slot")
        writer.line(f"{free}(reg, {self.at}, {self.chain}, slot)")
