"""Kernel routines: numbers for things that come and go (keys, incidents), recycled.

Three registers beside each other hold the state: `reg[at]` the first free slot or -1 (starts at -1),
`reg[at + 1]` how many slots were ever in use, `reg[at + 2]` how many are in use. `chain[slot]` is the next
free slot, or TAKEN for a slot in use. The caller sees to it that there is room before `take_slot`.
"""

TAKEN = -2


def next_slot(reg: "i64[r]", at: int) -> int:
    """Return the slot that `take_slot` would give now; it may be just past the capacity. Cost: O(1)."""
    slot = reg[at]
    if slot < 0:
        slot = reg[at + 1]
    return slot


def take_slot(reg: "i64[r]", at: int, chain: "i32[k]") -> int:
    """Return a slot that was free and mark it as taken. Writes: reg, chain. Cost: O(1)."""
    slot = reg[at]
    if slot >= 0:
        reg[at] = chain[slot]
    else:
        slot = reg[at + 1]
        reg[at + 1] = slot + 1
    chain[slot] = -2
    reg[at + 2] = reg[at + 2] + 1
    return slot


def free_slot(reg: "i64[r]", at: int, chain: "i32[k]", slot: int) -> int:
    """Give a slot back; the caller has reset its cells. Writes: reg, chain. Returns 0. Cost: O(1)."""
    chain[slot] = reg[at]
    reg[at] = slot
    reg[at + 2] = reg[at + 2] - 1
    return 0
