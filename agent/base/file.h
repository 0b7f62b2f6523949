/*
 * file.h - the only place that opens, writes, syncs, renames, links and
 * removes files. Nothing is replaced in place: what is written is written
 * aside, synced, put at its name in one step, and the folder is synced, so
 * that a crash at any moment leaves the old file or the new one.
 *
 * dir is a descriptor of a directory (or AT_FDCWD) and name is taken relative
 * to it. All descriptors are close-on-exec. Failures are ERROR_ABSENT where
 * the file is not there and ERROR_FAILED else, unless said otherwise.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/* What a file is, apart from its name: names and inodes are reused. */
struct file_identity {
    uint64_t device;
    uint64_t inode;
    int64_t birth_ns; /* 0 where the file system does not tell */
    int64_t mtime_ns;
    int64_t ctime_ns; /* of the last change, by the kernel's word alone */
    uint64_t size_bytes;
    uint64_t links;
    uint64_t mount; /* by which it was reached; 0: not told (before 5.8) */
    mode_t mode;
    uid_t uid;
    gid_t gid;
};

/*
 * Opens a regular file for reading; a FIFO, device, folder or symbolic link as
 * last component is refused without blocking on it. Descriptor, or -1.
 */
int file_open(int dir, const char *name, struct error *e);

/* Opens a directory (a symbolic link to one is followed). Descriptor, or -1. */
int file_open_directory(int dir, const char *name, struct error *e);

/*
 * The same for a folder of our own among the user's: a symbolic link there is
 * somebody's trap, and refused.
 */
int file_open_inner(int dir, const char *name, struct error *e);

/* Fills id from an open file. */
int file_identify(int fd, struct file_identity *id, struct error *e);

/* The same by name; a symbolic link is described, not followed. */
int file_identify_at(int dir, const char *name, struct file_identity *id,
                     struct error *e);

/* Same device, inode and birth. */
bool file_same(const struct file_identity *a, const struct file_identity *b);

/* Whether one can be renamed to where the other is: bind mounts of one file
 * system are as far from each other as two. */
bool file_same_mount(const struct file_identity *a,
                     const struct file_identity *b);

/*
 * A file of a lower layer of an overlay becomes another one, by its birth, when
 * it is changed or renamed first: has that happen now. Nothing elsewhere.
 */
int file_settle(int dir, const char *name, struct error *e);

/* The same, of the same size, and not written to in between. */
bool file_unchanged(const struct file_identity *a,
                    const struct file_identity *b);

/* Reads up to size bytes at offset; *got is less only at the end of file. */
int file_read_at(int fd, void *bytes, size_t size, uint64_t offset, size_t *got,
                 struct error *e);

/*
 * The same, and tells whether any of it had to come from the disk (*cold):
 * such pages are ours to forget, those that were in memory are not.
 */
int file_read_cold(int fd, void *bytes, size_t size, uint64_t offset,
                   size_t *got, bool *cold, struct error *e);

/*
 * Loads a whole file of at most max bytes (more: ERROR_FAILED). *bytes is the
 * caller's, with a NUL behind it that *size does not count.
 */
int file_load(int dir, const char *name, size_t max, char **bytes, size_t *size,
              struct error *e);

/*
 * The same for a file that the operator names: links are followed (containers
 * mount configuration and secrets as links).
 */
int file_load_named(const char *path, size_t max, char **bytes, size_t *size,
                    struct error *e);

/* Writes all bytes at the descriptor's position. */
int file_write(int fd, const void *bytes, size_t size, struct error *e);

/*
 * Has the kernel begin to write a range to the disk, without waiting, so that
 * less is left for file_sync. Promises nothing.
 */
void file_sync_ahead(int fd, uint64_t offset, uint64_t size);

/*
 * A file for what does not fit in memory, in TMPDIR (or /tmp), for reading and
 * writing, without a name: it is gone when it is closed. Descriptor, or -1.
 */
int file_scratch(struct error *e);

/*
 * A file in memory that holds bytes, for whoever opens /proc/PID/fd/N.
 * Descriptor, or -1.
 */
int file_memory(const char *name, const void *bytes, size_t size,
                struct error *e);

/* Flushes a file's bytes and size to the disk. */
int file_sync(int fd, struct error *e);

/* Flushes a folder's entries; fine where the file system cannot. */
int file_sync_directory(int dir, struct error *e);

/*
 * A file under construction: it has no name until it is published, so that a
 * process that dies leaves nothing. (Where the file system has no O_TMPFILE it
 * is called ".redkeep-new-PID-N" until then; file_sweep finds those.)
 */
struct file_draft {
    int fd;         /* open for writing; -1 when there is none */
    int dir;        /* borrowed */
    char aside[48]; /* its name meanwhile, or "" */
};

