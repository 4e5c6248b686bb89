"""`cep demo`: half an hour in a building, a fire found on the way; live on a terminal."""

from __future__ import annotations

import importlib
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from cep.api import Engine
from cep.cli.story import rule_file, story_folder
from cep.metrics import new_registry, page

if TYPE_CHECKING:
    import argparse

    from cep.tables import Event

STEP_SECONDS = 10  # event time shown at once
SHOWN_METRICS = ("cep_events_total", "cep_matches_total", "cep_incidents_open", "cep_runs_live")
_COLORS = {"opened": "bold red", "updated": "yellow", "closed": "green"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the seed and the speed."""
    parser.add_argument(
        "--seed", type=int, default=1, help="another seed, another half hour (default 1)"
    )
    parser.add_argument(
        "--speed",
        type=float,
        default=180.0,
        metavar="X",
        help="times faster than life on a terminal (default 180); elsewhere as fast as possible",
    )


def run(arguments: argparse.Namespace) -> int:
    """Generate the readings, run the rules over them, show what they find."""
    with story_folder():
        generator = importlib.import_module("examples.fire_detection.generate")
    story = generator.generate(arguments.seed)
    rules = rule_file("fire_detection.cep")
    screen = _Screen(live=sys.stdout.isatty(), speed=arguments.speed)
    screen.title(f"{len(story.rows):,} readings of half an hour, rules of {rules.name}")
    registry = new_registry()
    with Engine(rules, bounded=True, metrics=registry) as engine:
        for stream in engine.outputs:
            engine.on(stream)(screen.event)
        _play(engine, story.rows, screen)
        engine.flush()
        screen.summary(story)
        shown = [r for r in page(registry).splitlines() if r.startswith(SHOWN_METRICS)]
    screen.title(
        "metrics: `cep run --metrics :9464` serves http://localhost:9464/metrics, for example"
    )
    for row in shown:
        screen.plain(f"  {row}")
    screen.title(
        "next: cep run rules/fire_detection.cep --input readings=YOUR.jsonl --output incidents=-"
    )
    return 0


def _play(engine: Engine, rows: list[dict[str, Any]], screen: _Screen) -> None:
    """Send the readings a few seconds of event time at once."""
    engine.end("all_clear")
    waiting: list[dict[str, Any]] = []
    step = ""
    for row in rows:
        part = str(row["ts"])[:18]  # ten seconds of an ISO-8601 time
        if part != step and waiting:
            engine.send_many("readings", waiting)
            waiting = []
            screen.pause()
        step = part
        waiting.append(row)
    engine.send_many("readings", waiting)


class _Screen:
    """Prints lines, with colors and at the pace of the story on a terminal."""

    def __init__(self, *, live: bool, speed: float) -> None:
        self._live = live
        self._speed = speed
        self._counts: Counter[str] = Counter()
        self._console: Any = None
        self._failure: OSError | None = None
        if live:
            from rich.console import Console

            self._console = Console(highlight=False)

    def plain(self, text: str, style: str = "") -> None:
        """Print a line."""
        if self._console is None:
            print(text)
        else:
            self._console.print(text, style=style, markup=False, soft_wrap=True)

    def title(self, text: str) -> None:
        """Print a line that stands out."""
        self.plain(text, "bold cyan")

    def pause(self) -> None:
        """Wait as long as the step takes at the chosen speed; raise what made printing an event fail."""
        if self._failure is not None:
            raise self._failure
        if self._live and self._speed > 0:
            time.sleep(STEP_SECONDS / self._speed)

    def event(self, event: Event) -> None:
        """Show incidents and suspicions as they come; count everything else."""
        self._counts[event.stream] += 1
        try:
            self._show(event)
        except OSError as problem:
            self._failure = problem

    def _show(self, event: Event) -> None:
        clock = event.ts.strftime("%H:%M:%S")
        if event.stream == "incidents":
            state = event["state"]
            why = f", closed: {event['close_reason']}" if state == "closed" else ""
            text = (
                f"{clock}  {state.upper():8} {event['room']:8} peak {event['peak']:5.1f} C  "
                f"{event['per_minute']:5.1f} K/min  smoke {event['smoke']:.2f}/m  "
                f"sensors lost {event['lost']}  {event['severity']}{why}"
            )
            self.plain(text, _COLORS[state])
        elif event.stream == "fire_suspected":
            text = (
                f"{clock}  suspected {event['room']:8} {event['sensors']} sensors spike, then smoke"
            )
            self.plain(text, "magenta")

    def summary(self, story: Any) -> None:
        """Say what was found and what was not."""
        lit = story.ignited_at.strftime("%H:%M:%S")
        counts = ", ".join(f"{count:,} {stream}" for stream, count in sorted(self._counts.items()))
        self.title(f"ignition was at {lit} in the {story.burning}; rows made: {counts}")
