// SPDX-License-Identifier: MIT
// A small HTTP server with a lock convoy in it; docs/lock-convoy.md finds it without a look at this file:
//
//   cc -pthread convoy_server.c -o convoy_server
//   cprof run -blockprofile block.pb.gz -mutexprofile mutex.pb.gz ./convoy_server 8080
//
// It has a thread a connection and two locks, which every request takes. One is held for a moment. The other is held
// while a disk is waited for: whoever comes meanwhile queues up, and the queue never gets shorter.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REQUEST_BYTES = 4096, DISK_US = 1000 };

static pthread_mutex_t visits_lock = PTHREAD_MUTEX_INITIALIZER, log_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned long nvisits, nlogged;

__attribute__((noinline)) static unsigned long count_visit(void)
{
	pthread_mutex_lock(&visits_lock);
	unsigned long n = ++nvisits;
	pthread_mutex_unlock(&visits_lock);
	return n;
}

__attribute__((noinline)) static unsigned long append_to_log(void)
{
	pthread_mutex_lock(&log_lock);
	usleep(DISK_US); // write and fsync
	unsigned long n = ++nlogged;
	pthread_mutex_unlock(&log_lock);
	return n;
}

__attribute__((noinline)) static void answer(int fd)
{
	char page[64];
	unsigned long visit = count_visit(), line = append_to_log();
	int page_bytes = snprintf(page, sizeof(page), "visit %lu, line %lu of the log\n", visit, line);
	dprintf(fd, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", page_bytes, page);
}

static void *serve(void *arg)
{
	int fd = (int)(long)arg;
	char request[REQUEST_BYTES]; // a read is taken for a request: what small ones are
	while (read(fd, request, sizeof(request)) > 0)
		answer(fd);
	close(fd);
	return NULL;
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t address_bytes = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	address.sin_port = htons(argc > 1 ? (uint16_t)atoi(argv[1]) : 8080);
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(listener, 64) < 0 ||
			getsockname(listener, (struct sockaddr *)&address, &address_bytes) < 0) {
		perror("convoy_server");
		return 1;
	}
	printf("http://localhost:%d/\n", ntohs(address.sin_port));
	fflush(stdout);
	for (;;) {
		pthread_t thread;
		int fd = accept(listener, NULL, NULL);
		if (fd >= 0 && pthread_create(&thread, NULL, serve, (void *)(long)fd) == 0)
			pthread_detach(thread);
	}
}
