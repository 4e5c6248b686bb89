"""Part of the kernels of windows and frames: from the key of a row to the slot of its group.

Keys are expressions of any type; NULL is a key like any other (as in SQL's GROUP BY). One STRING column is
looked up in a map by string code, other and several keys in a hash index; without keys there is slot 0 only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.codegen import forms
from cep.codegen.scope import Value
from cep.plan.expressions import Column
from cep.types import Type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cep.codegen.layout import Layout
    from cep.codegen.scope import Scope
    from cep.codegen.writer import Writer
    from cep.plan.expressions import Expr


class GroupKeys:
    """The keys of a window or frame; writes lookups into a kernel. `prefix` keeps two of them apart.

    Locals of the kernel: `{prefix}slot`, `{prefix}key0 ..` (the words of the key).
    """

    def __init__(
        self, keys: Sequence[Expr], layout: Layout, prefix: str = "", live: str = "keys_live"
    ) -> None:
        self.keys = tuple(keys)
        self.layout = layout
        self.prefix = prefix
        self.width = len(self.keys)
        self.pool = f"{prefix}keys"
        self.slot = f"{prefix}slot"
        layout.pool(self.pool, 64 if keys else 1)
        self.words = f"{prefix}key_words"
        self.chain = f"{prefix}key_chain"
        if not keys:
            return
        self.at = int(layout.register(f"{prefix}key_free", -1)[4:-1])
        self.used = layout.register(f"{prefix}keys_used")
        layout.register(live)
        layout.state(self.chain, "i32", self.pool, fill=-1)
        layout.state(self.words, "i64", self.pool, width=self.width)
        self.by_code = self.width == 1 and _is_string_column(keys[0])
        if self.by_code:
            self.map = layout.by_code(f"{prefix}slot_of_code")
            self.of_null = layout.register(f"{prefix}slot_of_null", -1)
        else:
            self.index_pool = f"{prefix}index"
            layout.pool(self.index_pool, 256, rehash=True)
            self.index = layout.state(f"{prefix}key_index", "i32", self.index_pool, fill=-1)
            self.indexed = layout.register(f"{prefix}index_cells", 256)

    @property
    def n_slots(self) -> str:
        """The kernel text of the number of slots ever in use."""
        return self.used if self.keys else "1"

    @property
    def capacity(self) -> str:
        """The kernel text of the capacity of the pool of keys."""
        return self.layout.capacity(self.pool)

    def value(self, number: int, slot: str) -> Value:
        """Return the value of key `number` of the group in a slot."""
        kind = self.keys[number].type
        text = f"{self.words}[{_place(slot, self.width, number)}]"
        if kind is Type.DOUBLE:
            text = f"f64_of_bits({text})"
        return Value(text, kind)

    def enter(self, writer: Writer) -> None:
        """Write what is done at the start of a call: rebuild the index after it has grown."""
        if not self.keys or self.by_code:
            return
        rebuild = self.layout.use("hash_index", "rebuild_index")
        capacity = self.layout.capacity(self.index_pool)
        with writer.block(f"if {self.indexed} != {capacity}:"):
            writer.line(
                f"{rebuild}({self.index}, {capacity}, {self.words}, {self.width}, {self.chain}, "
                f"{self.used})"
            )
            writer.line(f"{self.indexed} = {capacity}")

    def find(self, scope: Scope) -> None:
        """Write `slot = ..`, -1 if the group has none; leaves the row loop if there is no room to look."""
        writer = scope.writer
        if not self.keys:
            writer.line(f"{self.slot} = 0")
        elif self.by_code:
            key = forms.value(self.keys[0], scope)
            writer.line(f"{self.prefix}key0 = {key.text}")
            if key.nullable:
                writer.line(f"{self.slot} = {self.of_null}")
                with writer.block(f"if {self.prefix}key0 >= 0:"):
                    writer.line(f"{self.slot} = {self.map}[{self.prefix}key0]")
            else:
                writer.line(f"{self.slot} = {self.map}[{self.prefix}key0]")
        else:
            self._find_by_hash(scope)

    def _find_by_hash(self, scope: Scope) -> None:
        writer = scope.writer
        for number, key in enumerate(self.keys):
            text = forms.settled(key, scope).text
            if key.type is Type.DOUBLE:
                text = f"bits_of_f64({text} + 0.0)"  # minus zero is zero
            writer.line(f"{self.prefix}key{number} = {text}")
        free = self.layout.use("slots", "next_slot")
        find = self.layout.use("hash_index", "find_key")
        writer.line(f"probe = {free}(reg, {self.at})")
        self._full(writer, f"probe >= {self.capacity}", self.pool)
        self._write_words(writer, "probe")
        capacity = self.layout.capacity(self.index_pool)
        writer.line(
            f"{self.slot} = {find}({self.index}, {capacity}, {self.words}, {self.width}, probe)"
        )

    def _full(self, writer: Writer, test: str, pool: str) -> None:
        with writer.block(f"if {test}:"):
            writer.lines(f"reason = {self.layout.full(pool)}", "break")

    def _write_words(self, writer: Writer, slot: str) -> None:
        for number in range(self.width):
            writer.line(
                f"{self.words}[{_place(slot, self.width, number)}] = {self.prefix}key{number}"
            )

    def check_room(self, writer: Writer) -> None:
        """Write, for a group without a slot, the test that there is one; leaves the row loop if not."""
        if self.by_code:
            free = self.layout.use("slots", "next_slot")
            self._full(writer, f"{free}(reg, {self.at}) >= {self.capacity}", self.pool)
        else:
            capacity = self.layout.capacity(self.index_pool)
            live = f"reg[{self.at + 2}]"
            self._full(writer, f"2 * ({live} + 1) > {capacity}", self.index_pool)

    def take(self, writer: Writer) -> None:
        """Write the taking of a slot for a group that has none; there is room."""
        take = self.layout.use("slots", "take_slot")
        writer.line(f"{self.slot} = {take}(reg, {self.at}, {self.chain})")
        self._write_words(writer, self.slot)
        if self.by_code:
            with writer.block(f"if {self.prefix}key0 >= 0:"):
                writer.line(f"{self.map}[{self.prefix}key0] = {self.slot}")
            with writer.block("else:"):
                writer.line(f"{self.of_null} = {self.slot}")
        else:
            add = self.layout.use("hash_index", "add_key")
            capacity = self.layout.capacity(self.index_pool)
            writer.line(f"{add}({self.index}, {capacity}, {self.words}, {self.width}, {self.slot})")

    def release(self, writer: Writer, slot: str) -> None:
        """Write the giving back of a slot."""
        if self.by_code:
            with writer.block(f"if {self.words}[{slot}] >= 0:"):
                writer.line(f"{self.map}[{self.words}[{slot}]] = -1")
            with writer.block("else:"):
                writer.line(f"{self.of_null} = -1")
        else:
            remove = self.layout.use("hash_index", "remove_key")
            capacity = self.layout.capacity(self.index_pool)
            writer.line(f"{remove}({self.index}, {capacity}, {self.words}, {self.width}, {slot})")
        free = self.layout.use("slots", "free_slot")
        writer.line(f"{free}(reg, {self.at}, {self.chain}, {slot})")


def _is_string_column(key: Expr) -> bool:
    return isinstance(key, Column) and key.type is Type.STRING


def _place(slot: str, width: int, number: int) -> str:
    return slot if width == 1 else f"{slot} * {width} + {number}"
