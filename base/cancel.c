// SPDX-License-Identifier: MIT
// See cancel.h.
#include "cancel.h"

atomic_bool cancel_flag;