/* Begins a draft in dir. On failure draft->fd is -1. */
int file_draft_begin(struct file_draft *draft, int dir, mode_t mode,
                     struct error *e);

/*
 * Syncs the draft, gives it its name, syncs the folder, closes. Never replaces:
 * a taken name is ERROR_REFUSED. On failure the draft is abandoned.
 */
int file_draft_publish(struct file_draft *draft, const char *name,
                       struct error *e);

/* Ends a draft without a trace; does nothing when there is none. */
void file_draft_abandon(struct file_draft *draft);

/* Removes drafts in dir whose process is gone. */
int file_sweep(int dir, struct error *e);

/* Puts bytes at name, over what is there, in one step. */
int file_replace(int dir, const char *name, const void *bytes, size_t size,
                 mode_t mode, struct error *e);

/*
 * Creates a regular file for writing that was not there (O_EXCL). For files in
 * a folder that is itself not in place yet. Descriptor, or -1.
 */
int file_create(int dir, const char *name, mode_t mode, struct error *e);

/* Creates a directory; one that is there is fine. *made (may be NULL) tells. */
int file_make_directory(int dir, const char *name, mode_t mode, bool *made,
                        struct error *e);

/* Creates a directory and those above it that are missing. */
int file_make_path(const char *path, mode_t mode, struct error *e);

/* Renames and syncs both folders; refuses (ERROR_REFUSED) to replace. */
int file_move(int from_dir, const char *from, int to_dir, const char *to,
              struct error *e);

/*
 * Renames over what is there, if anything; neither folder is synced. Two names
 * of one file are left as they are.
 */
int file_rename(int from_dir, const char *from, int to_dir, const char *to,
                struct error *e);

/* Renames where nothing is (ERROR_REFUSED); neither folder is synced. */
int file_rename_new(int from_dir, const char *from, int to_dir, const char *to,
                    struct error *e);

/*
 * Gives a file a second name (to_dir is not synced). ERROR_DENIED where that
 * may not be: another's file, too many names, a file system without links.
 */
int file_link(int from_dir, const char *from, int to_dir, const char *to,
              struct error *e);

/* Told how many bytes are copied; -1 ends the copying with that error. */
typedef int file_copied(void *context, uint64_t done, struct error *e);

/*
 * Copies the first size bytes of an open file to the descriptor's position in
 * another; a file system that can shares the blocks. tell may be NULL.
 */
int file_copy(int from, int to, uint64_t size, file_copied *tell, void *context,
              struct error *e);

/* Gives an open file or folder to an owner; does nothing if it is theirs. */
int file_give(int fd, uid_t uid, gid_t gid, struct error *e);

/* Sets the permission bits. */
int file_set_mode(int fd, mode_t mode, struct error *e);

/* Removes a file and syncs the folder; none there is fine. */
int file_remove(int dir, const char *name, struct error *e);

/* Removes a folder with all in it, never following links; none is fine. */
int file_remove_tree(int dir, const char *name, struct error *e);

/* Removes a folder that holds nothing; one that does stays, without error. */
int file_remove_empty(int dir, const char *name, struct error *e);

/* Bytes that an unprivileged writer may still use on the file system of fd. */
int file_free_bytes(int fd, uint64_t *bytes, struct error *e);

/*
 * The entries of a directory, without "." and "..", sorted by name. *names is
 * the caller's: file_free_names. More than FILE_NAMES_MAX is ERROR_FAILED.
 */
enum { FILE_NAMES_MAX = 1000000 };
int file_names(int dir, char ***names, size_t *count, struct error *e);
void file_free_names(char **names, size_t count);

/*
 * Whether anybody has an open file open for writing, in whatever container, as
 * the kernel says by F_SETLEASE. fd must be open for reading. UNKNOWN where a
 * lease cannot be had (not ours and not root, or the file system has none).
 */
enum file_writer { FILE_WRITER_NONE, FILE_WRITER_SOME, FILE_WRITER_UNKNOWN };
int file_find_writer(int fd, enum file_writer *writer, struct error *e);

/*
 * Whether nobody else has it open at all, as F_SETLEASE says; false as well
 * where the kernel does not tell.
 */
bool file_is_only_ours(int fd);

/*
 * Whether other machines may have the file or folder open too, so that neither
 * /proc nor a lease tells all; by the type of its file system, as statfs(2)
 * numbers them.
 */
bool file_is_shared(int fd);
bool file_type_is_shared(unsigned long type);

/* Tells the kernel that the clean pages of a range are not needed again. */
void file_forget_pages(int fd, uint64_t offset, uint64_t size);

#endif
