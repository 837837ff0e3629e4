#include "CSimulation.h"

#include <pthread.h>

// The runtime's own seam, declared in its ABI header (swift/Runtime/Concurrency.h): a hook that replaces what enqueuing
// on the global executor does.
typedef __attribute__((swiftcall)) void (*original_function)(void *job);
typedef __attribute__((swiftcall)) void (*hook_function)(void *job, original_function original);
extern hook_function swift_task_enqueueGlobal_hook;

static void (*captured)(void *job);
static _Thread_local bool captures;
static _Thread_local bool leaving;

static __attribute__((swiftcall)) void hook(void *job, original_function original) {
    if (captures && !leaving) captured(job);
    else original(job);
}

void simulation_capture_jobs(void (*sink)(void *job)) {
    captured = sink;
    captures = true;
    swift_task_enqueueGlobal_hook = hook;
}

void simulation_leave(bool leaves) { leaving = leaves; }

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t answered = PTHREAD_COND_INITIALIZER;
static int answers;

void simulation_answer(void) {
    pthread_mutex_lock(&lock);
    answers++;
    pthread_cond_signal(&answered);
    pthread_mutex_unlock(&lock);
}

void simulation_await(void) {
    pthread_mutex_lock(&lock);
    while (answers == 0) pthread_cond_wait(&answered, &lock);
    answers--;
    pthread_mutex_unlock(&lock);
}
