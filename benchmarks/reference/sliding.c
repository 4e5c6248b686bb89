/* The mean of each sensor over the last ten seconds, for every reading.
 *
 * A ring of times and values a sensor, which doubles when it is full, and a running sum: what leaves is
 * subtracted.
 */
#include "reference.h"

typedef struct {
    int64_t *ts;
    double *value;
    int64_t first, count, room; /* room: a power of two */
    double sum;
} ring;

typedef struct {
    int64_t watermark, late, capacity, length;
    int32_t sensors;
    ring *rings;
    int32_t *sensor; /* output */
    int64_t *ts;
    double *mean;
} sliding;

sliding *sliding_new(int32_t sensors, int64_t length)
{
    sliding *s = calloc(1, sizeof *s);
    s->watermark = INT64_MIN;
    s->sensors = sensors, s->length = length;
    s->rings = calloc((size_t)sensors, sizeof *s->rings);
    return s;
}

void sliding_free(sliding *s)
{
    for (int32_t k = 0; k < s->sensors; k++) free(s->rings[k].ts), free(s->rings[k].value);
    free(s->rings), free(s->sensor), free(s->ts), free(s->mean), free(s);
}

static void grow(ring *r)
{
    int64_t room = r->room ? 2 * r->room : 8;
    int64_t *ts = malloc((size_t)room * sizeof *ts);
    double *value = malloc((size_t)room * sizeof *value);
    for (int64_t k = 0; k < r->count; k++) {
        int64_t from = (r->first + k) & (r->room - 1);
        ts[k] = r->ts[from], value[k] = r->value[from];
    }
    free(r->ts), free(r->value);
    r->ts = ts, r->value = value, r->first = 0, r->room = room;
}

int64_t sliding_step(sliding *s, int64_t n, columns in)
{
    if (n > s->capacity) {
        s->capacity = n;
        RESERVE(s->sensor, n), RESERVE(s->ts, n), RESERVE(s->mean, n);
    }
    int64_t out = 0;
    for (int64_t i = 0; i < n; i++) {
        if (is_late(in.ts[i], &s->watermark, &s->late)) continue;
        ring *r = s->rings + in.sensor[i];
        int64_t oldest = in.ts[i] - s->length;
        while (r->count && r->ts[r->first] < oldest) {
            r->sum -= r->value[r->first];
            r->first = (r->first + 1) & (r->room - 1);
            r->count--;
        }
        if (r->count == r->room) grow(r);
        int64_t place = (r->first + r->count) & (r->room - 1);
        r->ts[place] = in.ts[i], r->value[place] = in.value[i];
        r->count++;
        r->sum += in.value[i];
        s->sensor[out] = in.sensor[i], s->ts[out] = in.ts[i];
        s->mean[out] = r->sum / (double)r->count;
        out++;
    }
    return out;
}
