"""Run every tutorial, all of its cells, as "Run All" does: `python .ci/tutorials.py`, with the library alone installed.

A reader has neither nbdev nor what else the development of this package needs, so the tutorials must do without. Each
runs in a process of its own, in its folder; several at a time, one a core. The processes are forked from one that has
imported the library, which spares each of them the seconds of its imports. The lines are those of `nbdev_test`.
"""
import json, multiprocessing, os, sys, tempfile
from multiprocessing.connection import wait
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ('start', 'guides', 'concepts', 'evidence')

def run(notebook, log):
    "All code cells, until one fails; what they print goes into the file `log`."
    for stream in (sys.stdout, sys.stderr): os.dup2(log.fileno(), stream.fileno())
    from IPython.core.interactiveshell import InteractiveShell
    os.chdir(notebook.parent); sys.path[0] = ''
    shell = InteractiveShell.instance()
    for cell in json.loads(notebook.read_text())['cells']:
        if cell['cell_type'] != 'code': continue
        result = shell.run_cell(''.join(cell['source']))
        if not result.success:
            sys.exit(f'{notebook}, cell {cell["id"]}: {result.error_in_exec or result.error_before_exec!r}')

def code_length(notebook):
    return sum(len(''.join(c['source'])) for c in json.loads(notebook.read_text())['cells'] if c['cell_type'] == 'code')

def start(notebook):
    print(f'Starting {notebook}', flush=True)
    log = tempfile.TemporaryFile('w+')
    process = multiprocessing.get_context('fork').Process(target=run, args=(notebook, log)); process.start()
    return process, log

def passed(process, notebook, log):
    process.join(); log.seek(0)
    if process.exitcode: print(log.read()[-4000:], flush=True)
    print(f'- Completed {notebook}', flush=True)
    return not process.exitcode

if __name__ == '__main__':
    os.environ['MPLBACKEND'] = 'module://matplotlib_inline.backend_inline'
    import IPython, matplotlib.pyplot, qwen_ttlg.app.cli, qwen_ttlg.app.explore # noqa: F401, imported for all processes
    pages = [p for folder in FOLDERS for p in ROOT.glob(f'nbs/{folder}/*.ipynb')]
    waiting = sorted(pages, key=code_length) # the longest ones first, so that all end together
    running, failed = {}, []
    while waiting or running:
        while waiting and len(running) < os.cpu_count():
            notebook = waiting.pop(); process, log = start(notebook); running[process.sentinel] = process, notebook, log
        for sentinel in wait(running):
            process, notebook, log = running.pop(sentinel)
            if not passed(process, notebook, log): failed.append(notebook)
    if failed: print('\nTests Failed On The Following Notebooks:', *(f'\n\t{n.name}' for n in failed), sep='')
    sys.exit(bool(failed))
