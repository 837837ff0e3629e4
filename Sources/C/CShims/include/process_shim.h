#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// A descriptor that becomes readable when `pid` ends (Linux), or -1 with `errno` set.
int shim_pidfd_open(pid_t pid);

/// Sends a signal to exactly the process behind `pidfd`, however often its number was reused since.
int shim_pidfd_send_signal(int pidfd, int signal);

/// How a child ended.
struct shim_exit {
    pid_t pid;
    /// The exit code, or the signal's number.
    int status;
    /// Whether `status` is a signal.
    bool signalled;
};

/// Takes the exit status of the child `pid` without blocking: 1 taken, 0 still running, -1 with `errno` set.
int shim_reap(pid_t pid, struct shim_exit *_Nonnull out);

/// Blocks until the child `pid` has ended, without reaping it. Returns 0, or -1 with `errno` set.
int shim_wait_until_ended(pid_t pid);

/// Undoes an ignored SIGCHLD, which a parent may have handed down: with it the kernel drops exit statuses.
void shim_keep_exit_statuses(void);

/// The id of some child that has ended and is not reaped, which stays so; 0 when there is none, -1 without children.
pid_t shim_peek_ended_child(void);

/// Orphaned descendants come to this process instead of to process 1. Returns 0, or -1 with `errno` set.
int shim_become_subreaper(void);

/// One row of the kernel's process table.
struct shim_process {
    pid_t pid, parent, group, session;
    /// Start time in the kernel's own unit; compared for equality and order only.
    uint64_t start;
    bool ended;
};

#if defined(__APPLE__)
/// All processes, in memory that the caller frees; the count, or -1 with `errno` set.
ssize_t shim_process_list(struct shim_process *_Nullable *_Nonnull rows);
/// One process: 1 found, 0 not there.
int shim_process_get(pid_t pid, struct shim_process *_Nonnull row);
/// The `KERN_PROCARGS2` block of a process in memory that the caller frees; its size, or -1.
ssize_t shim_process_arguments(pid_t pid, char *_Nullable *_Nonnull block);
#endif
