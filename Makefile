# precheckd: `make` builds, `make demo` shows it, `make check` proves it. See README.md.
#
#   O=DIR           where everything is built (default: build)
#   SANITIZE=1      with AddressSanitizer and UndefinedBehaviorSanitizer
#   V=1             shows the commands
#   WERROR=1        warnings are errors (on with CI=true)
#   DEMO_SECONDS=N  how long the demo runs at the most (0: until Ctrl-C)

VERSION := 0.1.0
O ?= build
PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
UNITDIR ?= $(PREFIX)/lib/systemd/system
CATALOGDIR ?= $(PREFIX)/lib/systemd/catalog
CC ?= gcc
PKG_CONFIG ?= pkg-config
PYTHON := /usr/bin/python3
DEMO_SECONDS ?= 90
FUZZ_SECONDS ?= 60

# Q word: quiet unless V=1
Q = $(if $(V),,@echo "  $(1) $@";)

WARN := -Wall -Wextra -Wshadow -Wmissing-prototypes -Wconversion -Wformat=2
ifeq ($(CI),true)
WERROR ?= 1
endif
ifeq ($(WERROR),1)
WARN += -Werror
endif

OPT := -O2 -g
HARDEN := -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection -fPIE
LDHARDEN := -pie -Wl,-z,relro,-z,now
ifeq ($(SANITIZE),1)
OPT := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
HARDEN := -fPIE
endif

LIBS := libcurl json-c libevent_core libsystemd libconfuse libcrypto sqlite3 yaml-0.1
SIMLIBS := json-c libevent_core libevent_extra libcrypto
# Asked for only when something is compiled, so that `make clean` and `make deps` work on a bare machine.
PKG_CFLAGS = $(eval PKG_CFLAGS := $$(shell $(PKG_CONFIG) --cflags $(LIBS)))$(PKG_CFLAGS)
PKG_LIBS = $(eval PKG_LIBS := $$(shell $(PKG_CONFIG) --libs $(LIBS)))$(PKG_LIBS)
SIM_LIBS = $(eval SIM_LIBS := $$(shell $(PKG_CONFIG) --libs $(SIMLIBS)))$(SIM_LIBS)

CPPFLAGS += -D_GNU_SOURCE -DVERSION='"$(VERSION)"' -DCONFIG_FILE='"$(SYSCONFDIR)/precheckd/precheckd.conf"' -Iinclude
CFLAGS += -std=gnu17 $(WARN) $(OPT) $(HARDEN)
LDFLAGS += $(LDHARDEN)

