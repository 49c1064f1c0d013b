#!/usr/bin/env bash
# Set up a virtual environment and run every notebook as a test. VENV names the environment's folder.
set -euo pipefail
cd "$(dirname "$0")"
venv=${VENV:-.venv}
# One computing thread a notebook: notebooks run side by side, one a core. Nothing is fetched from the hub.
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1} HF_HUB_OFFLINE=${HF_HUB_OFFLINE:-1}
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
# The tutorials with the library alone, as a reader has it; then all others, which need the development packages.
export VIRTUAL_ENV=$(cd "$venv" && pwd) # IPython looks for packages there, too
"$venv/bin/python" -m pip install -q --no-compile -e .
"$venv/bin/python" .ci/tutorials.py && tutorials=0 || tutorials=$?
"$venv/bin/python" -m pip install -q --no-compile -e '.[dev]'
"$venv/bin/nbdev_test" --do_print --skip_folder_re '^([_.].*|start|guides|concepts|evidence)$'
exit "$tutorials"
