"""Kernel routines: one timer a slot, of any length, in a binary heap.

The heap orders slots by (`due[slot]`, `order[slot]`): the deadline, then the place of the thing's first event.
`heap[i]` is a slot, `place[slot]` its index in the heap or -1; `reg[at]` is the number of timers.
Source: Knuth, TAOCP vol. 3, 5.2.3 (heaps), with the index of every entry kept.
"""


def comes_before(due: "i64[k]", order: "i64[k]", left: int, right: int) -> int:
    """Return 1 if slot `left` is due before slot `right`, else 0. Cost: O(1)."""
    if due[left] < due[right] or (due[left] == due[right] and order[left] < order[right]):
        return 1
    return 0


def first_timer(reg: "i64[r]", at: int, heap: "i32[k]", due: "i64[k]") -> int:
    """Return the earliest deadline in us, or 2**63 - 1 if there is no timer. Cost: O(1)."""
    if reg[at] == 0:
        return 9223372036854775807
    return due[heap[0]]


def settle_timer(
    reg: "i64[r]",
    at: int,
    heap: "i32[k]",
    place: "i32[k]",
    due: "i64[k]",
    order: "i64[k]",
    slot: int,
    start: int,
) -> int:
    """Move a slot from heap index `start` to where it belongs. Writes: heap, place. Returns 0. Cost: O(log k)."""
    here = start
    while here > 0 and comes_before(due, order, slot, heap[(here - 1) // 2]) == 1:
        heap[here] = heap[(here - 1) // 2]
        place[heap[here]] = here
        here = (here - 1) // 2
    size = reg[at]
    child = 2 * here + 1
    while child < size:
        if child + 1 < size and comes_before(due, order, heap[child + 1], heap[child]) == 1:
            child = child + 1
        if comes_before(due, order, heap[child], slot) == 0:
            break
        heap[here] = heap[child]
        place[heap[here]] = here
        here = child
        child = 2 * here + 1
    heap[here] = slot
    place[slot] = here
    return 0


def set_timer(
    reg: "i64[r]",
    at: int,
    heap: "i32[k]",
    place: "i32[k]",
    due: "i64[k]",
    order: "i64[k]",
    slot: int,
    deadline: int,
) -> int:
    """Set or move the timer of a slot. Writes: reg, heap, place, due. Returns 0. Cost: O(log k)."""
    due[slot] = deadline
    start = place[slot]
    if start < 0:
        start = reg[at]
        reg[at] = start + 1
    settle_timer(reg, at, heap, place, due, order, slot, start)
    return 0


def clear_timer(
    reg: "i64[r]",
    at: int,
    heap: "i32[k]",
    place: "i32[k]",
    due: "i64[k]",
    order: "i64[k]",
    slot: int,
) -> int:
    """Take the timer of a slot out, if it has one. Writes: reg, heap, place. Returns 0. Cost: O(log k)."""
    start = place[slot]
    if start < 0:
        return 0
    place[slot] = -1
    last = reg[at] - 1
    reg[at] = last
    moved = heap[last]
    if moved != slot:
        settle_timer(reg, at, heap, place, due, order, moved, start)
    return 0
