// SPDX-License-Identifier: MIT
// A request until it is answered. One at a time is, for the profile is one and a page takes milliseconds; but graphviz
// and objdump, which may take minutes, work meanwhile (errands.h). A page with code is made twice: the first time tells
// what is to be disassembled.
#ifndef CPROF_TOOL_WEB_EXCHANGE_H
#define CPROF_TOOL_WEB_EXCHANGE_H

#include "errands.h"

struct evhttp_request;
struct web;

/** What all of a server share. */
struct exchanges {
	const struct web *web;
	struct errands *errands;
};

/** For evhttp. arg: the struct exchanges. */
void exchange_begin(struct evhttp_request *request, void *arg);

/** For errands. */
errand_done exchange_go_on;

#endif
