# SPDX-License-Identifier: GPL-3.0-or-later
# mpmsim: `make help` lists the targets, V=1 shows the commands, DEV=1 makes
# warnings errors, NO_GSL=1 builds without GSL. Every mode builds in its own
# build/<mode>/; a change of flags rebuilds that mode.

MODE    ?= release
PREFIX  ?= /usr/local
DESTDIR ?=
ifeq ($(origin CC),default)
CC      := gcc
endif
B       := build/$(MODE)
Q       := $(if $(V),,@)

# `make` and `make demo` use all cores. Goals that run tests keep the order and the
# number of jobs they are given.
ifeq ($(MAKELEVEL)$(filter-out all mpmsim demo,$(MAKECMDGOALS)),0)
ifeq ($(filter -j%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 1)
endif
endif

VERSION := $(shell cat VERSION)
BUILD   := $(or $(shell git describe --tags --always --dirty --match 'v*' \
	2>/dev/null),unknown)

OPT_release  := -O3
OPT_o0       := -O0 -g
OPT_debug    := -O1 -g -DMPMSIM_DEBUG
OPT_asan     := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=all
OPT_ubsan    := -O1 -g -fsanitize=undefined -fno-sanitize-recover=all
OPT_tsan     := -O1 -g -fsanitize=thread
OPT_coverage := -O0 -g --coverage
OPT_fuzz     := -O2 -g -fsanitize=fuzzer-no-link,address,undefined \
	-fsanitize-coverage-ignorelist=tests/fuzz/uncovered \
	-fno-sanitize-recover=all
OPT          := $(or $(OPT_$(MODE)),$(error unknown MODE "$(MODE)"))
NDEBUG       := $(if $(filter release,$(MODE)),-DNDEBUG)
# What every request passes through is optimised as one (gcc only).
LTO_SRC      := $(filter-out server/settings.c server/host.c,$(wildcard \
	sim/*.c server/*.c models/*.c)) outputs/metrics.c \
	$(addprefix workloads/,client.c closed.c poisson.c traffic.c visit.c)
LTO          := $(if $(filter release,$(MODE)),$(shell \
	$(CC) --version 2>/dev/null | grep -q 'Free Software' && echo -flto=2))

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion \
	-Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
	-Wcast-qual -Wwrite-strings -Wformat=2 -Wundef -Wvla -Wswitch-enum

CPPFLAGS += -I. -D_GNU_SOURCE -DMPMSIM_VERSION='"$(VERSION)"' $(NDEBUG) \
	$(if $(NO_GSL),-DNO_GSL)
ALL_CFLAGS = -std=c17 -ffp-contract=off -pthread $(OPT) $(WARN) \
	$(if $(DEV),-Werror) $(CFLAGS)
LIBS := $(if $(NO_GSL),,-lgsl -lgslcblas) -lcjson -lz -lm
TEST_LIBS := -lcheck -lsubunit -lrt

# Sources are found by folder; what does not exist yet is simply not there.
DIRS     := sim server models workloads config outputs theory sweep bench cli
SRC      := $(filter-out cli/main.c,$(sort $(wildcard $(DIRS:%=%/*.c))))
TEST_SRC := $(sort $(wildcard tests/*.c) \
	$(filter-out tests/fuzz/% tests/%/fake_net.c,$(wildcard tests/*/*.c)))
