/*
 * machine.h - which machine this is.
 */
#ifndef JOBS_MACHINE_H
#define JOBS_MACHINE_H

struct machine {
    char id[64];   /* /etc/machine-id; the host name where there is none */
    char host[64]; /* for people */
};

void machine_look(struct machine *m);

#endif
