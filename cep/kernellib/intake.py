"""Kernel routines: columns of a batch as it comes to columns as rules read them, with what is odd in them.

Loops without branches, so that LLVM makes vector code of them.
"""


def scale_times(given: "i64[n]", times: "i64[n]", n: int, scale: int, limit: int) -> int:
    """Multiply times by `scale`; return 1 if some |time| is beyond `limit`, plus 2 if they fall somewhere.

    n is at least 1. Writes: times. Cost: O(n).
    """
    falls = 0
    times[0] = wrap_mul(given[0], scale)
    for i in range(1, n):
        falls = falls | int(given[i] < given[i - 1])
        times[i] = wrap_mul(given[i], scale)
    lowest = given[0]
    highest = given[n - 1]
    if falls != 0:
        for i in range(n):
            lowest = min_i64(lowest, given[i])
            highest = max_i64(highest, given[i])
    return 2 * falls + int(lowest < -limit or highest > limit)


def map_codes(
    given: "i32[n]", mapped: "i32[n]", n: int, size: int, first: int, codes: "i32[size]"
) -> int:
    """Map codes of a dictionary to those of `codes`, negative ones to -1; return 1 if one is not below `size`, 2 for NULLs.

    first: `codes` are this number and the next ones, where it is not negative. Writes: mapped. Cost: O(n).
    """
    lowest = 0
    highest = 0
    for i in range(n):
        lowest = min_i64(lowest, given[i])
        highest = max_i64(highest, given[i])
        mapped[i] = given[i] + first
    if highest >= size:
        return 1
    if lowest >= 0 and first >= 0:
        return 0
    if lowest >= 0:
        for i in range(n):
            mapped[i] = codes[given[i]]
        return 0
    for i in range(n):
        code = -1
        if given[i] >= 0:
            code = codes[given[i]]
        mapped[i] = code
    return 2


def has_null_i64(given: "i64[n]", n: int) -> int:
    """Return 1 if a cell is NULL. Cost: O(n)."""
    found = 0
    for i in range(n):
        found = found | int(given[i] == NULL_I64)
    return found


def has_infinity(given: "f64[n]", n: int) -> int:
    """Return 1 if a cell is infinite. Cost: O(n)."""
    found = 0
    for i in range(n):
        found = found | int(fabs(given[i]) == INF)
    return found


def has_infinity_or_null(given: "f64[n]", n: int) -> int:
    """Return 1 if a cell is infinite or NaN. Cost: O(n)."""
    found = 0
    for i in range(n):
        found = found | int(not fabs(given[i]) < INF)
    return found
