// SPDX-License-Identifier: MIT
// inflate FILE: the least that reading a gzipped profile can cost. Inflates it with libdeflate into memory and
// stops. The floor in bench_tool.py's tables.
#include <libdeflate.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static uint8_t *read_file(const char *path, size_t *len_out)
{
	FILE *f = fopen(path, "rb");
	if (!f || fseek(f, 0, SEEK_END))
		return NULL;
	long len = ftell(f);
	uint8_t *data = len > 0 ? malloc((size_t)len) : NULL;
	rewind(f);
	if (data && fread(data, 1, (size_t)len, f) != (size_t)len)
		data = NULL;
	*len_out = (size_t)len;
	fclose(f);
	return data;
}

int main(int argc, char **argv)
{
	size_t len, got;
	uint8_t *data = argc == 2 ? read_file(argv[1], &len) : NULL;
	if (!data || len < 18)
		return 1;
	// gzip ends with the size before compression.
	size_t size = data[len - 4] | data[len - 3] << 8 | data[len - 2] << 16 | (size_t)data[len - 1] << 24;
	uint8_t *out = malloc(size + 1);
	struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
	if (!out || !d)
		return 1;
	return libdeflate_gzip_decompress(d, data, len, out, size, &got) == LIBDEFLATE_SUCCESS ? 0 : 1;
}
