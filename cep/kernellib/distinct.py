"""Kernel routines: the different values a group has seen in its open panes, or in its frame.

An entry is a pair (group, value) with one hash index over all of them (see `hash_index.py`, width 2). In
windows an entry stands in the list of the pane in which it was last seen, and goes when that pane leaves; in
frames it counts its rows. `live[group]` is the number of entries of a group: counts are exact, so here
subtracting is right.
"""

from cep.kernellib.hash_index import add_key, find_key, remove_key
from cep.kernellib.slots import free_slot, next_slot, take_slot


def find_value(
    reg: "i64[r]",
    at: int,
    words: "i64[v*2]",
    index: "i32[m]",
    capacity: int,
    group: int,
    value: int,
) -> int:
    """Return the entry of (group, value), or -1; its words then stand in the next free entry.

    reg[at ..]: the free list of entries (see `slots.py`), at least one must be free. Cost: O(1) expected.
    """
    probe = next_slot(reg, at)
    words[2 * probe] = group
    words[2 * probe + 1] = value
    return find_key(index, capacity, words, 2, probe)


def note_value(
    reg: "i64[r]",
    at: int,
    chain: "i32[v]",
    words: "i64[v*2]",
    index: "i32[m]",
    capacity: int,
    seen_in: "i64[v]",
    links: "i64[v*2]",
    heads: "i64[w]",
    live: "i64[k]",
    group: int,
    value: int,
    pane: int,
) -> None:
    """Note that a group has a value in pane `pane` (its place in the ring).

    Writes: all arrays. Cost: O(1) expected.
    """
    entry = find_value(reg, at, words, index, capacity, group, value)
    if entry < 0:
        entry = take_slot(reg, at, chain)
        words[2 * entry] = group
        words[2 * entry + 1] = value
        add_key(index, capacity, words, 2, entry)
        live[group] += 1
        link_value(links, heads, entry, pane)
        seen_in[entry] = pane
    elif seen_in[entry] != pane:
        before = links[2 * entry]
        after = links[2 * entry + 1]
        if before >= 0:
            links[2 * before + 1] = after
        else:
            heads[seen_in[entry]] = after
        if after >= 0:
            links[2 * after] = before
        link_value(links, heads, entry, pane)
        seen_in[entry] = pane


def link_value(links: "i64[v*2]", heads: "i64[w]", entry: int, pane: int) -> None:
    """Put an entry at the head of the list of a pane. Writes: links, heads. Cost: O(1)."""
    first = heads[pane]
    links[2 * entry] = -1
    links[2 * entry + 1] = first
    if first >= 0:
        links[2 * first] = entry
    heads[pane] = entry


def forget_values(
    reg: "i64[r]",
    at: int,
    chain: "i32[v]",
    words: "i64[v*2]",
    index: "i32[m]",
    capacity: int,
    links: "i64[v*2]",
    heads: "i64[w]",
    live: "i64[k]",
    pane: int,
) -> None:
    """Drop every value last seen in a pane that leaves. Writes: all arrays. Cost: O(values dropped)."""
    entry = heads[pane]
    while entry >= 0:
        after = links[2 * entry + 1]
        live[words[2 * entry]] -= 1
        remove_key(index, capacity, words, 2, entry)
        free_slot(reg, at, chain, entry)
        entry = after
    heads[pane] = -1


def add_value(
    reg: "i64[r]",
    at: int,
    chain: "i32[v]",
    words: "i64[v*2]",
    index: "i32[m]",
    capacity: int,
    rows: "i64[v]",
    live: "i64[k]",
    group: int,
    value: int,
) -> int:
    """Count one more row of a group with a value; return its entry.

    Writes: all arrays. Cost: O(1) expected.
    """
    entry = find_value(reg, at, words, index, capacity, group, value)
    if entry < 0:
        entry = take_slot(reg, at, chain)
        words[2 * entry] = group
        words[2 * entry + 1] = value
        add_key(index, capacity, words, 2, entry)
        live[group] += 1
        rows[entry] = 0
    rows[entry] += 1
    return entry


def drop_value(
    reg: "i64[r]",
    at: int,
    chain: "i32[v]",
    words: "i64[v*2]",
    index: "i32[m]",
    capacity: int,
    rows: "i64[v]",
    live: "i64[k]",
    entry: int,
) -> None:
    """Count one row less of an entry. Writes: all arrays. Cost: O(1) expected."""
    rows[entry] -= 1
    if rows[entry] == 0:
        live[words[2 * entry]] -= 1
        remove_key(index, capacity, words, 2, entry)
        free_slot(reg, at, chain, entry)
