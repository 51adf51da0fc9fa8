// SPDX-License-Identifier: MIT
// Context: CTL. The parameters of a URL, as Go's net/url reads them.
#ifndef CPROF_HTTP_QUERY_H
#define CPROF_HTTP_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Undoes %XX (and '+' where is_query) in str[0..len). false: a bad escape, a NUL byte, or no room. */
bool cp_url_decode(const char *str, size_t len, bool is_query, char *out, size_t out_size);

enum { CP_QUERY_KEY_BYTES = 32, CP_QUERY_VALUE_BYTES = 64 };

struct cp_query_pair {
	char key[CP_QUERY_KEY_BYTES], value[CP_QUERY_VALUE_BYTES];
};

/** The next pair, decoded; one that cannot be, or is longer than these, has no key. False: there is none. */
bool cp_query_next(const char **query, struct cp_query_pair *pair_out);

/** The first value of `key`, decoded; false: there is none (pairs that cannot be decoded are none). A value
 *  longer than the buffer is none, too: all of ours are short. query may be NULL. */
bool cp_query_find(const char *query, const char *key, char *value_out, size_t size);

/** Go's strconv.Atoi: a sign, digits, nothing else. false: it is none, or does not fit. */
bool cp_parse_int(const char *text, int64_t *value_out);

/** Seconds with a fraction ("0.3"), of Go's strconv.ParseFloat what people write. UINT64_MAX: more than fits.
 *  false: it is none. */
bool cp_parse_seconds(const char *text, uint64_t *ns_out);

#endif
