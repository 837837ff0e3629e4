#pragma once
#include <sys/types.h>

/// What a guardian starts again if its host dies. A host is the process at the other end of a socket.
struct shim_guard {
    /// The socket, above 2.
    int host;
    /// Absolute path of the program, its arguments with the name, and the whole environment.
    const char *_Nonnull program;
    char *_Nullable const *_Nonnull arguments;
    char *_Nullable const *_Nonnull environment;
    /// The host's working directory, which holds what follows.
    const char *_Nonnull folder;
    /// Where the host's output goes, and what the guardian itself says. Beneath the folder.
    const char *_Nonnull log;
    /// Where the guardian writes down why no host runs. Beneath the folder.
    const char *_Nonnull note;
};

/// Guards until the host says that it ends (`shim_dismiss`), or until starting it again makes no sense any more.
_Noreturn void shim_guard(const struct shim_guard *_Nonnull guard);

/// Two sockets that are connected with each other, above 2 and closed on exec. Returns 0 or an error number.
int shim_socket_pair(int ends[_Nonnull 2]);

/// Whether a descriptor is a Unix socket that is connected.
int shim_is_connected(int descriptor);

/// Tells a guardian that its host ends in an orderly way.
void shim_dismiss(int guardian);
