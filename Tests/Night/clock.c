// Preloaded into tt by the night: all clocks are as many seconds ahead as the file CLOCK_FILE says, at every moment, so that
// hours pass for hosts that run. Their timers are set anew when the file changes, and those that are due fire at once, as if
// the time had gone by. In a guardian, which waits for nothing but its pauses, a pause takes no time: it is written down in
// PAUSES_FILE, and the guardian's own clock moves on by it.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define DESCRIPTORS 4096

static const volatile int64_t *shared;
// What a guardian has skipped, in milliseconds.
static int64_t skipped;
// Which timers were set to an absolute time, and to which, by the clocks that tt sees.
static struct itimerspec wanted[DESCRIPTORS];
static bool is_set[DESCRIPTORS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;

__attribute__((constructor)) static void begin(void) {
    int file = open(CLOCK_FILE, O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    void *page = mmap(NULL, sizeof *shared, PROT_READ, MAP_SHARED, file, 0);
    if (page != MAP_FAILED) shared = page;
    close(file);
}

static int64_t ahead(void) { return shared ? *shared : 0; }

static bool counts_time(clockid_t clock) {
    return clock != CLOCK_PROCESS_CPUTIME_ID && clock != CLOCK_THREAD_CPUTIME_ID && clock >= 0;
}

int clock_gettime(clockid_t clock, struct timespec *out) {
    int result = (int)syscall(SYS_clock_gettime, clock, out);
    if (result != 0 || !counts_time(clock)) return result;
    int64_t milliseconds = out->tv_nsec / 1000000 + skipped;
    out->tv_sec += ahead() + milliseconds / 1000;
    out->tv_nsec = milliseconds % 1000 * 1000000 + out->tv_nsec % 1000000;
    return 0;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone) {
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    out->tv_sec = now.tv_sec;
    out->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *out) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out) *out = now.tv_sec;
    return now.tv_sec;
}

static int set(int timer) {
    struct itimerspec real = wanted[timer];
    real.it_value.tv_sec -= ahead();
    // Zero would switch it off.
    if (real.it_value.tv_sec < 0) real.it_value = (struct timespec){.tv_nsec = 1};
    return (int)syscall(SYS_timerfd_settime, timer, TFD_TIMER_ABSTIME, &real, NULL);
}

static void *watch(void *unused) {
    (void)unused;
    int changes = inotify_init1(IN_CLOEXEC);
    if (changes < 0 || inotify_add_watch(changes, CLOCK_FILE, IN_MODIFY) < 0) return NULL;
    for (;;) {
        pthread_mutex_lock(&lock);
        for (int timer = 0; timer < DESCRIPTORS; timer++)
            // One that was closed meanwhile is no timer any more, and refuses.
            if (is_set[timer]) set(timer);
        pthread_mutex_unlock(&lock);
        char event[4096];
        if (read(changes, event, sizeof event) < 0 && errno != EINTR) return NULL;
    }
}

static void begin_watching(void) {
    // Signals are for the threads of the program.
    sigset_t all, old;
    pthread_t thread;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    if (pthread_create(&thread, NULL, watch, NULL) == 0) pthread_detach(thread);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
}

int timerfd_settime(int timer, int flags, const struct itimerspec *new, struct itimerspec *old) {
    bool is_absolute = (flags & TFD_TIMER_ABSTIME) && (new->it_value.tv_sec != 0 || new->it_value.tv_nsec != 0);
    if (timer < 0 || timer >= DESCRIPTORS) return (int)syscall(SYS_timerfd_settime, timer, flags, new, old);
    pthread_once(&once, begin_watching);
    pthread_mutex_lock(&lock);
    is_set[timer] = is_absolute;
    wanted[timer] = *new;
    int result = is_absolute ? set(timer) : (int)syscall(SYS_timerfd_settime, timer, flags, new, old);
    pthread_mutex_unlock(&lock);
    return result;
}

// What waits for nothing but the time is a guardian between two starts.
int poll(struct pollfd *descriptors, nfds_t count, int milliseconds) {
    if (count == 0 && milliseconds > 0) {
        char text[32];
        int length = snprintf(text, sizeof text, "%d\n", milliseconds);
        int file = open(PAUSES_FILE, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
        if (file >= 0) {
            if (write(file, text, (size_t)length) < 0) _exit(99);
            close(file);
            skipped += milliseconds;
            return 0;
        }
    }
    struct timespec limit = {.tv_sec = milliseconds / 1000, .tv_nsec = (long)(milliseconds % 1000) * 1000000};
    return (int)syscall(SYS_ppoll, descriptors, count, milliseconds < 0 ? NULL : &limit, NULL, 0);
}

// The same, as a hardened program calls it.
int __poll_chk(struct pollfd *descriptors, nfds_t count, int milliseconds, size_t size) {
    (void)size;
    return poll(descriptors, count, milliseconds);
}
