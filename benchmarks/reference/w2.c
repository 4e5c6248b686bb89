/* W2: rows, mean and maximum of the temperatures of each room in ten seconds.
 *
 * One accumulator a room; all close when the watermark reaches the end of the window.
 */
#include "reference.h"

typedef struct {
    int64_t count;
    double sum, top;
} sums;

typedef struct {
    int64_t watermark, late, capacity, length, window; /* window: number of the open one */
    int32_t rooms;
    sums *open;
    int32_t *room; /* output */
    int64_t *window_start, *n;
    double *mean, *top;
} w2;

w2 *w2_new(int32_t rooms, int64_t length)
{
    w2 *s = calloc(1, sizeof *s);
    s->watermark = s->window = INT64_MIN;
    s->rooms = rooms, s->length = length;
    s->open = calloc((size_t)rooms, sizeof *s->open);
    return s;
}

void w2_free(w2 *s)
{
    free(s->open);
    free(s->room), free(s->window_start), free(s->n), free(s->mean), free(s->top), free(s);
}

/* Closes the window of every room that has rows in it. */
static int64_t close_window(w2 *s, int64_t out)
{
    if (out + s->rooms > s->capacity) {
        s->capacity = 2 * s->capacity + s->rooms;
        RESERVE(s->room, s->capacity), RESERVE(s->window_start, s->capacity);
        RESERVE(s->n, s->capacity), RESERVE(s->mean, s->capacity), RESERVE(s->top, s->capacity);
    }
    for (int32_t k = 0; k < s->rooms; k++) {
        sums *open = s->open + k;
        if (!open->count) continue;
        s->room[out] = k, s->window_start[out] = s->window * s->length;
        s->n[out] = open->count, s->mean[out] = open->sum / (double)open->count;
        s->top[out] = open->top;
        out++;
        *open = (sums){0};
    }
    return out;
}

int64_t w2_step(w2 *s, int64_t n, columns in)
{
    int64_t out = 0;
    for (int64_t i = 0; i < n; i++) {
        if (is_late(in.ts[i], &s->watermark, &s->late)) continue;
        int64_t window = in.ts[i] / s->length;
        if (window != s->window) {
            out = close_window(s, out);
            s->window = window;
        }
        if (in.kind[i] != TEMPERATURE) continue;
        sums *open = s->open + in.room[i];
        if (!open->count || in.value[i] > open->top) open->top = in.value[i];
        open->count++;
        open->sum += in.value[i];
    }
    return out;
}

int64_t w2_flush(w2 *s)
{
    return close_window(s, 0);
}
