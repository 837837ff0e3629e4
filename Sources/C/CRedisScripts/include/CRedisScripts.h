#ifndef CREDISSCRIPTS_H
#define CREDISSCRIPTS_H

// A file of Lua: its name without the ending, and all of it. Both are null behind the last.
struct lua_part {
    const char *_Nullable name, *_Nullable text;
};

// All parts of the scripts that RedisStore runs, in the order in which they are joined. They last as long as the program.
const struct lua_part *_Nonnull lua_parts(void);

#endif
