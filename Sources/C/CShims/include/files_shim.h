#pragma once
#include <sys/types.h>

// Files beneath a folder. No function follows a link on the way, and none leaves the folder.

/// Opens a folder as the place from which paths are followed; links in `path` itself count as usual.
/// Returns a descriptor above 2, or -errno.
int shim_open_root(const char *_Nonnull path);

/// Opens `path`, which is relative and without `.` and `..`, beneath an open folder. Returns a descriptor above 2 that is
/// closed on exec, or -errno: ELOOP or ENOTDIR where a part of the path is a link.
int shim_open_beneath(int folder, const char *_Nonnull path, int flags, mode_t mode);

/// The same without `openat2`: part by part, for systems that lack it.
int shim_walk_beneath(int folder, const char *_Nonnull path, int flags, mode_t mode);

/// Opens a folder beneath an open folder, for use as the place of other calls. Returns as `shim_open_beneath`.
int shim_open_folder_beneath(int folder, const char *_Nonnull path);

/// Opens a folder beneath an open folder to list it or to write it to the disk. Returns as `shim_open_beneath`.
int shim_list_beneath(int folder, const char *_Nonnull path);

/// Waits until the disk knows the names in a folder that `shim_open_root` or `shim_open_folder_beneath` opened.
void shim_sync_folder(int folder);

/// Lets reads and writes of a descriptor wait again, after an opening that was not to wait.
void shim_let_wait(int descriptor);
