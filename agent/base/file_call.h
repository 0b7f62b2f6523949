/*
 * file_call.h - the system calls by which file.c, its parts and lock.c change
 * a disk, each in one place, so that tests can make the Nth of them fail. For
 * those modules only. What a call returns and sets in errno is the kernel's;
 * EINTR is handled.
 */
#ifndef BASE_FILE_CALL_H
#define BASE_FILE_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/* Names of files under construction where they need one: PREFIX PID-N. */
#define FILE_CALL_ASIDE ".redkeep-new-"

/* openat, close-on-exec. */
int file_call_open(int dir, const char *name, int flags, mode_t mode);

ssize_t file_call_write(int fd, const void *bytes, size_t size);
int file_call_sync(int fd);
int file_call_make_directory(int dir, const char *name, mode_t mode);
int file_call_remove(int dir, const char *name, int flags);
int file_call_rename(int from_dir, const char *from, int to_dir, const char *to,
                     unsigned flags);
int file_call_link(int from_dir, const char *from, int to_dir, const char *to);
int file_call_link_open(int fd, int to_dir, const char *to);

/* copy_file_range, to where `to` stands. */
ssize_t file_call_copy(int from, uint64_t offset, int to, size_t size);

int file_call_give(int fd, uid_t uid, gid_t gid);

/*
 * Renames without ever replacing, also where the file system does not know
 * RENAME_NOREPLACE; a taken name sets EEXIST.
 */
int file_call_rename_new(int from_dir, const char *from, int to_dir,
                         const char *to);

/*
 * Opens the folder that holds name (taken relative to dir), and sets *base to
 * the last component, borrowed from name. Descriptor, or -1 and errno.
 */
int file_call_parent(int dir, const char *name, const char **base);

/*
 * Run as root, gives a file just created to the owner of the folder it is in;
 * else does nothing.
 */
int file_call_inherit(int fd, int folder);

/* Begins a draft like file_draft_begin, but one that has a name meanwhile. */
struct file_draft;
int file_draft_begin_aside(struct file_draft *draft, int dir, mode_t mode,
                           struct error *e);

#endif
