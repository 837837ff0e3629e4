#pragma once

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

// Moves both ends above 2, or closes both and returns the error. A program started without 0, 1 or 2 gets them for what it
// opens, where they would collide with a child's.
static inline int shim_above_standard(int ends[2]) {
    for (int i = 0; i < 2; i++) {
        if (ends[i] > 2) continue;
        int moved = fcntl(ends[i], F_DUPFD_CLOEXEC, 3);
        int error = errno;
        close(ends[i]);
        if (moved < 0) {
            close(ends[1 - i]);
            return error;
        }
        ends[i] = moved;
    }
    return 0;
}
