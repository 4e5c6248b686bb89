"""Kernel routines: the values of a group in order, as a tree that answers "the k-th value" (quantiles).

One entry a row: `words` holds four numbers an entry (order, payload, group, number of the row), `links` four
(left, right, parent, size of the subtree). An entry that is in no tree has size 0. Equal values stand in the
order they came in. `roots[group]` is the top entry of a group, -1 of none.

Source: R. Seidel, C. Aragon, "Randomized search trees", Algorithmica 16, 1996 (treaps); the priority of an
entry is a hash of its place, so the shape depends on nothing else, and no result depends on the shape.
"""

from cep.kernellib.slots import free_slot, take_slot


def order_of(x: float) -> int:
    """Return an int64 that orders as the double does; minus zero is zero. Cost: O(1)."""
    bits = bits_of_f64(x + 0.0)
    if bits < 0:
        return bits ^ MAX_I64
    return bits


def double_of(order: int) -> float:
    """Return the double of an `order_of`. Cost: O(1)."""
    if order < 0:
        return f64_of_bits(order ^ MAX_I64)
    return f64_of_bits(order)


def priority_of(entry: int) -> int:
    """Return the priority of a place in the tree. Cost: O(1)."""
    mixed = wrap_mul(entry + 1, 7046029254386353131)
    return wrap_mul(mixed ^ shift_right_logical(mixed, 32), 5700357409661599241)


def size_of(links: "i64[v*4]", entry: int) -> int:
    """Return the number of entries of a subtree, -1 is the empty one. Cost: O(1)."""
    if entry < 0:
        return 0
    return links[4 * entry + 3]


def rotate_up(links: "i64[v*4]", roots: "i64[k]", group: int, entry: int) -> None:
    """Put an entry above its parent. Writes: links, roots. Cost: O(1)."""
    parent = links[4 * entry + 2]
    above = links[4 * parent + 2]
    side = int(links[4 * parent + 1] == entry)
    inner = links[4 * entry + 1 - side]
    links[4 * parent + side] = inner
    if inner >= 0:
        links[4 * inner + 2] = parent
    links[4 * entry + 1 - side] = parent
    links[4 * parent + 2] = entry
    links[4 * entry + 2] = above
    if above < 0:
        roots[group] = entry
    elif links[4 * above] == parent:
        links[4 * above] = entry
    else:
        links[4 * above + 1] = entry
    links[4 * entry + 3] = links[4 * parent + 3]
    smaller = size_of(links, links[4 * parent])
    links[4 * parent + 3] = 1 + smaller + size_of(links, links[4 * parent + 1])


def tree_enter(words: "i64[v*4]", links: "i64[v*4]", roots: "i64[k]", entry: int) -> None:
    """Put an entry, whose words are set, into the tree of its group, after its equals.

    Writes: links, roots. Cost: O(log entries of the group) expected.
    """
    group = words[4 * entry + 2]
    order = words[4 * entry]
    links[4 * entry] = -1
    links[4 * entry + 1] = -1
    links[4 * entry + 3] = 1
    parent = -1
    side = 0
    here = roots[group]
    while here >= 0:
        links[4 * here + 3] += 1
        parent = here
        side = int(order >= words[4 * here])
        here = links[4 * here + side]
    links[4 * entry + 2] = parent
    if parent < 0:
        roots[group] = entry
    else:
        links[4 * parent + side] = entry
    mine = priority_of(entry)
    while links[4 * entry + 2] >= 0 and mine > priority_of(links[4 * entry + 2]):
        rotate_up(links, roots, group, entry)


def tree_leave(words: "i64[v*4]", links: "i64[v*4]", roots: "i64[k]", entry: int) -> None:
    """Take an entry out of its tree. Writes: links, roots. Cost: O(log entries of the group) expected."""
    group = words[4 * entry + 2]
    left = links[4 * entry]
    right = links[4 * entry + 1]
    while left >= 0 or right >= 0:
        child = left
        if left < 0 or (right >= 0 and priority_of(right) > priority_of(left)):
            child = right
        rotate_up(links, roots, group, child)
        left = links[4 * entry]
        right = links[4 * entry + 1]
    parent = links[4 * entry + 2]
    if parent < 0:
        roots[group] = -1
    elif links[4 * parent] == entry:
        links[4 * parent] = -1
    else:
        links[4 * parent + 1] = -1
    links[4 * entry + 3] = 0
    while parent >= 0:
        links[4 * parent + 3] -= 1
        parent = links[4 * parent + 2]


