# precheckd: `make` builds, `make demo` shows it, `make check` proves it. See README.md.
#
# O=DIR          where everything is built (default: build)
# SANITIZE=1     AddressSanitizer and UndefinedBehaviorSanitizer
# WERROR=1       warnings are errors (on with CI=true)

VERSION := 0.1.0
O ?= build
PREFIX ?= /usr/local
CC ?= gcc
PKG_CONFIG ?= pkg-config
PYTHON := /usr/bin/python3

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

LIBS := libcurl json-c libevent_core libsystemd libconfuse libcrypto
SIMLIBS := json-c libevent_core libevent_extra
# Only asked for when something is compiled, so that `make clean` works on a bare machine.
PKG_CFLAGS = $(eval PKG_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(LIBS)))$(PKG_CFLAGS)
PKG_LIBS = $(eval PKG_LIBS := $(shell $(PKG_CONFIG) --libs $(LIBS)))$(PKG_LIBS)
SIM_LIBS = $(eval SIM_LIBS := $(shell $(PKG_CONFIG) --libs $(SIMLIBS)))$(SIM_LIBS)

CPPFLAGS += -D_GNU_SOURCE -DVERSION='"$(VERSION)"' -Iinclude
CFLAGS += -std=gnu17 $(WARN) $(OPT) $(HARDEN)
LDFLAGS += $(LDHARDEN)

GROUND := span backoff secret log text
SRC := $(filter-out src/main.c,$(wildcard src/*.c))
SIM := $(wildcard src/simulator/*.c)
OBJ := $(SRC:src/%.c=$(O)/%.o)
SIMOBJ := $(SIM:src/simulator/%.c=$(O)/simulator/%.o)
UNITS := $(patsubst tests/unit/%.c,$(O)/unit/%,$(wildcard tests/unit/test_*.c))

all: $(O)/precheckd $(O)/drs-simulator

$(O)/precheckd: $(O)/main.o $(O)/libprecheckd.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(O)/drs-simulator: $(SIMOBJ) $(GROUND:%=$(O)/%.o)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(SIM_LIBS) -lcrypto

$(O)/libprecheckd.a: $(OBJ)
	rm -f $@ && $(AR) rcs $@ $^

$(O)/%.o: src/%.c | $(O)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(PKG_CFLAGS) -MMD -MP -c -o $@ $<

$(O)/unit/%: tests/unit/%.c $(O)/libprecheckd.a | $(O)
	$(CC) $(CPPFLAGS) -Isrc -Itests/lib $(CFLAGS) $(PKG_CFLAGS) -MMD -MP $(LDFLAGS) -o $@ $< $(O)/libprecheckd.a $(PKG_LIBS) -lcmocka

VIRTUAL := $(wildcard tests/virtual/*.c)
$(O)/virtual: $(VIRTUAL) $(wildcard tests/virtual/*.h) $(O)/libprecheckd.a
	$(CC) $(CPPFLAGS) -Itests/virtual $(CFLAGS) $(PKG_CFLAGS) $(LDFLAGS) -o $@ $(VIRTUAL) $(O)/libprecheckd.a $(PKG_LIBS)

$(O):
	mkdir -p $(O)/simulator $(O)/unit

units: $(UNITS)
	@for t in $(UNITS); do $$t || exit 1; done

clean:
	rm -rf $(O) build build-*

-include $(wildcard $(O)/*.d $(O)/simulator/*.d $(O)/unit/*.d)

.PHONY: all units clean
.SECONDARY:
