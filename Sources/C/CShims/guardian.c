#define _GNU_SOURCE
#include "guardian_shim.h"
#include "descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "files_shim.h"
#include "keeper_shim.h"
#include "process_shim.h"
#include "socket_shim.h"
#include "spawn_shim.h"

#ifdef __linux__
#include <sys/prctl.h>
#endif

// A host that lived this long was no failure of its start.
static const int64_t long_life = 10000;
// More deaths in a row than a message may cost hosts (agent.max_host_deaths), so that such a message is a dead letter first.
static const int most_deaths = 15;
static const int64_t longest_pause = 60000;

enum { end_unknown, end_exit, end_signal, end_start };

struct ending {
    bool orderly;
    int kind, number;
};

static int64_t milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

// Waits for a descriptor, or only for the time; `limit` below 0 means for ever.
static bool wait_for(int descriptor, int64_t limit) {
    int64_t end = milliseconds() + limit;
    for (;;) {
        int64_t left = limit < 0 ? -1 : end - milliseconds();
        if (limit >= 0 && left <= 0) return false;
        struct pollfd wanted = {.fd = descriptor, .events = POLLIN};
        int ready = poll(&wanted, descriptor < 0 ? 0 : 1, left < 0 ? -1 : (int)left);
        if (ready > 0) return true;
        if (ready < 0 && errno != EINTR) return false;
    }
}

static int open_beneath(const char *folder, const char *path, int flags) {
    int root = shim_open_root(folder);
    if (root < 0) return root;
    int file = shim_open_beneath(root, path, flags | O_WRONLY | O_CREAT | O_NONBLOCK, 0600);
    close(root);
    if (file >= 0) shim_let_wait(file);
    return file;
}

static void write_all(int file, const char *text, size_t length) {
    while (length > 0) {
        ssize_t count = write(file, text, length);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return;
        text += count;
        length -= (size_t)count;
    }
}

static const char *how(struct ending end, char *text, size_t size) {
    switch (end.kind) {
        case end_exit: snprintf(text, size, "exit code %d", end.number); break;
        case end_signal: snprintf(text, size, "signal %d", end.number); break;
        case end_start: snprintf(text, size, "it cannot be started: %s", strerror(end.number)); break;
        default: snprintf(text, size, "killed, or it crashed"); break;
    }
    return text;
}

static __attribute__((format(printf, 2, 3))) void say(const struct shim_guard *guard, const char *format, ...) {
    int file = open_beneath(guard->folder, guard->log, O_APPEND);
    if (file < 0) return;
    char text[512];
    time_t now = time(NULL);
    struct tm parts;
    size_t length = gmtime_r(&now, &parts) ? strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ guardian: ", &parts) : 0;
    va_list arguments;
    va_start(arguments, format);
    int more = vsnprintf(text + length, sizeof text - length - 1, format, arguments);
    va_end(arguments);
    if (more > 0) length += (size_t)more < sizeof text - length - 1 ? (size_t)more : sizeof text - length - 2;
    text[length++] = '\n';
    write_all(file, text, length);
    close(file);
}

// For commands that show why no host runs. `next` is 0 if it is not started again.
static void note(const struct shim_guard *guard, int deaths, struct ending end, int64_t pause) {
    int file = open_beneath(guard->folder, guard->note, O_TRUNC);
    if (file < 0) return;
    static const char *const kinds[] = {"unknown", "exit", "signal", "start"};
    char text[256];
    long long now = (long long)time(NULL);
    int length = snprintf(
        text, sizeof text, "deaths %d\nend %s %d\nat %lld\nnext %lld\n", deaths, kinds[end.kind], end.number, now,
        pause < 0 ? 0 : now + (pause + 999) / 1000);
    if (length > 0) write_all(file, text, (size_t)length);
    close(file);
}

