# make demo: the product on this machine.   make test: every test.   make lint: style, types, contracts.
# PORT=, STATE=, PYTHON= and CHROMIUM= can be set.

VENV := .venv
BIN := $(VENV)/bin
MODERN := import sys; sys.exit(sys.version_info < (3, 11))

# Programs and the packages of Debian that have them.
SERVERS := initdb:postgresql redis-server:redis-server nginx:nginx wget:wget \
  prometheus:prometheus prometheus-alertmanager:prometheus-alertmanager \
  prometheus-blackbox-exporter:prometheus-blackbox-exporter rsstail:rsstail \
  /usr/lib/nagios/plugins/check_http:monitoring-plugins-basic \
  /usr/lib/nagios/plugins/centreon_plugins.pl:centreon-plugins lwp-request:libwww-perl jpath:libjson-path-perl

# What a production installation would set; `check --deploy` sees the product as it is run there.
PRODUCTION := SECRET_KEY=lint-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXYZ \
  BASE_URL=https://status.example.com ALLOWED_HOSTS=status.example.com DEBUG=0 \
  DATABASE_URL=postgresql://statuspage@database.example.com/statuspage REDIS_URL=redis://redis.example.com/0

.PHONY: setup demo dev test lint lint-code lint-templates lint-docker bench chaos mutants messages chromium servers clients

setup:
	@$(call install,dev)

demo:
	@$(call install,demo)
	@exec $(BIN)/python manage.py demo

# The demo, begun anew whenever code or a template changes.
dev: setup
	@exec $(BIN)/watchfiles --sigint-timeout 30 --filter all '$(BIN)/python manage.py demo --end-with-parent' \
	  incidents notifications statuspage templates

# Browsers two at a time, and whole processes alone: more hold each other up.
test: setup chromium servers clients
	$(BIN)/python -m pytest -q -n 2 --dist loadgroup -m "not browser and not processes"
	$(BIN)/python -m pytest -q -n 2 --dist loadgroup -m "browser and not processes"
	$(BIN)/python -m pytest -q -m processes

# In parts, as a commit asks for them by what it touches (.pre-commit-config.yaml).
lint: lint-code lint-templates lint-docker

lint-code: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/bandit -q -r -c pyproject.toml statuspage incidents notifications manage.py
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(PRODUCTION) $(BIN)/python -W ignore manage.py check --deploy --fail-level WARNING

lint-templates: setup
	$(BIN)/djlint templates --check --quiet
	$(BIN)/djlint templates --lint --quiet

lint-docker: setup
	$(BIN)/hadolint docker/Dockerfile
	$(BIN)/check-jsonschema -q --builtin-schema vendor.compose-spec docker/compose.yaml
	@if command -v nginx >/dev/null; then folder=$$(mktemp -d); \
	  sed "s#/tmp/#$$folder/#" docker/nginx.conf >$$folder/nginx.conf; \
	  nginx -t -q -e /dev/stderr -c $$folder/nginx.conf; found=$$?; rm -rf $$folder; exit $$found; \
	else echo "docker/nginx.conf was not looked at: nginx is not installed (make servers)"; fi

# FULL=1: the large sets.  ONLY="NAME …": some of them.
bench: setup
	-@$(call packages,$(SERVERS) wrk:wrk)
	@$(BIN)/python -m tests.bench $(if $(FULL),--full) $(ONLY)

# ROUNDS=, SEED= and ONLY= can be set.
chaos: setup
	@$(BIN)/python -m tests.chaos $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(SEED),--seed $(SEED)) $(ONLY)

# Small changes of the code, one at a time: does a test notice? MOST=, SEED=, MINUTES= and ONLY="delivery …" can be set.
mutants: setup
	@$(BIN)/python -m tests.mutants $(if $(MOST),--most $(MOST)) $(if $(SEED),--seed $(SEED)) \
	  $(if $(MINUTES),--minutes $(MINUTES)) $(ONLY)

# Texts of the public pages: what is new into the catalogues (needs xgettext), then compiled.
messages: setup
	@$(BIN)/python manage.py makemessages -v 0 -l de -l fr -l es -l ja -l ar -i tests -i .venv -i docker -i .local \
	  -i 'templates/desk/*' -i 'templates/admin/*' --add-location file --no-wrap --no-obsolete
	@$(BIN)/python -c "import pathlib, polib; [polib.pofile(str(p)).save_as_mofile(str(p.with_suffix('.mo'))) \
	  for p in pathlib.Path('statuspage/locale').rglob('*.po')]"

