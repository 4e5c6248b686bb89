"""Kernel routines: the timers of one length, in the order they are due.

All timers of a queue have one constant length, so they are armed in the order of their deadlines and a
linked list over the slots is enough. Slots with equal deadlines stand in the order of `order[slot]` (the
place of the thing's first event). `reg[at]` is the first slot, `reg[at + 1]` the last (both start at -1);
`links[2 * slot]` and `links[2 * slot + 1]` are the neighbours before and after, -1 at the ends.
A slot is taken out by `runs.remove_run`.
Memory: two links and a deadline a slot, however often a timer is moved.
"""


def deadline_after(ts: int, length: int) -> int:
    """Return `ts + length` in us, at most the last instant at which a timer can fire. Cost: O(1)."""
    if ts > 9223372036854775806 - length:
        return 9223372036854775806
    return ts + length


def first_deadline(reg: "i64[r]", at: int, due: "i64[k]") -> int:
    """Return the earliest deadline of a queue, or 2**63 - 1 if it is empty. Cost: O(1)."""
    if reg[at] < 0:
        return 9223372036854775807
    return due[reg[at]]


def arm(
    reg: "i64[r]",
    at: int,
    links: "i64[k*2]",
    due: "i64[k]",
    order: "i64[k]",
    slot: int,
    deadline: int,
) -> int:
    """Put a slot that is not in the queue where its deadline and order belong.

    Writes: reg, links, due. Returns 0. Cost: O(1 + slots of the same deadline with a larger order).
    """
    due[slot] = deadline
    before = reg[at + 1]
    while before >= 0 and (
        due[before] > deadline or (due[before] == deadline and order[before] > order[slot])
    ):
        before = links[2 * before]
    after = reg[at]
    if before >= 0:
        after = links[2 * before + 1]
        links[2 * before + 1] = slot
    else:
        reg[at] = slot
    if after >= 0:
        links[2 * after] = slot
    else:
        reg[at + 1] = slot
    links[2 * slot] = before
    links[2 * slot + 1] = after
    return 0
