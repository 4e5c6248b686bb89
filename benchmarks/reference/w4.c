/* W4: a[temperature > hot] -> b[temperature > a + rise] -> c[smoke > smoke], per room, in a minute.
 *
 * MATCH semantics of the engine: a run for every `a`, next step wins, earliest completion wins,
 * skip past the last event (all runs of the room go), the completing event starts no run.
 * Ungated: every event of a room is offered to every live run, as the definition reads.
 */
#include "reference.h"

typedef struct {
    int64_t start;
    double a, b;
    int32_t bound; /* steps bound: 1 or 2 */
} run;

typedef struct {
    run *runs; /* oldest first */
    int32_t live, capacity;
} room_runs;

typedef struct {
    int64_t watermark, late, capacity, within;
    double hot, rise, smoke;
    int32_t rooms;
    room_runs *room_runs;
    int32_t *room; /* output */
    int64_t *t0, *t1;
    double *out_rise;
} w4;

w4 *w4_new(int32_t rooms, int64_t within, double hot, double rise, double smoke)
{
    w4 *s = calloc(1, sizeof *s);
    s->watermark = INT64_MIN, s->within = within, s->rooms = rooms;
    s->hot = hot, s->rise = rise, s->smoke = smoke;
    s->room_runs = calloc((size_t)rooms, sizeof *s->room_runs);
    return s;
}

void w4_free(w4 *s)
{
    for (int32_t k = 0; k < s->rooms; k++) free(s->room_runs[k].runs);
    free(s->room_runs), free(s->room), free(s->t0), free(s->t1), free(s->out_rise), free(s);
}

/* Offers one event to the live runs, dropping those whose minute has passed.
 * Returns the completed run that started first, or NULL. */
static const run *offer(const w4 *s, room_runs *r, int64_t ts, int32_t kind, double value)
{
    const run *done = NULL;
    int32_t kept = 0;
    for (int32_t k = 0; k < r->live; k++) {
        run *x = &r->runs[k];
        if (ts - x->start > s->within) continue;
        if (x->bound == 1) {
            if (kind == TEMPERATURE && value > x->a + s->rise) x->bound = 2, x->b = value;
        } else if (!done && kind == SMOKE && value > s->smoke) {
            r->runs[kept] = *x;
            done = &r->runs[kept++];
            continue;
        }
        r->runs[kept++] = *x;
    }
    r->live = kept;
    return done;
}

static void start_run(room_runs *r, int64_t ts, double value)
{
    if (r->live == r->capacity) {
        r->capacity = r->capacity ? 2 * r->capacity : 16;
        r->runs = realloc(r->runs, (size_t)r->capacity * sizeof *r->runs);
    }
    r->runs[r->live++] = (run){.start = ts, .a = value, .bound = 1};
}

int64_t w4_step(w4 *s, int64_t n, columns in)
{
    if (n > s->capacity) {
        s->capacity = n;
        RESERVE(s->room, n), RESERVE(s->t0, n);
        RESERVE(s->t1, n), RESERVE(s->out_rise, n);
    }
    int64_t out = 0;
    for (int64_t i = 0; i < n; i++) {
        if (is_late(in.ts[i], &s->watermark, &s->late)) continue;
        room_runs *r = &s->room_runs[in.room[i]];
        const run *done = offer(s, r, in.ts[i], in.kind[i], in.value[i]);
        if (done) {
            s->room[out] = in.room[i], s->t0[out] = done->start, s->t1[out] = in.ts[i];
            s->out_rise[out] = done->b - done->a;
            out++;
            r->live = 0;
        } else if (in.kind[i] == TEMPERATURE && in.value[i] > s->hot) {
            start_run(r, in.ts[i], in.value[i]);
        }
    }
    return out;
}
