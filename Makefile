# SPDX-License-Identifier: MIT
# The front door; Meson does the work. `make help` lists the targets.

BUILD ?= build
PREFIX ?= /usr/local
DESTDIR ?=

.DEFAULT_GOAL := all
.PHONY: all help deps demo check asan bench fuzz lint install clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /  make \1	/p' Makefile | expand -t 20

## Build phase

$(BUILD)/build.ninja:
	meson setup $(BUILD) --prefix=$(PREFIX)

all: $(BUILD)/build.ninja ## build libcprof and cprof into build/
	ninja -C $(BUILD)

deps: ## install what the build and the tests need (Debian; as root or with sudo)
	scripts/deps

## Use

install: all ## install to $(DESTDIR)$(PREFIX)
	DESTDIR=$(DESTDIR) meson install -C $(BUILD) --no-rebuild

## Cleanup

clean: ## remove the build directories
	rm -rf build build-*
