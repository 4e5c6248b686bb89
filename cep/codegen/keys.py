"""Part of a kernel: from the values of a key to the dense slot of its state.

One STRING key is looked up in a map by string code, anything else in a hash index over int64 words; without
keys there is one slot. Slots are recycled: state follows the keys that have some.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cep.codegen.forms import atom, settled
from cep.codegen.scope import Value
from cep.codegen.texts import FALSE, any_of, null_test
from cep.types import Type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cep.codegen.layout import Layout
    from cep.codegen.scope import Scope
    from cep.codegen.writer import Writer
    from cep.plan.expressions import Expr


class KeySlots:
    """Writes the lookup, taking and giving back of key slots; NULL is a key like any other.

    Arrays: `key_words` (i64, pool "keys", the key's values in order), `key_chain`, and `key_slot` by code or
    `key_index`. Registers: `keys_free`, `keys_used` and the one named by `live`, in this order. Locals: `slot`
    and `key0 ..`, which kernel code between `find` and `add` must not touch. `prefix` stands before all
    these names and keeps two of them apart. `fixed`: without keys, slot 0 is always there; otherwise
    it is taken and given back like that of any key. `shrinks`: the pool becomes small again when there is no key. A test for room leaves the loop around it with
    `status = 1 + pool` and `break`.
    """

    def __init__(
        self,
        layout: Layout,
        types: Sequence[Type],
        *,
        prefix: str = "",
        initial: int = 64,
        live: str = "keys_live",
        fixed: bool = False,
        shrinks: bool = False,
    ) -> None:
        self.layout = layout
        self.types = tuple(types)
        self.prefix = prefix
        self.fixed = fixed and not self.types
        self.width = max(1, len(self.types))
        self.by_code = not self.types or (len(self.types) == 1 and self.types[0].is_coded)
        self.pool = f"{prefix}keys"
        self.slot = f"{prefix}slot"
        self._may_be_null = False
        slots = f"{prefix}keys_free" if shrinks else ""
        layout.pool(self.pool, 1 if self.fixed else initial, slots=slots)
        if self.fixed:
            return
        self.at = layout.register_number(f"{prefix}keys_free", -1)
        layout.register(f"{prefix}keys_used")
        layout.register(f"{prefix}{live}")
        self.chain = layout.state(f"{prefix}key_chain", "i32", self.pool, fill=-1)
        self.words = layout.state(f"{prefix}key_words", "i64", self.pool, width=self.width)
        if self.by_code:
            self.null_slot = layout.register(f"{prefix}null_key_slot", -1)
            self.map = layout.by_code(f"{prefix}key_slot") if self.types else ""
        else:
            self.index_pool = f"{prefix}index"
            layout.pool(self.index_pool, 4 * initial, rehash=True, slots=slots)
            self.index = layout.state(f"{prefix}key_index", "i32", self.index_pool, fill=-1)
            self.indexed = layout.register(f"{prefix}index_cells")

    @property
    def n_slots(self) -> str:
        """The kernel text of the number of slots ever in use."""
        return "1" if self.fixed else f"reg[{self.at + 1}]"

    @property
    def capacity(self) -> str:
        """The kernel text of the capacity of the pool of keys."""
        return self.layout.capacity(self.pool)

    def enter(self, writer: Writer) -> None:
        """Write what is done at the start of a call: rebuild the index after it has grown."""
        if self.by_code:
            return
        rebuild = self.layout.use("hash_index", "rebuild_index")
        capacity = self.layout.capacity(self.index_pool)
        with writer.block(f"if {self.indexed} != {capacity}:"):
            writer.line(
                f"{rebuild}({self.index}, {capacity}, {self.words}, {self.width}, {self.chain}, "
                f"{self.n_slots})"
            )
            writer.line(f"{self.indexed} = {capacity}")

    def load(self, scope: Scope, values: Sequence[Value], *, grouped: bool = True) -> str:
        """Write `key0 = ..` for the values of a key and return a condition: one of them is NULL.

        grouped: whether rows for which the condition holds are looked up too.
        """
        nulls = []
        for number, given in enumerate(values):
            key = f"{self.prefix}key{number}"
            if given.type is Type.DOUBLE:
                simple = atom(given, scope)
                nulls.append(null_test(simple))
                scope.writer.line(
                    f"{key} = bits_of_f64({simple.text} + 0.0)"
                )  # -0.0 is the key 0.0
            else:
                nulls.append(null_test(replace(given, text=key)))
                scope.writer.line(f"{key} = {given.text}")
        condition = any_of(nulls)
        self._may_be_null = self._may_be_null or (grouped and condition != FALSE)
        return condition

    def find(self, writer: Writer) -> None:
        """Write `slot = ..`, -1 if the loaded key has none. It tests for room: a lookup needs a free slot."""
        if self.fixed:
            writer.line(f"{self.slot} = 0")
        elif not self.types:
            writer.line(f"{self.slot} = {self.null_slot}")
        elif self.by_code:
            key = f"{self.prefix}key0"
            found = f"{self.map}[{key}]"
            if self._may_be_null:
                found = f"{found} if {key} >= 0 else {self.null_slot}"
            writer.line(f"{self.slot} = {found}")
        else:
            free = self.layout.use("slots", "next_slot")
            writer.line(f"probe = {free}(reg, {self.at})")
            self._leave(writer, f"probe >= {self.capacity}", self.pool)
            self._write_words(writer, "probe")
            writer.line(f"{self.slot} = {self._index_call('find_key', 'probe')}")

    def look_up(self, scope: Scope, keys: Sequence[Expr]) -> None:
        """Write `slot = ..` for the key that expressions give, -1 if it has none; leaves for want of room."""
        self.load(scope, [settled(key, scope) for key in keys])
        self.find(scope.writer)

    def room(self, writer: Writer) -> None:
        """Write the test that a new key has room."""
        if self.by_code:
            free = self.layout.use("slots", "next_slot")
            self._leave(writer, f"{free}(reg, {self.at}) >= {self.capacity}", self.pool)
        else:
            capacity = self.layout.capacity(self.index_pool)
            self._leave(writer, f"2 * (reg[{self.at + 2}] + 1) > {capacity}", self.index_pool)

    def add(self, writer: Writer) -> None:
        """Write the taking of a slot for the loaded key, which has none; `room` was tested before."""
        take = self.layout.use("slots", "take_slot")
        writer.line(f"{self.slot} = {take}(reg, {self.at}, {self.chain})")
        self._write_words(writer, self.slot)
        if self.by_code:
            self._enter_code(writer, f"{self.prefix}key0", self.slot)
        else:
            writer.line(self._index_call("add_key", self.slot))

    def ensure(self, writer: Writer) -> None:
        """Write the taking of a slot if the loaded key has none; leaves for want of room."""
        if self.fixed:
            return
        with writer.block(f"if {self.slot} < 0:"):
            self.room(writer)
            self.add(writer)

    def release(self, writer: Writer, slot: str = "") -> None:
        """Write the giving back of a slot; the caller has reset its own cells."""
        slot = slot or self.slot
        if self.by_code:
            self._enter_code(writer, f"{self.words}[{slot}]", "-1")
        else:
            writer.line(self._index_call("remove_key", slot))
        free = self.layout.use("slots", "free_slot")
        writer.line(f"{free}(reg, {self.at}, {self.chain}, {slot})")

    def value(self, number: int, slot: str = "") -> Value:
        """Return the value of key `number` of the key in a slot."""
        text = f"{self.words}[{self._place(slot or self.slot, number)}]"
        kind = self.types[number]
        return Value(f"f64_of_bits({text})" if kind is Type.DOUBLE else text, kind)

    def _place(self, slot: str, number: int) -> str:
        return slot if self.width == 1 else f"{slot} * {self.width} + {number}"

    def _write_words(self, writer: Writer, slot: str) -> None:
        for number in range(len(self.types)):
            writer.line(f"{self.words}[{self._place(slot, number)}] = {self.prefix}key{number}")

    def _index_call(self, function: str, slot: str) -> str:
        call = self.layout.use("hash_index", function)
        capacity = self.layout.capacity(self.index_pool)
        return f"{call}({self.index}, {capacity}, {self.words}, {self.width}, {slot})"

    def _enter_code(self, writer: Writer, code: str, slot: str) -> None:
        """Write the entering of a slot into the map by code, or where the slot of NULL stands."""
        if not self.types:
            writer.line(f"{self.null_slot} = {slot}")
            return
        with writer.block(f"if {code} >= 0:"):
            writer.line(f"{self.map}[{code}] = {slot}")
        with writer.block("else:"):
            writer.line(f"{self.null_slot} = {slot}")

    def _leave(self, writer: Writer, condition: str, pool: str) -> None:
        with writer.block(f"if {condition}:"):
            writer.lines(f"status = {self.layout.full(pool)}", "break")
