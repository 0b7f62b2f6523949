#include "formats/mend.h"

#include <stdlib.h>

#include "base/memory.h"
#include "formats/crc64.h"
#include "formats/rdb.h"
#include "formats/rdb_opcode.h"

enum { BLOCK_BYTES = 1 << 20 };

void
mend_begin(struct mend *m, const struct source *from, mend_write *write,
           void *context)
{
    *m = (struct mend){.from = from, .write = write, .context = context};
}

static int
write_out(struct mend *m, const void *bytes, size_t size, struct error *e)
{
    m->crc = crc64_update(m->crc, bytes, size);
    return m->write(m->context, bytes, size, e);
}

/* The range that was held back, read again. */
static int
write_range(struct mend *m, struct error *e)
{
    uint64_t whole = m->range_end - m->range_begin;
    unsigned char *block;
    int rc = 0;

    if (m->write == NULL || whole == 0)
        return 0;
    block = memory_new(whole < BLOCK_BYTES ? (size_t)whole : BLOCK_BYTES);
    while (rc == 0 && m->range_begin < m->range_end) {
        uint64_t left = m->range_end - m->range_begin;
        size_t size = left < BLOCK_BYTES ? (size_t)left : BLOCK_BYTES, got;

        rc = source_read_at(m->from, block, size, m->range_begin, &got, e);
        if (rc == 0 && got < size)
            rc = error_set(e, ERROR_CHANGED, "the file became shorter");
        if (rc == 0)
            rc = write_out(m, block, size, e);
        m->range_begin += size;
    }
    free(block);
    return rc;
}

int
mend_keep(struct mend *m, uint64_t offset, uint64_t size, struct error *e)
{
    if (size == 0)
        return 0;
    if (m->size_bytes != offset)
        m->changed = true;
    m->size_bytes += size;
    if (m->range_end != offset || m->range_begin == m->range_end) {
        if (write_range(m, e) != 0)
            return -1;
        m->range_begin = offset;
    }
    m->range_end = offset + size;
    return 0;
}

int
mend_put(struct mend *m, const void *bytes, size_t size, struct error *e)
{
    m->changed = true;
    if (write_range(m, e) != 0)
        return -1;
    m->range_begin = m->range_end = 0;
    m->size_bytes += size;
    return m->write == NULL ? 0 : write_out(m, bytes, size, e);
}

int
mend_put_rdb_end(struct mend *m, int version, struct error *e)
{
    const unsigned char mark = RDB_OPCODE_END;
    unsigned char checksum[8];

    if (mend_put(m, &mark, sizeof mark, e) != 0)
        return -1;
    if (version < RDB_CHECKSUM_SINCE)
        return 0;
    for (unsigned i = 0; i < sizeof checksum; i++)
        checksum[i] = (unsigned char)(m->crc >> (8 * i));
    return mend_put(m, checksum, sizeof checksum, e);
}

static void
add(int64_t *sum, int64_t n)
{
    *sum = *sum == -1 || n == -1 ? -1 : *sum + n;
}

void
mend_lose(struct mend *m, struct mend_loss loss)
{
    m->changed = true;
    m->bytes_lost += loss.size_bytes;
    add(&m->commands_lost, loss.commands);
    add(&m->keys_lost, loss.keys);
    if (m->count == MEND_LOSSES_MAX) {
        m->dropped++;
        free(loss.name);
        return;
    }
    m->losses = memory_resize(m->losses, m->count + 1, sizeof *m->losses);
    m->losses[m->count++] = loss;
}

void
mend_regain(struct mend *m, uint64_t offset)
{
    while (m->count > 0 && m->dropped == 0) {
        struct mend_loss *last = &m->losses[m->count - 1];
        uint64_t end = last->offset + last->size_bytes;

        if (last->offset < offset) {
            uint64_t excess = end > offset ? end - offset : 0;

            last->size_bytes -= excess;
            m->bytes_lost -= excess;
            return;
        }
        m->bytes_lost -= last->size_bytes;
        m->commands_lost -= m->commands_lost == -1 ? 0 : last->commands;
        m->keys_lost -= m->keys_lost == -1 ? 0 : last->keys;
        free(last->name);
        m->count--;
    }
}

int
mend_end(struct mend *m, struct error *e)
{
    if (m->size_bytes != m->from->size_bytes)
        m->changed = true;
    return write_range(m, e);
}

void
mend_clear(struct mend *m)
{
    for (size_t i = 0; i < m->count; i++)
        free(m->losses[i].name);
    free(m->losses);
    *m = (struct mend){0};
}
