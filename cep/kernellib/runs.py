"""Kernel routines: the runs of a pattern in the order they were started, as doubly linked lists.

`ends[at]` is the first run of a list, `ends[at + 1]` the last (-1: none); `links[2 * run]` and
`links[2 * run + 1]` are the runs before and after, -1 at the ends. Runs are only ever appended, so every list is
in the order of starts: what is too old stands at the head.
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
