"""Kernel routines: slots in the order of a rank."""


def sort_slots(slots: "i64[k]", spare: "i64[k]", rank: "i64[k]", n: int) -> None:
    """Sort the first n slots by `rank[slot]`; equal ranks keep their order.

    slots: slot numbers. spare: scratch of n cells. Source: bottom-up merge sort (Knuth, TAOCP vol. 3,
    5.2.4, algorithm S), which leaves neighbours that are in order alone. Writes: slots, spare.
    Cost: O(n log n), O(n) when they are sorted already.
    """
    sorted_upto = 1
    while sorted_upto < n and rank[slots[sorted_upto - 1]] <= rank[slots[sorted_upto]]:
        sorted_upto = sorted_upto + 1
    width = 1
    while width < n and sorted_upto < n:
        start = 0
        while start + width < n:
            merge_runs(slots, spare, rank, start, start + width, min_i64(start + 2 * width, n))
            start = start + 2 * width
        width = 2 * width


def merge_runs(
    slots: "i64[k]", spare: "i64[k]", rank: "i64[k]", start: int, middle: int, end: int
) -> None:
    """Merge the sorted runs [start, middle) and [middle, end). Writes: slots, spare. Cost: O(end - start)."""
    if rank[slots[middle - 1]] > rank[slots[middle]]:
        for place in range(start, middle):
            spare[place] = slots[place]
        left = start
        right = middle
        to = start
        while left < middle:
            if right < end and rank[slots[right]] < rank[spare[left]]:
                slots[to] = slots[right]
                right = right + 1
            else:
                slots[to] = spare[left]
                left = left + 1
            to = to + 1
