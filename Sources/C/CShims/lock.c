#define _GNU_SOURCE
#include "lock_shim.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

// Not the older POSIX locks: closing any other descriptor of the file would drop those.
static struct flock whole_file(void) {
    struct flock lock;
    memset(&lock, 0, sizeof lock);
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    return lock;
}

int shim_lock(int descriptor) {
    struct flock lock = whole_file();
    int result;
    do result = fcntl(descriptor, F_OFD_SETLK, &lock);
    while (result < 0 && errno == EINTR);
    return result;
}

void shim_unlock(int descriptor) {
    struct flock lock = whole_file();
    lock.l_type = F_UNLCK;
    int result;
    do result = fcntl(descriptor, F_OFD_SETLK, &lock);
    while (result < 0 && errno == EINTR);
}

int shim_lock_is_held(int descriptor) {
    struct flock lock = whole_file();
    int result;
    do result = fcntl(descriptor, F_OFD_GETLK, &lock);
    while (result < 0 && errno == EINTR);
    return result < 0 ? -1 : lock.l_type != F_UNLCK;
}
