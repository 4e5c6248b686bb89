"""Kernel routines: tables of panes, row after row of one cell a slot, when the number of slots grows.

A table of w panes and k slots holds pane p of slot s in cell `p * k + s`, so that a pane is merged into
another by a loop over neighbouring cells. The host grows an array at its end only; these routines then
move the rows of the old width to where the new width wants them.
"""


def widen_f64(cells: "f64[w*k]", panes: int, old: int, new: int, empty: float) -> None:
    """Move `panes` rows of `old` cells apart to rows of `new` cells and empty the new cells.

    Writes: cells. Cost: O(panes * new).
    """
    for pane in range(panes - 1, -1, -1):
        for slot in range(old - 1, -1, -1):
            cells[pane * new + slot] = cells[pane * old + slot]
        for cell in range(pane * new + old, pane * new + new):
            cells[cell] = empty


def widen_i64(cells: "i64[w*k]", panes: int, old: int, new: int, empty: int) -> None:
    """Do as `widen_f64` for int64 cells. Writes: cells. Cost: O(panes * new)."""
    for pane in range(panes - 1, -1, -1):
        for slot in range(old - 1, -1, -1):
            cells[pane * new + slot] = cells[pane * old + slot]
        for cell in range(pane * new + old, pane * new + new):
            cells[cell] = empty


def widen_i32(cells: "i32[w*k]", panes: int, old: int, new: int, empty: int) -> None:
    """Do as `widen_f64` for int32 cells. Writes: cells. Cost: O(panes * new)."""
    for pane in range(panes - 1, -1, -1):
        for slot in range(old - 1, -1, -1):
            cells[pane * new + slot] = cells[pane * old + slot]
        for cell in range(pane * new + old, pane * new + new):
            cells[cell] = empty
