#define _GNU_SOURCE
#include "include/socket_shim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int prepare(int made) {
    if (made < 0) return -errno;
    fcntl(made, F_SETFD, FD_CLOEXEC);
    fcntl(made, F_SETFL, O_NONBLOCK);
#ifdef SO_NOSIGPIPE
    int on = 1;
    setsockopt(made, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
    return made;
}

int shim_unix_address(const char *path, struct sockaddr_un *address, int *folder) {
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    *folder = -1;
    size_t length = strlen(path);
    if (length < sizeof address->sun_path) {
        memcpy(address->sun_path, path, length + 1);
        return 0;
    }
#ifdef __linux__
    const char *name = strrchr(path, '/');
    if (name == NULL || name == path || (size_t)(name - path) >= 4096) return -ENAMETOOLONG;
    char parent[4096];
    memcpy(parent, path, (size_t)(name - path));
    parent[name - path] = 0;
    int opened = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (opened < 0) return -errno;
    int written = snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d%s", opened, name);
    if (written < 0 || (size_t)written >= sizeof address->sun_path) {
        close(opened);
        return -ENAMETOOLONG;
    }
    *folder = opened;
    return 0;
#else
    return -ENAMETOOLONG;
#endif
}

int shim_unix_listen(const char *path, int backlog) {
    struct sockaddr_un address;
    int folder;
    int problem = shim_unix_address(path, &address, &folder);
    if (problem != 0) return problem;
    int made = prepare(socket(AF_UNIX, SOCK_STREAM, 0));
    if (made >= 0) {
        // On Linux the file takes this mode; elsewhere it is set by name. Until it listens, nobody can connect.
        fchmod(made, 0600);
        int failed = bind(made, (struct sockaddr *)&address, sizeof address);
#ifndef __linux__
        if (failed == 0) failed = chmod(path, 0600);
#endif
        if (failed == 0) failed = listen(made, backlog);
        if (failed != 0) {
            problem = -errno;
            close(made);
            made = problem;
        }
    }
    if (folder >= 0) close(folder);
    return made;
}

int shim_accept(int listener) {
#ifdef __linux__
    int accepted = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    return accepted < 0 ? -errno : accepted;
#else
    return prepare(accept(listener, NULL, NULL));
#endif
}

int shim_unix_peer(int descriptor, uid_t *user, pid_t *process) {
    *process = 0;
#ifdef __linux__
    struct ucred peer;
    socklen_t length = sizeof peer;
    if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return -errno;
    *user = peer.uid;
    *process = peer.pid;
    return 0;
#else
    gid_t group;
    return getpeereid(descriptor, user, &group) == 0 ? 0 : -errno;
#endif
}
