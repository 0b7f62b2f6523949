/*
 * storage_absent.h - says why a repository cannot be opened, what is there
 * instead and what to do. All return -1.
 */
#ifndef REPO_STORAGE_ABSENT_H
#define REPO_STORAGE_ABSENT_H

#include "base/error.h"

/* The repository's folder itself cannot be opened; *e says how that failed. */
int storage_absent_repo(const char *repo, struct error *e);

/* It can, but the instance's folder in it cannot. */
int storage_absent_instance(int repo_dir, const char *repo,
                            const char *instance, struct error *e);

/* The instance's folder is there, but holds no instance.json. */
int storage_absent_mark(int instance_dir, const char *repo,
                        const char *instance, struct error *e);

/*
 * If this process may not use the folder path in that way (R_OK, W_OK, X_OK), says who
 * it runs as and whose path it is, and returns -1; else returns 0 and leaves
 * *e alone.
 */
int storage_absent_access(const char *path, int how, struct error *e);

/* The names in a folder for a message: "a, b, c ..."; "" when it is empty. */
enum { STORAGE_ABSENT_NAMES_SIZE = 160 };
void storage_absent_names(int dir, char out[STORAGE_ABSENT_NAMES_SIZE]);

#endif
