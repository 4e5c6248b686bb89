/* W5: PATTERN (A B{3,}) over a sensor's temperatures, B AS value > PREV(value) + 0.3.
 *
 * SQL:2016, skip past the last row. As B looks at the row before it only, a match is a maximal run
 * of at least three rises and the row before it; it is decided by the row that breaks the run.
 */
#include "reference.h"

typedef struct {
    double first, last;
    int32_t rises, seen;
} climb;

typedef struct {
    int64_t watermark, late, capacity;
    int32_t sensors;
    climb *climbs;
    int32_t *sensor; /* output */
    double *v0, *v1;
    int64_t *n;
} w5;

w5 *w5_new(int32_t sensors)
{
    w5 *s = calloc(1, sizeof *s);
    s->watermark = INT64_MIN, s->sensors = sensors;
    s->climbs = calloc((size_t)sensors, sizeof *s->climbs);
    return s;
}

void w5_free(w5 *s)
{
    free(s->climbs), free(s->sensor), free(s->v0), free(s->v1), free(s->n), free(s);
}

static void reserve(w5 *s, int64_t n)
{
    if (n <= s->capacity) return;
    s->capacity = n;
    RESERVE(s->sensor, n), RESERVE(s->v0, n), RESERVE(s->v1, n), RESERVE(s->n, n);
}

static int64_t emit(w5 *s, int64_t out, int32_t sensor)
{
    const climb *c = &s->climbs[sensor];
    s->sensor[out] = sensor, s->v0[out] = c->first, s->v1[out] = c->last, s->n[out] = c->rises;
    return out + 1;
}

int64_t w5_step(w5 *s, int64_t n, columns in)
{
    reserve(s, n);
    int64_t out = 0;
    for (int64_t i = 0; i < n; i++) {
        if (is_late(in.ts[i], &s->watermark, &s->late)) continue;
        if (in.kind[i] != TEMPERATURE) continue;
        climb *c = &s->climbs[in.sensor[i]];
        if (c->seen && in.value[i] > c->last + 0.3) {
            c->rises++;
        } else {
            if (c->rises >= 3) out = emit(s, out, in.sensor[i]);
            c->first = in.value[i], c->rises = 0, c->seen = 1;
        }
        c->last = in.value[i];
    }
    return out;
}

int64_t w5_flush(w5 *s)
{
    int64_t out = 0;
    reserve(s, s->sensors);
    for (int32_t k = 0; k < s->sensors; k++)
        if (s->climbs[k].rises >= 3) out = emit(s, out, k);
    return out;
}
