#pragma once
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

/// The address of a Unix socket. On Linux a path that is longer than the system takes goes through its folder, whose
/// descriptor is then in `folder` and must stay open while the address is used; otherwise `folder` is -1.
/// Returns 0, or -errno.
int shim_unix_address(const char *_Nonnull path, struct sockaddr_un *_Nonnull address, int *_Nonnull folder);

/// A new non-blocking Unix socket of mode 0600 at `path`, which listens. Nothing may be at the path.
/// Returns a descriptor, or -errno.
int shim_unix_listen(const char *_Nonnull path, int backlog);

/// The next connection of a listening socket, non-blocking and closed on exec. Returns a descriptor, or -errno.
int shim_accept(int listener);

/// Who is at the other end of a connected Unix socket: its user, and its process or 0 if the system does not know.
/// Returns 0, or -errno.
int shim_unix_peer(int descriptor, uid_t *_Nonnull user, pid_t *_Nonnull process);
