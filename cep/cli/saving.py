"""Checkpoints of `cep run`: written while it runs and when it is interrupted, and gone on from."""

from __future__ import annotations

import signal
import time
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cep.api import Engine
from cep.errors import error
from cep.state.checkpoints import Checkpoints
from cep.times import parse_duration

if TYPE_CHECKING:
    import argparse
    from collections.abc import Generator, Iterator

    from cep.engine.change import RuleChanges

STANDARD = "-"


def saver_for(arguments: argparse.Namespace) -> Saver | None:
    """Return what writes the checkpoints of a run, None without --checkpoint.

    Raises:
        CepError: CEP403, an input or output that cannot be gone on with, or a time that is none.
    """
    if arguments.checkpoint is None:
        return None
    for option, what in (("input", "read again"), ("output", "cut back")):
        given = [text.partition("=")[2] or text for text in getattr(arguments, option)]
        if STANDARD in given:
            msg = f"--checkpoint with --{option} {STANDARD}: that cannot be {what}"
            raise error("CEP403", msg, hint="give a file")
    every = parse_duration(arguments.every)
    if every is None or every <= 0:
        msg = f"--every {arguments.every} is no time"
        raise error("CEP403", msg, hint="for example 10s")
    return Saver(Path(arguments.checkpoint), every / 1e6)


class Saver:
    """Writes checkpoints of one run into a folder.

    found: what is to be said about the checkpoint the run goes on from, empty if there is none.
    """

    def __init__(self, folder: Path, every: float) -> None:
        self._folder = folder
        self._every = every
        self._interrupted = False
        self.found = ""

    def engine(self, rules: Any, **options: Any) -> Engine:
        """Return an engine that goes on from the last checkpoint, or a new one if there is none.

        Raises:
            CepError: those of `Engine.restore`.
        """
        known = Checkpoints(self._folder)
        known.make()
        if not known.there():
            return Engine(rules, **options)
        engine = Engine.restore(self._folder, rules, **options)
        self.found = f"going on from the last checkpoint in {self._folder}{_told(engine.restored)}"
        return engine

    @contextmanager
    def saving(self, engine: Engine, reading: Iterator[int]) -> Generator[Iterator[int]]:
        """Give the steps of a run, writing checkpoints between them, one at the end, and one when interrupted.

        The first interrupt (or SIGTERM) waits for the end of a step; a second one does not.
        """
        before = {n: signal.getsignal(n) for n in (int(signal.SIGINT), int(signal.SIGTERM))}

        def interrupted(number: int, _: object) -> None:
            self._interrupted = True
            signal.signal(number, before[number])

        for number in before:
            signal.signal(number, interrupted)
        try:
            with closing(self._steps(engine, reading)) as steps:
                yield steps
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _steps(self, engine: Engine, reading: Iterator[int]) -> Generator[int]:
        saved = time.monotonic()
        for rows in reading:
            yield rows
            if self._interrupted:
                engine.checkpoint(self._folder)
                raise KeyboardInterrupt
            if time.monotonic() - saved >= self._every:
                engine.checkpoint(self._folder)
                saved = time.monotonic()
        engine.checkpoint(self._folder)


def _told(changes: RuleChanges | None) -> str:
    """Return which rules are not as they were, as the end of a sentence."""
    if changes is None:
        return ""
    parts = {
        "new": changes.added,
        "changed, with their state": changes.kept,
        "changed, without state": changes.reset,
        "gone": changes.removed,
    }
    told = [f"{what}: {', '.join(names)}" for what, names in parts.items() if names]
    return f" ({'; '.join(told)})" if told else ""
