#include "screen.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

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

void
screen_print(FILE *to, unsigned indent, const char *text)
{
    size_t columns = screen_columns(to), used = 0;

    if (columns < COLUMNS_LEAST + indent) {
        fprintf(to, "%s\n", text);
        return;
    }
    do {
        size_t n = measure(text, columns - used);

        fprintf(to, "%*s%.*s\n", (int)used, "", (int)n, text);
        text += n;
        text += strspn(text, " ");
        used = indent;
    } while (*text != '\0');
}
