// SPDX-License-Identifier: MIT
// Reading to the end (see slurp.h). Read, not mapped from the file: a file that shrinks meanwhile would
// end the program with SIGBUS.
#include "slurp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "tool/profile/parse.h"

enum {
	FIRST_BYTES = 1 << 16,
	MAX_DEVICE_MIB = 1, // what is typed or pasted at a terminal; most others never end
};

static int grow(struct slurp *s, size_t bytes, size_t max_bytes)
{
	if (bytes > max_bytes)
		return EFBIG;
	void *p = pages_grow(s->data, s->mapped_bytes, bytes);
	if (!p)
		return ENOMEM;
	s->data = p;
	s->mapped_bytes = bytes;
	return 0;
}

static int read_all(int fd, struct slurp *s, size_t max_bytes)
{
	for (;;) {
		if (s->len == s->mapped_bytes) {
			bool is_last = s->len < max_bytes && s->len * 2 > max_bytes;
			int rc = grow(s, is_last ? max_bytes : s->len * 2, max_bytes);
			if (rc)
				return rc;
		}
		ssize_t n = read(fd, (char *)s->data + s->len, s->mapped_bytes - s->len);
		if (n == 0)
			return 0;
		if (n > 0)
			s->len += (size_t)n;
		else if (errno != EINTR)
			return errno;
	}
}

struct err *slurp_file(struct arena *a, const char *path, struct slurp *out)
{
	*out = (struct slurp){0};
	int fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_new(a, "open %s: %s", path, err_os(a, errno));
	struct stat st = {0};
	size_t bytes = FIRST_BYTES;
	// One more than the file has: the read that finds its end needs room.
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		bytes = ((size_t)st.st_size + FIRST_BYTES) & ~((size_t)FIRST_BYTES - 1);
	bool is_device = S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode);
	size_t max_mib = is_device ? MAX_DEVICE_MIB : PARSE_MAX_MIB;
	int rc = grow(out, bytes, max_mib << 20);
	if (!rc)
		rc = read_all(fd, out, max_mib << 20);
	close(fd);
	if (!rc)
		return NULL;
	slurp_free(out);
	if (rc == EFBIG)
		return err_new(a, "read %s: more than %zu MiB%s", path, max_mib, is_device ? " from a device" : "");
	return err_new(a, "read %s: %s", path, err_os(a, rc));
}

void slurp_free(struct slurp *s)
{
	pages_free(s->data, s->mapped_bytes);
	*s = (struct slurp){0};
}
