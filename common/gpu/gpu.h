#pragma once

// Everything a kernel may say. Each header is one topic; each function has one declaration and two bodies: one for a
// GPU and one for the emulator.

#include <math.h>  // floorf and its like, as in CUDA without std::

#include "gpu/atomic.h"
#include "gpu/bits.h"
#include "gpu/block.h"
#include "gpu/bulk_copy.h"
#include "gpu/convert.h"
#include "gpu/cp_async.h"
#include "gpu/fence.h"
#include "gpu/half.h"
#include "gpu/here.h"
#include "gpu/launch.h"
#include "gpu/mbarrier.h"
#include "gpu/mma.h"
#include "gpu/read_only.h"
#include "gpu/tensor_map.h"
#include "gpu/todo.h"
#include "gpu/types.h"
#include "gpu/warp.h"
