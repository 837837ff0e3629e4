#pragma once

/// Puts a program in the place of this process: same process id, terminal and streams, default signal handlers, an
/// empty signal mask, no descriptor above 2. Returns only where that failed, with the error number.
int shim_exec(
    const char *_Nonnull path, char *_Nullable const *_Nonnull argv, char *_Nullable const *_Nonnull envp,
    const char *_Nullable directory);
