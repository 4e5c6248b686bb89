/* W3: mean per sensor over ten seconds, every second, HAVING mean > 50.
 *
 * Ten panes of a second per sensor, in a ring. A window of a sensor that has rows closes when the
 * watermark reaches its end; the sensors with rows in the last ten seconds are known from the
 * pane of their last row. Sums are added pane by pane, never subtracted. Half-open windows,
 * aligned to the epoch, partial ones at both ends of the stream included.
 */
#include "reference.h"
#include <string.h>

enum { PANES = 10 };

typedef struct {
    int64_t watermark, late, capacity, pane_length, pane; /* pane: number of the current one */
    int32_t sensors;
    double *sum;      /* sensors x PANES */
    int32_t *count;   /* sensors x PANES */
    int64_t *last;    /* sensors: pane of the last row */
    int32_t *sensor;  /* output */
    int64_t *window_end;
    double *mean;
} w3;

w3 *w3_new(int32_t sensors, int64_t pane_length)
{
    w3 *s = calloc(1, sizeof *s);
    s->watermark = s->pane = INT64_MIN;
    s->sensors = sensors, s->pane_length = pane_length;
    s->sum = calloc((size_t)sensors * PANES, sizeof *s->sum);
    s->count = calloc((size_t)sensors * PANES, sizeof *s->count);
    s->last = malloc((size_t)sensors * sizeof *s->last);
    for (int32_t k = 0; k < sensors; k++) s->last[k] = INT64_MIN / 2;
    return s;
}

void w3_free(w3 *s)
{
    free(s->sum), free(s->count), free(s->last);
    free(s->sensor), free(s->window_end), free(s->mean), free(s);
}

/* Closes the window that ends with the current pane for every sensor, opens the next pane. */
static int64_t close_pane(w3 *s, int64_t out)
{
    if (out + s->sensors > s->capacity) {
        s->capacity = 2 * s->capacity + s->sensors;
        RESERVE(s->sensor, s->capacity), RESERVE(s->window_end, s->capacity);
        RESERVE(s->mean, s->capacity);
    }
    int64_t end = (s->pane + 1) * s->pane_length;
    int64_t oldest = s->pane - (PANES - 1);
    int32_t next = (int32_t)((s->pane + 1) % PANES);
    for (int32_t k = 0; k < s->sensors; k++) {
        if (s->last[k] < oldest) continue;
        const double *sum = s->sum + (size_t)k * PANES;
        const int32_t *count = s->count + (size_t)k * PANES;
        double total = 0.0;
        int64_t n = 0;
        for (int p = 0; p < PANES; p++) total += sum[p], n += count[p];
        double mean = total / (double)n;
        if (mean > 50.0) {
            s->sensor[out] = k, s->window_end[out] = end, s->mean[out] = mean;
            out++;
        }
        s->sum[(size_t)k * PANES + next] = 0.0;
        s->count[(size_t)k * PANES + next] = 0;
    }
    s->pane++;
    return out;
}

int64_t w3_step(w3 *s, int64_t n, columns in)
{
    int64_t out = 0;
    for (int64_t i = 0; i < n; i++) {
        if (is_late(in.ts[i], &s->watermark, &s->late)) continue;
        int64_t pane = in.ts[i] / s->pane_length;
        if (s->pane == INT64_MIN) s->pane = pane;
        for (int p = 0; s->pane < pane && p < PANES; p++) out = close_pane(s, out);
        s->pane = pane; /* after ten panes without a row every ring is empty */
        size_t slot = (size_t)in.sensor[i] * PANES + (size_t)(pane % PANES);
        if (s->last[in.sensor[i]] < pane - (PANES - 1)) {
            memset(s->sum + (size_t)in.sensor[i] * PANES, 0, PANES * sizeof *s->sum);
            memset(s->count + (size_t)in.sensor[i] * PANES, 0, PANES * sizeof *s->count);
        }
        s->sum[slot] += in.value[i];
        s->count[slot]++;
        s->last[in.sensor[i]] = pane;
    }
    return out;
}

int64_t w3_flush(w3 *s)
{
    int64_t out = 0;
    if (s->pane == INT64_MIN) return 0;
    for (int p = 0; p < PANES; p++) out = close_pane(s, out);
    return out;
}
