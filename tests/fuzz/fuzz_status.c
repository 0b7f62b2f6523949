/*
 * What answers at the agent's address may be anything: a state of the right
 * shape is shown, and nothing in it commands the terminal.
 */
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../tools/status_shape.h"
#include "../../tools/status_text.h"
#include "../../tools/status_wrong.h"
#include "jobs/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void
show(const json_t *state)
{
    FILE *before = stdout;
    struct status_wrongs wrongs;
    size_t shown_size;
    char *shown;

    stdout = open_memstream(&shown, &shown_size);
    status_wrong_look(&wrongs, state, value_read_time(state, "time"));
    status_text_print(state, &wrongs, value_read_time(state, "time"), false);
    fclose(stdout);
    stdout = before;
    for (size_t i = 0; i < shown_size; i++)
        if (((unsigned char)shown[i] < ' ' && shown[i] != '\n') ||
            shown[i] == 0x7f)
            abort();
    status_wrong_clear(&wrongs);
    free(shown);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    json_t *state = json_loadb((const char *)bytes, size, 0, NULL);
    struct error e = {0};

    if (state == NULL)
        return 0;
    if (status_shape_check(state, &e) == 0)
        show(state);
    else if (e.kind != ERROR_FAILED || e.text[0] == '\0')
        abort();
    json_decref(state);
    return 0;
}
