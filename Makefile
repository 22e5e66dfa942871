# Every target works from a fresh clone: it sets up what it needs. `make` alone lists them.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.NOTPARALLEL:
.DEFAULT_GOAL := help

# Lengths of the tortures in `make check`, in seconds: of each variant, and of each of the two with everything at once.
CHECK_SECONDS ?= 60
SOAK_SECONDS ?= 300

# Tests reach internals through `package` access, never `@testable`: without testability the release tests share every
# object with `swift build -c release`, and `make demo` and `make test` build it once.
RELEASE_TEST := -c release --disable-testable-imports

# Builds with the trait are different code, so they live in a folder of their own. The tests in debug are such a build, so that the
# saboteurs need no other.
DELAYS := --traits Delays --scratch-path .build-delays

.PHONY: help setup demo test check tsan asan conformance model docs format lint bench clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

setup: ## check the toolchain; install libffi and capstone with apt-get if they are missing
	@scripts/setup

demo: setup ## build, then walk functions through the whole life of a call site
	swift build -c release --product ftrace
	.build/release/ftrace life

test: setup ## the tests in debug and release, 5 s of torture, the saboteurs (under 10 minutes)
	swift test $(DELAYS)
	swift test $(RELEASE_TEST)
	swift build -c release --product ftrace
	.build/release/ftrace torture --seconds 5 --threads 4
	Tests/scripts/sabotage-test.sh .build/release/ftrace .build-delays/debug/ftrace

check: setup tsan asan docs ## the long runs: plain debug, sanitizers, tests without membarrier, signals at once, models, torture (CHECK_SECONDS=60 SOAK_SECONDS=300)
	swift test
	Models/run --long
	FTRACE_MEMBARRIER=off swift test $(RELEASE_TEST)
	FTRACE_TEST_GRACE_US=0 FTRACE_TEST_REDEFINITIONS=1000000 swift test $(RELEASE_TEST)
	swift build -c release --product ftrace
	.build/release/ftrace torture --seconds $(CHECK_SECONDS) --threads $$((2 * $$(nproc) + 1))
	.build/release/ftrace torture --seconds $(CHECK_SECONDS) --grace 0 --churn --daemon --mapping toggling
	.build/release/ftrace torture --seconds $(CHECK_SECONDS) --grace 0 --functions 4 --recording at-emission --threads $$((4 * $$(nproc)))
	.build/release/ftrace torture --seconds $(SOAK_SECONDS) --grace 0 --churn --fork --daemon --threads $$((2 * $$(nproc) + 1))
	FTRACE_MEMBARRIER=off .build/release/ftrace torture --seconds $(CHECK_SECONDS) --churn --fork --daemon
	swift build -c release $(DELAYS) --product ftrace
	.build-delays/release/ftrace torture --seconds $(SOAK_SECONDS) --delays --grace 0 --churn --fork --daemon

tsan: setup ## tests of what threads share, with the thread sanitizer
	@scripts/sanitize thread

asan: setup ## the same tests with the address sanitizer
	@scripts/sanitize address

conformance: setup ## run the tests; print the verdict on each row of Documentation/Conformance.md
	@scripts/conformance

model: ## prove the quiesce lock: every state of its models, with spin (installed with apt-get if it is missing)
	@Models/run

docs: setup ## build each DocC catalogue into .build/documentation
	@scripts/docs

format: ## format the Swift sources in place
	git ls-files -z '*.swift' | xargs -0 swift format format --in-place --parallel

lint: ## formatting, scripts, links and stray paths, without a build
	@scripts/lint

bench: setup ## the benchmarks: table on standard output (QUICK=1 for a short run, JSON=FILE for a file)
	swift run -c release --package-path Benchmarks ftrace-benchmarks $(if $(QUICK),--quick) $(if $(JSON),--json '$(JSON)')

clean: ## remove what was built
	rm -rf .build .build-delays .build-tsan .build-asan Benchmarks/.build Examples/Embedding/.build