def add_ordered(
    reg: "i64[r]",
    at: int,
    chain: "i32[v]",
    words: "i64[v*4]",
    links: "i64[v*4]",
    roots: "i64[k]",
    counter: int,
    group: int,
    order: int,
    payload: int,
) -> int:
    """Add a row of a group; return its entry. reg[at ..]: the free list (see `slots.py`), with room.

    counter: register with the number of rows so far. Writes: all arrays. Cost: O(log n) expected.
    """
    entry = take_slot(reg, at, chain)
    words[4 * entry] = order
    words[4 * entry + 1] = payload
    words[4 * entry + 2] = group
    words[4 * entry + 3] = reg[counter]
    reg[counter] += 1
    tree_enter(words, links, roots, entry)
    return entry


def replace_last(
    words: "i64[v*4]",
    links: "i64[v*4]",
    roots: "i64[k]",
    last: "i64[k*2]",
    entry: int,
    ts: int,
) -> None:
    """Note the newest sample of its group; one before it with the same time leaves the tree.

    last: entry and time of the newest sample, two numbers a group. Writes: links, roots, last.
    Cost: O(log n) expected.
    """
    group = words[4 * entry + 2]
    before = last[2 * group]
    if before >= 0 and last[2 * group + 1] == ts:
        tree_leave(words, links, roots, before)
    last[2 * group] = entry
    last[2 * group + 1] = ts


def drop_ordered(
    reg: "i64[r]",
    at: int,
    chain: "i32[v]",
    words: "i64[v*4]",
    links: "i64[v*4]",
    roots: "i64[k]",
    last: "i64[k*2]",
    entry: int,
) -> None:
    """Take a row out. Writes: all arrays. Cost: O(log n) expected."""
    group = words[4 * entry + 2]
    if links[4 * entry + 3] > 0:
        tree_leave(words, links, roots, entry)
    if last[2 * group] == entry:
        last[2 * group] = -1
    free_slot(reg, at, chain, entry)


def drop_pane(
    reg: "i64[r]",
    at: int,
    chain: "i32[v]",
    words: "i64[v*4]",
    links: "i64[v*4]",
    roots: "i64[k]",
    last: "i64[k*2]",
    later: "i64[v]",
    heads: "i64[w]",
    pane: int,
) -> None:
    """Take all rows of a pane out; later: the next entry of a pane. Writes: all arrays. Cost: O(rows log n)."""
    entry = heads[pane]
    while entry >= 0:
        after = later[entry]
        drop_ordered(reg, at, chain, words, links, roots, last, entry)
        entry = after
    heads[pane] = -1


def kth(links: "i64[v*4]", root: int, k: int) -> int:
    """Return the entry before which k others stand, 0 <= k < size. Cost: O(log n) expected."""
    here = root
    left = k
    smaller = size_of(links, links[4 * here])
    while left != smaller:
        if left < smaller:
            here = links[4 * here]
        else:
            left -= smaller + 1
            here = links[4 * here + 1]
        smaller = size_of(links, links[4 * here])
    return here


def following(links: "i64[v*4]", entry: int) -> int:
    """Return the entry after one in order, -1 after the last. Cost: O(1) amortized over a walk."""
    here = links[4 * entry + 1]
    if here >= 0:
        while links[4 * here] >= 0:
            here = links[4 * here]
        return here
    here = entry
    above = links[4 * here + 2]
    while above >= 0 and links[4 * above + 1] == here:
        here = above
        above = links[4 * here + 2]
    return above


def ordered_number(words: "i64[v*4]", entry: int, floats: int) -> float:
    """Return the value of an entry as a double; floats: 1 if it is one. Cost: O(1)."""
    if floats == 1:
        return double_of(words[4 * entry])
    return div_f64(words[4 * entry], 1.0)


