#include "CSyncCounter.h"

#include <sqlite3.h>
#include <stdatomic.h>
#include <string.h>

// The methods of a file that SQLite's own VFS opened, with one replaced: https://sqlite.org/c3ref/io_methods.html
enum { kinds = 8 };
static sqlite3_vfs vfs, *original;
static struct {
    const sqlite3_io_methods *from;
    sqlite3_io_methods to;
} replaced[kinds];
static char watched[512];
static atomic_int count, failures;

static int sync_of(sqlite3_file *file, int flags) {
    atomic_fetch_add(&count, 1);
    int left = atomic_load(&failures);
    while (left > 0 && !atomic_compare_exchange_weak(&failures, &left, left - 1)) {
    }
    if (left > 0) return SQLITE_IOERR_FSYNC;
    for (int i = 0; i < kinds; i++) {
        if (&replaced[i].to == file->pMethods) return replaced[i].from->xSync(file, flags);
    }
    return SQLITE_IOERR_FSYNC;
}

static int open_file(sqlite3_vfs *self, const char *name, sqlite3_file *file, int flags, int *out) {
    (void)self;
    int result = original->xOpen(original, name, file, flags, out);
    if (result != SQLITE_OK || !name || !*watched || strncmp(name, watched, strlen(watched)) != 0) return result;
    sqlite3_mutex *mutex = sqlite3_mutex_alloc(SQLITE_MUTEX_STATIC_APP1);
    sqlite3_mutex_enter(mutex);
    for (int i = 0; i < kinds; i++) {
        if (!replaced[i].from) {
            replaced[i].from = file->pMethods;
            replaced[i].to = *file->pMethods;
            replaced[i].to.xSync = sync_of;
        }
        if (replaced[i].from == file->pMethods) {
            file->pMethods = &replaced[i].to;
            break;
        }
    }
    sqlite3_mutex_leave(mutex);
    return result;
}

int sync_counter_install(void) {
    if (original) return 0;
    sqlite3_initialize();
    original = sqlite3_vfs_find(0);
    if (!original) return 1;
    vfs = *original;
    vfs.zName = "sync-counter";
    vfs.pNext = 0;
    vfs.xOpen = open_file;
    return sqlite3_vfs_register(&vfs, 1);
}

void sync_counter_watch(const char *folder) {
    strncpy(watched, folder ? folder : "", sizeof watched - 1);
    atomic_store(&count, 0);
    atomic_store(&failures, 0);
}

int sync_counter_count(void) { return atomic_load(&count); }
void sync_counter_fail(int next) { atomic_store(&failures, next); }
