#include "base/source_map.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/source_ahead.h"

/*
 * The windows. Small ones stay in the processor's cache of page addresses and
 * in little memory, large ones cost fewer calls.
 */
#define WINDOW_BYTES (UINT64_C(16) << 20)

/* The first one: many readers only want to know what a file is. */
#define FIRST_WINDOW_BYTES (UINT64_C(1) << 20)

/* Files mapped at the same moment in one process. */
enum { MAPPED_MAX = 256 };

/*
 * State that is global because a signal's handler has no other: which source
 * each mapped range belongs to.
 */
static _Atomic(struct source *) mapped[MAPPED_MAX];
static struct sigaction before;

/* What an empty window points at. */
static const unsigned char nothing;

static struct source *
find_mapped(const void *address)
{
    for (size_t i = 0; i < MAPPED_MAX; i++) {
        struct source *s = atomic_load(&mapped[i]);
        uintptr_t start;

        if (s == NULL)
            continue;
        start = (uintptr_t)s->map;
        if ((uintptr_t)address >= start &&
            (uintptr_t)address - start < s->map_size)
            return s;
    }
    return NULL;
}

static bool
change_registration(struct source *from, struct source *to)
{
    for (size_t i = 0; i < MAPPED_MAX; i++) {
        struct source *expected = from;

        if (atomic_compare_exchange_strong(&mapped[i], &expected, to))
            return true;
    }
    return false;
}

/* Nothing here may allocate or format: it runs inside a signal. */
static void
fail_in_signal(struct source *s, uint64_t offset)
{
    static const char shrunk[] = "the file became shorter while it was read";
    static const char unreadable[] = "the disk could not read a mapped page";
    struct stat st;

    if (s->error.kind != ERROR_NONE)
        return;
    if (fstat(s->fd, &st) == 0 && (uint64_t)st.st_size > offset) {
        s->error.kind = ERROR_FAILED;
        memcpy(s->error.text, unreadable, sizeof unreadable);
    } else {
        s->error.kind = ERROR_CHANGED;
        memcpy(s->error.text, shrunk, sizeof shrunk);
    }
}

/* Zeros from the faulting page to the end of its window. */
static void
bridge_fault(int number, siginfo_t *info, void *context)
{
    struct source *s = find_mapped(info->si_addr);
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t at = (uintptr_t)info->si_addr & ~(page - 1);
    uintptr_t from;
    int saved = errno;

    (void)number;
    (void)context;
    if (s != NULL) {
        from = at - (uintptr_t)s->map;
        fail_in_signal(s, s->map_offset + from);
        if (mmap((char *)s->map + from, s->map_size - from, PROT_READ,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
                 0) != MAP_FAILED) {
            errno = saved;
            return;
        }
    }
    /* Not ours: the instruction runs again, under who was there before. */
    sigaction(SIGBUS, &before, NULL);
    errno = saved;
}

static int
install(void)
{
    struct sigaction now = {.sa_sigaction = bridge_fault,
                            .sa_flags = SA_SIGINFO | SA_NODEFER};
    struct sigaction present;

    if (sigaction(SIGBUS, NULL, &present) != 0)
        return -1;
    if ((present.sa_flags & SA_SIGINFO) != 0 &&
        present.sa_sigaction == bridge_fault)
        return 0;
    before = present;
    sigemptyset(&now.sa_mask);
    return sigaction(SIGBUS, &now, NULL);
}

/* A file cut within its last page gives zeros without any signal. */
static bool
is_whole(struct source *s)
{
    struct stat st;

    if (s->error.kind != ERROR_NONE)
        return false;
    if (fstat(s->fd, &st) != 0) {
        error_sys(&s->error, "look at an open file");
        return false;
    }
    if ((uint64_t)st.st_size >= s->size_bytes)
        return true;
    error_set(&s->error, ERROR_CHANGED,
              "the file became shorter while it was read: %llu bytes of %llu",
              (unsigned long long)st.st_size,
              (unsigned long long)s->size_bytes);
    return false;
}

