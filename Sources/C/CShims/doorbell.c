#define _GNU_SOURCE
#include "include/doorbell.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#ifndef O_PATH
#define O_PATH O_RDONLY
#endif
#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

static const char suffix[] = ".sock";

// Linux: through the descriptor, which is short. Elsewhere: through the folder's own path, which callers keep short.
static int address_of(struct sockaddr_un *address, int folder, const char *name) {
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
#ifdef __linux__
    int length = snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d/%s", folder, name);
#else
    char path[1024];
    if (fcntl(folder, F_GETPATH, path) != 0) return -errno;
    int length = snprintf(address->sun_path, sizeof address->sun_path, "%s/%s", path, name);
#endif
    return length < 0 || (size_t)length >= sizeof address->sun_path ? -ENAMETOOLONG : 0;
}

static int open_socket(void) {
#ifdef __linux__
    int made = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    return made < 0 ? -errno : made;
#else
    int made = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (made < 0) return -errno;
    fcntl(made, F_SETFD, FD_CLOEXEC);
    fcntl(made, F_SETFL, O_NONBLOCK);
    int on = 1;
    setsockopt(made, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
    return made;
#endif
}

// A folder that is no link, and in which only this user (or root) can place anything.
static int open_own(const char *folder, int flags) {
    int opened = open(folder, flags | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (opened < 0) return -errno;
    struct stat state;
    int failed = fstat(opened, &state) != 0 ? -errno : 0;
    if (!failed && ((state.st_uid != geteuid() && state.st_uid != 0) || (state.st_mode & 022))) failed = -EPERM;
    if (!failed) return opened;
    close(opened);
    return failed;
}

int doorbell_open_folder(const char *folder) { return open_own(folder, O_PATH); }

int doorbell_bind(int folder, const char *name) {
    // bind() makes the name first and joins the socket to it afterwards; a ringer in between would be refused and
    // would remove the name. So it is bound under a name that ringers pass over, and then renamed.
    char unripe[128];
    int length = snprintf(unripe, sizeof unripe, ".%s", name);
    if (length < 0 || (size_t)length >= sizeof unripe) return -ENAMETOOLONG;
    struct sockaddr_un address;
    int failed = address_of(&address, folder, unripe);
    if (failed) return failed;
    int bell = open_socket();
    if (bell < 0) return bell;
    if (bind(bell, (struct sockaddr *)&address, sizeof address) != 0) {
        failed = -errno;
        close(bell);
        return failed;
    }
    if (fchmodat(folder, unripe, 0600, 0) != 0 || renameat(folder, unripe, folder, name) != 0) {
        failed = -errno;
        unlinkat(folder, unripe, 0);
        close(bell);
        return failed;
    }
    return bell;
}

int doorbell_drain(int socket) {
    char bytes[16];
    int count = 0;
    // Not for ever: somebody may ring as fast as we read.
    while (count < 1024) {
        if (recv(socket, bytes, sizeof bytes, MSG_DONTWAIT) >= 0) {
            count++;
        } else if (errno != EINTR) {
            break;
        }
    }
    return count;
}

static bool is_bell(const char *name) {
    size_t length = strlen(name);
    return name[0] != '.' && length >= sizeof suffix && strcmp(name + length - (sizeof suffix - 1), suffix) == 0;
}

// Links and other files are left alone, whatever their names.
static bool is_socket(int folder, const struct dirent *entry) {
#ifdef DT_SOCK
    if (entry->d_type != DT_UNKNOWN) return entry->d_type == DT_SOCK;
#endif
    struct stat state;
    return fstatat(folder, entry->d_name, &state, AT_SYMLINK_NOFOLLOW) == 0 && S_ISSOCK(state.st_mode);
}

static int send_one(int sender, const struct sockaddr_un *address) {
    static const char ring = 1;
    for (;;) {
        ssize_t sent = sendto(sender, &ring, 1, MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)address,
                              sizeof *address);
        if (sent >= 0) return 0;
        if (errno != EINTR) return errno;
    }
}

int doorbell_ring(const char *folder, int *sender) {
    int descriptor = open_own(folder, O_RDONLY);
    if (descriptor < 0) return descriptor;
    DIR *listing = fdopendir(descriptor);
    if (!listing) {
        int failed = -errno;
        close(descriptor);
        return failed;
    }
    int rung = 0, failed = 0;
    struct dirent *entry;
    while ((entry = readdir(listing))) {
        struct sockaddr_un address;
        if (!is_bell(entry->d_name) || !is_socket(descriptor, entry) || address_of(&address, descriptor, entry->d_name) != 0) continue;
        if (*sender < 0 && (*sender = open_socket()) < 0) {
            failed = *sender;
            *sender = -1;
            break;
        }
        int result = send_one(*sender, &address);
        if (result == EAGAIN || result == EWOULDBLOCK || result == ENOBUFS) {
            // Either the listener's queue is full, which is as good as rung, or this sender has used up its own
            // buffer on others that do not read. A fresh sender has used up nothing and tells which.
            close(*sender);
            if ((*sender = open_socket()) < 0) {
                failed = *sender;
                *sender = -1;
                break;
            }
            result = send_one(*sender, &address);
            if (result == EAGAIN || result == EWOULDBLOCK || result == ENOBUFS) result = 0;
        }
        if (result == 0) {
            rung++;
        } else if (result == ECONNREFUSED) {
            unlinkat(descriptor, entry->d_name, 0);
        }
    }
    closedir(listing);
    return failed ? failed : rung;
}
