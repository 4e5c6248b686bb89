/* What the workloads of the reference share: input columns, growable output columns, order check.
 *
 * Times are integers in the unit of the input column; a step takes the next n rows, in order of
 * arrival, and returns the number of output rows it made; they stay valid until the next step.
 */
#ifndef CEP_REFERENCE_H
#define CEP_REFERENCE_H

#include <stdint.h>
#include <stdlib.h>

enum { TEMPERATURE = 0, SMOKE = 1, HUMIDITY = 2 };

typedef struct {
    const int64_t *ts;
    const int32_t *sensor, *room, *kind;
    const double *value;
} columns;

/* Makes room for `capacity` items in one output column. */
#define RESERVE(column, capacity) \
    ((column) = realloc((column), (size_t)(capacity) * sizeof *(column)))

/* A row is late when it stands before the watermark; the watermark is the largest time seen.
 * Late rows are counted and left out, as the engine does. */
static inline int is_late(int64_t ts, int64_t *watermark, int64_t *late)
{
    if (ts < *watermark) {
        ++*late;
        return 1;
    }
    *watermark = ts;
    return 0;
}

#endif
