// SPDX-License-Identifier: MIT
// main() of the fuzz targets where there is no libFuzzer: each file of a directory is an input. So the tests
// run every target over the corpus they make.
#include <dirent.h>
#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void replay(const char *directory, const char *name)
{
	char *path;
	if (asprintf(&path, "%s/%s", directory, name) < 0)
		err(2, "%s", name);
	FILE *f = fopen(path, "re");
	if (!f || fseek(f, 0, SEEK_END) < 0)
		err(2, "%s", path);
	size_t size = (size_t)ftell(f);
	// Of its own size: a read behind it is seen by valgrind and AddressSanitizer.
	uint8_t *data = malloc(size ? size : 1);
	rewind(f);
	if (!data || fread(data, 1, size, f) != size)
		err(2, "%s", path);
	fclose(f);
	LLVMFuzzerTestOneInput(data, size);
	free(data);
	free(path);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		errx(2, "usage: %s DIRECTORY", argv[0]);
	DIR *d = opendir(argv[1]);
	if (!d)
		err(2, "%s", argv[1]);
	unsigned n = 0;
	for (struct dirent *e; (e = readdir(d));) {
		if (e->d_name[0] == '.')
			continue;
		replay(argv[1], e->d_name);
		n++;
	}
	closedir(d);
	printf("%u inputs\n", n);
	return n == 0;
}
