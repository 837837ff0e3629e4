#pragma once
#include <stdlib.h>
#include <hiredis/hiredis.h>

// Room for an array is made before its elements come, so that a length alone could take all memory. What is longer than
// any reply to a question of ours is refused, as if there were no memory for it.
#define CHIREDIS_MOST_ELEMENTS (1 << 20)

#if HIREDIS_MAJOR == 0
typedef int chiredis_count;
#else
typedef size_t chiredis_count;
#endif

static inline void *chiredis_array(const redisReadTask *task, chiredis_count elements) {
    const redisReplyObjectFunctions *original = (const redisReplyObjectFunctions *)task->privdata;
    return elements > CHIREDIS_MOST_ELEMENTS ? NULL : original->createArray(task, elements);
}

// A reader with that limit. `limited` belongs to it and has to live as long.
static inline redisReader *chiredis_reader(redisReplyObjectFunctions *limited) {
    redisReader *reader = redisReaderCreate();
    if (!reader) return NULL;
    *limited = *reader->fn;
    limited->createArray = chiredis_array;
    reader->privdata = (void *)reader->fn;
    reader->fn = limited;
    return reader;
}
