#pragma once
#include "doorbell.h"
#include "lock_shim.h"
#include "process_shim.h"
#include "socket_shim.h"
#include "spawn_shim.h"
#include "exec_shim.h"
#include "keeper_shim.h"
