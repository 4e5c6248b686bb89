"""Part of the kernel of a MATCH: aggregates that keep the values of a run in order (quantiles, MODE, MAD, SUM(DISTINCT ..)).

Each run has a tree (`cep/kernellib/ordered.py`) for each such set of values. In a condition the candidate enters the tree,
the value is read, and the candidate leaves again; of a run that is about to start the tree is an empty one.

Arrays: `run_tree<n>` the root, `run_newest<n>` entry and time of the newest sample, `run_samples<n>` the entries of a run,
linked by `sample_next` and given back with the run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.types import Type

if TYPE_CHECKING:
    from cep.codegen.match.cells import RunCells
    from cep.codegen.slot_uses import SlotNeed
    from cep.codegen.writer import Writer

_TREE = "sample_words, sample_links"


class RunOrdered:
    """The trees of runs, one a set of values; writes nothing where no aggregate needs one."""

    def __init__(self, cells: RunCells) -> None:
        self.cells = cells
        self.layout = cells.layout
        self.sets: dict[SlotNeed, int] = {}
        self.at = -1
        self.counter = -1

    def need(self, use: SlotNeed) -> None:
        """Add the tree of a slot, and with the first one the pools."""
        if use in self.sets:
            return
        if not self.sets:
            self._pools()
        number = len(self.sets)
        self.sets[use] = number
        layout = self.layout
        layout.state(f"run_tree{number}", "i64", "runs", fill=-1)
        layout.state(f"run_newest{number}", "i64", "runs", width=2, fill=-1)
        layout.state(f"run_samples{number}", "i64", "runs", fill=-1)

    def _pools(self) -> None:
        layout = self.layout
        self.at = layout.register_number("samples_free", -1)
        layout.register("samples_used")
        layout.register("samples_live")
        self.counter = layout.register_number("samples_seen")
        layout.pool("samples", 256, slots="samples_free")
        layout.pool("no_run", 1)
        layout.state("sample_chain", "i32", "samples", fill=-1)
        layout.state("sample_words", "i64", "samples", width=4)
        layout.state("sample_links", "i64", "samples", width=4, fill=-1)
        layout.state("sample_next", "i64", "samples", fill=-1)
        layout.state("start_tree", "i64", "no_run", fill=-1)
        layout.state("start_newest", "i64", "no_run", width=2, fill=-1)

    def _place(self, use: SlotNeed) -> tuple[str, str, str]:
        """Return the roots and newest samples, and the run at hand among them."""
        if self.cells.empty:
            return "start_tree", "start_newest", "0"
        number = self.sets[use]
        return f"run_tree{number}", f"run_newest{number}", self.cells.run

    def fields(self, use: SlotNeed) -> dict[str, str]:
        """Return what formulas read of the tree of the run at hand."""
        roots, newest, run = self._place(use)
        return {
            "root": f"{roots}[{run}]",
            "tree": f"{_TREE}, {roots}[{run}]",
            "words": "sample_words",
            "links": "sample_links",
            "newest": f"{newest}[2 * {run}]",
            "floats": str(int(use.args[0].type is Type.DOUBLE)),
        }

    # ------------------------------------------------------------------ runs

    def room(self, writer: Writer) -> None:
        """Write the test that every run of the key and a new one can add a value to every tree."""
        if not self.sets:
            return
        writer.line("most_samples = 1")
        with writer.block("if slot >= 0:"):
            writer.line("most_samples = key_runs[slot] + 1")
        writer.line(f"most_samples = reg[{self.at + 2}] + most_samples * {len(self.sets)} + 1")
        with writer.block(f"if most_samples > {self.layout.capacity('samples')}:"):
            writer.lines(f"status = {self.layout.full('samples')}", "break")

    def start(self, writer: Writer) -> None:
        """Write the empty trees of a new run."""
        run = self.cells.run
        for number in self.sets.values():
            writer.lines(
                f"run_tree{number}[{run}] = -1",
                f"run_newest{number}[2 * {run}] = -1",
                f"run_samples{number}[{run}] = -1",
            )

    def drop(self, writer: Writer) -> None:
        """Write the giving back of the values of a run."""
        for number in self.sets.values():
            drop = self.layout.use("ordered", "drop_pane")
            writer.line(
                f"{drop}(reg, {self.at}, sample_chain, {_TREE}, run_tree{number}, "
                f"run_newest{number}, sample_next, run_samples{number}, {self.cells.run})"
            )

    # ------------------------------------------------------------------ values

    def add(self, writer: Writer, use: SlotNeed, xs: tuple[str, ...]) -> None:
        """Write the adding of the candidate's value for good."""
        entry = writer.fresh("sample_")
        self._enter(writer, use, xs, entry)
        heads = f"run_samples{self.sets[use]}[{self.cells.run}]"
        writer.lines(f"sample_next[{entry}] = {heads}", f"{heads} = {entry}")

    def _enter(self, writer: Writer, use: SlotNeed, xs: tuple[str, ...], entry: str) -> None:
        roots, newest, run = self._place(use)
        order = xs[0]
        if use.args[0].type is Type.DOUBLE:
            order = f"{self.layout.use('ordered', 'order_of')}({order})"
        add = self.layout.use("ordered", "add_ordered")
        writer.line(
            f"{entry} = {add}(reg, {self.at}, sample_chain, {_TREE}, {roots}, {self.counter}, "
            f"{run}, {order}, 0)"
        )
        if use.kind == "ordered_samples":
            replace = self.layout.use("ordered", "replace_last")
            writer.line(f"{replace}({_TREE}, {roots}, {newest}, {entry}, ts)")

    def lend(self, writer: Writer, use: SlotNeed, xs: tuple[str, ...], entry: str) -> None:
        """Write the adding of the candidate's value for as long as it is tested: `entry` is its place."""
        _, newest, run = self._place(use)
        writer.lines(
            f"{entry}_stood = {newest}[2 * {run}]", f"{entry}_at = {newest}[2 * {run} + 1]"
        )
        self._enter(writer, use, xs, entry)

    def take_back(self, writer: Writer, use: SlotNeed, entry: str) -> None:
        """Write the removal of the value that `lend` has added; what it had replaced comes back."""
        roots, newest, run = self._place(use)
        drop = self.layout.use("ordered", "drop_ordered")
        writer.line(f"{drop}(reg, {self.at}, sample_chain, {_TREE}, {roots}, {newest}, {entry})")
        if use.kind == "ordered_samples":
            enter = self.layout.use("ordered", "tree_enter")
            with writer.block(f"if {entry}_stood >= 0 and {entry}_at == ts:"):
                writer.line(f"{enter}({_TREE}, {roots}, {entry}_stood)")
        writer.lines(
            f"{newest}[2 * {run}] = {entry}_stood", f"{newest}[2 * {run} + 1] = {entry}_at"
        )
