// SPDX-License-Identifier: MIT
// What <cprof/pprof.h> promises about starting and stopping, and about where the profile goes.
#include <cprof/pprof.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../unit/unit.h"

static char path[64];

static void make_path(void)
{
	snprintf(path, sizeof(path), "/tmp/cprof-api-%d.pb.gz", (int)getpid());
	unlink(path);
}

static bool is_gzip(const char *file)
{
	unsigned char head[2] = {0};
	FILE *f = fopen(file, "rb");
	bool is = f && fread(head, 1, 2, f) == 2 && head[0] == 0x1f && head[1] == 0x8b;
	if (f)
		fclose(f);
	return is;
}

/** Entries of a directory whose name begins with `prefix`. */
static int count_entries(const char *dir_path, const char *prefix)
{
	int count = 0;
	DIR *dir = opendir(dir_path);
	for (struct dirent *e; (e = readdir(dir));)
		count += e->d_name[0] != '.' && strncmp(e->d_name, prefix, strlen(prefix)) == 0;
	closedir(dir);
	return count;
}

struct sink {
	int error;
	size_t nbytes;
	int start_inside, stop_inside;
};

static int take(void *arg, const void *data, size_t size)
{
	struct sink *sink = arg;
	sink->nbytes += size;
	sink->start_inside = cprof_start_cpu_profile(cprof_to_callback(take, sink));
	sink->stop_inside = cprof_stop_cpu_profile();
	return sink->error;
}

static void burn_ms(long ms)
{
	struct timespec start, now;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
	do
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	while ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 < ms);
}

/// Start and stop

START_TEST(settings_have_a_range)
{
	ck_assert_int_eq(cprof_set_cpu_profile_rate(0), -EINVAL);
	ck_assert_int_eq(cprof_set_cpu_profile_rate(-1), -EINVAL);
	ck_assert_int_eq(cprof_set_cpu_profile_rate(10001), -EINVAL);
	ck_assert_int_eq(cprof_set_cpu_profile_rate(1), 0);
	ck_assert_int_eq(cprof_set_cpu_profile_rate(10000), 0);
	ck_assert_int_eq(cprof_set_cpu_engine((enum cprof_cpu_engine)4), -EINVAL);
	ck_assert_int_eq(cprof_set_cpu_engine((enum cprof_cpu_engine)-1), -EINVAL);
	ck_assert_int_eq(cprof_set_cpu_engine(CPROF_CPU_ITIMER), 0);
	ck_assert_int_eq(cprof_start_cpu_profile((struct cprof_writer){0}), -EINVAL);
	ck_assert_int_eq(cprof_start_cpu_profile(cprof_to_stdio(NULL)), -EINVAL); // fopen() failed
	ck_assert_str_eq(cprof_strerror(-EBUSY), "already in use");
	ck_assert_ptr_nonnull(cprof_strerror(-99999));
	ck_assert_ptr_nonnull(strchr(cprof_version(), '.'));
}
END_TEST

START_TEST(a_second_start_is_refused_and_does_not_disturb)
{
	struct sink first = {0}, second = {0};
	ck_assert_int_eq(cprof_stop_cpu_profile(), 0); // none is running
	ck_assert_int_eq(cprof_start_cpu_profile(cprof_to_callback(take, &first)), 0);
	ck_assert_int_eq(cprof_start_cpu_profile(cprof_to_callback(take, &second)), -EBUSY);
	ck_assert_int_eq(cprof_set_cpu_profile_rate(50), -EBUSY);
	ck_assert_int_eq(cprof_set_cpu_engine(CPROF_CPU_TIMER), -EBUSY);
	burn_ms(30);
	ck_assert_int_eq(cprof_stop_cpu_profile(), 0);
	ck_assert_uint_gt(first.nbytes, 0);
	ck_assert_uint_eq(second.nbytes, 0);
	ck_assert_int_eq(cprof_stop_cpu_profile(), 0);
	ck_assert_int_eq(cprof_start_cpu_profile(cprof_to_callback(take, &second)), 0);
	ck_assert_int_eq(cprof_stop_cpu_profile(), 0);
	ck_assert_uint_gt(second.nbytes, 0);
}
END_TEST

static void on_any_signal(int sig)
{
	(void)sig;
}

