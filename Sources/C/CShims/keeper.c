#define _GNU_SOURCE
#include "keeper_shim.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/prctl.h>
#include <sys/syscall.h>

void shim_leave_no_core(bool isSecret) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_CORE, &limit) == 0) {
        limit.rlim_cur = 0;
        setrlimit(RLIMIT_CORE, &limit);
    }
    // A system that pipes core dumps to a program ignores the limit.
    if (isSecret) prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

// Everything below runs after a fork of a program with many threads: only calls that are safe in a signal handler.

static void close_range_of(unsigned from, unsigned to) {
    if (from > to) return;
#ifdef SYS_close_range
    if (syscall(SYS_close_range, from, to, 0) == 0) return;
#endif
    struct rlimit limit;
    unsigned end = 65536;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < end) end = (unsigned)limit.rlim_cur;
    for (unsigned descriptor = from; descriptor < end && descriptor <= to; descriptor++) close((int)descriptor);
}

static void join(const char *group) {
    int file = open(group, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0) return;
    // Where it may not join, the other limits hold.
    ssize_t ignored = write(file, "0", 1);
    (void)ignored;
    close(file);
}

// The child, up to its program. It has the keeper's memory until then, so the keeper reads `failure`.
static _Noreturn void become(const struct shim_keep *request, volatile int *failure) {
    const struct shim_spawn *spawn = &request->spawn;
    for (char *const *group = request->groups; *group; group++) join(*group);
    if (request->processes) {
        struct rlimit limit;
        if (getrlimit(RLIMIT_NPROC, &limit) == 0 && request->processes < limit.rlim_cur) {
            limit.rlim_cur = request->processes;
            // Hard as well, else the child could raise it.
            limit.rlim_max = request->processes;
            setrlimit(RLIMIT_NPROC, &limit);
        }
    }
    if (spawn->new_session && setsid() < 0) goto failed;
    for (int target = 0; target < 3; target++) {
        int source = spawn->stdio[target];
        if (source == target) {
            if (fcntl(target, F_SETFD, 0) < 0) goto failed;
        } else if (dup2(source, target) < 0) {
            goto failed;
        }
    }
    if (spawn->directory && chdir(spawn->directory) != 0) goto failed;
    close_range_of(3, ~0U);
    struct sigaction standard = {.sa_handler = SIG_DFL};
    for (int number = 1; number < NSIG; number++)
        if (number != SIGKILL && number != SIGSTOP) sigaction(number, &standard, NULL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve(spawn->path, spawn->argv, spawn->envp);
failed:
    *failure = errno;
    _exit(127);
}

// The 22nd field of /proc/PID/stat. The second one is a name that may hold anything, so count from its end.
static uint64_t start_time(pid_t pid) {
    char path[32] = "/proc/", digits[12];
    int length = 6, count = 0;
    for (pid_t rest = pid; rest > 0; rest /= 10) digits[count++] = (char)('0' + rest % 10);
    while (count > 0) path[length++] = digits[--count];
    for (const char *end = "/stat"; *end; end++) path[length++] = *end;
    path[length] = 0;
    char text[1024];
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    ssize_t size = read(file, text, sizeof text);
    close(file);
    ssize_t at = size - 1;
    while (at >= 0 && text[at] != ')') at--;
    if (at < 0) return 0;
    for (int field = 2; at < size && field < 22; at++)
        if (text[at] == ' ') field++;
    uint64_t start = 0;
    for (; at < size && text[at] >= '0' && text[at] <= '9'; at++) start = start * 10 + (uint64_t)(text[at] - '0');
    return start;
}

static void report(int file, int kind, int number, uint64_t start) {
    struct shim_kept record = {.kind = kind, .number = number, .start = start};
    // Less than a pipe's atomic size. Nobody reads it any more if the host has died.
    ssize_t sent;
    do sent = write(file, &record, sizeof record);
    while (sent < 0 && errno == EINTR);
}

static __attribute__((noinline)) pid_t start(const struct shim_keep *request, volatile int *failure) {
    pid_t child = vfork();
    if (child == 0) become(request, failure);
    return child;
}

static _Noreturn void keep(const struct shim_keep *request, int reports) {
    // Signals that a terminal or an ending host sends to groups of processes are not meant for the keeper. All are
    // blocked here, and stay so: nothing but SIGKILL and SIGSTOP reaches it.
    struct sigaction standard = {.sa_handler = SIG_DFL};
    sigaction(SIGCHLD, &standard, NULL);
    setsid();
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    prctl(PR_SET_NAME, request->name, 0, 0, 0);
    // Its memory is a copy of the host's.
    shim_leave_no_core(true);
    volatile int failure = 0;
    pid_t child = start(request, &failure);
    if (child < 0 || failure) {
        report(reports, shim_kept_failed, child < 0 ? errno : failure, 0);
        _exit(127);
    }
    report(reports, shim_kept_started, child, start_time(child));
    close_range_of(0, (unsigned)reports - 1);
    close_range_of((unsigned)reports + 1, ~0U);
    // It must not hold a file system that somebody wants to unmount.
    int ignored = chdir("/");
    (void)ignored;
    for (;;) {
        int status = 0;
        pid_t ended = waitpid(-1, &status, 0);
        if (ended < 0 && errno == EINTR) continue;
        if (ended < 0) _exit(0);
        if (ended != child) continue;
        if (WIFSIGNALED(status)) {
            report(reports, shim_kept_signalled, WTERMSIG(status), 0);
        } else {
            report(reports, shim_kept_exited, WEXITSTATUS(status), 0);
        }
        child = -1;
    }
}

int shim_keep(pid_t *keeper, const struct shim_keep *request, int reports) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t made = fork();
    if (made == 0) keep(request, reports);
    int error = made < 0 ? errno : 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    *keeper = made;
    return error;
}
#else
int shim_keep(pid_t *keeper, const struct shim_keep *request, int reports) {
    (void)keeper;
    (void)request;
    (void)reports;
    return ENOSYS;
}

void shim_leave_no_core(bool isSecret) {
    (void)isSecret;
    struct rlimit limit;
    if (getrlimit(RLIMIT_CORE, &limit) != 0) return;
    limit.rlim_cur = 0;
    setrlimit(RLIMIT_CORE, &limit);
}
#endif
