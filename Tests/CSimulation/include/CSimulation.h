#pragma once

#include <stdbool.h>

/// Hands every job that this thread would give to the global executor to `sink` instead. Once in a process, which it
/// serves for simulations only. Jobs that come from other threads, or between `simulation_leave(true)` and
/// `simulation_leave(false)`, go to the real executor.
void simulation_capture_jobs(void (*sink)(void *job));

/// Whether jobs of this thread go to the real executor at present.
void simulation_leave(bool leaves);

/// Ends the next `simulation_await`, or the one that waits.
void simulation_answer(void);

/// Blocks this thread until another one calls `simulation_answer`.
void simulation_await(void);
