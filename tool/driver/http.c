// SPDX-License-Identifier: MIT
// HTTP by libcurl (see http.h): its proxy rules, its TLS, our error texts.
#include "http.h"

#include <limits.h>
#include <strings.h>

#include "base/quote.h"

#include "curl_api.h"
#include "url.h"

// More than any profile in use weighs; an endless answer ends here.
enum { MAX_BODY_MIB = 4000, POST_TIMEOUT_S = 60, GRACE_S = 5, MAX_REDIRECTS = 10 };

struct exchange {
	struct buf *body;
	char status[128]; // "404 Not Found"
	bool is_text, is_from_pprof, is_too_big;
};

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
	struct exchange *x = arg;
	if (x->body->len + size * n > ((size_t)MAX_BODY_MIB << 20)) {
		x->is_too_big = true;
		return 0;
	}
	buf_append(x->body, data, size * n);
	return size * n;
}

static size_t on_header(char *data, size_t size, size_t n, void *arg)
{
	struct exchange *x = arg;
	struct str line = {data, size * n};
	while (line.len && (line.ptr[line.len - 1] == '\n' || line.ptr[line.len - 1] == '\r'))
		line.len--;
	if (str_has_prefix(line, STR("HTTP/"))) {
		// A status line starts the headers of one answer; redirects have several.
		str_cut(&line, ' ');
		snprintf(x->status, sizeof(x->status), "%.*s", STR_FMT(line));
		x->is_text = x->is_from_pprof = false;
		return size * n;
	}
	struct str name = str_cut(&line, ':');
	if (name.len == 10 && strncasecmp(name.ptr, "X-Go-Pprof", name.len) == 0)
		x->is_from_pprof = true;
	if (name.len == 12 && strncasecmp(name.ptr, "Content-Type", name.len) == 0)
		x->is_text = memmem(line.ptr, line.len, "text/plain", 10) != NULL;
	return size * n;
}

static struct err *start(struct arena *a, const struct curl_api *api, const struct tls_files *tls,
		CURL **curl_out)
{
	if (*tls->key && !*tls->cert)
		return err_new(a, "-tls_key is specified, so -tls_cert must also be specified");
	if (*tls->cert && !*tls->key)
		return err_new(a, "-tls_cert is specified, so -tls_key must also be specified");
	if (api->failure)
		return err_new(a, "%s", api->failure);
	*curl_out = api->init();
	return *curl_out ? NULL : err_new(a, "libcurl does not start");
}

