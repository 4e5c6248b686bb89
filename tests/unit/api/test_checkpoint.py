"""Engines that go on from a checkpoint: with the same rules, with others, with files."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import pytest

import cep
from cep.errors import CepError

if TYPE_CHECKING:
    from pathlib import Path

STREAM = "CREATE STREAM s (ts TIMESTAMP, k STRING, v INT, WATERMARK FOR ts AS ts);"
PAIR = (
    "CREATE {} pair {} AS SELECT k, b.v AS v FROM s"
    " MATCH (a[v = 1] -> b[v = {}] PARTITION BY k WITHIN 10s);"
)
COUNT = "CREATE RULE per AS SELECT k, COUNT(*) AS n FROM s GROUP BY k, TUMBLE(10s);"
RULES = STREAM + PAIR.format("RULE", "", 2) + COUNT


def row(second: int, v: int, k: str = "x") -> dict[str, object]:
    return {"ts": second * 1_000_000, "k": k, "v": v}


def heard(engine: cep.Engine) -> list[tuple[object, ...]]:
    """Return the list that grows with the engine's output: stream, and the columns but the time."""
    found: list[tuple[object, ...]] = []

    def take(event: cep.Event) -> None:
        found.append((event.stream, *(value for name, value in event.items() if name != "ts")))

    for name in engine.outputs:
        engine.on(name)(take)
    return found


def saved(folder: Path, *rows: dict[str, object], rules: str = RULES, **options: Any) -> None:
    """Write the checkpoint of an engine that was sent rows."""
    with cep.Engine(rules, **options) as engine:
        engine.send_many("s", rows)
        engine.checkpoint(folder)


@pytest.mark.parametrize("tier", ["python", "llvm", "auto"])
def test_an_engine_goes_on_where_the_checkpoint_was(tmp_path: Path, tier: str) -> None:
    saved(tmp_path, row(1, 1), row(2, 5, "y"))
    with cep.Engine.restore(tmp_path, tier=tier) as engine:
        found = heard(engine)
        engine.send("s", row(3, 2))
        engine.flush()
    assert found == [("pair", "x", 2), ("per", "x", 2), ("per", "y", 1)]
    assert engine.restored is not None
    assert engine.restored == type(engine.restored)()


def test_threads_write_checkpoints_one_after_the_other(tmp_path: Path) -> None:
    with cep.Engine(RULES) as engine:
        threads = [threading.Thread(target=engine.checkpoint, args=(tmp_path,)) for _ in range(8)]
        for number, thread in enumerate(threads):
            thread.start()
            engine.send("s", row(number, 1))
        for thread in threads:
            thread.join()
        engine.checkpoint(tmp_path)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert len(names) == 2
    assert all(name.startswith("checkpoint-0") for name in names)
    with cep.Engine.restore(tmp_path) as engine:
        assert engine.stats()["streams"]["s"]["events"] == len(threads)


def test_a_callback_may_write_checkpoints(tmp_path: Path) -> None:
    with cep.Engine(RULES) as engine:
        engine.on("pair")(lambda _: engine.checkpoint(tmp_path))
        other = threading.Thread(target=lambda: [engine.checkpoint(tmp_path) for _ in range(20)])
        other.start()
        for number in range(20):
            engine.send("s", row(number, 1 + number % 2))
        other.join(timeout=60)
        assert not other.is_alive()
        assert engine.stats()["callback_failures"] == 0


def test_parameters_and_rejects_are_in_the_checkpoint(tmp_path: Path) -> None:
    rules = STREAM + "PARAM low INT; CREATE RULE r AS SELECT v FROM s WHERE v > $low;"
    saved(tmp_path, row(1, 1), {"ts": "never"}, rules=rules, params={"low": 3})
    with cep.Engine.restore(tmp_path) as engine:
        found = heard(engine)
        engine.send("s", row(2, 3))
        engine.send("s", row(3, 4))
        assert [(bad.stream, bad.seq) for bad in engine.errors] == [("s", 1)]
        assert engine.stats()["streams"]["s"]["events"] == 4
    assert found == [("r", 4)]
    with cep.Engine.restore(tmp_path, params={"low": 1}) as engine:
        assert engine.restored is not None
        assert engine.restored.reset == ("r",)


def test_other_rules_keep_state_where_it_fits(tmp_path: Path) -> None:
    saved(tmp_path, row(1, 1))
    fresh = STREAM + COUNT + PAIR.format("RULE", "", 3)  # in another order: other codes and places
    with cep.Engine.restore(tmp_path, fresh) as engine:
        assert engine.restored is not None
        assert (engine.restored.kept, engine.restored.reset) == ((), ("pair",))
        found = heard(engine)
        engine.send("s", row(2, 3))
        engine.flush()
    assert found == [("per", "x", 2)]
    kept = STREAM + PAIR.format("RULE", "KEEP STATE", 3) + "CREATE RULE n AS SELECT k FROM s;"
    with cep.Engine.restore(tmp_path, kept) as engine:
        assert engine.restored is not None
        changes = engine.restored
        assert (changes.added, changes.kept, changes.removed) == (("n",), ("pair",), ("per",))
        found = heard(engine)
        engine.send("s", row(2, 3))
        engine.flush()
    assert sorted(found) == [("n", "x"), ("pair", "x", 3)]


