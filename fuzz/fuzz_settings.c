// SPDX-License-Identifier: MIT
// What programs and their launchers are told: CPROFDEBUG, the CPROF_* variables, go test's flags, the flags of
// `cprof run`, and settings.json of the web pages. The first byte chooses.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "debug/settings.h"
#include "preload/settings.h"
#include "run/options.h"
#include "testing/flags.h"
#include "tool/driver/shell_command.h"
#include "tool/web/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_WORDS = 64 };

static void debug(struct arena *a, char *text)
{
	static struct cp_debug_settings s;
	cp_debug_settings_parse(&s, text);
	if (s.schedtrace_ms < 0 || !memchr(s.path, '\0', sizeof(s.path)))
		abort();
}

/** NAME=VALUE a line, of names that are ours. */
static void environment(struct arena *a, char *text)
{
	static struct cp_settings s;
	char *lines[MAX_WORDS] = {0}, *line;
	unsigned n = 0;
	while (n < MAX_WORDS && (line = strsep(&text, "\n"))) {
		char *value = strchr(line, '=');
		if (!value || strncmp(line, "CPROF_", 6) != 0)
			continue;
		*value = '\0';
		setenv(line, value + 1, 1);
		lines[n++] = line;
	}
	memset(&s, 0, sizeof(s));
	cp_settings_read(&s);
	for (int i = 0; i < CP_RECORD_KINDS; i++) {
		const char *path = s.recording.paths[i];
		if (path && (path < s.text || path >= s.text + s.text_bytes || s.text[s.text_bytes - 1] != '\0'))
			abort();
	}
	while (n > 0)
		unsetenv(lines[--n]);
}

/** The words of the text behind a program's name, as main() gets them. */
static int split(struct arena *a, const char *name, const char *text, char *argv[MAX_WORDS + 2])
{
	size_t n;
	char **words = shell_split(a, text, &n);
	n = n < MAX_WORDS ? n : MAX_WORDS;
	argv[0] = arena_strdup(a, name);
	for (size_t i = 0; i < n; i++)
		argv[i + 1] = words[i];
	argv[n + 1] = NULL;
	return (int)n + 1;
}

static void test_flags(struct arena *a, char *text)
{
	struct cp_testing_flags flags;
	char *argv[MAX_WORDS + 2], complaint[256] = "";
	int argc = split(a, "prog", text, argv), given = argc;
	if (cp_testing_flags_take(&argc, argv, &flags, complaint)) {
		if (!*complaint || !memchr(complaint, '\0', sizeof(complaint)))
			abort();
	} else if (argc > given || argv[argc]) {
		abort();
	}
}

static void run_flags(struct arena *a, char *text)
{
	struct run_options options;
	char *argv[MAX_WORDS + 2];
	int argc = split(a, strlen(text) % 2 ? "run" : "test", text, argv);
	if (!run_options_parse(a, argc, argv, &options) && !options.help && !options.program[0])
		abort();
}

static void saved(struct arena *a, char *text)
{
	struct settings s;
	int fd = memfd_create("settings", MFD_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		abort();
	settings_read(a, arena_printf(a, "/proc/self/fd/%d", fd), &config_defaults, &s);
	for (size_t i = 0; i < s.n; i++)
		for (const struct config_field *f = config_fields; f->name; f++)
			config_get(a, &s.configs[i].config, f);
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const kinds[])(struct arena *, char *) = {debug, environment, test_flags, run_flags, saved};
	struct arena a = {0};
	if (!size)
		return 0;
	kinds[data[0] % 5](&a, arena_strndup(&a, (const char *)data + 1, size - 1));
	arena_deinit(&a);
	return 0;
}
