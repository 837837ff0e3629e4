#define _GNU_SOURCE
#include "process_shim.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/prctl.h>
#include <sys/syscall.h>

// Not the C library's wrappers: musl and older versions of glibc have none.
int shim_pidfd_open(pid_t pid) {
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

int shim_pidfd_send_signal(int pidfd, int signal) {
    return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}

int shim_become_subreaper(void) {
    return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}
#else
int shim_pidfd_open(pid_t pid) {
    (void)pid;
    errno = ENOSYS;
    return -1;
}

int shim_pidfd_send_signal(int pidfd, int signal) {
    (void)pidfd;
    (void)signal;
    errno = ENOSYS;
    return -1;
}

int shim_become_subreaper(void) {
    errno = ENOSYS;
    return -1;
}
#endif

int shim_reap(pid_t pid, struct shim_exit *out) {
    int status = 0;
    pid_t reaped;
    do reaped = waitpid(pid, &status, WNOHANG);
    while (reaped < 0 && errno == EINTR);
    if (reaped < 0) return -1;
    if (reaped == 0) return 0;
    out->pid = reaped;
    out->signalled = WIFSIGNALED(status);
    out->status = out->signalled ? WTERMSIG(status) : WEXITSTATUS(status);
    return 1;
}

int shim_wait_until_ended(pid_t pid) {
    siginfo_t information;
    int result;
    do result = waitid(P_PID, (id_t)pid, &information, WEXITED | WNOWAIT);
    while (result < 0 && errno == EINTR);
    return result;
}

void shim_keep_exit_statuses(void) {
    struct sigaction action;
    if (sigaction(SIGCHLD, NULL, &action) == 0 && action.sa_handler == SIG_IGN) signal(SIGCHLD, SIG_DFL);
}

pid_t shim_peek_ended_child(void) {
    siginfo_t information;
    memset(&information, 0, sizeof information);
    int result;
    do result = waitid(P_ALL, 0, &information, WEXITED | WNOHANG | WNOWAIT);
    while (result < 0 && errno == EINTR);
    return result < 0 ? -1 : information.si_pid;
}

#ifdef __APPLE__
#include <sys/sysctl.h>

static void fill(struct shim_process *row, const struct kinfo_proc *entry) {
    row->pid = entry->kp_proc.p_pid;
    row->parent = entry->kp_eproc.e_ppid;
    row->group = entry->kp_eproc.e_pgid;
    row->session = getsid(entry->kp_proc.p_pid);
    row->start =
        (uint64_t)entry->kp_proc.p_starttime.tv_sec * 1000000 + (uint64_t)entry->kp_proc.p_starttime.tv_usec;
    row->ended = entry->kp_proc.p_stat == SZOMB;
}

ssize_t shim_process_list(struct shim_process **rows) {
    int name[3] = {CTL_KERN, KERN_PROC, KERN_PROC_ALL};
    for (int attempt = 0; attempt < 8; attempt++) {
        size_t size = 0;
        if (sysctl(name, 3, NULL, &size, NULL, 0) != 0) return -1;
        size += size / 4;  // processes may start between the two calls
        struct kinfo_proc *entries = malloc(size);
        if (!entries) return -1;
        if (sysctl(name, 3, entries, &size, NULL, 0) == 0) {
            size_t count = size / sizeof *entries;
            *rows = calloc(count ? count : 1, sizeof **rows);
            for (size_t i = 0; *rows && i < count; i++) fill(*rows + i, entries + i);
            free(entries);
            return *rows ? (ssize_t)count : -1;
        }
        int error = errno;
        free(entries);
        if (error != ENOMEM) return -1;
    }
    return -1;
}

int shim_process_get(pid_t pid, struct shim_process *row) {
    int name[4] = {CTL_KERN, KERN_PROC, KERN_PROC_PID, pid};
    struct kinfo_proc entry;
    size_t size = sizeof entry;
    if (sysctl(name, 4, &entry, &size, NULL, 0) != 0 || size == 0) return 0;
    fill(row, &entry);
    return 1;
}

ssize_t shim_process_arguments(pid_t pid, char **block) {
    int name[3] = {CTL_KERN, KERN_PROCARGS2, pid};
    size_t size = 0;
    if (sysctl(name, 3, NULL, &size, NULL, 0) != 0) return -1;
    *block = malloc(size ? size : 1);
    if (!*block) return -1;
    if (sysctl(name, 3, *block, &size, NULL, 0) != 0) {
        free(*block);
        *block = NULL;
        return -1;
    }
    return (ssize_t)size;
}
#endif
