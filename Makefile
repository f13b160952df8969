# make demo and make test do all the set-up a fresh Debian machine with git, make and Go needs.

GO      ?= go
BIN     := bin/rowferry
RELEASE ?=
COMMIT  := $(shell git rev-parse --short=12 HEAD 2>/dev/null)
STAMP   := $(if $(RELEASE),-X main.release=$(RELEASE)) $(if $(COMMIT),-X main.commit=$(COMMIT))

.PHONY: octokit axe chaos kills scale soak soaked servers console pictures htmx build demo test unit raced killed plain rest lint formatted compiled checked fuzz mutated redrops cross corpus workbooks bench release generate validator packages clean

build:
	@mkdir -p bin
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(STAMP)' -o $(BIN) ./cmd/rowferry

demo: build
	$(BIN) demo

# The demo with its console open, for looking; the address and a user are printed.
console: build
	$(BIN) demo --console 127.0.0.1:8420

# The pictures of docs/console.md, of the demo's console.
pictures: build
	@$(BIN) demo --dir $(or $(TMPDIR),/tmp)/rowferry-pictures --console 127.0.0.1:8429 & demo=$$!; trap 'kill $$demo' EXIT; \
	for i in $$(seq 120); do sleep 0.5; curl -so /dev/null http://127.0.0.1:8429/ && break; done; sleep 20; \
	$(GO) run ./console/pictures -docs -address http://127.0.0.1:8429 -to docs/console

# htmx as npm has it: one file that is committed, so that building needs no node.
HTMX := 2.0.11
htmx:
	cd $$(mktemp -d) && npm pack --silent htmx.org@$(HTMX) && tar xzf htmx.org-$(HTMX).tgz && \
	cp package/dist/htmx.min.js $(CURDIR)/console/static/ && \
	(echo 'htmx.org $(HTMX) (npm), dist/htmx.min.js, unchanged. make htmx fetches it again.'; echo; cat package/LICENSE) > $(CURDIR)/console/static/htmx.LICENSE.txt

# axe-core as npm has it: one file that only tests load.
AXE := 4.11.0
axe:
	cd $$(mktemp -d) && npm pack --silent axe-core@$(AXE) && tar xzf axe-core-$(AXE).tgz && \
	cp package/axe.min.js $(CURDIR)/console/testdata/ && \
	(echo 'axe-core $(AXE) (npm), axe.min.js, unchanged. Only tests load it. make axe fetches it again.'; echo; cat package/LICENSE package/LICENSE-3RD-PARTY.txt) > $(CURDIR)/console/testdata/axe.LICENSE.txt

# Everything that must hold: style, races, the scripts of the README, the readers against the corpus, other systems' compilers.
# What packages install takes the network and the disk while all that the tests are of is compiled. Then three things at a time: most
# tests wait for something most of the time. The soak waits most, so it is first; the kills come when what they are built of is there.
test: formatted
	$(MAKE) --no-print-directory -j2 packages compiled
	$(MAKE) --no-print-directory -j3 soaked raced plain mutated rest checked killed

# One way of building for all that runs without the race detector, which is a release's: the compiler's cache then serves each of them.
PLAIN := compiled checked plain rest soaked mutated fuzz
$(PLAIN): export CGO_ENABLED := 0
$(PLAIN): export GOFLAGS := -trimpath -gcflags=all=-dwarf=false $(shell sed "s/.*/'-gcflags=&=-dwarf=false -l'/" packaging/seldom.txt)

# Vetted once, by checked: go test would do it again for each way of building, and all modules that we use with it.
TEST := $(GO) test -vet=off

# With the race detector: what starts goroutines, or is called by several (RACED; a test of the house knows whom it must name). Of the
# command it is the kills, a third of them. Without it: the command's scripts, all kills, what takes long (LONG) and the house; then what
# -short leaves out of the pipeline (WHOLE) and of a few others, and all the rest.
# A test of the house knows that the names are there.
RACED := console inbox ledger ledger/postgres ledger/sqlite mappers outbox pipeline pipeline/desk pipeline/exposition pipeline/notify pipeline/opening \
	pipeline/report pipeline/send pipeline/take pipeline/traces places/local places/placestest places/sftp places/sftp/sshdtest \
	senders senders/exchange senders/exchange/pooled senders/exchange/standard senders/oauth senders/pace senders/session senders/signed simulator