// Go's runtime takes all signals: "already in use" was said of the profile.
START_TEST(where_no_signal_is_free_that_is_said)
{
	struct sink sink = {0};
	signal(SIGPROF, on_any_signal);
	for (int sig = SIGRTMIN; sig <= SIGRTMAX; sig++)
		signal(sig, on_any_signal);
	ck_assert_int_eq(cprof_start_cpu_profile(cprof_to_callback(take, &sink)), -EUSERS);
	ck_assert_ptr_nonnull(strstr(cprof_strerror(-EUSERS), "no signal is free"));
	signal(SIGRTMAX, SIG_DFL);
	ck_assert_int_eq(cprof_start_cpu_profile(cprof_to_callback(take, &sink)), 0);
	ck_assert_int_eq(cprof_stop_cpu_profile(), 0);
}
END_TEST

START_TEST(a_callback_may_call_the_library)
{
	struct sink sink = {0};
	ck_assert_int_eq(cprof_start_cpu_profile(cprof_to_callback(take, &sink)), 0);
	ck_assert_int_eq(cprof_stop_cpu_profile(), 0);
	ck_assert_int_eq(sink.start_inside, -EBUSY); // this profile is not through
	ck_assert_int_eq(sink.stop_inside, 0);
}
END_TEST

START_TEST(a_child_that_no_fork_hook_saw_has_no_profile)
{
	struct sink sink = {0};
	ck_assert_int_eq(cprof_start_cpu_profile(cprof_to_callback(take, &sink)), 0);
	pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0) {
		bool fine = cprof_stop_cpu_profile() == 0 && sink.nbytes == 0 &&
			    cprof_start_cpu_profile(cprof_to_callback(take, &sink)) == 0 &&
			    cprof_stop_cpu_profile() == 0 && sink.nbytes > 0;
		_exit(fine ? 0 : 1);
	}
	int status = -1;
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(cprof_stop_cpu_profile(), 0);
	ck_assert_uint_gt(sink.nbytes, 0);
}
END_TEST

enum { STARTERS = 8, ROUNDS = 50 };

static pthread_barrier_t barrier;
static struct sink sinks[STARTERS];
static int results[STARTERS];

static void *race_to_start(void *arg)
{
	intptr_t i = (intptr_t)arg;
	for (int round = 0; round < ROUNDS; round++) {
		pthread_barrier_wait(&barrier);
		results[i] = cprof_start_cpu_profile(cprof_to_callback(take, &sinks[i]));
		pthread_barrier_wait(&barrier); // all have tried
		pthread_barrier_wait(&barrier); // the main thread has looked
	}
	return NULL;
}

START_TEST(of_concurrent_starts_one_wins)
{
	pthread_t threads[STARTERS];
	pthread_barrier_init(&barrier, NULL, STARTERS + 1);
	for (intptr_t i = 0; i < STARTERS; i++)
		pthread_create(&threads[i], NULL, race_to_start, (void *)i);
	for (int round = 0; round < ROUNDS; round++) {
		int winner = -1;
		memset(sinks, 0, sizeof(sinks));
		pthread_barrier_wait(&barrier);
		pthread_barrier_wait(&barrier);
		for (int i = 0; i < STARTERS; i++) {
			if (results[i] == 0) {
				ck_assert_int_eq(winner, -1);
				winner = i;
			} else {
				ck_assert_int_eq(results[i], -EBUSY);
			}
		}
		ck_assert_int_ge(winner, 0);
		ck_assert_int_eq(cprof_stop_cpu_profile(), 0);
		for (int i = 0; i < STARTERS; i++)
			ck_assert_int_eq(sinks[i].nbytes > 0, i == winner);
		pthread_barrier_wait(&barrier);
	}
	for (int i = 0; i < STARTERS; i++)
		pthread_join(threads[i], NULL);
}
END_TEST

START_TEST(nothing_is_left_after_thousands_of_profiles)
{
	enum { PROFILES = 2000, PROMPT_NS = 20000000 };
	struct sink sink = {0};
	int nprompt = 0, nfds = 0, ntasks = 0;
	cprof_set_cpu_engine(_i == 0 ? CPROF_CPU_TIMER : CPROF_CPU_PERF);
	for (int i = 0; i < PROFILES; i++) {
		struct timespec start, end;
		ck_assert_int_eq(cprof_start_cpu_profile(cprof_to_callback(take, &sink)), 0);
		clock_gettime(CLOCK_MONOTONIC, &start);
		ck_assert_int_eq(cprof_stop_cpu_profile(), 0);
		clock_gettime(CLOCK_MONOTONIC, &end);
		nprompt += (end.tv_sec - start.tv_sec) * 1000000000 + end.tv_nsec - start.tv_nsec < PROMPT_NS;
		if (i == 0) {
			nfds = count_entries("/proc/self/fd", "");
			ntasks = count_entries("/proc/self/task", "");
		}
	}
	ck_assert_int_eq(count_entries("/proc/self/fd", ""), nfds);
	ck_assert_int_eq(count_entries("/proc/self/task", ""), ntasks);
	ck_assert_int_gt(nprompt, PROFILES / 2); // the others waited for a processor
}
END_TEST

