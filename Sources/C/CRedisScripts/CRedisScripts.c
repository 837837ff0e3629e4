#include "CRedisScripts.h"

// The Lua of Sources/Stores/RedisStore/Lua, in the order in which the parts are put before each other. The compiler names
// these files among those that the object depends on, so that a change of one is built. scripts/lint-lua reads this list.

#define PART(name) {name, (const char[]){
#define END }},

static const struct lua_part parts[] = {
    PART("values")
#embed "../../Stores/RedisStore/Lua/values.lua" suffix(, 0)
    END
    PART("records")
#embed "../../Stores/RedisStore/Lua/records.lua" suffix(, 0)
    END
    PART("log")
#embed "../../Stores/RedisStore/Lua/log.lua" suffix(, 0)
    END
    PART("messages")
#embed "../../Stores/RedisStore/Lua/messages.lua" suffix(, 0)
    END
    PART("entries")
#embed "../../Stores/RedisStore/Lua/entries.lua" suffix(, 0)
    END
    PART("sending")
#embed "../../Stores/RedisStore/Lua/sending.lua" suffix(, 0)
    END
    PART("agents")
#embed "../../Stores/RedisStore/Lua/agents.lua" suffix(, 0)
    END
    PART("tasks")
#embed "../../Stores/RedisStore/Lua/tasks.lua" suffix(, 0)
    END
    PART("dependencies")
#embed "../../Stores/RedisStore/Lua/dependencies.lua" suffix(, 0)
    END
    PART("message-verbs")
#embed "../../Stores/RedisStore/Lua/message-verbs.lua" suffix(, 0)
    END
    PART("turn-verbs")
#embed "../../Stores/RedisStore/Lua/turn-verbs.lua" suffix(, 0)
    END
    PART("agent-verbs")
#embed "../../Stores/RedisStore/Lua/agent-verbs.lua" suffix(, 0)
    END
    PART("task-verbs")
#embed "../../Stores/RedisStore/Lua/task-verbs.lua" suffix(, 0)
    END
    PART("removal")
#embed "../../Stores/RedisStore/Lua/removal.lua" suffix(, 0)
    END
    PART("documents")
#embed "../../Stores/RedisStore/Lua/documents.lua" suffix(, 0)
    END
    PART("town-verbs")
#embed "../../Stores/RedisStore/Lua/town-verbs.lua" suffix(, 0)
    END
    PART("whole-town")
#embed "../../Stores/RedisStore/Lua/whole-town.lua" suffix(, 0)
    END
    PART("migration")
#embed "../../Stores/RedisStore/Lua/migration.lua" suffix(, 0)
    END
    PART("main")
#embed "../../Stores/RedisStore/Lua/main.lua" suffix(, 0)
    END
    PART("short-ways")
#embed "../../Stores/RedisStore/Lua/short-ways.lua" suffix(, 0)
    END
    PART("short-main")
#embed "../../Stores/RedisStore/Lua/short-main.lua" suffix(, 0)
    END
    {0, 0},
};

const struct lua_part *lua_parts(void) { return parts; }
