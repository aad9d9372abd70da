# permithub: `make` prints what can be made.
SHELL       := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# The command that runs tests; .ci/run puts a counter before it.
GO_TEST ?= go test
# The linter is kept in a module of its own, so that the hub's go.mod lists only what the hub uses.
LINT := go tool -modfile=tools/go.mod golangci-lint

.PHONY: help build demo up down check vet lint generated slo unit test torture fmt deps bench

help: ## print this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build ./permithub: one static binary
	CGO_ENABLED=0 go build -trimpath -o permithub .

demo: build ## show the hub at work: embedded servers, simulated neighbours, no network
	./permithub demo

up: bin/local ## run three Kafka brokers (127.0.0.1:19092-19094) and Redis (127.0.0.1:16379) until `make down`
	@bin/local up

down: bin/local ## stop what `make up` started; the data stays in deploy/local/run
	@bin/local down

check: vet lint generated unit ## everything quick: vet, lint, generated files, tests with the race detector

test: deps bin/with-kafka ## every test, with three Kafka brokers and redis-server
	bin/with-kafka $(GO_TEST) -tags kafka -count=1 -p 2 -timeout 20m ./...

# A run that fails names its seed: the same seed strikes the same blows at the same times.
DURATION ?= 10m
SEED     ?= $(shell date +%s)

torture: deps bin/with-kafka ## break everything that can break while people apply, then audit; DURATION=10m, SEED=n repeats a run
	bin/with-kafka go test -tags kafka -count=1 -timeout 0 -v -run '^TestTorture$$' ./e2e -torture.duration=$(DURATION) -torture.seed=$(SEED)

# The peers are in a module of their own: they are downloaded when somebody benches, and never get into the hub's go.mod.
ROUNDS ?= 3
ONLY ?=
bench: deps bin/bench ## measure the hub beside its peers, 40 min; ROUNDS=1 ONLY=pipeline for less (also: effects latency groups deadlines scale restore)
	bin/bench run --rounds $(ROUNDS) --out bench/results $(foreach part,$(ONLY),--only $(part))
	bin/bench report --out bench/results --readme README.md

fmt: ## format the Go source
	$(LINT) fmt ./...

deps: ## install the servers that tests need (Debian as root; elsewhere: say what to install)
	@deploy/local/deps

# The benchmark is looked at where its modules are at hand; nothing is downloaded for it.
vet:
	go vet -tags kafka ./...
	go -C tools/operations vet ./dashboards
	go -C tools/openid vet .
	@cd bench && if GOPROXY=off go list -deps ./... >/dev/null 2>&1; then go vet ./...; else echo "vet: bench left out, its modules are not here"; fi

lint:
	$(LINT) run ./...
	cd tools/operations && go tool -modfile=../go.mod golangci-lint run -c ../../.golangci.yml ./dashboards
	cd tools/openid && go tool -modfile=../go.mod golangci-lint run -c ../../.golangci.yml .

# Compares the whole tree before and after, so that it also works where something is not committed yet.
generated:
	@tree() { git ls-files -coz --exclude-standard | xargs -0 sha256sum 2>/dev/null || true; }; \
	before=$$(tree); go generate ./...; after=$$(tree); \
	if ! diff <(echo "$$before") <(echo "$$after"); then \
		echo "generated files were out of date: commit what go generate ./... has just written" >&2; exit 1; \
	fi

slo: ## have sloth write the burn-rate rules of deploy/prometheus/slo again (compiles for minutes; a test says when it is due)
	go -C tools/operations run ./slo

unit: deps
	$(GO_TEST) -race -short -timeout 10m ./...

.PHONY: bin/local bin/with-kafka bin/bench
bin/bench: ; @cd bench && go build -o ../$@ .
bin/local: ; @go build -o $@ ./deploy/local
bin/with-kafka: ; @go build -o $@ ./internal/testcluster/with-kafka
