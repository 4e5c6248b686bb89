"""Kernel routines: the runs of a pattern in the order they were started, as doubly linked lists.

`ends[at]` is the first run of a list, `ends[at + 1]` the last (-1: none); `links[2 * run]` and
`links[2 * run + 1]` are the runs before and after, -1 at the ends. Runs are appended, and copies of a run
that forks stand directly behind it, so every list is in the order of starts: what is too old stands at the head.
"""


def append_run(ends: "i64[k*2]", at: int, links: "i64[r*2]", run: int) -> int:
    """Put a run behind the last one. Writes: ends, links. Returns 0. Cost: O(1)."""
    last = ends[at + 1]
    if last >= 0:
        links[2 * last + 1] = run
    else:
        ends[at] = run
    links[2 * run] = last
    links[2 * run + 1] = -1
    ends[at + 1] = run
    return 0


def remove_run(ends: "i64[k*2]", at: int, links: "i64[r*2]", run: int) -> int:
    """Take a run out of its list; its own links stay. Writes: ends, links. Returns 0. Cost: O(1)."""
    before = links[2 * run]
    after = links[2 * run + 1]
    if before >= 0:
        links[2 * before + 1] = after
    else:
        ends[at] = after
    if after >= 0:
        links[2 * after] = before
    else:
        ends[at + 1] = before
    return 0


def insert_run(ends: "i64[k*2]", at: int, links: "i64[r*2]", run: int, before: int) -> int:
    """Put a run directly behind run `before` of its list. Writes: ends, links. Returns 0. Cost: O(1)."""
    after = links[2 * before + 1]
    links[2 * before + 1] = run
    links[2 * run] = before
    links[2 * run + 1] = after
    if after >= 0:
        links[2 * after] = run
    else:
        ends[at + 1] = run
    return 0


def mixed_binding(mixed: int, stream: int, seq: int) -> int:
    """Return a non-negative hash of what was bound so far (`mixed`) and one more event. Cost: O(1)."""
    mixed = wrap_mul(mixed ^ seq, -7046029254386353131)
    mixed = mixed ^ shift_right_logical(mixed, 32)
    mixed = wrap_mul(mixed ^ stream, -49064778989728563)
    mixed = mixed ^ shift_right_logical(mixed, 29)
    return shift_right_logical(wrap_mul(mixed, -7046029254386353131), 1)
