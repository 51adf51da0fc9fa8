// SPDX-License-Identifier: MIT
#ifndef CPROF_TESTS_UNIT_TWIN_H
#define CPROF_TESTS_UNIT_TWIN_H

/** The address of another file's static function twin(). */
void (*twin_elsewhere(void))(void);

#endif
