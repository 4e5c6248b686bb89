"""Rows that are refused, late or waiting are all accounted for; outputs that several components share."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cep.batch import Decoded, EventBatch
from cep.engine.reorder import ReorderBuffer
from cep.errors import CepError
from cep.graph.graph import OperatorKind, OperatorSpec, RuleSpec, StreamSpec
from cep.schema import ColumnSpec, Schema
from cep.strings import StringTable
from cep.types import Type
from tests.unit.engine.graphs import Player, copy, graph, log, quiet, rule, stream


def test_rejected_and_late_rows_use_a_number_of_their_stream():
    streams = [stream("a", 1, late_into="late")]
    rules = [rule("m", ("a",), copy(-1), number=1), rule("log", ("a", "m"), log(2), number=2)]
    player = Player(graph(streams, rules, (("a",),), ("late",)))
    player.send("a", [(5, None), (6, 1), (3, 2), (7, None), (7, 3)])
    player.send("a", [(8, 4), (9, None)])
    assert [row for row in player.rows["log"] if row[2] == 0] == [
        (6, 1, 0, 1),
        (7, 3, 0, 4),
        (8, 4, 0, 5),
    ]
    assert [(r.stream, r.seq, r.reason) for r in player.core.rejects] == [
        *(("a", 0, "no INT"), ("a", 3, "no INT")),
        ("a", 6, "no INT"),
    ]
    counts = player.core.stats()["streams"]["a"]
    assert (counts["events"], counts["late"], counts["rejected"]) == (7, 1, {"value": 3})
    player.restart()
    assert player.core.stats()["streams"]["a"] == counts


def test_waiting_rows_are_counted_and_kept_over_a_restart():
    streams = [stream("a", 1, watermark_delay_us=100)]
    player = Player(graph(streams, [rule("m", ("a",), copy(-1), number=1)], (("a",),)))
    player.send("a", [(30, 1), (10, 2), (20, 3)])
    assert player.core.stats()["streams"]["a"]["waiting"] == 3
    player.restart()
    assert player.core.stats()["streams"]["a"]["waiting"] == 3
    assert player.end()["m"] == [(10, 2), (20, 3), (30, 1)]


def test_a_snapshot_of_other_rules_is_refused():
    streams = [stream("a", 1)]
    player = Player(graph(streams, [rule("m", ("a",), copy(-1), number=1)], (("a",),)))
    other = Player(graph(streams, [rule("x", ("a",), copy(-1), number=1)], (("a",),)))
    with pytest.raises(CepError, match="CEP506"):
        other.core.restore(player.core.snapshot())


def test_rows_of_one_cause_go_by_the_declaration_of_their_rules():
    """`late` is taken second but declared first, so its row stands first."""
    rules = [
        RuleSpec("first", ("a",), (copy(-1),), "o", 2, 1),
        RuleSpec("late", ("a",), (copy(-1),), "p", 1, 2),
        rule("log", ("a", "o", "p"), log(3), number=3),
    ]
    player = Player(graph([stream("a", 1)], rules, (("a",),)))
    player.send("a", [(1, 0), (2, 0)])
    assert [row[2] for row in player.rows["log"]] == [0, 2, 1, 0, 2, 1]


def test_deadlines_of_one_instant_go_by_the_order_of_rules():
    """`second` had fewer deadlines so far, but comes after `one` all the same."""
    rules = [
        rule("one", ("a",), quiet(2), number=1),
        rule("second", ("b",), quiet(2), number=2),
        rule("log", ("second", "one"), log(2), number=3),
    ]
    streams = [stream("a", 1), stream("b", 2)]
    player = Player(graph(streams, rules, (("a", "b"),)))
    player.send("a", [(0, 0), (10, 0), (20, 0)])
    player.send("b", [(20, 0)])
    rows = player.end()["log"]
    assert [(ts, source) for ts, _, source, _ in rows] == [(2, 1), (12, 1), (22, 1), (22, 0)]


# ---------------------------------------------------------------- the reorder buffer

KINDS = st.sampled_from([Type.STRING, Type.DOUBLE, Type.INT, Type.BOOLEAN])
VALUES = {
    Type.STRING: st.one_of(
        st.none(), st.sampled_from(["a", "B", "ä", "ab", "", "\U0001f525", "\uffff"])
    ),
    Type.DOUBLE: st.one_of(st.none(), st.sampled_from([-1.5, 0.0, 2.0, 1e300])),
    Type.INT: st.one_of(st.none(), st.sampled_from([-(2**62), 0, 7])),
    Type.BOOLEAN: st.one_of(st.none(), st.booleans()),
}


@given(st.data())
def test_rows_of_one_time_go_by_ties_partition_and_offset(data):
    kinds = data.draw(st.lists(KINDS, max_size=2))
    names = [f"t{k}" for k in range(len(kinds))]
    schema = Schema(tuple(map(ColumnSpec, names, kinds)))
    strings = StringTable()
    buffer = ReorderBuffer(StreamSpec("s", schema, 1, tiebreak=tuple(names)), strings)
    wanted = []
    offsets = {0: 0, 1: 0}
    for _ in range(data.draw(st.integers(1, 5))):
        partition = data.draw(st.integers(0, 1))
        row = st.tuples(st.integers(0, 3), *(VALUES[k] for k in kinds))
        rows = data.draw(st.lists(row, min_size=1, max_size=5))
        columns = {
            name: _column([r[k + 1] for r in rows], kind, strings)
            for k, (name, kind) in enumerate(zip(names, kinds, strict=True))
        }
        times = np.array([r[0] for r in rows], np.int64)
        first = offsets[partition]
        seq = np.arange(len(wanted), len(wanted) + len(rows))
        buffer.add(EventBatch(schema, columns, times, seq), partition, first)
        offsets[partition] += len(rows)
        for n, (ts, *ties) in enumerate(rows):
            key = tuple((tie is None, "" if tie is None else tie) for tie in ties)
            wanted.append(((ts, key, partition, first + n), len(wanted)))
    found = []
    for limit in (1, 3):
        made = buffer.release(limit)
        found += [] if made is None else made.numbers().tolist()
    assert found == [n for _, n in sorted(wanted)]


def _column(values, kind: Type, strings: StringTable) -> np.ndarray:
    if kind is Type.STRING:
        return strings.encode(values)
    return np.array([kind.null if v is None else v for v in values], kind.dtype)


# ---------------------------------------------------------------- shared outputs


@given(st.data())
def test_components_of_a_bounded_run_go_through_the_same_instants(data):
    """Two components write `o`: rows of events by time and stream, then those of deadlines, whatever the batches."""
    steps = st.lists(st.integers(0, 3), min_size=1, max_size=12)
    times = {name: np.cumsum(data.draw(steps)).tolist() for name in ("a", "b")}
    rules = [
        rule("one", ("b",), copy(-1), number=1, into="o"),
        rule("two", ("a",), copy(-1), number=2, into="o"),
        rule("gone", ("b",), quiet(3), number=3, into="o"),
    ]
    player = Player(graph([stream("a", 1), stream("b", 2)], rules, (("a",), ("b",))))
    rest = {name: [(ts, ord(name)) for ts in found] for name, found in times.items()}
    while any(rest.values()):
        name = data.draw(st.sampled_from([n for n in rest if rest[n]]))
        size = data.draw(st.integers(1, 4))
        player.send(name, rest[name][:size])
        rest[name] = rest[name][size:]
        if data.draw(st.booleans()):
            player.restart()
    wanted = [(ts, 1, ord(name)) for name in times for ts in times[name]]
    start = 0
    for n, ts in enumerate(times["b"]):
        if n + 1 == len(times["b"]) or times["b"][n + 1] > ts + 3:
            wanted.append((ts + 3, 3, n + 1 - start))
            start = n + 1
    assert player.end()["o"] == [(ts, v) for ts, _, v in sorted(wanted)]


def test_in_a_live_engine_rows_of_components_stand_as_they_come():
    rules = [
        rule("one", ("a",), copy(-1), number=1, into="o"),
        rule("two", ("b",), copy(-1), number=2, into="o"),
    ]
    streams = [stream("a", 1), stream("b", 2)]
    player = Player(graph(streams, rules, (("a",), ("b",))), {"bounded": False})
    player.send("b", [(9, 1)])
    player.send("a", [(3, 2)])
    assert player.rows["o"] == [(9, 1), (3, 2)]
    assert player.seqs["o"] == [0, 1]


# ---------------------------------------------------------------- who owns arrays


@pytest.mark.parametrize("delay", [0, 1000])
def test_the_sender_may_write_to_its_arrays_again(delay):
    streams = [stream("a", 1, watermark_delay_us=delay)]
    every = OperatorSpec(
        OperatorKind.SELECT,
        copy(-1).kernel,
        copy(-1).output,
        "def select(columns, tables, np):\n    return 0, None, {'v': columns['v_0']}\n",
    )
    player = Player(graph(streams, [rule("m", ("a",), every, number=1)], (("a",),)))
    batches = []
    player.core._emit = lambda _, batch: batches.append(batch)
    ts, v = np.arange(500), np.arange(500)
    player.core.ingest("a", Decoded({"ts": ts, "v": v}, 500))
    ts[:], v[:] = 7, 7
    player.core.flush()
    made = [(t, x) for b in batches for t, x in zip(b.ts, b.columns["v"], strict=True)]
    assert made == [(n, n) for n in range(500)]


def test_a_snapshot_fits_only_rules_with_the_same_constants():
    def player(limit: int) -> Player:
        rules = [rule("m", ("a",), quiet(limit), number=1)]
        return Player(graph([stream("a", 1)], rules, (("a",),)))

    one = player(4)
    one.send("a", [(1, 1)])
    arrays = one.core.snapshot()
    with pytest.raises(CepError, match="CEP506"):
        player(5).core.restore(arrays)
    again = player(4)
    again.core.restore(arrays)
    assert again.end() == one.end() == {"m": [(5, 1)]}
