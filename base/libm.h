// SPDX-License-Identifier: MIT
// The functions of libm that few reports need: loaded late (late.h). For floor(), fabs() and the like compilers
// have instructions.
#ifndef CPROF_BASE_LIBM_H
#define CPROF_BASE_LIBM_H

struct libm {
	double (*exp)(double);
	double (*frexp)(double, int *);
	double (*log)(double);
	double (*pow)(double, double);
	double (*round)(double);
	double (*sqrt)(double);
};

/** Loads it at the first call; ends the process where that fails, as where memory is out. From any thread. */
const struct libm *libm(void);

#endif
