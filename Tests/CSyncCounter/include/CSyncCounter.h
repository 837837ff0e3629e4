#pragma once

/// Stands between SQLite and the disk, for the files below one folder: counts how often it asks the disk to keep what was
/// written, and lets it fail on demand. One folder at a time.

/// Makes it SQLite's way to open files from now on; files that are open already are not seen. Zero where it worked.
int sync_counter_install(void);

/// Watches the files below `folder`, from zero; NULL ends it.
void sync_counter_watch(const char *folder);

/// How often the disk was asked since.
int sync_counter_count(void);

/// The next `count` times the disk says that it could not.
void sync_counter_fail(int count);
