"""Part of a kernel: from the values of a key to the dense slot of its state.

One STRING key is looked up in a map by string code, anything else in a hash index over int64 words; without
keys there is one slot. Slots are recycled: state follows the keys that have some.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.codegen.conditions import all_of, null_test
from cep.codegen.forms import atom
from cep.codegen.scope import Value
from cep.types import Type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cep.codegen.layout import Layout
    from cep.codegen.scope import Scope
    from cep.codegen.writer import Writer


class KeySlots:
    """Writes the lookup, taking and giving back of key slots; NULL is a key like any other.

    Arrays: `key_words` (i64, pool "keys", the key's values in order), `key_chain`, and `key_slot` by code or
    `key_index`. Registers: `keys_free`, `keys_used` and the one named by `live`. Kernel code between `find`
    and `add` must not touch the locals `key0 ..`. A test for room leaves the loop around it
    with `status = 1 + pool` and `break`.
    """

    def __init__(
        self, layout: Layout, types: Sequence[Type], *, initial: int = 64, live: str = "keys_live"
    ) -> None:
        self.layout = layout
        self.types = tuple(types)
        self.width = max(1, len(self.types))
        self.by_code = self.types in ((), (Type.STRING,))
        layout.pool("keys", initial)
        self.at = layout.register_number("keys_free", -1)
        layout.register("keys_used")
        layout.register(live)
        self.chain = layout.state("key_chain", "i32", "keys", fill=-1)
        self.words = layout.state("key_words", "i64", "keys", width=self.width)
        if self.by_code:
            self.null_slot = layout.register("null_key_slot", -1)
            self.map = layout.by_code("key_slot") if self.types else ""
        else:
            layout.pool("index", 4 * initial, rehash=True)
            self.index = layout.state("key_index", "i32", "index", fill=-1)
            self.indexed = layout.register("index_cells")

    def enter(self, writer: Writer) -> None:
        """Write what is done at the start of a call: rebuild the index after it has grown."""
        if self.by_code:
            return
        rebuild = self.layout.use("hash_index", "rebuild_index")
        capacity = self.layout.capacity("index")
        with writer.block(f"if {self.indexed} != {capacity}:"):
            writer.line(
                f"{rebuild}({self.index}, {capacity}, {self.words}, {self.width}, {self.chain}, "
                f"reg[{self.at + 1}])"
            )
            writer.line(f"{self.indexed} = {capacity}")

    def load(self, scope: Scope, values: Sequence[Value]) -> str:
        """Write `key0 = ..` for the values of a key and return a condition: one of them is NULL."""
        nulls = []
        for number, given in enumerate(values):
            simple = atom(given, scope) if given.type is Type.DOUBLE else given
            text = simple.text
            if given.type is Type.DOUBLE:
                text = f"bits_of_f64({text} + 0.0)"  # -0.0 is the key 0.0
                nulls.append(null_test(simple))
            else:
                nulls.append(null_test(Value(f"key{number}", given.type, given.nullable)))
            scope.writer.line(f"key{number} = {text}")
        return " or ".join(n for n in nulls if n != "1 == 0")

    def find(self, writer: Writer, slot: str = "slot") -> None:
        """Write `slot = ..`, -1 if the loaded key has none. It tests for room: a lookup needs a free slot."""
        if not self.types:
            writer.line(f"{slot} = {self.null_slot}")
        elif self.by_code:
            writer.line(f"{slot} = {self.map}[key0] if key0 >= 0 else {self.null_slot}")
        else:
            free = self.layout.use("slots", "next_slot")
            find = self.layout.use("hash_index", "find_key")
            capacity = self.layout.capacity("index")
            writer.line(f"probe = {free}(reg, {self.at})")
            self._leave(writer, f"probe >= {self.layout.capacity('keys')}", "keys")
            self._write_words(writer, "probe")
            writer.line(
                f"{slot} = {find}({self.index}, {capacity}, {self.words}, {self.width}, probe)"
            )

    def room(self, writer: Writer) -> None:
        """Write the test that a new key has room."""
        if self.by_code:
            free = self.layout.use("slots", "next_slot")
            capacity = self.layout.capacity("keys")
            self._leave(writer, f"{free}(reg, {self.at}) >= {capacity}", "keys")
        else:
            capacity = self.layout.capacity("index")
            self._leave(writer, f"2 * (reg[{self.at + 2}] + 1) > {capacity}", "index")

    def add(self, writer: Writer, slot: str = "slot") -> None:
        """Write the taking of a slot for the loaded key, which has none; `room` was tested before."""
        take = self.layout.use("slots", "take_slot")
        writer.line(f"{slot} = {take}(reg, {self.at}, {self.chain})")
        if not self.types:
            writer.line(f"{self.null_slot} = {slot}")
            return
        self._write_words(writer, slot)
        if self.by_code:
            with writer.block("if key0 >= 0:"):
                writer.line(f"{self.map}[key0] = {slot}")
            with writer.block("else:"):
                writer.line(f"{self.null_slot} = {slot}")
        else:
            add = self.layout.use("hash_index", "add_key")
            capacity = self.layout.capacity("index")
            writer.line(f"{add}({self.index}, {capacity}, {self.words}, {self.width}, {slot})")

    def release(self, writer: Writer, slot: str = "slot") -> None:
        """Write the giving back of a slot; the caller has reset its own cells."""
        if not self.types:
            writer.line(f"{self.null_slot} = -1")
        elif self.by_code:
            with writer.block(f"if {self.words}[{slot}] >= 0:"):
                writer.line(f"{self.map}[{self.words}[{slot}]] = -1")
            with writer.block("else:"):
                writer.line(f"{self.null_slot} = -1")
        else:
            remove = self.layout.use("hash_index", "remove_key")
            capacity = self.layout.capacity("index")
            writer.line(f"{remove}({self.index}, {capacity}, {self.words}, {self.width}, {slot})")
        free = self.layout.use("slots", "free_slot")
        writer.line(f"{free}(reg, {self.at}, {self.chain}, {slot})")

    def value(self, number: int, slot: str = "slot") -> Value:
        """Return the value of key `number` of the key in a slot."""
        place = slot if self.width == 1 else f"{slot} * {self.width} + {number}"
        text = f"{self.words}[{place}]"
        kind = self.types[number]
        return Value(f"f64_of_bits({text})" if kind is Type.DOUBLE else text, kind)

    def _write_words(self, writer: Writer, slot: str) -> None:
        for number in range(len(self.types)):
            place = slot if self.width == 1 else f"{slot} * {self.width} + {number}"
            writer.line(f"{self.words}[{place}] = key{number}")

    def _leave(self, writer: Writer, condition: str, pool: str) -> None:
        with writer.block(f"if {all_of([condition])}:"):
            writer.lines(f"status = {self.layout.full(pool)}", "break")
