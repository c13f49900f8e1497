# SPDX-License-Identifier: MIT
# make            build into build/ (SAN=1: build-san/, with ASan and UBSan)
# make demo       set up, build, run the main job on the sample capture
# make check      set up, build, all tests; CORPUS=DIR adds the suites over a corpus of captures
# make lint bench fuzz torture golden install uninstall clean      see CONTRIBUTING.md

# All processors, unless -j says how many.
ifeq ($(MAKELEVEL)$(filter -j%,$(MAKEFLAGS)),0)
MAKEFLAGS += -j$(shell nproc)
endif

PREFIX ?= /usr/local
DESTDIR ?=
VERSION := 0.1.0
CC ?= gcc
SAN ?=

B := build$(if $(SAN),-san)
PKGS := libpcap libosip2 sqlite3 libpcre2-8 zlib libzstd libssl libcrypto
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla -Wformat=2 -Wwrite-strings
OPT ?= -O3 -g
, := ,
SANFLAGS := $(if $(SAN),-fsanitize=address$(,)undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
PKG_LIBS := $(shell pkg-config --libs $(PKGS) 2>/dev/null)
CFLAGS ?= $(OPT)
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -DVERSION='"$(VERSION)"' -Ilib $(WARN) $(CFLAGS) $(SANFLAGS) $(PKG_CFLAGS) -MMD -MP
ALL_LIBS = -Wl,--as-needed $(PKG_LIBS) -ldl -lpthread -lm

LIB_SRC := $(sort $(wildcard lib/*/*.c))
LIB_OBJ := $(LIB_SRC:%.c=$B/%.o)
CMD_SRC := $(sort $(wildcard cmd/*.c))
TOOLS := $(CMD_SRC:cmd/%.c=%)
BINS := $(TOOLS:%=$B/bin/%)
UNIT_SRC := $(sort $(wildcard tests/unit/*_test.c))
UNITS := $(UNIT_SRC:tests/unit/%.c=$B/tests/unit/%)
BENCH_SRC := $(sort $(wildcard tests/bench/*.c))
BENCHES := $(BENCH_SRC:tests/bench/%.c=$B/tests/bench/%)
FUZZ_SRC := $(sort $(wildcard tests/fuzz/*.c))
FUZZERS := $(FUZZ_SRC:tests/fuzz/%.c=build-fuzz/%)
MAN := $(sort $(wildcard man/man*/*.[1-9]))

.PHONY: all setup setup-test demo check test units bench fuzz fuzzers torture lint golden completions install uninstall clean
all: $(BINS)

$B/lib.a: $(LIB_OBJ)
	@rm -f $@
	$(AR) qcs $@ $^

$B/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

$B/bin/%: $B/cmd/%.o $B/lib.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(SANFLAGS) $(LDFLAGS) -o $@ $^ $(ALL_LIBS)

$B/tests/unit/%: $B/tests/unit/%.o $B/lib.a
	$(CC) $(CFLAGS) $(SANFLAGS) $(LDFLAGS) -o $@ $^ $(ALL_LIBS) -lcmocka

$B/tests/bench/%: $B/tests/bench/%.o $B/lib.a
	$(CC) $(CFLAGS) $(SANFLAGS) $(LDFLAGS) -o $@ $^ $(ALL_LIBS)

.PRECIOUS: $B/%.o
-include $(LIB_OBJ:.o=.d) $(CMD_SRC:%.c=$B/%.d) $(UNIT_SRC:%.c=$B/%.d) $(BENCH_SRC:%.c=$B/%.d)

units: $(UNITS)

setup:
	@sh share/setup.sh build
setup-test:
	@sh share/setup.sh build test

demo: setup
	@$(MAKE) --no-print-directory -s all
	@B=$B sh share/demo.sh

# The set-up may bring the libraries that this make's variables ask for, so the rest is a make of its own.
check: setup-test
	@$(MAKE) --no-print-directory test
test: all units $(BENCHES)
	@B=$B bash tests/run.sh

bench: setup-test
	@$(MAKE) --no-print-directory all $(BENCHES)
	@B=$B python3 tests/bench/run.py

# kill -9 and collectors that misbehave, by seeds: SEEDS of them in each mode (MODES limits).
SEEDS ?= 200
torture: setup-test
	@$(MAKE) --no-print-directory all $(BENCHES)
	@B=$B SEEDS=$(SEEDS) bash tests/torture/run.sh

golden: all
	@B=$B bash tests/golden.sh

# Fuzz targets: clang's libFuzzer with ASan and UBSan; FUZZ_TIME seconds each.
FUZZ_TIME ?= 30
FUZZ_CFLAGS = -std=c11 -D_GNU_SOURCE -DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION -DVERSION='"$(VERSION)"' -Ilib -O1 -g -fsanitize=address$(,)undefined -fno-sanitize-recover=undefined $(PKG_CFLAGS) -MMD -MP
FUZZ_OBJ := $(LIB_SRC:%.c=build-fuzz/%.o)
build-fuzz/%.o: %.c
	@mkdir -p $(@D)
	clang $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link -c -o $@ $<
build-fuzz/lib.a: $(FUZZ_OBJ)
	@rm -f $@
	$(AR) qcs $@ $^
build-fuzz/%: tests/fuzz/%.c build-fuzz/lib.a
	clang $(FUZZ_CFLAGS) -fsanitize=fuzzer -o $@ $(filter %.c %.a,$^) $(ALL_LIBS)
-include $(FUZZ_OBJ:.o=.d) $(FUZZERS:%=%.d)
fuzzers: $(FUZZERS)
fuzz: setup-test
	@$(MAKE) --no-print-directory fuzzers
	@FUZZ_TIME=$(FUZZ_TIME) bash tests/fuzz/run.sh

lint: setup-test
	@bash tests/lint.sh

completions: all
	@mkdir -p completions/bash completions/zsh completions/fish
	@for t in $(TOOLS); do \
	  $B/bin/$$t --completion bash >completions/bash/$$t && \
	  $B/bin/$$t --completion zsh >completions/zsh/_$$t && \
	  $B/bin/$$t --completion fish >completions/fish/$$t.fish || exit 1; \
	done

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/siptrace-tools
	install -m 755 $(BINS) $(DESTDIR)$(PREFIX)/bin
	for m in $(MAN); do d=$(DESTDIR)$(PREFIX)/share/$$(dirname $$m); install -d $$d; install -m 644 $$m $$d || exit 1; done
	install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions $(DESTDIR)$(PREFIX)/share/zsh/site-functions $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	install -m 644 completions/bash/* $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	install -m 644 completions/zsh/* $(DESTDIR)$(PREFIX)/share/zsh/site-functions
	install -m 644 completions/fish/* $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	install -m 644 $(wildcard share/*.sql share/*.pcap) $(DESTDIR)$(PREFIX)/share/siptrace-tools

uninstall:
	rm -f $(TOOLS:%=$(DESTDIR)$(PREFIX)/bin/%) $(MAN:%=$(DESTDIR)$(PREFIX)/share/%)
	rm -f $(TOOLS:%=$(DESTDIR)$(PREFIX)/share/bash-completion/completions/%)
	rm -f $(TOOLS:%=$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_%)
	rm -f $(TOOLS:%=$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/%.fish)
	rm -rf $(DESTDIR)$(PREFIX)/share/siptrace-tools

clean:
	rm -rf build build-san build-fuzz
