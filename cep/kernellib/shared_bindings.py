"""Kernel routines: the events of a key kept once for all runs that have bound them, and the matches they make.

The events of a key that changed its runs stand in a list by time (`ends`, `links` as in `runs`). An event says what it
does to a run in each of `states` states: `take[event * states + q]` is `target * variables + variable`, -1 if no move
takes it; `skip[..]` is the state of a run that did not take it, -1 if there is none; `opens[event]` as `take`, for a new
run. Target `states` is a complete run. `newest[key * states + q]` is the latest start of the runs in q, NULL_I64 for none.

So runs are the ways through a layered graph, and nothing is stored a run. *Memory:* O(states) cells an event that is not
older than WITHIN, whatever the number of runs. *Time:* an event O(states); one that completes runs O(events * states) once,
then each match at most O(events) from the one before, without dead ends. Matches come in the order of the runs (ruling 14):
by the first event in which two differ, the earlier one first.

*Source:* the stacks of instances with the latest start of each partial match, M. Bucchi, A. Grez, A. Quintana, C. Riveros,
S. Vansummeren, CORE: a complex event recognition engine, VLDB 2022 (tECS). There matches come out from their last event
backwards; here, because rows are ordered from the first, the graph is trimmed backwards to what leads to the completing event
and walked forwards, as in A. Amarilli, P. Bourhis, S. Mengel, M. Niewerth, Constant-delay enumeration for nondeterministic
document spanners, ICDT 2019.
"""

from cep.kernellib.deadlines import deadline_after

NEEDED = 1
COMPLETE = 2
ALIVE = 4


def move_states(
    newest: "i64[k*s]",
    moved: "i64[k*s]",
    take: "i32[r*s]",
    skip: "i32[r*s]",
    opens: "i32[r]",
    key: int,
    event: int,
    states: int,
    variables: int,
    ts: int,
    within: int,
) -> int:
    """Move the runs of a key by an event. moved: room for one row a key.

    Writes: newest, moved. Returns: NEEDED if later matches must know the event, COMPLETE if it completes runs, ALIVE if
    some run is not complete behind it, added. Cost: O(states).
    """
    needed = 0
    complete = 0
    alive = 0
    for state in range(states):
        moved[key * states + state] = NULL_I64
    for state in range(states):
        start = newest[key * states + state]
        if start != NULL_I64 and deadline_after(start, within) >= ts:
            target = take[event * states + state]
            if target >= 0:
                target = target // variables
            if target == states:
                complete = 1
            elif target >= 0:
                needed = 1
                moved[key * states + target] = max_i64(moved[key * states + target], start)
            stays = skip[event * states + state]
            if stays != state:
                needed = 1
            if stays >= 0:
                moved[key * states + stays] = max_i64(moved[key * states + stays], start)
    if opens[event] >= 0:
        target = opens[event] // variables
        if target == states:
            complete = 1
        else:
            needed = 1
            moved[key * states + target] = ts
    for state in range(states):
        newest[key * states + state] = moved[key * states + state]
        if moved[key * states + state] != NULL_I64:
            alive = 1
    return NEEDED * needed + COMPLETE * complete + ALIVE * alive


def forget_states(newest: "i64[k*s]", key: int, states: int) -> int:
    """Note that a key has no runs. Writes: newest. Returns 0. Cost: O(states)."""
    for state in range(states):
        newest[key * states + state] = NULL_I64
    return 0


def mark_leading(
    ends: "i64[k*2]",
    key: int,
    links: "i64[r*2]",
    take: "i32[r*s]",
    skip: "i32[r*s]",
    leads: "i8[r*s]",
    states: int,
    variables: int,
) -> int:
    """Mark for each event of a key but the last one the states behind it from which a run completes at the last one.

    Writes: leads. Returns 0. Cost: O(events * states).
    """
    last = ends[2 * key + 1]
    event = last
    while links[2 * event] >= 0:
        before = links[2 * event]
        for state in range(states):
            found = 0
            target = take[event * states + state]
            if target >= 0:
                target = target // variables
            if event == last:
                found = int(target == states)
            else:
                if target >= 0 and target < states:
                    found = leads[event * states + target]
                stays = skip[event * states + state]
                if stays >= 0 and leads[event * states + stays] != 0:
                    found = 1
            leads[before * states + state] = found
        event = before
    return 0


def begin_walk(reg: "i64[g]", at: int, first: int) -> int:
    """Stand before the first match. Writes: reg. Returns 0. Cost: O(1)."""
    reg[at] = -1
    reg[at + 1] = first
    reg[at + 2] = -1
    return 0


def next_binding(
    reg: "i64[g]",
    at: int,
    links: "i64[r*2]",
    take: "i32[r*s]",
    skip: "i32[r*s]",
    leads: "i8[r*s]",
    opens: "i32[r]",
    path: "i64[r]",
    came: "i32[r]",
    bound_as: "i32[r]",
    last: int,
    states: int,
    variables: int,
) -> int:
    """Return the event that the walk over all matches binds next, -1 behind the last match.

    It is bound behind `path[event]` (-1: it is the first one) to variable `bound_as[event]`; if it is `last`, a match is
    complete. `reg[at]` is the last bound event of the walk, `reg[at + 1]` the one to look at next, `reg[at + 2]` the state
    before that, -1 where no run has started; the way back stands in `path` and `came`, so the walk can rest between any
    two calls. Writes: reg, path, came, bound_as. Cost: O(events) a match.
    """
    while True:
        look = reg[at + 1]
        state = reg[at + 2]
        if look < 0:
            if state < 0:
                return -1
            # Nothing more behind the last bound event: go on without it.
            look = reg[at]
            reg[at] = path[look]
            reg[at + 1] = look
            reg[at + 2] = came[look]
        else:
            chosen = opens[look]
            if state >= 0:
                chosen = take[look * states + state]
            if _leads_on(leads, chosen, look, last, states, variables):
                path[look] = reg[at]
                came[look] = state
                bound_as[look] = chosen % variables
                reg[at] = look
                reg[at + 1] = links[2 * look + 1]
                reg[at + 2] = chosen // variables
                return look
        _pass_event(reg, at, links, skip, leads, last, states)


def _leads_on(
    leads: "i8[r*s]", chosen: int, event: int, last: int, states: int, variables: int
) -> bool:
    """Return whether a run that takes an event by `chosen` completes at the last event. Cost: O(1)."""
    if chosen < 0:
        return False
    target = chosen // variables
    if event == last:
        return target == states
    return target < states and leads[event * states + target] != 0


def _pass_event(
    reg: "i64[g]",
    at: int,
    links: "i64[r*2]",
    skip: "i32[r*s]",
    leads: "i8[r*s]",
    last: int,
    states: int,
) -> int:
    """Go on without binding the event looked at; back, if no match is on that way. Writes: reg. Returns 0. Cost: O(1)."""
    event = reg[at + 1]
    state = reg[at + 2]
    following = links[2 * event + 1]
    if state >= 0:
        stays = -1
        if event != last:
            stays = skip[event * states + state]
        if stays >= 0 and leads[event * states + stays] != 0:
            reg[at + 2] = stays
        else:
            following = -1
    reg[at + 1] = following
    return 0
