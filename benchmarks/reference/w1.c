/* W1: SELECT ts, room, sensor, value WHERE kind = 'temperature' AND value > 50. */
#include "reference.h"

typedef struct {
    int64_t watermark, late, capacity;
    int64_t *ts;
    int32_t *room, *sensor;
    double *value;
} w1;

w1 *w1_new(void)
{
    w1 *s = calloc(1, sizeof *s);
    s->watermark = INT64_MIN;
    return s;
}

void w1_free(w1 *s)
{
    free(s->ts), free(s->room), free(s->sensor), free(s->value), free(s);
}

int64_t w1_step(w1 *s, int64_t n, columns in)
{
    if (n > s->capacity) {
        s->capacity = n;
        RESERVE(s->ts, n), RESERVE(s->room, n);
        RESERVE(s->sensor, n), RESERVE(s->value, n);
    }
    int64_t out = 0;
    for (int64_t i = 0; i < n; i++) {
        if (is_late(in.ts[i], &s->watermark, &s->late)) continue;
        if (in.kind[i] == TEMPERATURE && in.value[i] > 50.0) {
            s->ts[out] = in.ts[i], s->room[out] = in.room[i];
            s->sensor[out] = in.sensor[i], s->value[out] = in.value[i];
            out++;
        }
    }
    return out;
}
