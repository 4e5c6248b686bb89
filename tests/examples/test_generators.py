"""The generators: seeded, in the promised format, and physically sensible."""

import io
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from examples import two_zone
from examples.fire_detection.generate import generate as building
from examples.house_fire.generate import COLUMNS, generate

SCENARIOS = ("quiet", "flaming", "smouldering")


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_same_seed_same_recording(scenario):
    first, second = (generate(5, scenario, 0.5) for _ in range(2))
    assert np.array_equal(first.value, second.value)
    assert first.sensors == second.sensors
    assert not np.array_equal(first.value[:100], generate(6, scenario, 0.5).value[:100])


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_rows_have_the_columns_of_recorded_fires(scenario):
    recording = generate(2, scenario, 0.1)
    file = io.StringIO()
    recording.write(file)
    lines = file.getvalue().splitlines()
    assert lines[0] == ",".join(COLUMNS)
    assert len(lines) == len(recording) + 1
    assert np.all(np.diff(recording.time_s) >= 0)
    assert (recording.ignition_s is None) == (scenario == "quiet")


def test_the_layer_deepens_warms_and_spills_into_the_next_room():
    first, second = two_zone.burn(two_zone.Fire(0.047), [two_zone.Room(), two_zone.Room()], 180)
    assert np.all(np.diff(first.interface) <= 1e-9)
    assert np.all(np.diff(first.rise[5:]) >= 0)
    assert first.rise[120] > second.rise[120] > 0
    reached = [int(np.argmax(layer.density > 0.05)) for layer in (first, second)]
    assert 0 < reached[0] < reached[1]


def test_the_upper_sensor_warms_before_the_lower():
    (layer,) = two_zone.burn(two_zone.Fire(0.0117), [two_zone.Room()], 180)
    warm = [np.argmax(layer.rise * two_zone.at_height(layer, h) > 3.0) for h in (2.3, 1.7, 1.1)]
    assert 0 < warm[0] < warm[1] < warm[2]


def test_a_faster_fire_is_hotter():
    rises = [
        two_zone.burn(two_zone.Fire(alpha), [two_zone.Room()], 60)[0].rise[60]
        for alpha in (0.0029, 0.0117, 0.047)
    ]
    assert all(slower < faster for slower, faster in pairwise(rises))


def test_the_building_reports_every_two_seconds_a_little_out_of_order():
    story = building(1)
    again = building(1)
    assert story.rows == again.rows
    assert len(story.rows) > 30_000
    counts = Counter(row["sensor"] for row in story.rows)
    assert len(counts) == 36
    times = [row["ts"] for row in story.rows]
    assert times != sorted(times)
