"""Part of the kernel of a MATCH_RECOGNIZE: one buffered row is offered to the threads of the start being tried.

Threads stand in a list, the most preferred first; the threads that took the row make the next list. A thread that
completes the pattern is the best match so far and cuts off all threads behind it. Equal threads are kept once, at
the more preferred place: where no condition reads bound rows a mark for each (row, state) does that, and
stays for later starts, because what led to no match then leads to none now; so all starts together try each (row,
state) once. Else threads of one state are compared by all they know.
Source: the lockstep simulation of R. Pike as in R. Cox, "Regular expression matching: the virtual machine
approach", 2009; marks that outlive a start as in C. Clark, memoized backtracking.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.codegen import conditions
from cep.codegen.recognize.parts import NODES, THREADS, TRIED_BITS

if TYPE_CHECKING:
    from cep.codegen.recognize.parts import Parts, RowCondition

MOST_TRIES = 50_000_000  # conditions tried for one start of a key, where conditions read bound rows
ALWAYS = 1 << 61  # a bit of flags that stands for no variable: the state waits whatever the row is
MOST_THREADS = 200_000  # threads of one start of a key


class Step:
    """Writes the step of all threads of key `slot` over row `r`."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        layout = parts.layout
        layout.pool(THREADS, 64, slots="threads_free")
        parts.free_threads = layout.register_number("threads_free", -1)
        layout.register("threads_used")
        layout.register("threads_live")
        layout.pool(NODES, 256, slots="nodes_free")
        parts.free_nodes = layout.register_number("nodes_free", -1)
        layout.register("nodes_used")
        layout.register("nodes_live")
        self.tries = layout.register("tries")
        layout.state(f"{THREADS}_chain", "i32", THREADS, fill=-1)
        for name in ("thread_state", "thread_node", "thread_next"):
            layout.state(name, "i64", THREADS)
        layout.state(f"{NODES}_chain", "i32", NODES, fill=-1)
        for name in ("node_row", "node_state", "node_parent", "node_refs", "node_next"):
            layout.state(name, "i64", NODES)
        if parts.captures:
            layout.pool("marks", len(parts.program.states))
            layout.state("state_step", "i64", "marks")
            layout.state("state_thread", "i64", "marks")
            layout.state("thread_same", "i64", THREADS)
            layout.state("key_tries", "i64", "keys")
            layout.state("key_threads", "i64", "keys")
            self.number = layout.register("step")
        else:
            layout.state("row_tried", "i64", "rows", width=parts.tried_words)

    # ------------------------------------------------------------ the start

    def begin(self) -> None:
        """Write the start of the trial of the first row of key `slot`: one thread before any row.

        Where threads know nothing it has no slot: `key_thread` is -2 less its state then.
        """
        parts, writer = self.parts, self.parts.writer
        writer.line("state = 0")
        if parts.program.anchored:
            with writer.block("if row_first[head] == 1:"):
                writer.line("state = 1")
        if parts.captures:
            self._room(THREADS, parts.free_threads, "1")
            writer.line(f"thread = {parts.take(THREADS, parts.free_threads)}")
            writer.lines("thread_state[thread] = state", "thread_node[thread] = -1")
            writer.lines("thread_next[thread] = -1", "key_thread[slot] = thread")
            parts.threads.thread = "thread"
            parts.threads.clear(parts.scope)
            writer.lines("key_tries[slot] = 0", "key_threads[slot] = 1")
        else:
            writer.line("key_thread[slot] = -2 - state")
        writer.lines("key_at[slot] = -1", "key_best[slot] = -2")
        for number, state in enumerate(parts.program.starts):
            if state.accepting:
                with writer.block(f"if state == {number}:"):
                    writer.line("key_best[slot] = -1")
        writer.line("key_begun[slot] = 1")

    def _room(self, pool: str, at: int, needed: str) -> None:
        """Write the test that a pool has room for `needed` more."""
        writer, layout = self.parts.writer, self.parts.layout
        with writer.block(f"if reg[{at + 2}] + {needed} > {layout.capacity(pool)}:"):
            writer.lines(f"status = {layout.full(pool)}", "break")

    # ------------------------------------------------------------ the step

    def write(self) -> None:
        """Write the step; it leaves the loop, with nothing touched, if a pool has no room."""
        parts, writer = self.parts, self.parts.writer
        most = str(len(parts.program.states))
        if parts.captures:
            most = f"key_threads[slot] * {parts.most_moves} + 1"
        self._room(THREADS, parts.free_threads, most)
        self._room(NODES, parts.free_nodes, most)
        always = f" | {ALWAYS}" if parts.program.waits else ""
        writer.lines(f"flags = row_flags[r]{always}", "old = key_thread[slot]")
        writer.lines("first = -1", "last = -1")
        writer.line("accepted = 0")
        if parts.captures:
            writer.line(f"{self.number} = {self.number} + 1")
            writer.line("key_threads[slot] = 0")
        with writer.block("while old != -1:"):
            self._load_thread()
            with writer.block("if accepted == 0 and flags & state_fits[state] != 0:"):
                writer.lines("move = follow_at[state]", "moves_end = follow_at[state + 1]")
                writer.line(f"{self.tries} = {self.tries} + (moves_end - move)")
                if parts.captures:
                    writer.line("key_tries[slot] = key_tries[slot] + (moves_end - move)")
                with writer.block("while move < moves_end:"):
                    self._move()
                    writer.line("move = move + 1")
            if parts.captures:
                parts.drop_thread("old")
            else:
                with writer.block("if moved == 0:"):
                    parts.drop_thread("old")
            writer.line("old = after")
        writer.lines("key_thread[slot] = first", "key_at[slot] = r")

    def _load_thread(self) -> None:
        """Write the reading of thread `old`; moved: its slot is another thread's already, or it has none."""
        writer = self.parts.writer
        if self.parts.captures:
            writer.lines("after = thread_next[old]", "state = thread_state[old]")
            writer.line("parent = thread_node[old]")
            return
        writer.lines("after = -1", "state = -2 - old", "parent = -1", "moved = 1")
        with writer.block("if old >= 0:"):
            writer.lines("after = thread_next[old]", "state = thread_state[old]")
            writer.lines("parent = thread_node[old]", "moved = 0")

    def _move(self) -> None:
        """Write the try of one move: the thread that took the row, or behind `->` the one that waits on."""
        parts, writer = self.parts, self.parts.writer
        writer.lines("target = follow[move]", "variable = state_variable[target]")
        writer.line("fits = (flags >> variable) & 1")
        for condition in parts.conditions:
            if condition.bound:
                self._bound_condition(condition, "fits == 1 and variable ==", "fits")
        if parts.program.waits:
            writer.lines("goal = -1", "fitted = fits")
            with writer.block("if fits == 0:"):
                writer.line("goal = move_wait[move]")
            with writer.block("if goal >= 0:"):
                self._wait()
            writer.line("fits = fitted")
        with writer.block("if fits == 1:"):
            self._distinct("target", bind=True)
            with writer.block("if fits == 1:"):
                self._take()

    def _bound_condition(self, condition: RowCondition, test: str, result: str) -> None:
        """Write the parts of a condition that read rows bound before, for thread `old`: `result` is 0 if one fails."""
        parts, writer = self.parts, self.parts.writer
        scope = parts.scope
        scope.at, scope.variable, scope.cells = "r", condition.name, parts.threads
        parts.threads.thread = "old"
        with writer.block(f"if {test} {condition.number}:"):
            tests = [f"({conditions.is_true(part, scope)})" for part in condition.bound]
            writer.line(f"{result} = 0")
            with writer.block(f"if {' and '.join(tests)}:"):
                writer.line(f"{result} = 1")
        scope.variable = None

    def _wait(self) -> None:
        """Write the waiting of thread `old` for a row that fits, unless the present one fits a guard."""
        parts, writer = self.parts, self.parts.writer
        writer.lines("fits = 1", "guards = move_guards[move] & flags")
        guards = {n for s in parts.program.states for m in s.moves for n in m.guards}
        for number in sorted(guards):
            writer.line(f"guarded = (guards >> {number}) & 1")
            if parts.conditions[number].bound:
                self._bound_condition(
                    parts.conditions[number], f"guarded == 1 and {number} ==", "guarded"
                )
            with writer.block("if guarded == 1:"):
                writer.line("fits = 0")
        with writer.block("if fits == 1:"):
            self._distinct("goal", bind=False)
            with writer.block("if fits == 1:"):
                writer.line("node = parent")
                self._thread("goal")

    # ------------------------------------------------------------ equal threads

    def _distinct(self, state: str, *, bind: bool) -> None:
        """Write `fits = 0` where a more preferred thread is equal to the one that would come to `state`."""
        if self.parts.captures:
            self._know(state, bind=bind)
        else:
            self._not_tried(state)

    def _not_tried(self, state: str) -> None:
        """Write `fits = 0` for a (row, state) tried before, else the mark for it."""
        writer, width = self.parts.writer, self.parts.tried_words
        shift = TRIED_BITS.bit_length() - 1
        if width == 1:
            writer.lines("word = r", f"mark = 1 << {state}")
        else:
            writer.line(f"word = r * {width} + ({state} >> {shift})")
            writer.line(f"mark = 1 << ({state} & {TRIED_BITS - 1})")
        with writer.block("if row_tried[word] & mark != 0:"):
            writer.line("fits = 0")
        with writer.block("else:"):
            writer.line("row_tried[word] = row_tried[word] | mark")

    def _know(self, state: str, *, bind: bool) -> None:
        """Write a thread with all it knows after the row; `fits = 0` if there is an equal, more preferred one."""
        parts, writer, scope = self.parts, self.parts.writer, self.parts.scope
        writer.line(f"thread = {parts.take(THREADS, parts.free_threads)}")
        parts.threads.copy(scope, "thread", "old")
        if bind:
            scope.at, scope.cells = "r", parts.threads
            parts.threads.thread = "thread"
            parts.threads.bind(scope, "variable")
        with writer.block(f"if state_step[{state}] != {self.number}:"):
            writer.lines(f"state_step[{state}] = {self.number}", f"state_thread[{state}] = -1")
        writer.line(f"other = state_thread[{state}]")
        with writer.block("while other >= 0 and fits == 1:"):
            with writer.block(f"if {parts.threads.equal('thread', 'other')}:"):
                writer.line("fits = 0")
            writer.line("key_tries[slot] = key_tries[slot] + 1")
            writer.line("other = thread_same[other]")
        with writer.block("if fits == 0:"):
            writer.line(self._free("thread"))

    def _free(self, thread: str) -> str:
        parts = self.parts
        return parts.call(
            "slots", "free_slot", "reg", parts.free_threads, f"{THREADS}_chain", thread
        )

    # ------------------------------------------------------------ the thread that goes on

    def _take(self) -> None:
        """Write the binding of the row: a node of the path, the match if it is complete, the thread that goes on."""
        parts, writer = self.parts, self.parts.writer
        writer.line(f"node = {parts.take(NODES, parts.free_nodes)}")
        writer.lines("node_row[node] = r", "node_state[node] = target", "node_refs[node] = 0")
        writer.line("node_parent[node] = parent")
        with writer.block("if parent >= 0:"):
            writer.line("node_refs[parent] = node_refs[parent] + 1")
        if any(state.accepting for state in parts.program.states):
            with writer.block("if state_accepts[target] == 1:"):
                writer.line(parts.release_path("key_best[slot]"))
                writer.lines("key_best[slot] = node", "node_refs[node] = 1")
                writer.lines("accepted = 1", "move = moves_end")
        with writer.block("if follow_at[target + 1] > follow_at[target]:"):
            self._thread("target")
        if parts.captures:
            with writer.block("else:"):
                writer.line(self._free("thread"))

    def _thread(self, state: str) -> None:
        """Write the joining of a thread at `state` with path `node` behind the more preferred ones."""
        parts, writer = self.parts, self.parts.writer
        if parts.captures:
            writer.lines(
                f"thread_same[thread] = state_thread[{state}]", f"state_thread[{state}] = thread"
            )
            writer.line("key_threads[slot] = key_threads[slot] + 1")
        else:
            with writer.block("if moved == 0:"):
                writer.lines("thread = old", "moved = 1")
                with writer.block("if parent >= 0:"):
                    writer.line("node_refs[parent] = node_refs[parent] - 1")
            with writer.block("else:"):
                writer.line(f"thread = {parts.take(THREADS, parts.free_threads)}")
        writer.lines(f"thread_state[thread] = {state}", "thread_node[thread] = node")
        writer.lines("thread_next[thread] = -1", "node_refs[node] = node_refs[node] + 1")
        with writer.block("if last < 0:"):
            writer.line("first = thread")
        with writer.block("else:"):
            writer.line("thread_next[last] = thread")
        writer.line("last = thread")