def test_texts_in_conditions_have_the_codes_of_the_checkpoint(tmp_path: Path) -> None:
    text = "CREATE RULE r{n} AS SELECT k FROM s WHERE k = '{k}';"
    first = STREAM + text.format(n=1, k="p") + text.format(n=2, k="q")
    saved(tmp_path, row(1, 1, "p"), row(2, 2, "z"), rules=first)
    second = STREAM + text.format(n=2, k="q") + text.format(n=3, k="z")
    with cep.Engine.restore(tmp_path, second) as engine:
        found = heard(engine)
        for second_, k in enumerate("pqz", 3):
            engine.send("s", row(second_, 1, k))
    assert found == [("r2", "q"), ("r3", "z")]


def test_a_state_of_another_form_and_another_stream_are_refused(tmp_path: Path) -> None:
    saved(tmp_path, row(1, 1))
    longer = PAIR.format("RULE", "KEEP STATE", 2).replace("a[v = 1]", "a[v = 1]{2}")
    with pytest.raises(CepError, match="CEP238"):
        cep.Engine.restore(tmp_path, STREAM + longer)
    wider = STREAM.replace("v INT", "v INT, w INT") + COUNT
    with pytest.raises(CepError, match="CEP506: stream s is declared otherwise"):
        cep.Engine.restore(tmp_path, wider)
    with pytest.raises(CepError, match="CEP509: there is no checkpoint"):
        cep.Engine.restore(tmp_path / "nowhere")


def test_a_table_is_read_again_for_a_rule_that_is_new(tmp_path: Path) -> None:
    (tmp_path / "rooms.csv").write_text("k,name\nx,kitchen\n")
    table = "CREATE TABLE rooms (k STRING PRIMARY KEY, name STRING)"
    table += f" WITH (source = '{tmp_path}/rooms.csv');"
    saved(tmp_path / "ck", row(1, 1))
    named = "CREATE RULE named AS SELECT rooms.name AS name FROM s JOIN rooms ON rooms.k = s.k;"
    with cep.Engine.restore(tmp_path / "ck", RULES + table + named) as engine:
        found = heard(engine)
        engine.send("s", row(2, 7))
    assert found == [("named", "kitchen")]


def test_files_go_on_where_they_were(tmp_path: Path) -> None:
    lines = [json.dumps(row(n, n % 4, "xy"[n % 2])) + "\n" for n in range(40)]
    whole, out = tmp_path / "in.jsonl", tmp_path / "pair.jsonl"
    whole.write_text("".join(lines))
    with cep.Engine(RULES, bounded=True) as engine:
        sink = engine.write("pair", str(tmp_path / "expected.jsonl"))
        for _ in engine.read({"s": str(whole)}):
            pass
        sink.close()
    whole.write_text("".join(lines[:25]))
    with cep.Engine(RULES, bounded=True) as engine:
        sink = engine.write("pair", str(out))
        next(engine.read({"s": str(whole)}))
        engine.checkpoint(tmp_path / "ck")
        sink.close()
    with out.open("a") as file:  # what came behind the checkpoint
        file.write('{"half of a ro')
    whole.write_text("".join(lines))
    with cep.Engine.restore(tmp_path / "ck", bounded=True) as engine:
        sink = engine.write("pair", str(out))
        assert sum(engine.read({"s": str(whole)})) == 15
        sink.close()
    assert out.read_bytes() == (tmp_path / "expected.jsonl").read_bytes()


def test_inputs_and_outputs_must_be_those_of_the_checkpoint(tmp_path: Path) -> None:
    one, other, out = tmp_path / "one.jsonl", tmp_path / "other.jsonl", tmp_path / "out.jsonl"
    one.write_text(json.dumps(row(1, 1)) + "\n" + json.dumps(row(2, 2)) + "\n")
    other.write_text("")
    with cep.Engine(RULES, bounded=True) as engine:
        sink = engine.write("pair", str(out))
        next(engine.read({"s": str(one)}))
        engine.checkpoint(tmp_path / "ck")
        sink.close()
    with cep.Engine.restore(tmp_path / "ck", bounded=True) as engine:
        with pytest.raises(CepError, match="CEP506: the input of stream s is not that"):
            list(engine.read({"s": str(other)}))
        out.write_text("")
        with pytest.raises(CepError, match="CEP504: cannot go on with"):
            engine.write("pair", str(out))


def test_rows_in_memory_are_gone_on_with(tmp_path: Path) -> None:
    rows = [row(n, 1 + n % 2) for n in range(30_000)]
    expected = cep.run(RULES, {"s": rows})["pair"].to_dicts()
    with cep.Engine(RULES, bounded=True) as engine:
        tables = engine.tables()
        next(engine.read({"s": rows}))
        engine.checkpoint(tmp_path)
        first = tables["pair"].to_dicts()
    with cep.Engine.restore(tmp_path, bounded=True) as engine:
        tables = engine.tables()
        assert sum(engine.read({"s": rows})) == 20_000
        assert first + tables["pair"].to_dicts() == expected
