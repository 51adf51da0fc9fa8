// SPDX-License-Identifier: MIT
// What -weblist and the web pages Source show: the instructions around the samples of matching
// functions, put under the source lines they came from, inlined lines included. Built by
// source_samples.c (who is of interest), source_code.c (disassembly and frames) and source_listing.c
// (order), printed by source_page.c.
#ifndef CPROF_TOOL_REPORT_SOURCE_LISTING_H
#define CPROF_TOOL_REPORT_SOURCE_LISTING_H

#include "tool/report/report.h"
#include "tool/symbolizer/frame.h"

struct objfile;

/** An address of the profile. Locations without one get an invented one, beyond all mappings. */
struct sampled_address {
	uint64_t address;
	uint32_t location; // one of those there
	bool wanted;       // its function matched
	int64_t flat, cum;
};

struct listed_instruction {
	uint64_t address;      // runtime
	uint64_t file_address; // as objdump shows it
	uint64_t length;
	struct str text; // empty: only an address, without a binary
	struct str file; // of the innermost frame
	int64_t line;
	int64_t flat, cum;
};

/** An instruction under a source line. */
struct listed_line {
	struct str file; // canonical name
	int64_t line;
	uint32_t instruction;
	struct str function;        // whose line it is
	const struct frame *inlined; // inlined[0 .. ninlined): frames below that line, innermost first
	uint32_t ninlined;
};

struct source_listing {
	struct report *report;
	struct arena *arena;

	struct sampled_address *sampled; // by address
	uint32_t nsampled;
	bool *interesting;  // [nstrings]: names and system names that matched
	strid *pretty_name; // [nstrings]: of a system name; 0 unknown
	uint32_t nstrings;

	struct listed_instruction *instructions;
	uint32_t ninstructions, instructions_cap;
	struct listed_line *lines; // by file, line, and the order they were found in
	uint32_t nlines, lines_cap;

	struct open_object *objects;
};

/** Everything lives in `a`. Error: "no matches found for regexp: …". */
struct err *source_listing_build(struct source_listing *l, struct report *r, struct arena *a);
/** Closes the binaries; frames' strings are gone then. */
void source_listing_close(struct source_listing *l);

/** The functions of interest and what each address cost; false where nothing matched. */
bool source_samples_collect(struct source_listing *l);

/** Fills instructions and lines. */
void source_code_collect(struct source_listing *l);
void source_code_close(struct source_listing *l);

/** The sum of samples in [address, address + length). */
void source_samples_sum(const struct source_listing *l, uint64_t address, uint64_t length,
		int64_t *flat_out, int64_t *cum_out);

/** Writes the functions as HTML. With a limit, the files that cost most come first. */
struct err *source_page_write(const struct source_listing *l, uint32_t max_files, struct buf *out);

#endif
