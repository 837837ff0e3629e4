#pragma once
#include <stdbool.h>
#include <sys/types.h>

/// What a child is started with. All pointers are read before the call returns.
struct shim_spawn {
    /// Absolute path of the program.
    const char *_Nonnull path;
    char *_Nullable const *_Nonnull argv;
    char *_Nullable const *_Nonnull envp;
    /// Working directory, or NULL for the caller's.
    const char *_Nullable directory;
    /// Descriptors that become 0, 1 and 2. One below 3 may only stand in its own place.
    int stdio[3];
    /// Whether the child leads a session of its own.
    bool new_session;
};

/// Starts a child with an empty signal mask, default handlers, and no descriptor above 2.
/// Returns 0, or the error number of the step that failed, `execve` included.
int shim_spawn(pid_t *_Nonnull pid, const struct shim_spawn *_Nonnull request);

/// A pipe whose ends are above 2 and closed on exec. Returns 0 or an error number.
int shim_pipe(int ends[_Nonnull 2]);

/// `fcntl` with an integer argument, which Swift cannot call because it is variadic.
int shim_fcntl(int descriptor, int command, int argument);