LONG  := . cmd/rowferry pipeline/redrop outbox/workbook packaging readers/workbook readers/csvfile readers/xmlfile bench/corpus templates
OTHERS = $(filter-out $(MODULE) $(addprefix $(MODULE)/,$(RACED) $(LONG)),$(shell $(GO) list ./...))
MODULE := github.com/rowferry/rowferry
WHOLE := TestTenThousandFilesAtOnce|TestOnceEndsWhenAResultCannotBePut|TestTheirDocuments|TestBuiltinRequests
INBOX := TestNoDayIsSkipped|TestTenThousandFilesAtOnce|TestTenThousandFilesAreListedOnce
KILLS := TestKilledAgainAndAgain|TestKilledWithAFaultyProvider|TestKilledOverSFTP
unit: raced killed plain rest soaked

# SQLite itself, which is C turned into Go, is not watched for races: it shares nothing with us but through its driver, which is
# watched, and a test that keeps books takes half the time. Nor is the hash of passwords, which shares nothing at all. What tests
# hardly run is compiled without optimising, which takes half the time.
UNWATCHED := modernc.org/sqlite/lib modernc.org/libc/... modernc.org/memory golang.org/x/crypto/argon2
HARDLY    := github.com/pb33f/... github.com/chromedp/... github.com/riverqueue/... github.com/prometheus/... github.com/grafana/... google.golang.org/...
RACE := -race -gcflags=all=-dwarf=false $(foreach p,$(UNWATCHED),'-gcflags=$(p)=-race=false -dwarf=false') $(foreach p,$(HARDLY),'-gcflags=$(p)=-dwarf=false -N -l')

# Four packages at a time, where the others take two: they wait for one another more than they reckon, and all others are done before them.
raced:
	$(TEST) -p 4 $(RACE) -short -timeout 22m $(addprefix ./,$(RACED))

killed:
	$(TEST) $(RACE) -short -timeout 22m ./cmd/rowferry -run '^($(KILLS))$$'

plain:
	$(TEST) -timeout 22m -skip '^TestSoak$$' $(addprefix ./,$(LONG))

rest:
	$(TEST) -timeout 22m ./pipeline -run '^($(WHOLE))$$'
	$(TEST) -timeout 22m ./inbox -run '^($(INBOX))$$'
	$(TEST) -timeout 22m ./ledger/sqlite ./ledger/postgres -run '^TestLedger$$/^many_prints$$'
	$(TEST) -timeout 22m -short $(OTHERS)

# A minute of make soak, beside all others.
soaked:
	$(TEST) -timeout 22m ./cmd/rowferry -run '^TestSoak$$'

lint: formatted checked

formatted:
	@bad="$$(gofmt -l .)"; [ -z "$$bad" ] || { echo 'gofmt: these files are not formatted:' $$bad >&2; exit 1; }

# What go vet and staticcheck look for. It collects its garbage seldom, and the compiler too: a tenth of their time.
checked:
	cd packaging/lint && $(GO) build -o ../../bin/lint .
	GOGC=300 bin/lint ./...

# All that is built without the race detector, tests too.
compiled:
	GOGC=300 $(GO) list -export -deps -test -f '{{with .Error}}{{.}}{{end}}' ./...