# what the simulator shares with the daemon: the ground floor, so that it can't share our misreadings
GROUND := span backoff secret log text datagram journal_wire clock
SRC := $(filter-out src/main.c,$(wildcard src/*.c))
SIM := $(wildcard src/simulator/*.c)
OBJ := $(SRC:src/%.c=$(O)/%.o)
SIMOBJ := $(SIM:src/simulator/%.c=$(O)/simulator/%.o)
SIMLIB := $(filter-out $(O)/simulator/main.o,$(SIMOBJ)) $(GROUND:%=$(O)/%.o)
UNITS := $(patsubst tests/unit/%.c,$(O)/unit/%,$(wildcard tests/unit/test_*.c))
VIRTUAL := $(wildcard tests/virtual/*.c)
MAN := $(wildcard man/*.[1-8])

all: $(O)/precheckd $(O)/drs-simulator

$(O)/precheckd: $(O)/main.o $(O)/libprecheckd.a
	$(call Q,LD)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(O)/drs-simulator: $(SIMOBJ) $(GROUND:%=$(O)/%.o)
	$(call Q,LD)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(SIM_LIBS)

$(O)/libprecheckd.a: $(OBJ)
	$(call Q,AR)rm -f $@ && $(AR) rcs $@ $^

$(O)/%.o: src/%.c | $(O)/.made
	$(call Q,CC)$(CC) $(CPPFLAGS) $(CFLAGS) $(PKG_CFLAGS) -MMD -MP -c -o $@ $<

$(O)/unit/test_simulator%: tests/unit/test_simulator%.c $(SIMLIB) | $(O)/.made
	$(call Q,LD)$(CC) $(CPPFLAGS) -Isrc/simulator -Itests/lib $(CFLAGS) $(PKG_CFLAGS) -MMD -MP $(LDFLAGS) -o $@ $< $(SIMLIB) $(SIM_LIBS) -lcmocka

$(O)/unit/%: tests/unit/%.c $(O)/libprecheckd.a | $(O)/.made
	$(call Q,LD)$(CC) $(CPPFLAGS) -Isrc -Itests/lib $(CFLAGS) $(PKG_CFLAGS) -MMD -MP $(LDFLAGS) -o $@ $< $(O)/libprecheckd.a $(PKG_LIBS) -lcmocka -lpthread

$(O)/virtual: $(VIRTUAL) $(wildcard tests/virtual/*.h) $(O)/libprecheckd.a | $(O)/.made
	$(call Q,LD)$(CC) $(CPPFLAGS) -Itests/virtual $(CFLAGS) $(PKG_CFLAGS) $(LDFLAGS) -o $@ $(VIRTUAL) $(O)/libprecheckd.a $(PKG_LIBS) -lm

$(O)/.made:
	@mkdir -p $(O)/simulator $(O)/unit && touch $@

-include $(wildcard $(O)/*.d $(O)/simulator/*.d $(O)/unit/*.d)

# --- for users ---

demo: deps
	$(MAKE) -j2 all
	DEMO_SECONDS=$(DEMO_SECONDS) PRECHECKD_BUILD=$(O) tests/demo/run.sh

install: all
	install -d $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(SYSCONFDIR)/precheckd/jobs.d
	install -m 755 $(O)/precheckd $(DESTDIR)$(PREFIX)/sbin/
	install -m 755 $(O)/drs-simulator $(DESTDIR)$(PREFIX)/bin/
	for c in precheckd.conf jobs.d/shop.conf.example; do \
		test -e $(DESTDIR)$(SYSCONFDIR)/precheckd/$$c || \
		install -m 644 etc/$$c $(DESTDIR)$(SYSCONFDIR)/precheckd/$$c; done
	for m in $(MAN); do \
		install -d $(DESTDIR)$(PREFIX)/share/man/man$${m##*.} && \
		install -m 644 $$m $(DESTDIR)$(PREFIX)/share/man/man$${m##*.}/; done
	install -d $(DESTDIR)$(UNITDIR) $(DESTDIR)$(CATALOGDIR)
	for u in precheckd.service precheckd@.service; do \
		sed 's,/usr/sbin/,$(PREFIX)/sbin/,; s,/etc/precheckd,$(SYSCONFDIR)/precheckd,' systemd/$$u \
			>$(DESTDIR)$(UNITDIR)/$$u && chmod 644 $(DESTDIR)$(UNITDIR)/$$u; done
	install -m 644 systemd/precheckd.catalog $(DESTDIR)$(CATALOGDIR)/

deb:
	tests/lib/deps.sh build deb
	etc/debian/make-deb.sh . $(O)/deb $(VERSION)
	@ls $(O)/deb/*_$(VERSION)_*.deb

clean:
	rm -rf $(O) build build-*

# --- for those who change it ---

deps:
	tests/lib/deps.sh build

test-deps:
	tests/lib/deps.sh build test

lint-deps:
	tests/lib/deps.sh build test lint

units: $(UNITS)
virtual: $(O)/virtual

check: test-deps
	PRECHECKD_BUILD=$(O) MAKE="$(MAKE)" tests/check.sh

check-asan: test-deps
	PRECHECKD_BUILD=$(O)-asan MAKE="$(MAKE)" tests/check.sh asan

check-valgrind: test-deps
	PRECHECKD_BUILD=$(O) MAKE="$(MAKE)" tests/check.sh valgrind

crash-test: test-deps
	$(MAKE) -j2 all
	PRECHECKD_BUILD=$(O) $(PYTHON) tests/crash/crash.py --kills 1000

check-mutants: test-deps
	PRECHECKD_BUILD=$(O) MAKE="$(MAKE)" tests/check.sh mutants

# FUZZ_SECONDS=N for each of the fuzzers
fuzz: lint-deps
	PRECHECKD_BUILD=$(O) MAKE="$(MAKE)" tests/fuzz/run.sh $(FUZZ_SECONDS)

lint: lint-deps
	MAKE="$(MAKE)" tests/lint.sh

.PHONY: fuzz all demo install deb clean deps test-deps lint-deps units virtual check check-asan check-valgrind check-mutants crash-test lint
.SECONDARY:
