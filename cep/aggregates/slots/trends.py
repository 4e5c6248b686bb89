"""Slots over the course of a value: runs, changes, area under the steps, decayed mean, all but the last.

Samples of equal time count as one, the last of them. What depends on a sample being followed by another is
therefore taken up to the last sample but one (`before`); the last stands beside it until its time has passed.
"""

from __future__ import annotations

from typing import Literal

from cep.aggregates.slots.kind import Field, SlotKind
from cep.types import NULL_I64 as NULL

# A run of a segment: signed steps at its end (rising > 0, falling < 0), and the number of all steps.
_RUN_ADD = """\
if {a.first_ts} == NULL_I64 or {a.first_ts} == {t}:
    {a.first_ts} = {t}
    {a.first} = {x}
elif {a.last_ts} != {t}:
    if {a.first_ts} != {a.last_ts}:
        {a.run} = run_step({a.run}, {a.before}, {a.last})
        {a.steps} += 1
    {a.before} = {a.last}
{a.last_ts} = {t}
{a.last} = {x}"""

_RUN_MERGE = """\
if {b.first_ts} != NULL_I64:
    if {a.first_ts} == NULL_I64 or {a.first_ts} == {b.first_ts}:
        {a.first_ts} = {b.first_ts}
        {a.first} = {b.first}
        {a.before} = {b.before}
        {a.run} = {b.run}
        {a.steps} = {b.steps}
    else:
        if {a.last_ts} != {b.first_ts}:
            if {a.first_ts} != {a.last_ts}:
                {a.run} = run_step({a.run}, {a.before}, {a.last})
                {a.steps} += 1
            {a.before} = {a.last}
        if {b.first_ts} != {b.last_ts}:
            {a.run} = run_join(run_step({a.run}, {a.before}, {b.first}), {b.run}, {b.steps})
            {a.steps} += {b.steps} + 1
            {a.before} = {b.before}
    {a.last_ts} = {b.last_ts}
    {a.last} = {b.last}"""


def _run(value: Literal["i64", "f64"]) -> SlotKind:
    step, lines = ("run_step", (_RUN_ADD, _RUN_MERGE))
    if value == "i64":
        step = "whole_run_step"
        lines = tuple(text.replace("run_step", step) for text in lines)  # type: ignore[assignment]
    return SlotKind(
        f"run_{value}",
        (
            Field("first_ts", "i64", NULL),
            Field("first", value),
            Field("before", value),
            Field("run", "i64"),
            Field("steps", "i64"),
            Field("last_ts", "i64", NULL),
            Field("last", value),
        ),
        *lines,
        functions=(("trends", step), ("trends", "run_join")),
    )


_CHANGE_ADD = """\
if {a.first_ts} == NULL_I64 or {a.first_ts} == {t}:
    {a.first_ts} = {t}
    {a.first} = {x}
elif {a.last_ts} != {t}:
    if {a.first_ts} != {a.last_ts} and {a.before} != {a.last}:
        {a.n} += 1
    {a.before} = {a.last}
{a.last_ts} = {t}
{a.last} = {x}"""

_CHANGE_MERGE = """\
if {b.first_ts} != NULL_I64:
    if {a.first_ts} == NULL_I64 or {a.first_ts} == {b.first_ts}:
        {a.first_ts} = {b.first_ts}
        {a.first} = {b.first}
        {a.before} = {b.before}
        {a.n} = {b.n}
    else:
        if {a.last_ts} != {b.first_ts}:
            if {a.first_ts} != {a.last_ts} and {a.before} != {a.last}:
                {a.n} += 1
            {a.before} = {a.last}
        if {b.first_ts} != {b.last_ts}:
            if {a.before} != {b.first}:
                {a.n} += 1
            {a.n} += {b.n}
            {a.before} = {b.before}
    {a.last_ts} = {b.last_ts}
    {a.last} = {b.last}"""


def _changes(suffix: str, value: Literal["i64", "i32", "f64"]) -> SlotKind:
    return SlotKind(
        f"changes_{suffix}",
        (
            Field("first_ts", "i64", NULL),
            Field("first", value),
            Field("before", value),
            Field("n", "i64"),
            Field("last_ts", "i64", NULL),
            Field("last", value),
        ),
        _CHANGE_ADD,
        _CHANGE_MERGE,
    )


