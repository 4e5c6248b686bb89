"""Kernel routines: an open-addressing index from keys of several int64 words to dense slots.

The words of slot s are `keys[s * width] .. keys[s * width + width - 1]`; `index` holds slots, -1 where
empty, and has `capacity` cells, a power of two and at least twice the number of keys. A key that is looked up
is first written to the words of a free slot (`probe`), so no scratch space is needed.
Source: linear probing with backward-shift deletion (Knuth, TAOCP vol. 3, 6.4, algorithm R); the hash is
the finalizer of MurmurHash3, of which the upper bits are used.
"""


def key_hash(keys: "i64[k]", base: int, width: int) -> int:
    """Return a well mixed non-negative hash of `width` words from `base` on. Cost: O(width)."""
    mixed = 0
    for word in range(width):
        mixed = wrap_mul(mixed ^ keys[base + word], -7046029254386353131)
        mixed = mixed ^ shift_right_logical(mixed, 32)
        mixed = wrap_mul(mixed, -49064778989728563)
        mixed = mixed ^ shift_right_logical(mixed, 29)
    return shift_right_logical(wrap_mul(mixed, -7046029254386353131), 31)


def same_key(keys: "i64[k]", left: int, right: int, width: int) -> int:
    """Return 1 if slots `left` and `right` hold equal words, else 0. Cost: O(width)."""
    for word in range(width):
        if keys[left * width + word] != keys[right * width + word]:
            return 0
    return 1


def find_key(index: "i32[m]", capacity: int, keys: "i64[k]", width: int, probe: int) -> int:
    """Return the slot whose key equals the words of slot `probe`, or -1. Cost: O(width) expected."""
    mask = capacity - 1
    at = key_hash(keys, probe * width, width) & mask
    slot = index[at]
    while slot >= 0:
        if same_key(keys, slot, probe, width) == 1:
            return slot
        at = (at + 1) & mask
        slot = index[at]
    return -1


def add_key(index: "i32[m]", capacity: int, keys: "i64[k]", width: int, slot: int) -> int:
    """Enter a slot whose key is not in the index yet. Writes: index. Returns 0. Cost: O(width) expected."""
    mask = capacity - 1
    at = key_hash(keys, slot * width, width) & mask
    while index[at] >= 0:
        at = (at + 1) & mask
    index[at] = slot
    return 0


def remove_key(index: "i32[m]", capacity: int, keys: "i64[k]", width: int, slot: int) -> int:
    """Take a slot out; its words must still be there. Writes: index. Returns 0. Cost: O(width) expected."""
    mask = capacity - 1
    hole = key_hash(keys, slot * width, width) & mask
    while index[hole] != slot:
        hole = (hole + 1) & mask
    at = (hole + 1) & mask
    other = index[at]
    while other >= 0:
        home = key_hash(keys, other * width, width) & mask
        # The entry may move into the hole unless its home lies cyclically in (hole, at].
        if ((at - home) & mask) >= ((at - hole) & mask):
            index[hole] = other
            hole = at
        at = (at + 1) & mask
        other = index[at]
    index[hole] = -1
    return 0


def rebuild_index(
    index: "i32[m]", capacity: int, keys: "i64[k]", width: int, chain: "i32[k]", used: int
) -> int:
    """Enter all slots below `used` that are taken (`chain[slot] == -2`) into an empty index.

    Writes: index. Returns 0. Cost: O(used * width).
    """
    for slot in range(used):
        if chain[slot] == -2:
            add_key(index, capacity, keys, width, slot)
    return 0