static void set_options(const struct curl_api *api, CURL *curl, const struct tls_files *tls,
		const char *url, int timeout_s, struct exchange *x)
{
	static const char insecure[] = "https+insecure://";
	bool is_insecure = strncmp(url, insecure, sizeof(insecure) - 1) == 0;
	size_t socket_len = url_socket_len(url);
	struct buf plain = {0};
	// libcurl copies strings.
	if (socket_len) {
		struct str socket = str_slice((struct str){url, socket_len}, strlen("unix:"), socket_len);
		buf_printf(&plain, "%.*s", STR_FMT(socket));
		api->setopt(curl, CURLOPT_UNIX_SOCKET_PATH, plain.ptr);
		api->setopt(curl, CURLOPT_PROXY, "");
		plain.len = 0;
		buf_printf(&plain, "http://localhost%s", url + socket_len);
	} else if (is_insecure) {
		buf_printf(&plain, "https://%s", url + sizeof(insecure) - 1);
	}
	api->setopt(curl, CURLOPT_URL, plain.len ? plain.ptr : url);
	buf_deinit(&plain);
	api->setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	api->setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	api->setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	api->setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
	api->setopt(curl, CURLOPT_MAXREDIRS, (long)MAX_REDIRECTS);
	api->setopt(curl, CURLOPT_NOSIGNAL, 1L);
	api->setopt(curl, CURLOPT_TIMEOUT, (long)(timeout_s < INT_MAX - GRACE_S
			? timeout_s + GRACE_S : timeout_s));
	api->setopt(curl, CURLOPT_USERAGENT, "cprof/" CPROF_VERSION);
	api->setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	api->setopt(curl, CURLOPT_WRITEDATA, x);
	api->setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
	api->setopt(curl, CURLOPT_HEADERDATA, x);
	if (is_insecure) {
		api->setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
		api->setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	if (*tls->cert) {
		api->setopt(curl, CURLOPT_SSLCERT, tls->cert);
		api->setopt(curl, CURLOPT_SSLKEY, tls->key);
	}
	if (*tls->ca)
		api->setopt(curl, CURLOPT_CAINFO, tls->ca);
}

// Runs the transfer and turns all that is not a 200 into an error; `what` is "Get" or "Post".
static struct err *perform(struct arena *a, const struct curl_api *api, CURL *curl,
		struct exchange *x, const char *what, const char *url)
{
	char detail[CURL_ERROR_SIZE] = "";
	api->setopt(curl, CURLOPT_ERRORBUFFER, detail);
	CURLcode rc = api->perform(curl);
	if (rc != CURLE_OK) {
		const char *why = x->is_too_big ? "the answer is too large"
				: *detail	? detail
						: api->strerror(rc);
		return err_new(a, "%s %s: %s", what, quote_go(a, str_from(url)), why);
	}
	long code = 0;
	api->getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
	if (code == 200)
		return NULL;
	if (x->is_from_pprof && x->is_text)
		return err_new(a, "server response: %s - %.*s", x->status, (int)x->body->len,
				x->body->ptr ? x->body->ptr : "");
	return err_new(a, "server response: %s", x->status);
}

struct err *http_get(struct arena *a, const struct tls_files *tls, const char *url, int timeout_s,
		struct buf *body_out)
{
	const struct curl_api *api = curl_api();
	CURL *curl;
	struct err *e = start(a, api, tls, &curl);
	if (e)
		return err_wrap(a, e, "http fetch: Get %s", quote_go(a, str_from(url)));
	struct exchange x = {.body = body_out};
	set_options(api, curl, tls, url, timeout_s, &x);
	e = perform(a, api, curl, &x, "Get", url);
	api->cleanup(curl);
	bool is_answer = *x.status != '\0';
	return is_answer ? e : err_wrap(a, e, "http fetch");
}

struct err *http_post(struct arena *a, const struct tls_files *tls, const char *url, struct str body,
		struct buf *answer_out)
{
	const struct curl_api *api = curl_api();
	CURL *curl;
	struct err *e = start(a, api, tls, &curl);
	if (e)
		return err_wrap(a, e, "http post %s", url);
	struct exchange x = {.body = answer_out};
	set_options(api, curl, tls, url, POST_TIMEOUT_S, &x);
	struct curl_slist *headers =
			api->slist_append(NULL, "Content-Type: application/octet-stream");
	api->setopt(curl, CURLOPT_HTTPHEADER, headers);
	api->setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
	api->setopt(curl, CURLOPT_POSTFIELDS, body.ptr);
	e = perform(a, api, curl, &x, "Post", url);
	api->slist_free_all(headers);
	api->cleanup(curl);
	return err_wrap(a, e, "http post %s", url);
}

long http_send(struct arena *a, const struct http_upload *upload, struct err **error_out)
{
	static const struct tls_files tls = {"", "", ""};
	const struct curl_api *api = curl_api();
	struct buf answer = {0};
	struct exchange x = {.body = &answer};
	CURL *curl;
	*error_out = start(a, api, &tls, &curl);
	if (*error_out)
		return 0;
	set_options(api, curl, &tls, upload->url, upload->timeout_s, &x);
	api->setopt(curl, CURLOPT_TIMEOUT, (long)upload->timeout_s);
	struct curl_slist *headers = api->slist_append(NULL, "Expect:");
	for (size_t i = 0; i < sizeof(upload->headers) / sizeof(*upload->headers); i++) {
		if (upload->headers[i])
			headers = api->slist_append(headers, upload->headers[i]);
	}
	api->setopt(curl, CURLOPT_HTTPHEADER, headers);
	if (upload->user)
		api->setopt(curl, CURLOPT_USERPWD, upload->user);
	api->setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)upload->body.len);
	api->setopt(curl, CURLOPT_POSTFIELDS, upload->body.ptr);
	*error_out = perform(a, api, curl, &x, "Post", upload->url);
	long status = 0;
	api->getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	if (status >= 200 && status < 300)
		*error_out = NULL;
	api->slist_free_all(headers);
	api->cleanup(curl);
	buf_deinit(&answer);
	return status;
}
