#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "spawn_shim.h"

/// What a child is started with that gets a keeper: a process between it and this one that adopts everything which the
/// child starts, however it detaches itself, and stays until none of it is left.
struct shim_keep {
    struct shim_spawn spawn;
    /// The keeper's name in the process table, 15 bytes at most. Whatever the child starts cannot change it.
    const char *_Nonnull name;
    /// `cgroup.procs` files that the child joins where it may, then NULL.
    char *_Nullable const *_Nonnull groups;
    /// RLIMIT_NPROC of the child, 0 for none.
    uint64_t processes;
};

enum { shim_kept_started = 1, shim_kept_failed, shim_kept_exited, shim_kept_signalled };

/// What a keeper reports, in one write: first how the start went, then how the child ended.
struct shim_kept {
    int32_t kind;
    /// The child's process id, the error number of the step that failed, the exit code or the signal.
    int32_t number;
    /// With `shim_kept_started`: the child's start time, in the unit of `/proc/PID/stat`; 0 if unknown.
    uint64_t start;
};

/// Starts a keeper, which starts the child. `reports` is the writing end of a pipe, above 2.
/// Returns 0 or an error number. ENOSYS where the system lets no process adopt orphans.
int shim_keep(pid_t *_Nonnull keeper, const struct shim_keep *_Nonnull request, int reports);

/// Lets this process write no core dump. `isSecret`: nobody else of this user may look into its memory either.
void shim_leave_no_core(bool isSecret);