FUZZ_SRC := $(sort $(wildcard tests/fuzz/fuzz_*.c))
OBJ      := $(SRC:%.c=$(B)/%.o)
LTO_OBJ  := $(LTO_SRC:%.c=$(B)/%.o)
# What test programs are linked with.
PLAIN    := $(if $(LTO),$(B)/request_path.o $(filter-out $(LTO_OBJ),$(OBJ)),$(OBJ))
TEST_OBJ := $(TEST_SRC:%.c=$(B)/%.o)
FUZZ     := $(FUZZ_SRC:tests/fuzz/%.c=$(B)/%)
SHELL_FILES := .ci/run $(wildcard scripts/* tests/cli/run)

.DELETE_ON_ERROR:
.SUFFIXES:
.SECONDARY:
.PHONY: all demo check check-cluster test test-units test-cli test-tools \
	golden bless measured validate check-real check-long bench bench-full \
	bench-peers instructions asan ubsan tsan fuzz fuzz-replay lint format \
	coverage docs install uninstall dist distcheck clean help packages \
	fuzz-targets FORCE

all: mpmsim

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' Makefile | \
		expand -t 16 && echo 'Variables: V=1 DEV=1 NO_GSL=1 CC= PREFIX=' \
		'DESTDIR= MODE=release|o0|debug|asan|ubsan|tsan|coverage'

# -- building ---------------------------------------------------------------

# Missing packages: installed for `demo` and `check`, only named otherwise.
packages:
	@CC='$(CC)' scripts/setup $(if $(filter demo check,$(MAKECMDGOALS)),,--look)

$(B)/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(LTO))' | \
		cmp -s - $@ || printf '%s\n' \
		'$(subst ','\'',$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(LTO))' > $@

$(B)/build_id: FORCE
	@mkdir -p $(@D)
	@echo '$(BUILD)' | cmp -s - $@ || echo '$(BUILD)' > $@

$(B)/%.o: %.c $(B)/flags | packages
	@mkdir -p $(@D)
	$(if $(V),,@echo '  CC    $<')
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# What runs once, or once a row, need not keep the compiler busy.
COLD := $(filter-out $(LTO_SRC),$(filter cli/% config/% sweep/% theory/% \
	server/% workloads/fit% $(addprefix outputs/,plots% report% verdict% \
	compare% overlay% paired% recording% warmup%),$(SRC)) cli/main.c)
$(COLD:%.c=$(B)/%.o): private ALL_CFLAGS += $(if $(filter release,$(MODE)),-O1)
$(LTO_OBJ): private ALL_CFLAGS += $(LTO)
$(B)/mpmsim: private LDFLAGS += $(LTO)
# The same as plain code, so that each of many programs links fast.
$(B)/request_path.o: $(LTO_OBJ)
	$(if $(V),,@echo '  LTO   $@')
	$(Q)$(CC) $(ALL_CFLAGS) $(LTO) -r -flinker-output=nolto-rel -o $@ $^

$(B)/cli/main.o: private CPPFLAGS += -DMPMSIM_BUILD='"$(BUILD)"'
$(B)/cli/main.o: $(B)/build_id

$(B)/mpmsim: $(B)/cli/main.o $(OBJ)
	$(if $(V),,@echo '  LINK  $@')
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(B)/tests/run: $(TEST_OBJ) $(PLAIN)
	$(if $(V),,@echo '  LINK  $@')
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(TEST_LIBS) $(LIBS)

$(B)/replay_%: $(B)/tests/fuzz/%.o $(B)/tests/fuzz/replay.o $(PLAIN)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(FUZZ): $(B)/%: $(B)/tests/fuzz/%.o $(PLAIN)
	$(Q)$(CC) $(ALL_CFLAGS) -fsanitize=fuzzer $(LDFLAGS) -o $@ $^ $(LIBS)

mpmsim: build/release/mpmsim
	@cmp -s $< $@ || { cp $< $@.new && mv $@.new $@; }
ifneq ($(MODE),release)
build/release/mpmsim: FORCE
	@$(MAKE) --no-print-directory MODE=release $@
endif

all: ## build ./mpmsim
demo: mpmsim ## install what is missing, build, run the main comparison
	./mpmsim run scenarios/keepalive-heavy.json \
		$$(command -v gnuplot >/dev/null || echo --no-plots)

# -- checking ---------------------------------------------------------------

check: mpmsim test fuzz-replay golden measured ## install what is missing, build, run every test
test: test-units test-cli test-tools
test-units: $(B)/tests/run
	$(B)/tests/run
test-cli: $(B)/mpmsim
	@MPMSIM=$(B)/mpmsim tests/cli/run
test-tools: $(B)/mpmsim
	@if command -v python3 >/dev/null; then \
		MPMSIM=$(B)/mpmsim python3 -B tests/tools/test_record.py; \
	else echo 'skipped tests/tools (no python3)'; fi
check-cluster: mpmsim ## shards by GNU parallel and a one-node Slurm, merged
	@scripts/check-cluster
golden: $(B)/mpmsim ## compare every scenario's summary with tests/golden
	@MPMSIM=$(B)/mpmsim scripts/golden
bless: $(B)/mpmsim ## rewrite tests/golden (say why in the commit)
	@MPMSIM=$(B)/mpmsim scripts/golden --bless
measured: $(B)/mpmsim ## recorded traffic against tests/measured/floors
	@MPMSIM=$(B)/mpmsim scripts/measured
validate: mpmsim ## the same with all that is outside, and a picture per case
	@scripts/measured --table
check-real: mpmsim ## `mpmsim check` against a real apache2, installed if missing
	@scripts/check-real
check-long: $(B)/tests/run mpmsim ## coverage of intervals, 20 seeds of verify, planted defects
	$(B)/tests/run coverage
	@scripts/verify-seeds
	@scripts/verify-mutants
fuzz-replay: $(FUZZ_SRC:tests/fuzz/%.c=$(B)/replay_%)
	@B=$(B) scripts/fuzz --replay

asan: ## tests and scenarios under the address and undefined behaviour sanitizers
	@ASAN_OPTIONS=quarantine_size_mb=8:$$ASAN_OPTIONS \
		$(MAKE) --no-print-directory MODE=asan test fuzz-replay golden
ubsan: ## the tests under the undefined behaviour sanitizer
	@$(MAKE) --no-print-directory MODE=ubsan test
tsan: ## replications on several threads under the thread sanitizer
	@$(MAKE) --no-print-directory MODE=tsan build/tsan/mpmsim
	@MPMSIM=build/tsan/mpmsim scripts/threads
fuzz: ## every fuzz target for FUZZ_SECONDS (60) in all, with clang
	@$(MAKE) --no-print-directory MODE=fuzz CC=clang fuzz-targets
	@B=build/fuzz scripts/fuzz
fuzz-targets: $(FUZZ)
lint: ## format, clang-tidy, cppcheck, layers, rules, documents, globals, shell
	@CC='$(CC)' FAST='$(FAST)' scripts/lint
format: ## reformat every source file
	clang-format -i $(wildcard $(DIRS:%=%/*.[ch]) tests/*.[ch] tests/*/*.[ch])