/// Where it goes

START_TEST(a_file_is_there_whole_or_not_at_all)
{
	make_path();
	ck_assert_int_eq(cprof_start_cpu_profile(cprof_to_path(path)), 0);
	ck_assert_int_ne(access(path, F_OK), 0);
	ck_assert_int_eq(cprof_stop_cpu_profile(), 0);
	ck_assert(is_gzip(path));
	ck_assert_int_eq(count_entries("/tmp", path + strlen("/tmp/")), 1); // no temporary file beside it
	unlink(path);
}
END_TEST

START_TEST(percent_p_is_the_process_and_the_directory_that_of_the_start)
{
	char expected[64];
	snprintf(expected, sizeof(expected), "/tmp/cprof-api-%d%%.pb.gz", (int)getpid());
	ck_assert_int_eq(chdir("/tmp"), 0);
	ck_assert_int_eq(cprof_start_cpu_profile(cprof_to_path("cprof-api-%p%%.pb.gz")), 0);
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(cprof_stop_cpu_profile(), 0);
	ck_assert(is_gzip(expected));
	unlink(expected);
}
END_TEST

static bool is_link(const char *file)
{
	struct stat st;
	return lstat(file, &st) == 0 && S_ISLNK(st.st_mode);
}

/** A profile to `path`, which is made a link to `to`. */
static void write_through_link(const char *to)
{
	make_path();
	ck_assert_int_eq(symlink(to, path), 0);
	ck_assert_int_eq(cprof_start_cpu_profile(cprof_to_path(path)), 0);
	ck_assert_int_eq(cprof_stop_cpu_profile(), 0);
	ck_assert(is_link(path));
}

// Its temporary file once took the place of the link: of /dev/stdout, for root with its output in a file.
START_TEST(a_link_is_followed_and_stays)
{
	char file[64], link[64];
	snprintf(file, sizeof(file), "/tmp/cprof-api-%d.file", (int)getpid());
	unlink(file);
	write_through_link(file); // which is not there yet
	ck_assert(is_gzip(file));
	ck_assert_int_eq(truncate(file, 0), 0);
	write_through_link(file);
	ck_assert(is_gzip(file));
	int fd = open(file, O_RDWR | O_TRUNC);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	write_through_link(link);
	ck_assert(is_gzip(file));
	unlink(file);
	close(fd);
	fd = open(file, O_RDWR | O_CREAT | O_EXCL, 0600);
	unlink(file);
	write_through_link(link); // which leads to no name any more
	ck_assert(is_gzip(path));
	unlink(path);
	close(fd);
	ck_assert_int_eq(count_entries("/tmp", file + strlen("/tmp/")), 0);
}
END_TEST

START_TEST(errors_of_a_path_come_at_the_start)
{
	static char long_path[8192];
	memset(long_path, 'x', sizeof(long_path) - 1);
	ck_assert_int_eq(cprof_start_cpu_profile(cprof_to_path("/nowhere/at/all.pb.gz")), -ENOENT);
	ck_assert_int_eq(cprof_start_cpu_profile(cprof_to_path("")), -ENOENT);
	ck_assert_int_eq(cprof_start_cpu_profile(cprof_to_path("/tmp")), -EISDIR);
	ck_assert_int_eq(cprof_start_cpu_profile(cprof_to_path("/proc/self/x.pb.gz")), -ENOENT);
	ck_assert_int_eq(cprof_start_cpu_profile(cprof_to_path(long_path)), -ENAMETOOLONG);
	// And nothing is left running.
	struct sink sink = {0};
	ck_assert_int_eq(cprof_start_cpu_profile(cprof_to_callback(take, &sink)), 0);
	ck_assert_int_eq(cprof_stop_cpu_profile(), 0);
}
END_TEST

