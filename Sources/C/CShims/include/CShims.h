#pragma once
#include "doorbell.h"
#include "process_shim.h"
#include "spawn_shim.h"