// Returns how the host ended. `child` is its number if this process started it, else 0; `watch` is its pidfd or -1.
static struct ending await(int host, pid_t child, int watch) {
    struct ending end = {.kind = end_unknown};
    for (;;) {
        char byte;
        ssize_t count = recv(host, &byte, 1, 0);
        if (count < 0 && errno == EINTR) continue;
        if (count == 1) {
            end.orderly = true;
            return end;
        }
        break;
    }
    // Its locks and files are free once the kernel says that it is gone, which is a little later than its socket.
    if (watch >= 0) wait_for(watch, 10000);
    int status = 0;
    if (child > 0 && waitpid(child, &status, watch >= 0 ? WNOHANG : 0) == child) {
        end.kind = WIFSIGNALED(status) ? end_signal : end_exit;
        end.number = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
        end.orderly = end.kind == end_exit && end.number == 0;
    }
    return end;
}

// Whether another start would end in the same way: wrong usage, no town, a town in use, a person is needed.
static bool is_final(struct ending end) {
    return end.kind == end_exit && (end.number == 2 || end.number == 3 || end.number == 4 || end.number == 7);
}

static int start(const struct shim_guard *guard, int *host, pid_t *child) {
    int ends[2];
    int error = shim_socket_pair(ends);
    if (error) return error;
    int log = open_beneath(guard->folder, guard->log, O_APPEND);
    if (log < 0) {
        error = -log;
    } else {
        struct shim_spawn request = {
            .path = guard->program, .argv = guard->arguments, .envp = guard->environment,
            .directory = guard->folder, .stdio = {ends[1], log, log}, .new_session = true};
        error = shim_spawn(child, &request);
        close(log);
    }
    close(ends[1]);
    if (error) {
        close(ends[0]);
        return error;
    }
    *host = ends[0];
    return 0;
}

_Noreturn void shim_guard(const struct shim_guard *guard) {
#ifdef __linux__
    prctl(PR_SET_NAME, "tt-guardian", 0, 0, 0);
#endif
    // Its environment is the host's.
    shim_leave_no_core(true);
    shim_keep_exit_statuses();
    // It must not hold a file system that somebody wants to unmount.
    int ignored = chdir("/");
    (void)ignored;
    int host = guard->host;
    uid_t user;
    pid_t process = 0, child = 0;
    shim_unix_peer(host, &user, &process);
    int deaths = 0;
    for (;;) {
        int64_t began = milliseconds();
        int watch = process > 0 ? shim_pidfd_open(process) : -1;
        struct ending end = await(host, child, watch);
        close(host);
        if (watch >= 0) close(watch);
        if (end.orderly) _exit(0);
        if (milliseconds() - began >= long_life) deaths = 0;
        int error;
        do {
            char text[128];
            deaths++;
            if (is_final(end) || deaths > most_deaths) {
                say(guard, "the host died %d times in a row (%s); it is not started again", deaths,
                    how(end, text, sizeof text));
                note(guard, deaths, end, -1);
                _exit(1);
            }
            int64_t pause = deaths == 1 ? 0 : (int64_t)100 << (deaths - 2);
            if (pause > longest_pause) pause = longest_pause;
            if (pause >= 1000) note(guard, deaths, end, pause);
            how(end, text, sizeof text);
            if (pause == 0) {
                say(guard, "the host died (%s); it is started again at once", text);
            } else {
                say(guard, "the host died (%s), %d times in a row; it is started again in %lld.%lld s", text, deaths,
                    (long long)pause / 1000, (long long)pause % 1000 / 100);
            }
            wait_for(-1, pause);
            error = start(guard, &host, &child);
            // A folder that is gone needs no host.
            if (error == ENOENT && access(guard->folder, F_OK) != 0) _exit(0);
            if (error) end = (struct ending){.kind = end_start, .number = error};
        } while (error);
        process = child;
    }
}

int shim_socket_pair(int ends[2]) {
#ifdef __linux__
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return errno;
#else
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return errno;
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
#endif
    return shim_above_standard(ends);
}

int shim_is_connected(int descriptor) {
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    return getpeername(descriptor, (struct sockaddr *)&address, &length) == 0 && address.ss_family == AF_UNIX;
}

void shim_dismiss(int guardian) {
    ssize_t sent;
#ifdef MSG_NOSIGNAL
    do sent = send(guardian, "e", 1, MSG_NOSIGNAL);
#else
    do sent = send(guardian, "e", 1, 0);
#endif
    while (sent < 0 && errno == EINTR);
}