# So many inputs for each reader; failures are kept in testdata/fuzz. A number, not a time: at the end of a time, go test of
# Go 1.26 may call a sound run failed ("context deadline exceeded", go.dev/issue/75804). Without a bound, finding the
# smallest form of an interesting input takes longer than all the rest.
TARGETS := readers/csvfile:FuzzCSV readers/workbook:FuzzWorkbook readers/workbook:FuzzSheet readers/workbook:FuzzKinds readers/xmlfile:FuzzXML
INPUTS  ?= 100000
fuzz:
	for t in $(TARGETS); do $(TEST) ./$${t%:*} -run '^$$' -fuzz "^$${t#*:}$$" -fuzztime $(INPUTS)x -fuzzminimizetime 10x -parallel 4 || exit; done

# The short form: inputs changed at random from the same seeds, by tests as all others build them. Who asks go test itself to fuzz has all
# that a reader is of compiled again, so that it tells which inputs reach new code: in a short run that costs more than the inputs.
mutated:
	for t in $(TARGETS); do $(TEST) ./$${t%:*} -run '^$$' -args -test.fuzz="^$${t#*:}$$" -test.fuzztime=20000x -test.fuzzminimizetime=10x \
		-test.parallel=4 -test.fuzzcachedir="$${TMPDIR:-/tmp}/rowferry-mutated" || exit; done

# Results as programs and people change them, dropped again: each is a service of its own, so it takes a while.
redrops:
	$(TEST) ./pipeline/redrop -run '^$$' -fuzztime 300x -fuzzminimizetime 1x -parallel 2 -fuzz '^FuzzRedrop$$'

# That it builds elsewhere too; unoptimised, for nobody runs it, in little more than half the time. The tests check its types only;
# make release builds all.
cross:
	GOOS=windows GOARCH=amd64 $(GO) build -gcflags='all=-N -l' -o /dev/null ./cmd/rowferry
	GOOS=darwin  GOARCH=arm64 $(GO) build -gcflags='all=-N -l' -o /dev/null ./cmd/rowferry

# What places, inboxes and outboxes must do, on other people's SFTP servers: docs/sftp.md.
servers:
	$(GO) test ./places/placestest/servers

# The readers' score on real files (CORPUS=folder), with each miss.
corpus:
	$(GO) test ./bench/corpus -run TestCorpus -count=1 -v $(if $(CORPUS),-corpus $(abspath $(CORPUS)))

# A thousand workbooks, each as three other programs write it, a tenth of them also as LibreOffice converts it, cell by cell (the tests take four);
# then what reading a .xls costs beside the same .xlsx and beside LibreOffice.
workbooks: packages
	ROWFERRY_WORKBOOKS=1000 $(GO) test ./readers/workbook -run TestOpinions -v -timeout 60m
	ROWFERRY_BENCH=65535x30 $(GO) test ./readers/workbook -run '^$$' -bench OldFormat -benchtime 3x

# Machines that share a PostgreSQL are killed, suspended, told to end, cut off, slowed down and lose their database, each so many times; the tests do it once.
chaos: packages
	ROWFERRY_CHAOS=$(or $(ROUNDS),20) $(GO) test ./cmd/rowferry -run TestMachinesTakeOver -v -timeout 60m

# The kills of the tests, ten times as many (ROUNDS): of the service with a good provider, a faulty one, a partner's server, and a PostgreSQL.
kills: packages
	ROWFERRY_KILLS=$(or $(ROUNDS),10) $(GO) test ./cmd/rowferry -run '^($(KILLS)|TestKilledOnPostgreSQL)$$' -v -timeout 120m

# Many accounts on machines that share a PostgreSQL, as MACHINES ACCOUNTS RATE CONCURRENCY ROWS ANSWERS: docs/scale.md. The tests take six accounts.
scale: packages
	ROWFERRY_SCALE="$(or $(SCALE),3 200 10 2 1800 50ms)" $(GO) test ./cmd/rowferry -run '^TestScale$$' -v -timeout 60m

# The service under all that happens in months: all routes, orders, the console, reloads, sweeps, faults (SOAK=10m); the tests take a minute.
soak: packages
	ROWFERRY_SOAK=$(or $(SOAK),10m) $(GO) test ./cmd/rowferry -run '^TestSoak$$' -v -timeout 60m