chromium:
	@for name in $(CHROMIUM) chromium chromium-browser google-chrome; do \
	  if command -v "$$name" >/dev/null 2>&1; then exit 0; fi; done; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
	  echo "installing Chromium for the browser tests"; export DEBIAN_FRONTEND=noninteractive; \
	  get="apt-get install -qq -y --no-install-recommends chromium fonts-dejavu-core"; \
	  $$get >/dev/null 2>&1 || { apt-get update -qq && $$get >/dev/null; } && exit 0; fi; \
	echo "The browser tests need Chromium: install your system's package 'chromium', or set CHROMIUM= to the program." >&2; \
	exit 2

# PostgreSQL, Redis, nginx, Prometheus and what watches pages, as distributions have them, for the tests of processes, and
# what measures (wrk). They are not started: a policy-rc.d of ours says so while they are installed.
servers:
	@$(call packages,$(SERVERS))

# What others wrote to read the formats, for the tests alone: npm checks the hashes of the lock file.
clients: setup
	@$(call packages,node:nodejs npm:npm)
	@if ! cmp -s tests/clients/package-lock.json $(VENV)/clients/installed; then \
	  echo "installing tests/clients"; mkdir -p $(VENV)/clients; cp tests/clients/*.json $(VENV)/clients/; \
	  npm ci --prefix $(VENV)/clients --ignore-scripts --no-audit --no-fund --loglevel error && \
	  cp tests/clients/package-lock.json $(VENV)/clients/installed; fi

# Installs Debian's packages of $(1), pairs of program:package, where the programs are missing.
define packages
PATH="$$PATH:/usr/sbin:$$(echo /usr/lib/postgresql/*/bin | tr ' ' :)"; lacking=; \
for pair in $(1); do command -v "$${pair%%:*}" >/dev/null 2>&1 || lacking="$$lacking $${pair#*:}"; done; \
if [ -z "$$lacking" ]; then exit 0; fi; \
if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
  echo "installing$$lacking"; export DEBIAN_FRONTEND=noninteractive; policy=/usr/sbin/policy-rc.d; \
  if [ ! -e $$policy ]; then printf '#!/bin/sh\nexit 101\n' >$$policy; chmod 755 $$policy; trap "rm -f $$policy" EXIT; fi; \
  get="apt-get install -qq -y --no-install-recommends$$lacking"; \
  $$get >/dev/null 2>&1 || { apt-get update -qq && $$get >/dev/null; } && exit 0; fi; \
echo "Install your system's packages$$lacking; on Debian as root, make does it by itself." >&2; exit 2
endef

# Installs requirements/$(1).txt into .venv. What was installed is noted in a stamp with the folder's
# name (a moved .venv does not work); a mark that outlived its installation means: begin anew.
# `dev` contains `demo`.
define install
set -e; \
wanted() { echo "$$(cksum < requirements/$$1.txt) $(CURDIR)"; }; \
installed() { [ -x $(BIN)/python ] && [ ! -e $(VENV)/.installing ] && \
  [ "$$(cat $(VENV)/.installed-$$1 2>/dev/null)" = "$$(wanted $$1)" ]; }; \
if installed $(1) || installed dev; then exit 0; fi; \
if [ -e $(VENV)/.installing ]; then \
  echo "the last installation was not finished: beginning anew"; rm -rf $(VENV); \
elif cat $(VENV)/.installed-* 2>/dev/null | grep -qvF " $(CURDIR)"; then \
  echo "$(VENV) was made in another folder: beginning anew"; rm -rf $(VENV); fi; \
mkdir -p $(VENV); : > $(VENV)/.installing; \
if ! $(BIN)/python -c '$(MODERN)' 2>/dev/null; then \
  for python in $(or $(PYTHON),python3 python3.14 python3.13 python3.12 python3.11); do \
    if "$$python" -c '$(MODERN)' 2>/dev/null; then break; fi; python=; done; \
  if [ -z "$$python" ]; then rm -rf $(VENV); \
    echo "Python 3.11 or newer is needed and was not found: install it, or set PYTHON= to it." >&2; exit 2; fi; \
  if ! "$$python" -m venv --clear $(VENV) >$(VENV).log 2>&1; then rm -rf $(VENV); \
    echo "$$python can't make a virtual environment (on Debian: install python3-venv): see $(VENV).log" >&2; exit 2; fi; \
  rm -f $(VENV).log; : > $(VENV)/.installing; fi; \
echo "installing requirements/$(1).txt into $(VENV)"; \
$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements/$(1).txt; \
wanted $(1) > $(VENV)/.installed-$(1); rm $(VENV)/.installing
endef
