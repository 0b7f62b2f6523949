#include "screen.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/memory.h"

enum { COLUMNS_USUAL = 80, COLUMNS_LEAST = 20 };

unsigned
screen_columns(FILE *to)
{
    struct winsize size;

    if (!isatty(fileno(to)))
        return 0;
    if (ioctl(fileno(to), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return COLUMNS_USUAL;
}

/* How much of text goes into a line of so many columns: whole words. */
static size_t
measure(const char *text, size_t columns)
{
    size_t n = columns;

    if (strlen(text) <= columns)
        return strlen(text);
    while (n > 0 && text[n] != ' ')
        n--;
    /* A word that is longer than the line is left to the terminal. */
    return n > 0 ? n : strcspn(text, " ");
}

char *
screen_tame(char *text)
{
    unsigned char before = 0;

    for (char *p = text; *p != '\0'; p++) {
        unsigned char c = (unsigned char)*p;

        /* In UTF-8 c2 80 to c2 9f are such too. */
        if (c < ' ' || c == 0x7f || (before == 0xc2 && c < 0xa0))
            *p = '?';
        before = c;
    }
    return text;
}

static void
print_folded(FILE *to, size_t columns, unsigned indent, const char *text)
{
    size_t used = 0;

    do {
        size_t n = measure(text, columns - used);

        fprintf(to, "%*s%.*s\n", (int)used, "", (int)n, text);
        text += n;
        text += strspn(text, " ");
        used = indent;
    } while (*text != '\0');
}

void
screen_print(FILE *to, unsigned indent, const char *text)
{
    size_t columns = screen_columns(to);
    char *shown = screen_tame(memory_dup(text));

    if (columns < COLUMNS_LEAST + indent)
        fprintf(to, "%s\n", shown);
    else
        print_folded(to, columns, indent, shown);
    free(shown);
}