int
source_map_begin(struct source *s, struct error *e)
{
    if (s->size_bytes > INT64_MAX)
        return error_set(e, ERROR_FAILED, "a file cannot be that large");
    if (install() != 0)
        return error_sys(e, "catch SIGBUS");
    posix_fadvise(s->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    return 0;
}

/* Ends the window but for its mapping, which is the caller's now. */
static void
leave(struct source *s)
{
    s->end_offset = source_offset(s);
    s->at = s->end = &nothing;
    if (s->map != NULL)
        change_registration(s, NULL);
    s->map = NULL;
}

void
source_map_drop(struct source *s)
{
    void *map = s->map;

    leave(s);
    if (map != NULL)
        munmap(map, s->map_size);
}

void
source_map_end(struct source *s)
{
    source_map_drop(s);
    source_ahead_free(s->ahead);
    s->ahead = NULL;
}

/* A mapping becomes the window, or is ended. */
static bool
enter(struct source *s, void *map, uint64_t start, size_t size, uint64_t offset)
{
    s->map = map;
    s->map_size = size;
    s->map_offset = start;
    if (!change_registration(NULL, s)) {
        munmap(map, size);
        s->map = NULL;
        error_set(&s->error, ERROR_FAILED, "more than %d files mapped at once",
                  (int)MAPPED_MAX);
        return false;
    }
    s->at = (unsigned char *)map + (offset - start);
    s->end = (unsigned char *)map + size;
    s->end_offset = start + size;
    return true;
}

/* The page that offset lies in, and how much to map from there. */
static uint64_t
place(const struct source *s, uint64_t offset, size_t *size)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t start = offset & ~(page - 1);
    uint64_t most = start == 0 ? FIRST_WINDOW_BYTES : WINDOW_BYTES;
    uint64_t left = s->size_bytes - start;

    *size = (size_t)(left < most ? left : most);
    return start;
}

static bool
map_at(struct source *s, uint64_t offset)
{
    size_t size;
    uint64_t start = place(s, offset, &size);
    void *map = mmap(NULL, size, PROT_READ, MAP_SHARED | MAP_POPULATE, s->fd,
                     (off_t)start);

    if (map != MAP_FAILED)
        return enter(s, map, start, size, offset);
    error_sys(&s->error, "map a file");
    return false;
}

/* What is ready, or, after a jump, what is not. */
static bool
move_on(struct source *s, uint64_t offset)
{
    uint64_t start;
    size_t size;
    void *map = NULL;

    if (s->ahead != NULL)
        map = source_ahead_take(s->ahead, &start, &size);
    if (map == NULL)
        return map_at(s, offset);
    if (offset >= start && offset - start < size)
        return enter(s, map, start, size, offset);
    munmap(map, size);
    return map_at(s, offset);
}

/*
 * The next window will begin where the reader may be when it wants more than
 * this one has. What is behind is ended.
 */
static void
look_ahead(struct source *s, void *old, size_t old_size)
{
    uint64_t start;
    size_t size = 0;

    if (s->ahead == NULL && s->map_offset > 0 &&
        s->size_bytes > 2 * WINDOW_BYTES)
        s->ahead = source_ahead_new(s->fd);
    if (s->ahead == NULL) {
        if (old != NULL)
            munmap(old, old_size);
        /* The disk works on the next window while the reader is in this. */
        posix_fadvise(s->fd, (off_t)s->end_offset, (off_t)WINDOW_BYTES,
                      POSIX_FADV_WILLNEED);
        return;
    }
    start = place(s, s->end_offset - SOURCE_WANT_MAX, &size);
    if (s->end_offset == s->size_bytes)
        size = 0;
    source_ahead_prepare(s->ahead, old, old_size, start, size);
}

bool
source_map_is_hole(struct source *s)
{
    uint64_t offset = source_offset(s);

    return offset < s->size_bytes && source_data(s, offset) == s->size_bytes &&
           is_whole(s);
}

bool
source_map_move(struct source *s)
{
    uint64_t offset = source_offset(s);
    void *old = s->map;
    size_t old_size = s->map_size;

    if (!is_whole(s)) {
        s->ended = true;
        return false;
    }
    /* The window reaches to the end already: keep it for what is left. */
    if (s->end_offset == s->size_bytes) {
        s->ended = true;
        return false;
    }
    leave(s);
    if ((s->moved != NULL &&
         s->moved(s->moved_context, offset, &s->error) != 0) ||
        !move_on(s, offset)) {
        if (old != NULL)
            munmap(old, old_size);
        s->ended = true;
        return false;
    }
    look_ahead(s, old, old_size);
    return true;
}
