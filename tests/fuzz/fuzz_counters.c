/* Whatever a source prints is a table or is told; in pieces or at once alike. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "jobs/counters_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

struct sum {
    uint64_t rows, lengths, least;
};

static int
take(void *context, const struct counters_row *row, struct error *e)
{
    struct sum *sum = context;

    (void)e;
    if (row->size > COUNTERS_LINE_MAX || row->key_size == 0 ||
        row->key_at + row->key_size > row->size || row->db_max > INT64_MAX)
        abort();
    for (size_t i = 0; i <= COUNTERS_COLUMNS_MAX; i++) {
        size_t cell;
        const char *text = counters_table_cell(row, i, &cell);

        if (text < row->text || text + cell > row->text + row->size)
            abort();
        sum->lengths += cell;
    }
    sum->rows++;
    sum->least += row->db_max;
    return 0;
}

/* In pieces of different sizes. */
static int
read_all(const char *text, size_t size, size_t step, struct sum *sum,
         struct error *e)
{
    struct counters_table t;
    int rc = 0;

    counters_table_begin(&t, take, sum);
    for (size_t at = 0, n; at < size && rc == 0; at += n) {
        n = step < size - at ? step : size - at;
        rc = counters_table_feed(&t, text + at, n, e);
        step = step % 37 + 1;
    }
    if (rc == 0)
        rc = counters_table_end(&t, e);
    if (rc == 0 && (t.key >= t.count || t.db_max >= t.count))
        abort();
    counters_table_clear(&t);
    return rc;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct sum whole = {0}, pieces = {0};
    struct error e = {0}, other = {0};
    const char *text = (const char *)bytes;
    int rc = read_all(text, size, size > 0 ? size : 1, &whole, &e);

    if (read_all(text, size, 1, &pieces, &other) != rc ||
        strcmp(e.text, other.text) != 0 || whole.rows != pieces.rows ||
        whole.lengths != pieces.lengths || whole.least != pieces.least)
        abort();
    return 0;
}
