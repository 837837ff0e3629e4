// On Linux, libdispatch watches its pool from a timer that ticks once a second for as long as the process lives, in
// order to add threads where all of them block in system calls (src/event/workqueue.c in swift-corelibs-libdispatch).
// A host that has nothing to do must not wake up, and nothing here blocks a thread of the shared pool: what blocks has
// a serial queue, and those get threads without that watch. libdispatch.a asks for the watch by these two functions
// and by no others, so that a program which is linked statically and has its own never pulls in the timer. In a
// program that loads libdispatch.so they are not called, and change nothing.
#ifdef __linux__

void _dispatch_workq_worker_register(void *queue);
void _dispatch_workq_worker_unregister(void *queue);

void _dispatch_workq_worker_register(void *queue) { (void)queue; }
void _dispatch_workq_worker_unregister(void *queue) { (void)queue; }

#endif
