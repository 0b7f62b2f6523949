/*
 * screen.h - what fits on the terminal. Where the output is none, nothing is
 * folded: whoever reads it then wants one line an event.
 */
#ifndef TOOLS_SCREEN_H
#define TOOLS_SCREEN_H

#include <stdio.h>

/* The width of the terminal that it writes to; 0: it is no terminal. */
unsigned screen_columns(FILE *to);

/* Bytes that a terminal would obey become '?'. Returns text. */
char *screen_tame(char *text);

/*
 * Prints text, tame, and a newline, broken at blanks where the terminal ends. Lines
 * but the first begin with so many blanks.
 */
void screen_print(FILE *to, unsigned indent, const char *text);

#endif
