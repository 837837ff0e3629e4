#pragma once

/// Takes an exclusive lock on the whole file for this open file description, without waiting.
/// Returns 0, or -1 with `errno` set: EAGAIN or EACCES when another one holds it.
int shim_lock(int descriptor);

/// Whether another open file description holds such a lock: 1, 0, or -1 with `errno` set. Takes no lock itself.
int shim_lock_is_held(int descriptor);
