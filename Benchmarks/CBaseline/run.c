#define _GNU_SOURCE
#include "baseline.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>

int baseline_run(char *const argv[], char *const envp[], double *seconds, long *peak_kilobytes) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    posix_spawn_file_actions_init(&actions), posix_spawnattr_init(&attributes), sigemptyset(&none);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawnattr_setsigmask(&attributes, &none), posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    long long begun = baseline_now();
    pid_t pid;
    int error = posix_spawnp(&pid, argv[0], &actions, &attributes, argv, envp), status = -1;
    struct rusage usage = {0};
    if (!error)
        while (wait4(pid, &status, 0, &usage) < 0 && errno == EINTR) {}
    *seconds = (double)(baseline_now() - begun) / 1e9;
    *peak_kilobytes = usage.ru_maxrss;
    posix_spawn_file_actions_destroy(&actions), posix_spawnattr_destroy(&attributes);
    return !error && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
