"""Kernel routines: instants cut in halves, so that one number says when and in which phase a timer fires."""


def half_instant(ts: int, late: int) -> int:
    """Return `2 * ts + late` within 64 bits; the end of time stays itself.

    A timer of phase 2 of an instant stands at its first half (late 0), one of phase 3 at its second (late 1).
    A timer fires when it stands before the half of the present row (late 1: a row made in phase 3) or clock.
    Cost: O(1).
    """
    if ts == 9223372036854775807:
        return ts
    if ts > 4611686018427387902:
        return 9223372036854775804 + late
    if ts < -4611686018427387903:
        return -9223372036854775806 + late
    return 2 * ts + late