def quantile(words: "i64[v*4]", links: "i64[v*4]", root: int, floats: int, q: float) -> float:
    """Return the q-quantile of a tree that is not empty, between neighbours by their distance (R type 7).

    Source: R. J. Hyndman, Y. Fan, "Sample quantiles in statistical packages", The American Statistician 50(4),
    1996, definition 7. Cost: O(log n) expected.
    """
    n = size_of(links, root)
    place = q * (n - 1)
    low = min_i64(to_i64(place), n - 1)
    entry = kth(links, root, low)
    value = ordered_number(words, entry, floats)
    if place > low:
        above = ordered_number(words, following(links, entry), floats)
        value = value + (above - value) * (place - low)
    return value


def most_frequent(words: "i64[v*4]", links: "i64[v*4]", root: int) -> int:
    """Return the entry of the most frequent value, of ties the one that came first; -1 of none. Cost: O(n)."""
    best = -1
    most = 0
    if root >= 0:
        here = kth(links, root, 0)
        while here >= 0:
            first = here
            n = 0
            while here >= 0 and words[4 * here] == words[4 * first]:
                n += 1
                here = following(links, here)
            if n > most or (n == most and words[4 * first + 3] < words[4 * best + 3]):
                best = first
                most = n
    return best


def ordered_value(words: "i64[v*4]", entry: int) -> int:
    """Return the order of an entry. Cost: O(1)."""
    return words[4 * entry]


def deviation_of_last(
    words: "i64[v*4]", links: "i64[v*4]", root: int, floats: int, newest: int
) -> float:
    """Return (newest - median) / median of |x - median|, over the other entries; there is one at least.

    Cost: O(n): the others are walked from their middle outwards.
    """
    n = size_of(links, root) - 1
    median = 0.5 * (
        other_number(words, links, root, floats, newest, (n - 1) // 2)
        + other_number(words, links, root, floats, newest, n // 2)
    )
    # The k-th smallest distance: k values below and above the middle, merged.
    up = 0
    while up < n and other_number(words, links, root, floats, newest, up) < median:
        up += 1
    down = up - 1
    seen = 0
    before = 0.0
    here = 0.0
    while seen <= n // 2:
        below = INF
        above = INF
        if down >= 0:
            below = median - other_number(words, links, root, floats, newest, down)
        if up < n:
            above = other_number(words, links, root, floats, newest, up) - median
        before = here
        if below <= above:
            here = below
            down -= 1
        else:
            here = above
            up += 1
        seen += 1
    middle = here
    if n % 2 == 0:
        middle = 0.5 * (before + here)
    return div_f64(ordered_number(words, newest, floats) - median, middle)


def other_number(
    words: "i64[v*4]", links: "i64[v*4]", root: int, floats: int, newest: int, k: int
) -> float:
    """Return the k-th value of the entries without `newest`. Cost: O(log n) expected."""
    entry = kth(links, root, k)
    order = words[4 * newest]
    if words[4 * entry] > order or (
        words[4 * entry] == order and words[4 * entry + 3] >= words[4 * newest + 3]
    ):
        entry = kth(links, root, k + 1)
    return ordered_number(words, entry, floats)


def distinct_total(words: "i64[v*4]", links: "i64[v*4]", root: int, floats: int) -> float:
    """Return the sum of the different values, smallest first. Cost: O(n)."""
    total = 0.0
    if root >= 0:
        here = kth(links, root, 0)
        before = here
        while here >= 0:
            if here == before or words[4 * here] != words[4 * before]:
                total += ordered_number(words, here, floats)
            before = here
            here = following(links, here)
    return total


def distinct_half(words: "i64[v*4]", links: "i64[v*4]", root: int, shift: int) -> int:
    """Return a half of the sum of the different int64 values (see `whole.py`). Cost: O(n).

    shift: 32 for the upper half, 0 for the lower one.
    """
    total = 0
    if root >= 0:
        here = kth(links, root, 0)
        before = here
        while here >= 0:
            if here == before or words[4 * here] != words[4 * before]:
                value = words[4 * here]
                if shift == 32:
                    total += value >> 32
                else:
                    total += value & 4294967295
            before = here
            here = following(links, here)
    return total


def distinct_number(words: "i64[v*4]", links: "i64[v*4]", root: int) -> int:
    """Return how many different values a tree has. Cost: O(n)."""
    n = 0
    if root >= 0:
        here = kth(links, root, 0)
        before = here
        while here >= 0:
            n += int(here == before or words[4 * here] != words[4 * before])
            before = here
            here = following(links, here)
    return n
