"""Kernel routines: the rows a row pattern has bound, as paths that threads share.

A node is one bound row: `parents[node]` is the node of the row bound before it, -1 for the first one, and
`refs[node]` counts the nodes and threads that hold it. So a thread that splits shares all it has bound, and the memory
is that of the different paths. Free nodes are those of `slots.py` (`reg[at ..]`, `chain`).
"""

from cep.kernellib.slots import free_slot


def release_path(
    reg: "i64[r]",
    at: int,
    chain: "i32[p]",
    parents: "i64[p]",
    refs: "i64[p]",
    node: int,
) -> None:
    """Give up one hold on a node; nodes nobody holds are freed. Writes: all but parents. Cost: O(nodes freed)."""
    while node >= 0:
        refs[node] = refs[node] - 1
        if refs[node] > 0:
            return
        before = parents[node]
        free_slot(reg, at, chain, node)
        node = before


def path_start(parents: "i64[p]", nexts: "i64[p]", node: int) -> int:
    """Return the first node of a path and leave in `nexts` the way from it to its last node (-1 behind that).

    Writes: nexts. Cost: O(length).
    """
    later = -1
    while node >= 0:
        nexts[node] = later
        later = node
        node = parents[node]
    return later


def path_length(parents: "i64[p]", node: int) -> int:
    """Return the number of rows of a path. Cost: O(length)."""
    length = 0
    while node >= 0:
        length += 1
        node = parents[node]
    return length


def row_ahead(row_next: "i64[q]", row: int, offset: int) -> int:
    """Return the row `offset` rows after a row of a list, -1 if there is none yet. Cost: O(offset)."""
    while offset > 0 and row >= 0:
        row = row_next[row]
        offset -= 1
    return row


def forget_tries(row_next: "i64[q]", tried: "i64[q*w]", width: int, first: int, last: int) -> None:
    """Clear the marks of the rows from `first` to `last` of a list. Writes: tried. Cost: O(rows * width)."""
    row = first
    while row >= 0:
        for word in range(width):
            tried[row * width + word] = 0
        if row == last:
            return
        row = row_next[row]