# The value is a step function: each sample holds until the next one. Area in value x seconds.
_AREA = SlotKind(
    "area",
    (
        Field("first_ts", "i64", NULL),
        Field("total", "f64", 0.0),
        Field("last_ts", "i64", NULL),
        Field("last", "f64", 0.0),
    ),
    """\
if {a.first_ts} == NULL_I64:
    {a.first_ts} = {t}
else:
    {a.total} += {a.last} * div_f64({t} - {a.last_ts}, 1000000.0)
{a.last_ts} = {t}
{a.last} = {x}""",
    """\
if {b.first_ts} != NULL_I64:
    if {a.first_ts} == NULL_I64:
        {a.first_ts} = {b.first_ts}
    else:
        {a.total} += {a.last} * div_f64({b.first_ts} - {a.last_ts}, 1000000.0)
    {a.total} += {b.total}
    {a.last_ts} = {b.last_ts}
    {a.last} = {b.last}""",
)

# After the first sample s = first; each later one makes s := e * s + (1 - e) * v with e = DECAY of the time
# between. The samples up to `before_ts` are the line s = keep * first + gain, so that two segments can be joined.
_DECAY_ADD = """\
{a.weight} = {y}
if {a.first_ts} == NULL_I64 or {a.first_ts} == {t}:
    {a.first_ts} = {t}
    {a.first} = {x}
    {a.before_ts} = {t}
elif {a.last_ts} != {t}:
    if {a.first_ts} != {a.last_ts}:
        slot_e = DECAY({a.last_ts} - {a.before_ts}, {a.weight})
        {a.keep} *= slot_e
        {a.gain} = {a.gain} * slot_e + (1.0 - slot_e) * {a.last}
    {a.before_ts} = {a.last_ts}
{a.last_ts} = {t}
{a.last} = {x}"""

_DECAY_MERGE = """\
if {b.first_ts} != NULL_I64:
    {a.weight} = {b.weight}
    if {a.first_ts} == NULL_I64 or {a.first_ts} == {b.first_ts}:
        {a.first_ts} = {b.first_ts}
        {a.first} = {b.first}
        {a.before_ts} = {b.before_ts}
        {a.keep} = {b.keep}
        {a.gain} = {b.gain}
    else:
        if {a.last_ts} != {b.first_ts}:
            if {a.first_ts} != {a.last_ts}:
                slot_e = DECAY({a.last_ts} - {a.before_ts}, {a.weight})
                {a.keep} *= slot_e
                {a.gain} = {a.gain} * slot_e + (1.0 - slot_e) * {a.last}
            {a.before_ts} = {a.last_ts}
        if {b.first_ts} != {b.last_ts}:
            slot_e = DECAY({b.first_ts} - {a.before_ts}, {a.weight})
            {a.gain} = {a.gain} * slot_e + (1.0 - slot_e) * {b.first}
            {a.keep} *= slot_e * {b.keep}
            {a.gain} = {a.gain} * {b.keep} + {b.gain}
            {a.before_ts} = {b.before_ts}
    {a.last_ts} = {b.last_ts}
    {a.last} = {b.last}"""


def _decay(name: str, routine: str, weight: Field) -> SlotKind:
    return SlotKind(
        name,
        (
            weight,
            Field("first_ts", "i64", NULL),
            Field("first", "f64", 0.0),
            Field("before_ts", "i64", NULL),
            Field("keep", "f64", 1.0),
            Field("gain", "f64", 0.0),
            Field("last_ts", "i64", NULL),
            Field("last", "f64", 0.0),
        ),
        _DECAY_ADD.replace("DECAY", routine),
        _DECAY_MERGE.replace("DECAY", routine),
        functions=(("trends", routine),),
    )


KINDS = (
    _run("f64"),
    _run("i64"),
    _changes("f64", "f64"),
    _changes("i64", "i64"),
    _changes("text", "i32"),
    _AREA,
    _decay("decay_time", "time_decay", Field("weight", "i64", 1)),
    _decay("decay_step", "step_decay", Field("weight", "f64", 1.0)),
)
