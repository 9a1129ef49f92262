#pragma once
#include "clinux_host.h"
