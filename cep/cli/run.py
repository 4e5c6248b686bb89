"""`cep run`: rules over inputs, events to outputs."""

from __future__ import annotations

import json
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from cep.api import TIERS, Engine
from cep.cli.arguments import add_inputs, add_rules, only_stream, stream_inputs
from cep.cli.progress import progress_for
from cep.cli.saving import Saver, saver_for
from cep.errors import error

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from cep.connectors.base import Sink
    from cep.plan.nodes import WhyQuestion
    from cep.tables import Event


def configure(parser: argparse.ArgumentParser) -> None:
    """Add inputs, outputs and options."""
    add_rules(parser)
    add_inputs(parser)
    parser.add_argument(
        "--output",
        action="append",
        default=[],
        metavar="STREAM=URI",
        help="where an output stream goes: a file (.jsonl .csv) or - for standard output, one JSON object a "
        "line; without any --output all rows are printed for reading",
    )
    parser.add_argument(
        "--from",
        dest="start",
        metavar="TIME",
        help="read only events at this time or after it, e.g. 2026-01-01T08:00:00Z",
    )
    parser.add_argument(
        "--to", dest="end", metavar="TIME", help="read only events before this time"
    )
    parser.add_argument(
        "--rejects", metavar="FILE", help="write input rows that cannot be read here, with reasons"
    )
    parser.add_argument(
        "--metrics", metavar="HOST:PORT", help="serve Prometheus metrics, e.g. :9464"
    )
    parser.add_argument(
        "--checkpoint",
        metavar="DIR",
        help="write checkpoints here, and go on from the last one: inputs where they were, output files cut back to "
        "it, so that an interrupted run gives the same output as one that was not (rows printed for reading may come twice)",
    )
    parser.add_argument(
        "--every",
        default="10s",
        metavar="TIME",
        help="how often to write a checkpoint, e.g. 10s (default) or 500ms",
    )
    parser.add_argument("--tier", choices=TIERS, default="auto", help="how kernels run")
    parser.add_argument("--quiet", action="store_true", help="no progress and no summary")


def run(arguments: argparse.Namespace) -> int:
    """Run to the end of the inputs, or until interrupted; both end cleanly."""
    with ExitStack() as stack:
        saver = saver_for(arguments)
        engine = stack.enter_context(_engine(arguments, saver))
        for text in engine.explained:
            print(text, file=sys.stderr)
        inputs = stream_inputs(arguments.input, engine)
        printer = Printer()
        sinks = _sinks(arguments.output, engine, printer)
        for sink in sinks:
            stack.callback(sink.close)
        rejects: TextIO | None = None
        if arguments.rejects:
            rejects = stack.enter_context(_rejects(arguments.rejects))
        progress = stack.enter_context(progress_for(engine, quiet=arguments.quiet))
        try:
            reading = engine.read(inputs, start=arguments.start, end=arguments.end)
            if saver is not None:
                progress.note(saver.found)
                reading = stack.enter_context(saver.saving(engine, reading))
            _work(reading, sinks, progress, printer)
            _answer(engine.questions, arguments, inputs)
        finally:
            if rejects is not None:
                _write_rejects(engine, rejects)
    return 0


def _engine(arguments: argparse.Namespace, saver: Saver | None) -> Engine:
    """Return a new engine, or one that goes on from the last checkpoint."""
    make: Any = Engine if saver is None else saver.engine
    live = any("tail:" in text for text in arguments.input)
    return make(  # type: ignore[no-any-return]
        arguments.rules,
        params=dict(arguments.param),
        tier=arguments.tier,
        bounded=not live,
        metrics=_serve(arguments.metrics) if arguments.metrics else None,
    )


def _answer(
    questions: tuple[WhyQuestion, ...], arguments: argparse.Namespace, inputs: dict[str, str]
) -> None:
    """Print what EXPLAIN WHY statements ask; the inputs are read once more for each."""
    if not questions:
        return
    from cep.why import why

    for uri in inputs.values():
        if uri == "-" or uri.startswith("tail:"):
            print(f"EXPLAIN WHY needs inputs that can be read again, not {uri}", file=sys.stderr)
            return
    params = dict(arguments.param)
    for asked in questions:
        answer = why(
            arguments.rules,
            asked.rule,
            inputs,
            key=dict(asked.key),
            during=asked.during,
            params=params,
            span=(arguments.start, arguments.end),
        )
        print(answer.render(negated=asked.negated), file=sys.stderr)


class Printer:
    """Prints output events for reading; `failure` is why it stopped."""

    def __init__(self) -> None:
        self.failure: OSError | None = None

    def show(self, event: Event) -> None:
        """Print one line, nothing after a failure."""
        if self.failure is None:
            try:
                _print_event(event)
            except OSError as problem:
                self.failure = problem

    def check(self) -> None:
        """Raise what made printing fail."""
        if self.failure is not None:
            raise self.failure


def _work(reading: Iterator[int], sinks: list[Sink], progress: Any, printer: Printer) -> None:
    flushed = time.monotonic()
    try:
        for rows in reading:
            progress.add(rows)
            printer.check()
            # Rows leave at once while input trickles, and in blocks while it streams.
            if not rows or time.monotonic() - flushed > 1:
                for sink in sinks:
                    sink.flush()
                flushed = time.monotonic()
    except KeyboardInterrupt:
        progress.note("interrupted: what was found so far is written")


def _serve(place: str) -> Any:
    from cep.metrics import serve

    host, _, port = place.rpartition(":")
    if not port.isdigit():
        msg = f"--metrics {place} is not HOST:PORT"
        raise error("CEP205", msg, hint="for example :9464")
    return serve(host or "0.0.0.0", int(port))


def _sinks(given: list[str], engine: Engine, printer: Printer) -> list[Sink]:
    if not given:
        for stream in engine.outputs:
            engine.on(stream)(printer.show)
        return []
    sinks = []
    for text in given:
        stream, sign, uri = text.partition("=")
        if not sign:
            stream, uri = only_stream(engine.outputs, "--output"), text
        sinks.append(engine.write(stream, uri))
    return sinks


def _print_event(event: Event) -> None:
    values = "  ".join(f"{name}={_shown(value)}" for name, value in event.items() if name != "ts")
    print(f"{_shown(event.ts)}  {event.stream}  {values}")


def _shown(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, float):
        return f"{value:.6g}"
    if hasattr(value, "isoformat"):
        return str(value.isoformat(sep=" ", timespec="milliseconds")).removesuffix("+00:00")
    return str(value)


def _rejects(path: str) -> TextIO:
    try:
        return Path(path).open("w", encoding="utf-8")
    except OSError as problem:
        msg = f"cannot write {path}: {problem.strerror}"
        raise error("CEP504", msg) from None


def _write_rejects(engine: Engine, file: TextIO) -> None:
    for bad in engine.errors:
        row = {"stream": bad.stream, "seq": bad.seq, "reason": bad.reason, "raw": bad.raw}
        file.write(json.dumps(row) + "\n")
