"""Run every tutorial, all of its cells, as "Run All" does: `python .ci/tutorials.py`, with the library alone installed.

A reader has neither nbdev nor what else the development of this package needs, so the tutorials must do without. Each
runs in a process of its own, in its folder; several at a time, one a core. The lines are those of `nbdev_test`.
"""
import json, os, subprocess, sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ('start', 'guides', 'concepts', 'evidence')

def run(notebook):
    "In a process of its own: all code cells, until one fails."
    from IPython.core.interactiveshell import InteractiveShell
    os.chdir(notebook.parent)
    shell = InteractiveShell.instance()
    for cell in json.loads(notebook.read_text())['cells']:
        if cell['cell_type'] != 'code': continue
        result = shell.run_cell(''.join(cell['source']))
        if not result.success:
            sys.exit(f'{notebook}, cell {cell["id"]}: {result.error_in_exec or result.error_before_exec!r}')

def code_length(notebook):
    return sum(len(''.join(c['source'])) for c in json.loads(notebook.read_text())['cells'] if c['cell_type'] == 'code')

def in_process(notebook):
    print(f'Starting {notebook}', flush=True)
    process = subprocess.run([sys.executable, __file__, notebook], text=True, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT,
                             env=os.environ | dict(MPLBACKEND='module://matplotlib_inline.backend_inline'))
    if process.returncode: print(process.stdout[-4000:], flush=True)
    print(f'- Completed {notebook}', flush=True)
    return process.returncode

if __name__ == '__main__':
    if len(sys.argv) > 1: run(Path(sys.argv[1])); sys.exit()
    pages = [p for folder in FOLDERS for p in ROOT.glob(f'nbs/{folder}/*.ipynb')]
    notebooks = sorted(pages, key=code_length, reverse=True) # the longest ones first, so that all end together
    with ThreadPoolExecutor(os.cpu_count()) as pool: codes = list(pool.map(in_process, notebooks))
    failed = [n for n, code in zip(notebooks, codes) if code]
    if failed: print('\nTests Failed On The Following Notebooks:', *(f'\n\t{n.name}' for n in failed), sep='')
    sys.exit(bool(failed))
