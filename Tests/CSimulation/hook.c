#include "CSimulation.h"

// The runtime's own seam, declared in its ABI header (swift/Runtime/Concurrency.h): a hook that replaces what enqueuing
// on the global executor does.
typedef __attribute__((swiftcall)) void (*original_function)(void *job);
typedef __attribute__((swiftcall)) void (*hook_function)(void *job, original_function original);
extern hook_function swift_task_enqueueGlobal_hook;

static void (*captured)(void *job);

static __attribute__((swiftcall)) void hook(void *job, original_function original) {
    (void)original;
    captured(job);
}

void simulation_capture_jobs(void (*sink)(void *job)) {
    captured = sink;
    swift_task_enqueueGlobal_hook = hook;
}
