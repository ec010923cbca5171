# Two commands: make dataset, make test. Each sets up .venv first, once.
PYTHON ?= python3
RECIPE ?= demo
ARGS ?=
PAIRS ?=
VENV := .venv
BIN := $(VENV)/bin
SEEN_BY_VERSIONS := $(addprefix tests/,augment cli compose core exports faces io occluders packaging test_api.py)

CLIENTS := $(VENV).clients

.PHONY: dataset test test-slow test-oldest test-clients check schema reference bench bench-alignment bench-masks bench-natural bench-tint bench-worn bench-speed bench-gallery bench-fuzz bench-occlusion bench-unoccluded bench-soak bench-coco bench-scaling setup setup-test lock lock-clients clean

dataset: setup  ## Build a dataset: make dataset RECIPE=c-wo-mix ARGS="--data /datasets -n 1000"
	$(BIN)/natocc build $(RECIPE) $(if $(filter demo,$(RECIPE)),--overwrite) $(ARGS)

test: setup-test check  ## Run the tests, but for the slow ones
	$(BIN)/pytest -n 2

test-slow: setup-test  ## Run the slow tests: every kill point, signals again and again, a short soak, the paper's sets on real data
	$(BIN)/pytest -n 2 -m slow

test-oldest: $(VENV).oldest/.installed  ## Run the tests that see other versions, with the oldest ones that natocc works with: tests/oldest.txt
	env -u CI PYTHONPATH=$(CURDIR) $(VENV).oldest/bin/python -m pytest -p no:cacheprovider -n 2 $(SEEN_BY_VERSIONS)

test-clients: setup $(CLIENTS)/.installed  ## Exports read by the tools that they are for, which lie in an environment of their own (7 GB)
	NATOCC="$(abspath $(BIN)/natocc)" $(CLIENTS)/bin/python -m pytest -c tests/clients/pytest.ini tests/clients

check: setup  ## Style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

schema: setup  ## Write the JSON Schema of recipes anew: pipelines/recipe.schema.json
	$(BIN)/natocc recipes schema > pipelines/recipe.schema.json.new
	mv pipelines/recipe.schema.json.new pipelines/recipe.schema.json

reference: setup  ## Write the generated parts of the READMEs anew: commands, keys of recipes, options of exports, files
	$(BIN)/python tests/readme/reference.py

bench: bench-alignment bench-masks bench-natural bench-speed  ## The tables of tests/bench/README.md; the data: NATOCC_TEST_DATA, else ../shared/data

bench-alignment: setup  ## How far aligned faces lie from where they should
	$(BIN)/python tests/bench/alignment.py

bench-masks: setup  ## How well masks of photographs alone are estimated
	$(BIN)/python tests/bench/masks.py

bench-natural: setup  ## How natural composites are: colours, fringes, labels, coverage, wrists, seams, against real occluders; ARGS="--only real"
	$(BIN)/python tests/bench/natural.py $(ARGS)

bench-tint: setup  ## How well objects take on a picture's tint: against themselves in the same known tint
	$(BIN)/python tests/bench/tint.py

bench-worn: setup  ## How well what is worn lies on faces: a mask's edges against hand-placed landmarks, which turned heads are refused
	$(BIN)/python tests/bench/worn.py

bench-speed: setup  ## What a sample costs over reading and writing its files, stage by stage: make bench-speed ARGS="--json speed.json"
	$(BIN)/python tests/bench/speed.py $(ARGS)

bench-gallery: setup  ## Each switch of a composite off and on, as pictures: assets/gallery.jpg, out/gallery
	$(BIN)/python tests/bench/gallery.py

bench-soak: setup-test  ## 20 000 small samples while workers are killed and the disk is filled, then faults in pairs: ARGS="--samples 2000" PAIRS="--pairs 4"
	$(BIN)/python tests/bench/soak.py $(ARGS)
	$(BIN)/python tests/bench/faults.py $(PAIRS)

bench-coco: setup  ## COCO's index at the size of train2017: seconds and memory of the first start and of later ones
	$(BIN)/python tests/bench/coco_full_size.py $(ARGS)

bench-scaling: setup  ## Two workers against one, 100 to 10 000 samples, the start over 30 000 faces
	$(BIN)/python tests/bench/scaling.py $(ARGS)

bench-occlusion: setup-test  ## What natocc's sets are worth on real occlusions, hours on a CPU: make bench-occlusion ARGS="--set seeds=[0,1,2]"
	$(BIN)/natocc benchmark tests/bench/occlusion.yaml --data "$${NATOCC_TEST_DATA:-../shared/data}" -o out/occlusion $(ARGS)

bench-unoccluded: setup  ## How well networks tell covered faces from clean ones: make bench-unoccluded ARGS="out/net/net.onnx --held-out ids.txt"
	$(BIN)/python tests/bench/unoccluded.py $(ARGS)

bench-fuzz: setup  ## 100 000 damaged inputs to every reader: no crash, no hang, no exception but natocc's own
	$(BIN)/python tests/bench/fuzz.py $(ARGS)

setup: $(VENV)/.installed

setup-test: $(VENV)/.installed-for-tests  ## What tests alone need; it is large, so a dataset is made without it

$(VENV)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "natocc needs Python 3.11 or newer; try make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.installed-for-tests: $(VENV)/.installed tests/requirements.lock
	$(BIN)/python -m pip install --quiet --requirement requirements.lock --requirement tests/requirements.lock
	@touch $@

$(VENV).oldest/.installed: tests/oldest.txt
	$(PYTHON) -m venv $(VENV).oldest
	$(VENV).oldest/bin/python -m pip install --quiet --requirement tests/oldest.txt
	@touch $@

$(CLIENTS)/.installed: tests/clients/requirements.lock
	$(PYTHON) -m venv $(CLIENTS)
	$(CLIENTS)/bin/python -m pip install --quiet --requirement tests/clients/requirements.lock
	@touch $@

lock-clients:  ## Pin the newest versions of the tools that read exports, and of what they need
	rm -rf $(CLIENTS).lock
	$(PYTHON) -m venv $(CLIENTS).lock
	$(CLIENTS).lock/bin/python -m pip install --quiet --requirement tests/clients/requirements.in
	$(CLIENTS).lock/bin/python -m pip freeze | sed 's/+c[up][0-9a-z]*$$//' > tests/clients/requirements.lock
	rm -rf $(CLIENTS).lock

lock:  ## Pin the newest versions of all that natocc needs, and apart what its tests alone need
	rm -rf $(VENV).lock
	$(PYTHON) -m venv $(VENV).lock
	$(VENV).lock/bin/python -m pip install --quiet ".[demo,dev,test]" "hatchling>=1.27" editables
	$(VENV).lock/bin/python -m pip uninstall --quiet --yes natocc
	$(VENV).lock/bin/python -m pip freeze --all --exclude pip | sed 's/+cpu$$//' > tests/requirements.lock.new
	rm -rf $(VENV).lock
	$(PYTHON) -m venv $(VENV).lock
	$(VENV).lock/bin/python -m pip install --quiet --constraint tests/requirements.lock.new ".[demo,dev]" "hatchling>=1.27" editables
	$(VENV).lock/bin/python -m pip uninstall --quiet --yes natocc
	$(VENV).lock/bin/python -m pip freeze > requirements.lock
	grep --line-regexp --fixed-strings --invert-match --file requirements.lock tests/requirements.lock.new > tests/requirements.lock
	rm -rf $(VENV).lock tests/requirements.lock.new

clean:  ## Remove what make made
	rm -rf $(VENV) $(VENV).oldest $(CLIENTS) out natocc-cache