# Ratios against a bare loop on this machine; docs/performance.md says what they mean. AGAINST=REVISION compares with the build of that one.
bench:
	$(GO) run ./bench $(if $(AGAINST),-against $(AGAINST))

# One operation of GitHub's own description, 12 MB in one file: within a second and 150 MB, or it fails.
OCTOKIT := 22.0.0
octokit:
	@dir=$$(mktemp -d); trap 'rm -rf $$dir' EXIT; cd $$dir && npm pack --silent @octokit/openapi@$(OCTOKIT) && \
	tar xzf octokit-openapi-$(OCTOKIT).tgz package/generated/api.github.com.json && cd $(CURDIR) && \
	$(GO) run ./bench/octokit $$dir/package/generated/api.github.com.json issues/create

# What a release consists of, in dist/: programs for four systems, Debian and RPM packages, checksums, a list of parts (SBOM).
release:
	packaging/release.sh dist "$(or $(RELEASE),0.0.0-dev)" linux/amd64 linux/arm64 windows/amd64 darwin/arm64

generate:
	$(GO) generate ./...

# Debian packages that the tests need: a C compiler for the race detector, a real sshd for SFTP, other programs' eyes on our workbooks; node, from wherever, for
# other people's validators.
APT := gcc libc6-dev openssh-server openssl python3-openpyxl libreoffice-calc-nogui python3-uno gnumeric python3-xlrd python3-xlwt python3-odf libspreadsheet-writeexcel-perl chromium fonts-wqy-microhei \
	proftpd-core proftpd-mod-crypto rclone fuse3 python3-asyncssh erlang-base erlang-ssh python3-twisted rpm systemd postgresql prometheus curl jq
packages:
	@missing=""; command -v node >/dev/null || missing=" nodejs"; for p in $(APT); do dpkg -s $$p >/dev/null 2>&1 || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then \
		echo "installing$$missing"; \
		if [ "$$(id -u)" = 0 ]; then SUDO=; else SUDO=sudo; fi; \
		$$SUDO apt-get update -q && DEBIAN_FRONTEND=noninteractive $$SUDO apt-get install -y -q --no-install-recommends $$missing; \
	fi

# Other people's validators, as npm has them, with the licences of all that they bundle. After a change of a version here: this, and
# go test ./pipeline -run TestTheirDocuments.
AJV := 8.17.1
AJV_FORMATS := 3.0.1
JS_YAML := 4.1.0
VALIDATOR := pipeline/testdata/validator
validator:
	rm -rf dist/validator && mkdir -p dist/validator
	cd dist/validator && npm install --silent --no-save --ignore-scripts --no-audit --no-fund ajv-dist@$(AJV) ajv@$(AJV) ajv-formats@$(AJV_FORMATS) js-yaml@$(JS_YAML)
	sed '/^\/\/# sourceMappingURL=/d' dist/validator/node_modules/ajv-dist/dist/ajv2020.min.js >$(VALIDATOR)/ajv2020.min.js
	sed '/^\/\/# sourceMappingURL=/d' dist/validator/node_modules/ajv-formats/dist/formats.js >$(VALIDATOR)/formats.js
	cp dist/validator/node_modules/js-yaml/dist/js-yaml.min.js $(VALIDATOR)/js-yaml.min.js
	cd dist/validator/node_modules && { \
		echo "ajv2020.min.js: ajv-dist $(AJV), which bundles ajv $(AJV), fast-deep-equal, fast-uri and json-schema-traverse; formats.js: ajv-formats $(AJV_FORMATS);"; \
		echo "js-yaml.min.js: js-yaml $(JS_YAML); all from npm, unchanged but for the lines that name source maps. make validator writes this folder anew."; \
		for p in ajv ajv-formats fast-deep-equal fast-uri json-schema-traverse js-yaml; do printf '\n---- %s\n\n' $$p; cat $$p/LICENSE; done; \
	} >$(CURDIR)/$(VALIDATOR)/LICENSES.txt
	rm -rf dist/validator

clean:
	rm -rf bin demo dist
