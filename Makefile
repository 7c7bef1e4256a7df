# make run    set up, build, serve on $(LISTEN), load the samples, say where to look; Ctrl-C stops
# make test   set up, then everything that must hold: format, lints, tests, docs, licences
# make quick  the inner loop: unit tests and the tidy test
# make explore  the property tests with other draws than in `make test`, and PROPERTY_FACTOR times as many
# make bench  the figures of `judge`, one key=value a line
# make kafka-faults   the faults of the distributed shape on a real Kafka, FAULT_ROUNDS rounds each
# make kafka-figures  throughput, memory and latency of a screening process between topics
# make schema refresh docs/schema from the Rust types
# make docs   refresh docs/codes.md from the codes, dictionaries, cases and policy, and docs/schema

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DELETE_ON_ERROR:
.PHONY: run test quick explore bench kafka-faults kafka-figures schema docs setup-run setup-test setup-kafka

LISTEN ?= 127.0.0.1:8080
DATA ?= run
CONFIG ?= config/xianshen.toml
# How long a start may take before it counts as failed.
READY_SECONDS_MAX ?= 60

# Installs what is missing, as root or through sudo; elsewhere it says what to install.
# Use: $(call need,command:package command:package …). A `dpkg` in place of the command looks for the package itself.
define need
	missing=()
	for pair in $(1); do
	  if [ "$${pair%%:*}" = dpkg ]; then
	    ! command -v dpkg >/dev/null || dpkg -s "$${pair#*:}" >/dev/null 2>&1 || missing+=("$${pair#*:}")
	  else
	    command -v "$${pair%%:*}" >/dev/null || missing+=("$${pair#*:}")
	  fi
	done
	if [ "$${#missing[@]}" -gt 0 ]; then
	  root=(); [ "$$(id -u)" = 0 ] || root=(sudo)
	  if command -v apt-get >/dev/null && { [ "$$(id -u)" = 0 ] || command -v sudo >/dev/null; }; then
	    echo "installing: $${missing[*]}"
	    "$${root[@]}" apt-get update -q >/dev/null
	    "$${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "$${missing[@]}" >/dev/null
	  else
	    echo "please install: $${missing[*]}" >&2; exit 1
	  fi
	fi
	command -v cargo >/dev/null || { echo "please install Rust 1.90 or newer" >&2; exit 1; }
endef

# OpenSSL is compiled into the binary, and its build asks for Perl.
setup-run:
	@$(call need,cc:build-essential curl:curl perl:perl)

setup-test:
	@$(call need,cc:build-essential curl:curl perl:perl script:bsdutils chromium:chromium strace:strace python3:python3 dpkg:fonts-noto-cjk)

# What can be missing: the tests that need it say that they were skipped.
setup-kafka: setup-test
	@($(call need,java:default-jre-headless mvn:maven kcat:kcat openssl:openssl pip3:python3-pip promtool:prometheus)) || true
	tests/kafka/fetch || echo "the jars of Apache Kafka could not be had; its tests will be skipped"
	[ -d target/kafka/python/kafka ] || pip3 install -q --disable-pip-version-check --root-user-action=ignore \
	  --target target/kafka/python kafka-python==2.2.15 lz4==4.4.5 || echo "kafka-python could not be had; its test will be skipped"

run: setup-run
	@cargo build --release --locked
	mkdir -p "$(DATA)"
	target/release/xianshen serve --listen "$(LISTEN)" --data "$(DATA)" --config "$(CONFIG)" &
	server=$$!
	# Ctrl-C reaches the server, too; it stops cleanly and this waits for it.
	trap 'kill -TERM $$server 2>/dev/null || true; wait $$server || true; echo "stopped; the data stays in $(DATA)/"; exit 0' INT TERM
	for ((tries = $(READY_SECONDS_MAX) * 5; ; tries--)); do
	  curl -fsS -o /dev/null "http://$(LISTEN)/readyz" 2>/dev/null && break
	  kill -0 $$server 2>/dev/null || { wait $$server && code=0 || code=$$?; echo "the server ended with status $$code" >&2; exit 1; }
	  [ $$tries -gt 0 ] || { echo "not ready after $(READY_SECONDS_MAX) s" >&2; kill -TERM $$server; wait $$server || true; exit 1; }
	  sleep 0.2
	done
	taken=0; refused=0
	for sample in samples/*.json; do
	  status=$$(curl -sS -o /dev/null -w '%{http_code}' -H 'content-type: application/json' --data-binary "@$$sample" "http://$(LISTEN)/v1/drafts" || true)
	  if [ "$$status" = 202 ]; then taken=$$((taken + 1)); else refused=$$((refused + 1)); echo "  $$sample: HTTP $$status" >&2; fi
	done
	echo
	echo "  $$taken of $$((taken + refused)) sample drafts taken."
	echo "  Look at:  http://$(LISTEN)/            the queues (审校台)"
	echo "            http://$(LISTEN)/metrics     figures for Prometheus"
	echo "  Ctrl-C stops; the data is in $(DATA)/."
	echo
	wait $$server

test: setup-test setup-kafka
	@cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	# A test that cannot run here prints SKIPPED and why; what a passing test prints is otherwise hidden.
	mkdir -p target
	# The same draws every time: a change is judged by what it changes. `make explore` draws others.
	PROPTEST_RNG_SEED="$${PROPTEST_RNG_SEED:-20241231}" cargo test --locked -- --show-output | tee target/test.log
	grep -h '^SKIPPED' target/test.log | sort -u || true
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --document-private-items
	if cargo deny --version >/dev/null 2>&1; then
	  cargo deny --log-level error check --hide-inclusion-graph bans licenses sources
	else
	  echo "SKIPPED: licences and bans of dependencies (cargo-deny is not installed)"
	fi

quick:
	@cargo test --locked --lib --test tidy

PROPERTY_FACTOR ?= 20

explore:
	@PROPTEST_CASES="$$((256 * $(PROPERTY_FACTOR)))" cargo test --release --locked --lib --test properties

bench: setup-run
	@cargo bench --locked --bench judge

FAULT_ROUNDS ?= 100

kafka-faults: setup-kafka
	@XIANSHEN_FAULT_ROUNDS="$(FAULT_ROUNDS)" cargo test --release --locked --test kafka -- --nocapture --test-threads=1 real faults

kafka-figures: setup-kafka
	@cargo bench --locked --bench kafka

schema:
	@cargo build --locked
	for shape in draft verdict finding; do target/debug/xianshen schema "$$shape" > "docs/schema/$$shape.json"; done

docs: schema
	@target/debug/xianshen codes > docs/codes.md.new
	mv docs/codes.md.new docs/codes.md
