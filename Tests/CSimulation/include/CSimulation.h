#pragma once

/// Hands every job that would go to the global executor to `sink` instead. Process-wide; for simulations only.
void simulation_capture_jobs(void (*sink)(void *job));
