/*
 * verdict.h - what data is, in one word.
 */
#ifndef FORMATS_VERDICT_H
#define FORMATS_VERDICT_H

/* Torn: only an unfinished tail is bad. Unknown: newer than we know. */
enum verdict { VERDICT_SOUND, VERDICT_TORN, VERDICT_DAMAGED, VERDICT_UNKNOWN };

/* "sound", "torn", "damaged", "unknown". */
const char *verdict_name(enum verdict v);

/* The verdict of that name; VERDICT_UNKNOWN for any other text. */
enum verdict verdict_find(const char *name);

/* The worse of two: sound < torn < unknown < damaged. */
enum verdict verdict_worse(enum verdict a, enum verdict b);

#endif
