#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum ctoml_kind {
    CTOML_TABLE_BEGIN, CTOML_TABLE_END, CTOML_ARRAY_BEGIN, CTOML_ARRAY_END,
    CTOML_STRING, CTOML_INTEGER, CTOML_FLOAT, CTOML_BOOLEAN, CTOML_TIME,
};

/// One step of a walk over a document, in the order of the text. Valid only during the call.
struct ctoml_event {
    enum ctoml_kind kind;
    /// The key within the surrounding table, or NULL within an array and at the root.
    const char *key;
    size_t key_length;
    /// Text of a string or a time.
    const char *text;
    size_t text_length;
    int64_t integer;
    double number;
    bool boolean;
    /// Where the value begins and ends, and where its key begins; lines and columns from 1, 0 where not known.
    uint32_t line, column, end_line, end_column, key_line, key_column;
};

struct ctoml_error {
    char message[512];
    uint32_t line, column;
};

/// Parses `text` and calls `visit` for every value. True on success; else `error` says what is wrong and where.
bool ctoml_parse(
    const char *text, size_t length, void *context, void (*visit)(void *context, const struct ctoml_event *event),
    struct ctoml_error *error);

#ifdef __cplusplus
}
#endif
