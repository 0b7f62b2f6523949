#include "base/memory.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The smallest array that memory_grow makes room for. */
enum { FIRST_CAPACITY = 16 };

/* Status 3: could not do it. No clean-up runs: state on disk needs none. */
static void *
must(void *block)
{
    if (block == NULL) {
        fputs("out of memory\n", stderr);
        _exit(3);
    }
    return block;
}

void *
memory_new(size_t size)
{
    return must(calloc(1, size > 0 ? size : 1));
}

void *
memory_resize(void *old, size_t count, size_t item)
{
    size_t size;

    if (__builtin_mul_overflow(count, item, &size))
        must(NULL);
    return must(realloc(old, size > 0 ? size : 1));
}

void *
memory_grow(void *old, size_t count, size_t *capacity, size_t item)
{
    if (count < *capacity)
        return old;
    if (*capacity == 0)
        *capacity = FIRST_CAPACITY;
    else
        *capacity = *capacity > SIZE_MAX / 2 ? SIZE_MAX : *capacity * 2;
    return memory_resize(old, *capacity, item);
}

char *
memory_copy(const void *bytes, size_t size)
{
    char *copy;

    if (size == SIZE_MAX)
        must(NULL);
    copy = memory_new(size + 1);
    if (size > 0)
        memcpy(copy, bytes, size);
    return copy;
}

char *
memory_dup(const char *string)
{
    return string == NULL ? NULL : memory_copy(string, strlen(string));
}
