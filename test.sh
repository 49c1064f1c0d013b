#!/usr/bin/env bash
# Set up a virtual environment and run every notebook as a test. VENV names the environment's folder.
set -euo pipefail
cd "$(dirname "$0")"
venv=${VENV:-.venv}
# One computing thread a notebook: notebooks run side by side, one a core.
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/python" -m pip install -q -e '.[dev]'
exec "$venv/bin/nbdev_test" --do_print
