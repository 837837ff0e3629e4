#define _GNU_SOURCE
#include "files_shim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/syscall.h>
#endif

#ifndef O_PATH
#define O_PATH O_RDONLY
#endif

// Descriptors 0 to 2 are for streams: what is written to them must never go into a file that was opened here.
static int above_standard(int descriptor) {
    if (descriptor < 0) return -errno;
    if (descriptor > 2) return descriptor;
    int moved = fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
    int failed = moved < 0 ? -errno : 0;
    close(descriptor);
    return failed ? failed : moved;
}

static int open_at(int folder, const char *name, int flags, mode_t mode) {
    int opened;
    do opened = openat(folder, name, flags | O_NOFOLLOW | O_CLOEXEC, mode);
    while (opened < 0 && errno == EINTR);
    return above_standard(opened);
}

int shim_open_root(const char *path) {
    int opened;
    do opened = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    while (opened < 0 && errno == EINTR);
    return above_standard(opened);
}

int shim_walk_beneath(int folder, const char *path, int flags, mode_t mode) {
    int current = folder;
    for (;;) {
        const char *slash = strchr(path, '/');
        size_t length = slash ? (size_t)(slash - path) : strlen(path);
        char name[256];
        int result;
        if (length >= sizeof name) {
            result = -ENAMETOOLONG;
        } else {
            memcpy(name, path, length);
            name[length] = 0;
            bool leaves = length == 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
            result = leaves ? -EXDEV
                   : slash  ? open_at(current, name, O_PATH | O_DIRECTORY, 0)
                            : open_at(current, name, flags, mode);
        }
        if (current != folder) close(current);
        if (result < 0 || !slash) return result;
        current = result;
        path = slash + 1;
    }
}

#if defined(__linux__)
// As in <linux/openat2.h>, which older headers lack. The number is the same on all architectures.
struct beneath_how {
    uint64_t flags, mode, resolve;
};
static const uint64_t no_magic_links = 0x02, no_symbolic_links = 0x04, beneath = 0x08;
#ifndef SYS_openat2
#define SYS_openat2 437
#endif

int shim_open_beneath(int folder, const char *path, int flags, mode_t mode) {
    struct beneath_how how = {
        .flags = (uint64_t)(unsigned)(flags | O_NOFOLLOW | O_CLOEXEC),
        .mode = flags & O_CREAT ? mode & 07777 : 0,
        .resolve = no_magic_links | no_symbolic_links | beneath,
    };
    long opened;
    int tries = 0;
    // EAGAIN: somebody renames folders meanwhile, so that the kernel cannot tell whether the path stays beneath.
    do opened = syscall(SYS_openat2, folder, path, &how, sizeof how);
    while (opened < 0 && (errno == EINTR || (errno == EAGAIN && ++tries < 16)));
    // Kernels before 5.6 lack the call, and some sandboxes forbid calls that they do not know.
    if (opened < 0 && (errno == ENOSYS || errno == EPERM || errno == EINVAL || errno == EAGAIN))
        return shim_walk_beneath(folder, path, flags, mode);
    return above_standard((int)opened);
}
#else
int shim_open_beneath(int folder, const char *path, int flags, mode_t mode) {
    return shim_walk_beneath(folder, path, flags, mode);
}
#endif

int shim_open_folder_beneath(int folder, const char *path) {
    return shim_open_beneath(folder, path, O_PATH | O_DIRECTORY, 0);
}

int shim_list_beneath(int folder, const char *path) {
    return shim_open_beneath(folder, path, O_RDONLY | O_DIRECTORY, 0);
}

void shim_sync_folder(int folder) {
    int opened = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (opened < 0) return;
    fsync(opened);
    close(opened);
}

void shim_let_wait(int descriptor) {
    int flags = fcntl(descriptor, F_GETFL);
    if (flags >= 0) fcntl(descriptor, F_SETFL, flags & ~O_NONBLOCK);
}
