# SPDX-License-Identifier: MIT
# The front door; Meson does the work. `make help` lists the targets.

BUILD ?= build
PREFIX ?= /usr/local
DESTDIR ?=
FUZZ_SECONDS ?= 60

.DEFAULT_GOAL := all
.PHONY: all help demo check asan tsan clang aarch64 fuzz bench benchfull lint install uninstall clean

help: ## list the targets
	@sed -n 's/^\([a-z0-9]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|'

## Build

$(BUILD)/build.ninja:
	meson setup $(BUILD) --prefix=$(abspath $(PREFIX))

all: $(BUILD)/build.ninja ## build libcprof and cprof (scripts/deps build installs what that needs)
	ninja -C $(BUILD)

## Show

demo: ## install what it needs, build, profile Debian's redis-server, show the result
	scripts/deps build demo
	$(MAKE) all
	scripts/demo $(BUILD)/tool/cprof $(BUILD)/redis.pb.gz

## Test

check: ## install what it needs, build, pass every test
	scripts/deps
	$(MAKE) $(BUILD)/build.ninja
	meson setup --reconfigure $(BUILD) # what was just installed was not there before
	$(MAKE) all
	scripts/check $(BUILD)

lint: all ## the boundary checks and style limits alone
	meson test -C $(BUILD) --no-rebuild --suite lint

asan: ## the tool, the formats and their tests under ASan and UBSan
	scripts/deps build test
	[ -f build-asan/build.ninja ] || meson setup build-asan -Db_sanitize=address,undefined -Db_lundef=false
	ninja -C build-asan
	ASAN_OPTIONS=detect_leaks=0 scripts/check build-asan --suite unit --suite tool # it ends with its memory

tsan: ## unit tests, and the tool where it has threads, under ThreadSanitizer
	scripts/deps build test
	[ -f build-tsan/build.ninja ] || meson setup build-tsan -Db_sanitize=thread -Db_lundef=false
	ninja -C build-tsan unit-tests tool/cprof
	TSAN_OPTIONS=halt_on_error=1 scripts/check build-tsan --suite unit
	TSAN_OPTIONS=halt_on_error=1 scripts/check build-tsan 'analyzer sources' 'analyzer shell' push \
		'web pages' 'web access' 'web settings'

clang: ## build all with clang, pass the fast tests
	scripts/deps build test
	[ -f build-clang/build.ninja ] || CC=clang CXX=clang++ meson setup build-clang
	ninja -C build-clang
	scripts/check build-clang --suite fast

aarch64: ## cross-compile the library and check its unwind rules under qemu
	scripts/deps build test
	scripts/aarch64

fuzz: ## each fuzz target for FUZZ_SECONDS (60)
	scripts/deps build test
	[ -f build-fuzz/build.ninja ] || CC=clang meson setup build-fuzz -Dfuzz=true -Dtests=false -Db_lundef=false \
		-Db_sanitize=address,undefined
	ninja -C build-fuzz fuzz
	scripts/fuzz build-fuzz $(FUZZ_SECONDS)

bench: ## compare with the peers on this machine (minutes)
	scripts/deps
	$(MAKE) all
	scripts/bench $(BUILD)

benchfull: ## the analyzer beside pprof on large profiles, too (hours, 10 GB of memory)
	scripts/deps
	$(MAKE) all
	python3 bench/bench_tool.py $(BUILD) -full

## Install

install: all ## install to $(DESTDIR)$(PREFIX)
	@# The prefix may be given here and not before: `make`, then `make install PREFIX=/usr`.
	$(if $(filter file,$(origin PREFIX)),,meson configure $(BUILD) -Dprefix=$(abspath $(PREFIX)) && ninja -C $(BUILD))
	DESTDIR=$(DESTDIR) meson install -C $(BUILD) --no-rebuild
	@# A library in /usr/local is found by what ldconfig notes; who is not root has a PREFIX of his own.
	@[ "$(DESTDIR)" ] || [ "$$(id -u)" != 0 ] || ldconfig

uninstall: ## remove what install wrote
	ninja -C $(BUILD) uninstall

## Clean

clean: ## remove the build directories
	rm -rf build build-asan build-tsan build-clang build-fuzz build-aarch64
