// SPDX-License-Identifier: MIT
// What the analyzer takes for a URL, and what it makes of its query.
#include "tool/driver/url.h"

#include "unit.h"

static struct arena a;

START_TEST(tells_urls_from_names)
{
	static const char *const no[] = {"profile.pb.gz", "./a:b", "/tmp/x", "file:///tmp/x", "a:b", "",
			"dir/host:80/x", "http://host:port/x"};
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		ck_assert_msg(!profile_url_of(&a, no[i], "/d", -1, -1).text, "%s is no URL", no[i]);
	static const char *const yes[][2] = {{"http://h/p", "http://h/p"},
			{"localhost:8080/debug/pprof/heap", "http://localhost:8080/debug/pprof/heap"},
			{"127.0.0.1:80", "http://127.0.0.1:80/d"}, {"http://h/", "http://h/d"},
			{"http://h?seconds=1", "http://h/d?seconds=1"},
			{"http://h/a%20b c\xc3\xa9", "http://h/a%20b%20c%C3%A9"},
			{"https+insecure://u:p@h:1/p", "https+insecure://u:p@h:1/p"},
			{"http://[::1]:6060/p#f", "http://[::1]:6060/p#f"},
			{"unix:/run/a.sock", "unix:/run/a.sock/d"},
			{"unix:4711.sock?seconds=1", "unix:4711.sock/d?seconds=1"},
			{"unix:a/b c/debug/pprof/heap?seconds=2", "unix:a/b c/debug/pprof/heap?seconds=2"},
			{"unix:6060/debug/pprof/heap", "http://unix:6060/debug/pprof/heap"}};
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		ck_assert_str_eq(profile_url_of(&a, yes[i][0], "/d", -1, -1).text, yes[i][1]);
}
END_TEST

START_TEST(gives_duration_and_timeout)
{
	struct profile_url u = profile_url_of(&a, "http://h/p?z=a%20b&seconds=5&b=1&b=0", "/d", -1, -1);
	ck_assert_str_eq(u.text, "http://h/p?b=1&b=0&seconds=5&z=a+b");
	ck_assert_int_eq(u.timeout_s, 7);
	u = profile_url_of(&a, "http://h/p?seconds=5", "/d", 30, -1);
	ck_assert_str_eq(u.text, "http://h/p?seconds=30");
	ck_assert_int_eq(u.timeout_s, 45);
	ck_assert_int_eq(profile_url_of(&a, "http://h/p", "/d", -1, -1).timeout_s, 60);
	ck_assert_int_eq(profile_url_of(&a, "http://h/p?seconds=9", "/d", -1, 3).timeout_s, 3);
	ck_assert_int_eq(profile_url_of(&a, "http://h/p?seconds=x", "/d", -1, -1).timeout_s, 60);
}
END_TEST

UNIT_MAIN("url", tells_urls_from_names, gives_duration_and_timeout)
