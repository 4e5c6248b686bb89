"""Kernel routines: the sets of different values that runs keep for COUNT(DISTINCT ..).

A cell holds one value of one set of one run: its words are (run, set, value). All cells stand in one hash
index (`hash_index`), so that a value is looked up in O(1) however long the run; the cells of a run are
linked from `first_cell[run]` through `next_cell` and given back with the run.
"""

from cep.kernellib.hash_index import add_key, find_key, remove_key
from cep.kernellib.slots import free_slot, next_slot, take_slot


def has_value(
    reg: "i64[g]",
    at: int,
    words: "i64[c*3]",
    index: "i32[m]",
    capacity: int,
    run: int,
    which: int,
    value: int,
) -> int:
    """Return 1 if the run has the value in set `which`, else 0. Needs a free cell. Cost: O(1) expected."""
    probe = next_slot(reg, at)
    words[3 * probe] = run
    words[3 * probe + 1] = which
    words[3 * probe + 2] = value
    if find_key(index, capacity, words, 3, probe) >= 0:
        return 1
    return 0


def add_value(
    reg: "i64[g]",
    at: int,
    chain: "i32[c]",
    words: "i64[c*3]",
    next_cell: "i64[c]",
    index: "i32[m]",
    capacity: int,
    first_cell: "i64[r]",
    run: int,
    which: int,
    value: int,
) -> int:
    """Add a value to set `which` of a run; return 1 if it is new, else 0. Cost: O(1) expected.

    Writes: reg, chain, words, next_cell, index, first_cell. The caller sees to it that there is room.
    """
    if has_value(reg, at, words, index, capacity, run, which, value) == 1:
        return 0
    cell = take_slot(reg, at, chain)
    add_key(index, capacity, words, 3, cell)
    next_cell[cell] = first_cell[run]
    first_cell[run] = cell
    return 1


def drop_values(
    reg: "i64[g]",
    at: int,
    chain: "i32[c]",
    words: "i64[c*3]",
    next_cell: "i64[c]",
    index: "i32[m]",
    capacity: int,
    first_cell: "i64[r]",
    run: int,
) -> int:
    """Give back all cells of a run. Writes: as `add_value`. Returns 0. Cost: O(values of the run)."""
    cell = first_cell[run]
    while cell >= 0:
        after = next_cell[cell]
        remove_key(index, capacity, words, 3, cell)
        free_slot(reg, at, chain, cell)
        cell = after
    first_cell[run] = -1
    return 0
