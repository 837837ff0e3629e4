#define _GNU_SOURCE
#include "spawn_shim.h"
#include "descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

int shim_spawn(pid_t *pid, const struct shim_spawn *request) {
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    int error = posix_spawnattr_init(&attributes);
    if (error) return error;
    error = posix_spawn_file_actions_init(&actions);
    if (error) {
        posix_spawnattr_destroy(&attributes);
        return error;
    }

    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    if (request->new_session) flags |= POSIX_SPAWN_SETSID;
#ifdef __APPLE__
    flags |= POSIX_SPAWN_CLOEXEC_DEFAULT;
    sigdelset(&all, SIGKILL);
    sigdelset(&all, SIGSTOP);
#endif
    error = posix_spawnattr_setsigmask(&attributes, &none);
    if (!error) error = posix_spawnattr_setsigdefault(&attributes, &all);
    if (!error) error = posix_spawnattr_setflags(&attributes, flags);

    // A descriptor that already stands in its place is duplicated onto itself, which clears close-on-exec.
    for (int target = 0; !error && target < 3; target++)
        error = posix_spawn_file_actions_adddup2(&actions, request->stdio[target], target);
    if (!error && request->directory)
        error = posix_spawn_file_actions_addchdir_np(&actions, request->directory);
#ifndef __APPLE__
    if (!error) error = posix_spawn_file_actions_addclosefrom_np(&actions, 3);
#endif

    if (!error) error = posix_spawn(pid, request->path, &actions, &attributes, request->argv, request->envp);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return error;
}

int shim_pipe(int ends[2]) {
#ifdef __linux__
    if (pipe2(ends, O_CLOEXEC) != 0) return errno;
#else
    if (pipe(ends) != 0) return errno;
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
#endif
    return shim_above_standard(ends);
}

int shim_fcntl(int descriptor, int command, int argument) {
    return fcntl(descriptor, command, argument);
}
