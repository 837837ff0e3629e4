#pragma once

/// Takes an exclusive lock on the whole file for this open file description, without waiting.
/// Returns 0, or -1 with `errno` set: EAGAIN or EACCES when another one holds it.
int shim_lock(int descriptor);

/// Drops the lock for every descriptor of the file description, those of a child that has not reached exec included.
void shim_unlock(int descriptor);

/// Whether another open file description holds such a lock: 1, 0, or -1 with `errno` set. Takes no lock itself.
int shim_lock_is_held(int descriptor);
