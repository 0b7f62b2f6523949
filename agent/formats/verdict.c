#include "formats/verdict.h"

#include <string.h>

static const char *const verdict_names[] = {
    [VERDICT_SOUND] = "sound",
    [VERDICT_TORN] = "torn",
    [VERDICT_DAMAGED] = "damaged",
    [VERDICT_UNKNOWN] = "unknown",
};

const char *
verdict_name(enum verdict v)
{
    return verdict_names[v];
}

enum verdict
verdict_find(const char *name)
{
    for (unsigned v = VERDICT_SOUND; v <= VERDICT_UNKNOWN; v++)
        if (strcmp(name, verdict_names[v]) == 0)
            return (enum verdict)v;
    return VERDICT_UNKNOWN;
}

enum verdict
verdict_worse(enum verdict a, enum verdict b)
{
    static const int rank[] = {
        [VERDICT_SOUND] = 0,
        [VERDICT_TORN] = 1,
        [VERDICT_UNKNOWN] = 2,
        [VERDICT_DAMAGED] = 3,
    };

    return rank[a] >= rank[b] ? a : b;
}