START_TEST(errors_of_writing_come_at_the_stop)
{
	struct stat st;
	ck_assert_int_eq(cprof_start_cpu_profile(cprof_to_path("/dev/full")), 0);
	ck_assert_int_eq(cprof_stop_cpu_profile(), -ENOSPC);
	ck_assert_int_eq(stat("/dev/full", &st), 0);
	ck_assert(S_ISCHR(st.st_mode)); // the device is still there
	int fd = open("/dev/full", O_WRONLY);
	ck_assert_int_eq(cprof_start_cpu_profile(cprof_to_fd(fd)), 0);
	ck_assert_int_eq(cprof_stop_cpu_profile(), -ENOSPC);
	close(fd);
	ck_assert_int_eq(cprof_start_cpu_profile(cprof_to_fd(-1)), 0);
	ck_assert_int_eq(cprof_stop_cpu_profile(), -EBADF);
	struct sink sink = {.error = -EDQUOT};
	ck_assert_int_eq(cprof_start_cpu_profile(cprof_to_callback(take, &sink)), 0);
	ck_assert_int_eq(cprof_stop_cpu_profile(), -EDQUOT);
	sink.error = 100; // what write(2) would say of its success
	ck_assert_int_eq(cprof_start_cpu_profile(cprof_to_callback(take, &sink)), 0);
	ck_assert_int_eq(cprof_stop_cpu_profile(), -EIO);
	ck_assert_int_eq(cprof_write_heap_profile(cprof_to_callback(take, &sink)), -EIO);
}
END_TEST

START_TEST(a_broken_pipe_is_an_error_and_no_signal)
{
	int fds[2];
	ck_assert_int_eq(pipe(fds), 0);
	close(fds[0]);
	signal(SIGPIPE, SIG_DFL);
	ck_assert_int_eq(cprof_start_cpu_profile(cprof_to_fd(fds[1])), 0);
	ck_assert_int_eq(cprof_stop_cpu_profile(), -EPIPE);
	FILE *f = fdopen(fds[1], "w");
	setvbuf(f, NULL, _IONBF, 0);
	ck_assert_int_eq(cprof_start_cpu_profile(cprof_to_stdio(f)), 0);
	ck_assert_int_eq(cprof_stop_cpu_profile(), -EPIPE);
	sigset_t pending;
	sigpending(&pending);
	ck_assert(!sigismember(&pending, SIGPIPE));
}
END_TEST

START_TEST(a_failed_write_leaves_the_old_file)
{
	make_path();
	FILE *f = fopen(path, "w");
	fputs("precious", f);
	fclose(f);
	ck_assert_int_eq(cprof_start_cpu_profile(cprof_to_path(path)), 0);
	// No descriptor is to be had for the temporary file when the profile is written.
	struct rlimit limit, none;
	getrlimit(RLIMIT_NOFILE, &limit);
	none = limit;
	none.rlim_cur = 0;
	setrlimit(RLIMIT_NOFILE, &none);
	int ret = cprof_stop_cpu_profile();
	setrlimit(RLIMIT_NOFILE, &limit);
	ck_assert_int_eq(ret, -EMFILE);
	char text[16] = "";
	f = fopen(path, "r");
	ck_assert_ptr_nonnull(fgets(text, sizeof(text), f));
	fclose(f);
	ck_assert_str_eq(text, "precious");
	unlink(path);
}
END_TEST

int main(void)
{
	// Each alone: CK_RUN_CASE=NAME.
	Suite *suite = suite_create("cpu api");
	TCase *quick = tcase_create("quick");
	TCase *thousands = tcase_create("thousands");
	tcase_set_timeout(quick, 60);
	tcase_add_test(quick, settings_have_a_range);
	tcase_add_test(quick, a_second_start_is_refused_and_does_not_disturb);
	tcase_add_test(quick, where_no_signal_is_free_that_is_said);
	tcase_add_test(quick, a_callback_may_call_the_library);
	tcase_add_test(quick, a_child_that_no_fork_hook_saw_has_no_profile);
	tcase_add_test(quick, of_concurrent_starts_one_wins);
	tcase_add_test(quick, a_file_is_there_whole_or_not_at_all);
	tcase_add_test(quick, percent_p_is_the_process_and_the_directory_that_of_the_start);
	tcase_add_test(quick, a_link_is_followed_and_stays);
	tcase_add_test(quick, errors_of_a_path_come_at_the_start);
	tcase_add_test(quick, errors_of_writing_come_at_the_stop);
	tcase_add_test(quick, a_broken_pipe_is_an_error_and_no_signal);
	tcase_add_test(quick, a_failed_write_leaves_the_old_file);
	suite_add_tcase(suite, quick);
	tcase_set_timeout(thousands, 200);
	tcase_add_loop_test(thousands, nothing_is_left_after_thousands_of_profiles, 0, 2);
	suite_add_tcase(suite, thousands);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