coverage: ## line coverage of sim server models config
	@$(MAKE) --no-print-directory MODE=coverage build/coverage/mpmsim \
		build/coverage/tests/run
	@scripts/coverage
bench: mpmsim ## benchmarks beside the reference programs, under 5 minutes
	@scripts/bench
bench-full: mpmsim ## the long benchmarks
	@scripts/bench --full
bench-peers: mpmsim ## mm1 and closed beside other simulators; CIMBA=PREFIX
	@scripts/bench-peers
instructions: mpmsim ## instruction counts of three scenarios, +-3 % of tests/perf
	@scripts/instructions

# -- shipping ---------------------------------------------------------------

docs: mpmsim ## redraw the README's pictures, check links and the man page
	@scripts/docs
install: mpmsim ## install under $(DESTDIR)$(PREFIX)
	install -D -m 755 mpmsim '$(DESTDIR)$(PREFIX)/bin/mpmsim'
	install -D -m 644 man/mpmsim.1 \
		'$(DESTDIR)$(PREFIX)/share/man/man1/mpmsim.1'
	install -D -m 644 completions/mpmsim.bash \
		'$(DESTDIR)$(PREFIX)/share/bash-completion/completions/mpmsim'
	install -d '$(DESTDIR)$(PREFIX)/share/mpmsim/scenarios'
	install -m 644 scenarios/* '$(DESTDIR)$(PREFIX)/share/mpmsim/scenarios'
uninstall: ## remove what install put there
	rm -f '$(DESTDIR)$(PREFIX)/bin/mpmsim' \
		'$(DESTDIR)$(PREFIX)/share/man/man1/mpmsim.1' \
		'$(DESTDIR)$(PREFIX)/share/bash-completion/completions/mpmsim'
	rm -rf '$(DESTDIR)$(PREFIX)/share/mpmsim'
dist: ## build/mpmsim-VERSION.tar.gz from the last commit
	@mkdir -p build
	git archive --prefix=mpmsim-$(VERSION)/ -o build/mpmsim-$(VERSION).tar.gz HEAD
distcheck: dist ## unpack the tarball elsewhere, build, check, install there
	@scripts/distcheck build/mpmsim-$(VERSION).tar.gz
clean: ## remove build/ and ./mpmsim
	rm -rf build mpmsim

FORCE:
-include $(OBJ:.o=.d) $(TEST_OBJ:.o=.d) $(B)/cli/main.d
