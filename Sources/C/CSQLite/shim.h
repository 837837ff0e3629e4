#pragma once
#include <sqlite3.h>

// Variadic functions and macros that cast do not import into Swift; these doors do.

static inline int csqlite_config_int(int option, int value) {
    return sqlite3_config(option, value);
}

static inline int csqlite_db_config_int(sqlite3 *database, int option, int value) {
    return sqlite3_db_config(database, option, value, (int *)0);
}

// "SQLite makes its own private copy of the data immediately" (https://sqlite.org/c3ref/bind_blob.html)
static inline int csqlite_bind_text_copy(sqlite3_stmt *statement, int index, const char *text, sqlite3_uint64 bytes) {
    return sqlite3_bind_text64(statement, index, text, bytes, SQLITE_TRANSIENT, SQLITE_UTF8);
}

static inline int csqlite_bind_blob_copy(sqlite3_stmt *statement, int index, const void *blob, sqlite3_uint64 bytes) {
    return sqlite3_bind_blob64(statement, index, blob, bytes, SQLITE_TRANSIENT);
}
