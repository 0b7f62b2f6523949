# Everything that is made is made under build/. V=1 shows the commands,
# WERROR=1 (or CI=1) makes warnings errors, CC=clang works as well as gcc,
# DEPS=no installs and fetches nothing.

ifeq ($(origin CC),default)
CC = gcc
endif
CLANG ?= clang
PYTHON ?= /usr/bin/python3
PREFIX ?= /usr/local
CFLAGS ?= -O2 -g
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
FUZZ_SECONDS ?= 600
FUZZ_SMOKE_SECONDS ?= 3
SCENARIOS ?= tests/scenarios

VERSION := $(shell cat VERSION)
comma := ,
Q := $(if $(V),,@)
WERROR ?= $(CI)
.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := all
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(JOBS)
endif

# What is compiled.

LIB_C := $(filter-out agent/daemon/%,$(wildcard agent/*/*.c))
DAEMON_C := $(wildcard agent/daemon/*.c)
TOOLS_C := $(wildcard tools/*.c)
UNIT_C := $(wildcard tests/unit/test_*.c)
FUZZ_C := $(wildcard tests/fuzz/fuzz_*.c)
BENCH_C := $(wildcard tests/bench/*.c)
FAULTS_C := $(wildcard tests/faults/*.c)
HEADERS := $(wildcard agent/*/*.h tools/*.h)
OWN_C := $(LIB_C) $(DAEMON_C) $(TOOLS_C) $(UNIT_C) $(FUZZ_C) $(BENCH_C) \
	$(FAULTS_C)

UNIT := $(UNIT_C:tests/unit/%.c=build/unit/%)
ASAN := $(UNIT_C:tests/unit/%.c=build/asan/unit/%)
FUZZ := $(FUZZ_C:tests/fuzz/%.c=build/fuzz/%)

# How. pkg-config is asked when the first file is compiled: on a bare machine
# `make deps` has to install it first.

LIBRARIES := libarchive libevent libevent_openssl libisal libzstd \
	libcurl hiredis inih jansson openssl zlib
WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes \
	-Wmissing-prototypes -Wformat=2 -Wvla
DEFINES := -D_GNU_SOURCE -DREDKEEP_VERSION='"$(VERSION)"' -Iagent
OPTIMISED := $(filter-out -O0,$(filter -O%,$(CFLAGS)))
HARDEN := -fPIE -fstack-protector-strong \
	$(if $(OPTIMISED),-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer -O1 -g
# Under sanitizers gcc sees less of where a value comes from, and guesses.
GUESSES := -Wno-format-truncation -Wno-maybe-uninitialized

PKG_CFLAGS = $(eval PKG_CFLAGS := $(shell \
	pkg-config --cflags $(LIBRARIES)))$(PKG_CFLAGS)
PKG_LIBS = $(eval PKG_LIBS := $(shell pkg-config --libs $(LIBRARIES)))$(PKG_LIBS)
CHECK_LIBS = $(eval CHECK_LIBS := $(shell pkg-config --libs check))$(CHECK_LIBS)

BASIC = -std=c11 $(DEFINES) $(WARNINGS) $(if $(WERROR),-Werror) $(PKG_CFLAGS)
LINK := -pie -Wl,-z,relro,-z,now -Wl,--as-needed

# Three builds of the same sources: to use, under sanitizers, for fuzzing.

plain_COMPILE = $(CC) $(BASIC) $(HARDEN) $(CPPFLAGS) $(CFLAGS)
asan_COMPILE = $(CC) $(BASIC) $(GUESSES) $(SANITIZE)
fuzz_COMPILE = $(CLANG) $(BASIC) $(SANITIZE) -fsanitize=fuzzer-no-link
plain_OBJ := build/obj
asan_OBJ := build/asan/obj
fuzz_OBJ := build/fuzz/obj
plain_LIB := build/libredkeep.a
asan_LIB := build/asan/libredkeep.a
fuzz_LIB := build/fuzz/libredkeep.a
# The agent but for its main function, for its own tests.
plain_AGENT := build/libredkeepd.a
asan_AGENT := build/asan/libredkeepd.a
fuzz_AGENT := build/fuzz/libredkeepd.a
# So with the commands.
plain_COMMANDS := build/libcommands.a
asan_COMMANDS := build/asan/libcommands.a
fuzz_COMMANDS := build/fuzz/libcommands.a
COMMANDS_C := $(filter-out tools/main.c,$(TOOLS_C))
AGENT_C := $(filter-out agent/daemon/redkeepd.c,$(DAEMON_C))

define BUILD
$$($(1)_OBJ)/%.o: %.c build/$(1).flags
	@mkdir -p $$(@D)
	$$(if $$(V),,@echo '  CC $$(if $(2),$(2) )$$<')
	$$(Q)$$($(1)_COMPILE) -MMD -MP -c -o $$@ $$<

$$($(1)_LIB): $$(LIB_C:%.c=$$($(1)_OBJ)/%.o)
	$$(Q)rm -f $$@
	$$(Q)ar rcs $$@ $$^

$$($(1)_AGENT): $$(AGENT_C:%.c=$$($(1)_OBJ)/%.o)
	$$(Q)rm -f $$@
	$$(Q)ar rcs $$@ $$^

$$($(1)_COMMANDS): $$(COMMANDS_C:%.c=$$($(1)_OBJ)/%.o)
	$$(Q)rm -f $$@
	$$(Q)ar rcs $$@ $$^

# Other flags: everything again.
build/$(1).flags: force | deps
	@mkdir -p build
	@echo '$$(subst ','\'',$$(filter-out -Werror,$$($(1)_COMPILE)))' | \
		cmp -s - $$@ || \
		echo '$$(subst ','\'',$$(filter-out -Werror,$$($(1)_COMPILE)))' >$$@
endef
$(eval $(call BUILD,plain,))
$(eval $(call BUILD,asan,asan))
$(eval $(call BUILD,fuzz,fuzz))
-include $(foreach d,$(plain_OBJ) $(asan_OBJ) $(fuzz_OBJ),$(OWN_C:%.c=$(d)/%.d))

build/redkeep: $(TOOLS_C:%.c=$(plain_OBJ)/%.o) $(plain_LIB)
	$(if $(V),,@echo '  LD $@')
	$(Q)$(CC) $(CFLAGS) $(LINK) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

build/redkeepd: $(plain_OBJ)/agent/daemon/redkeepd.o $(plain_AGENT) $(plain_LIB)
	$(if $(V),,@echo '  LD $@')
	$(Q)$(CC) $(CFLAGS) $(LINK) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

# The agent under sanitizers. Its jobs are not: their limit of memory does not
# allow for the shadow of theirs.
build/asan/redkeepd: $(asan_OBJ)/agent/daemon/redkeepd.o $(asan_AGENT) \
		$(asan_LIB) build/asan/redkeep
	$(if $(V),,@echo '  LD $@')
	$(Q)$(CC) $(SANITIZE) -o $@ $(filter-out build/asan/redkeep,$^) $(PKG_LIBS)

build/asan/redkeep: build/redkeep
	$(Q)ln -f $< $@

build/generate: $(BENCH_C:%.c=$(plain_OBJ)/%.o) $(plain_LIB)
	$(Q)$(CC) $(CFLAGS) $(LINK) $(LDFLAGS) -o $@ $^ $(PKG_LIBS) -lm

# The program with its calls of the disk under control: tests/faults.
FAULT_CALLS := openat64 write pread64 preadv64v2 mmap64 fsync renameat2 linkat \
	unlinkat mkdirat ftruncate64 copy_file_range fchown fchmod fstat64 \
	fstatat64 statx fstatvfs64 flock readdir64 clock_gettime
build/faults/redkeep: $(FAULTS_C:%.c=$(plain_OBJ)/%.o) \
		$(TOOLS_C:%.c=$(plain_OBJ)/%.o) $(plain_LIB)
	@mkdir -p $(@D)
	$(if $(V),,@echo '  LD $@')
	$(Q)$(CC) $(CFLAGS) $(LINK) $(FAULT_CALLS:%=-Wl,--wrap=%) $(LDFLAGS) \
		-o $@ $^ $(PKG_LIBS)

$(UNIT): build/unit/%: $(plain_OBJ)/tests/unit/%.o $(plain_AGENT) \
		$(plain_COMMANDS) $(plain_LIB)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LINK) $(WRAP) -o $@ $^ $(CHECK_LIBS) $(PKG_LIBS)

$(ASAN): build/asan/unit/%: $(asan_OBJ)/tests/unit/%.o $(asan_AGENT) \
		$(asan_COMMANDS) $(asan_LIB)
	@mkdir -p $(@D)
	$(Q)$(CC) $(SANITIZE) $(WRAP) -o $@ $^ $(CHECK_LIBS) $(PKG_LIBS)

# The calls that this one makes fail.
build/unit/test_place_faults build/asan/unit/test_place_faults: WRAP = \
	$(addprefix -Wl$(comma)--wrap=file_call_,write sync make_directory \
	remove rename rename_new link link_open open)

$(FUZZ): build/fuzz/%: $(fuzz_OBJ)/tests/fuzz/%.o $(fuzz_AGENT) \
		$(fuzz_COMMANDS) $(fuzz_LIB)
	$(Q)$(CLANG) $(SANITIZE) -fsanitize=fuzzer -o $@ $^ $(PKG_LIBS)

$(UNIT) $(ASAN) $(FUZZ): | packages-test

.SECONDARY:
.PHONY: force all deps deps-test packages-test demo test check check-asan check-faults \
	check-scenarios soak lint fuzz fuzz-smoke oracle oracle-repair bench format longest dist install clean help

# What can be asked for; `make help` prints these lines.

all: build/redkeep build/redkeepd ## build/redkeep, build/redkeepd

deps: ## install what building and the demo need
	$(if $(filter no,$(DEPS)),,@packaging/deps/install build)

deps-test: packages-test ## install what the tests need; fetch the other servers
	$(if $(filter no,$(DEPS)),,@tests/servers/fetch)

packages-test: deps
	$(if $(filter no,$(DEPS)),,@packaging/deps/install test)

demo: build/redkeep build/generate ## a real server loses its data and gets it back
	@tests/demo/demo.sh build/redkeep

# One after the other, each to its end; the counts are left in build/results.
TEST_PARTS := check check-asan lint fuzz-smoke check-faults check-scenarios
test: deps-test ## check, check-asan, lint, fuzz-smoke, check-faults, check-scenarios
	@rm -rf build/results; failed=; \
	for part in $(TEST_PARTS); do \
		$(MAKE) --no-print-directory WERROR=1 DEPS=no $$part || \
			failed="$$failed $$part"; \
	done; \
	if [ -n "$$failed" ]; then echo "failed:$$failed"; exit 1; fi; \
	echo 'all tests passed'

check: $(UNIT) ## unit tests
	@tests/unit/run check $^

check-asan: $(ASAN) ## unit tests under AddressSanitizer and UBSan
	@tests/unit/run check-asan $^

check-faults: all build/faults/redkeep ## each call fails, the power goes: FAULTS=all
	@tests/faults/run $(PYTHON) build $(FAULTS)

check-scenarios: all | deps-test ## tests on real servers
	@tests/scenarios/run $(PYTHON) build/redkeep $(SCENARIOS)

soak: build/redkeep build/redkeepd build/faults/redkeep | deps-test ## long runs, killed again and again: SOAK='jobs idle'
	@tests/soak/run $(PYTHON) build/redkeep $(SOAK)

lint: all $(LIB_C:%.c=$(plain_OBJ)/%.o) | packages-test ## house rules, format, static analysis, manuals
	@tests/lint/run

fuzz-smoke: $(FUZZ) ## each fuzz target for a few seconds
	@tests/fuzz/run $(FUZZ_SMOKE_SECONDS) $^

fuzz: $(FUZZ) ## each fuzz target for FUZZ_SECONDS (600)
	@tests/fuzz/run $(FUZZ_SECONDS) $^

oracle: build/redkeep | deps-test ## check against servers: ORACLE='--cases 1000 redis-7.0'
	$(PYTHON) tests/oracle/oracle.py $(ORACLE)

oracle-repair: build/redkeep | deps-test ## repair against servers: ORACLE='--cases 1000'
	$(PYTHON) tests/oracle/repair.py $(ORACLE)

bench: build/redkeep build/generate ## side by side with other programs
	@tests/bench/bench.sh build/redkeep

format: | packages-test ## clang-format over all sources
	$(Q)clang-format -i $(OWN_C) $(HEADERS)

longest: ## the longest functions and files
	@tests/lint/length.sh --longest

dist: ## build/redkeep-VERSION.tar.gz of the last commit
	@mkdir -p build
	$(Q)git archive --prefix=redkeep-$(VERSION)/ \
		-o build/redkeep-$(VERSION).tar.gz HEAD
	@echo build/redkeep-$(VERSION).tar.gz

# To be put into force by whoever wants them: a look before each start,
# containers, rules and a dashboard.
SHARED := $(patsubst packaging/%,%,$(wildcard packaging/systemd/*.service.d/* \
	packaging/container/* packaging/prometheus/* packaging/grafana/*))

install: build/redkeep build/redkeepd ## into PREFIX (/usr/local), below DESTDIR
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/systemd/system
	install -m 755 build/redkeep build/redkeepd $(DESTDIR)$(PREFIX)/bin
	for unit in redkeepd.service redkeepd@.service; do \
		sed 's,/usr/bin/redkeepd,$(PREFIX)/bin/redkeepd,' \
			packaging/systemd/$$unit \
			>$(DESTDIR)$(PREFIX)/lib/systemd/system/$$unit || exit 1; \
	done
	for file in $(SHARED); do \
		install -d $(DESTDIR)$(PREFIX)/share/redkeep/$${file%/*} && \
		sed 's,/usr/bin/redkeep,$(PREFIX)/bin/redkeep,' packaging/$$file \
			>$(DESTDIR)$(PREFIX)/share/redkeep/$$file || exit 1; \
	done
	chmod 755 $(DESTDIR)$(PREFIX)/share/redkeep/container/redkeep-entrypoint
	for page in docs/man/*.[1-8]; do \
		install -D -m 644 $$page \
			$(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/}; \
	done

clean: ## remove build/
	rm -rf build

help: ## this text
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' \
		$(firstword $(MAKEFILE_LIST))
