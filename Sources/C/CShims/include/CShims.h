#pragma once
#include "doorbell.h"
