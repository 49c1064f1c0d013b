"""Do the quick tests notice a small wrong change? `python .ci/mutants.py`; `--some 12`: a dozen, others at each commit.

Each entry of the list in mutants_list.py makes one small mistake in one function of `qwen_ttlg`: a sign, a bound, a
factor. A forked process imports the changed module, beside the rest of the package as it is, and runs the cells
marked `#| quick` of the notebook that exports the module, in order. The mutant is killed if a test raises an
AssertionError. It does not count as killed if anything else is raised, or if the test failed over a NaN: every test
notices those, so they show nothing. A process that takes too long counts as killed. The run fails for each mutant
that survives, raises, makes NaN or no longer applies, and if the unchanged code fails. mutmut and cosmic-ray do not
fit: they run test files, and here tests are cells of notebooks and the changes are chosen by hand.
"""
import argparse, ast, hashlib, importlib, json, linecache, multiprocessing, os, re, runpy, subprocess, sys
import tempfile, time, traceback
from collections import Counter
from functools import cache
from importlib.machinery import SourceFileLoader
from pathlib import Path
from mutants_list import MUTANTS

ROOT, LIMIT, AT_ONCE = Path(__file__).resolve().parents[1], 200, 2 # seconds a process; processes
PACKAGE = ROOT/'qwen_ttlg'
RESULTS = {'survived': 40, 'killed': 41, 'nan': 42, 'raises': 43} # exit codes that nothing else uses
HEAVY = '''numpy scipy.stats cv2 av skimage.metrics matplotlib.pyplot torch torchvision lpips hypothesis
fastcore.basics fastcore.test safetensors.torch
diffusers.hooks diffusers.pipelines.qwenimage.pipeline_qwenimage_edit_plus
diffusers.schedulers.scheduling_flow_match_euler_discrete transformers.models.qwen2_5_vl.modeling_qwen2_5_vl
transformers.models.qwen2_vl.processing_qwen2_vl transformers.models.qwen2.tokenization_qwen2'''.split()

# The change

def owners(node):
    "The classes that a function with fastcore's `@patch` belongs to."
    marks = [d.func if isinstance(d, ast.Call) else d for d in getattr(node, 'decorator_list', [])]
    if isinstance(node, ast.ClassDef) or 'patch' not in [getattr(m, 'id', '') for m in marks]: return []
    return [owner.strip() for owner in ast.unparse(node.args.args[0].annotation).split('|')]

def functions(body, prefix=''):
    "Name and node of all functions and classes; a method is `Class.method`."
    for node in body:
        if not isinstance(node, (ast.FunctionDef, ast.ClassDef)): continue
        for name in [f'{owner}.{node.name}' for owner in owners(node)] or [prefix + node.name]: yield name, node
        if isinstance(node, ast.ClassDef): yield from functions(node.body, f'{prefix}{node.name}.')

@cache
def package():
    "The text of each module, and (module, name, node) of all functions and classes."
    texts = {p: p.read_text() for p in sorted(PACKAGE.rglob('*.py'))}
    return texts, [(p, n, node) for p, text in texts.items() for n, node in functions(ast.parse(text).body)]

def place(name, old):
    "Module, lines before the function, its text, lines after it; ValueError if `old` is not there once."
    texts, named = package()
    found = [(p, node) for p, n, node in named if name in (n, f'{p.stem}.{n}')]
    if len(found) != 1: raise ValueError(f'there are {len(found)} functions of this name')
    (path, node), = found
    lines, first = texts[path].split('\n'), min(n.lineno for n in [node, *node.decorator_list]) - 1
    text = '\n'.join(lines[first:node.end_lineno])
    if text.count(old) != 1: raise ValueError(f'the text is there {text.count(old)} times')
    return path, lines[:first], text, lines[node.end_lineno:]

def change(name, old, new, *further):
    "The module that holds a function and the module's text with the change; ValueError says why there is none."
    path, before, text, after = place(name, old)
    source = '\n'.join([*before, text.replace(old, new), *after])
    try:
        same = ast.dump(ast.parse(source)) == ast.dump(ast.parse(package()[0][path]))
        compile(source, str(path), 'exec')
    except SyntaxError as e: raise ValueError(f'the result is no Python: {e}') from None
    if same: raise ValueError('it changes nothing')
    return '.'.join(path.relative_to(PACKAGE).with_suffix('').parts), source

def notebook(name):
    "The notebook called `name`, or the one that exports the module `name`, such as `image.edges`."
    module = PACKAGE/f'{name.replace(".", "/")}.py'
    if not module.exists(): return next(ROOT.glob(f'nbs/**/{name}.ipynb')).resolve()
    return (module.parent/re.search(r'File to edit: (\S+\.ipynb)', module.read_text())[1]).resolve()

# In the forked process

class Changed(SourceFileLoader):
    "Import hook: one module gets the text given, all others are left alone."
    def __init__(self, module, source):
        super().__init__(f'qwen_ttlg.{module}', str(PACKAGE/f'{module.replace(".", "/")}.py'))
        self.source = source

    def get_code(self, name): return compile(self.source, self.path, 'exec')
    def find_spec(self, name, path=None, target=None):
        if name == self.name: return importlib.util.spec_from_file_location(name, self.path, loader=self)

def code_cells(path):
    cells = json.loads(path.read_text())['cells']
    return {c['id']: ''.join(c['source']) for c in cells if c['cell_type'] == 'code'}

def run_quick(path):
    "Run the quick cells of a notebook in a copy of the names of its module."
    cells = code_cells(path)
    module = re.search(r'^#\| *default_exp +([\w.]+)', '\n'.join(cells.values()), re.M)
    names = dict(vars(importlib.import_module(f'qwen_ttlg.{module[1]}'))) if module else dict(__name__=path.stem)
    quick = {i: s for i, s in cells.items() if re.match(r'(#\|.*\n)*#\| *quick *\n', s)}
    if not quick: raise LookupError(f'{path.name}: no cell is marked quick')
    os.chdir(path.parent)
    for i, source in quick.items():
        name = f'{path}#{i}'
        linecache.cache[name] = len(source), None, source.splitlines(True), name # a traceback shows the line
        exec(compile(source, name, 'exec'), names)

def has_nan(value):
    if isinstance(value, (list, tuple)): return any(map(has_nan, value))
    try: unequal = value != value; return bool(unequal.any() if hasattr(unequal, 'any') else unequal)
    except (TypeError, ValueError, RuntimeError): return False

def over_nan(error):
    "Did it fail over a NaN: in its message, in what fastcore compared, in a variable that the failed line names?"
    frames = list(traceback.walk_tb(error.__traceback__))
    compared = [f.f_locals for f, _ in frames if f.f_globals.get('__name__') == 'fastcore.test']
    values = [seen.get(name) for seen in compared for name in 'ab']
    frame, line = frames[-1]
    file, _, cell = frame.f_code.co_filename.partition('#')
    nodes = ast.walk(ast.parse(code_cells(Path(file))[cell] if cell else ''))
    named = {n.id for n in nodes if isinstance(n, ast.Name) and n.lineno == line}
    values += [{**frame.f_globals, **frame.f_locals}.get(name) for name in named]
    return has_nan(values) or bool(re.search(r'\bnan\b', str(error), re.I))

def child(notebooks, module, source, output):
    for stream in (1, 2): os.dup2(os.open(output, os.O_WRONLY | os.O_APPEND), stream)
    if module: sys.meta_path.insert(0, Changed(module, source))
    try:
        for path in notebooks: run_quick(path)
        result = 'survived'
    except AssertionError as e: traceback.print_exc(); result = 'nan' if over_nan(e) else 'killed'
    except BaseException: traceback.print_exc(); result = 'raises'
    sys.exit(RESULTS[result])

# The whole run

def run_all(jobs):
    "Yield (key, result, output) for a dict of key: (notebooks, module, source), a few at once, as they end."
    waiting, running, fork = list(jobs.items()), [], multiprocessing.get_context('fork')
    while waiting or running:
        while waiting and len(running) < AT_ONCE:
            (key, job), output = waiting.pop(0), Path(tempfile.NamedTemporaryFile(delete=False).name)
            process = fork.Process(target=child, args=(*job, output)); process.start()
            running.append((key, process, time.time(), output))
        time.sleep(.02)
        for ended in [r for r in running if not r[1].is_alive() or time.time() - r[2] > LIMIT]:
            key, process, _, output = ended
            late = process.is_alive(); process.kill(); process.join(); running.remove(ended)
            result = next((r for r, code in RESULTS.items() if code == process.exitcode), 'raises') # others: a crash
            yield key, 'time limit' if late else result, output.read_text(errors='replace'); output.unlink()

def prepare():
    "Import what is large before forking, once: nothing of the package, one thread, no GPU."
    os.environ |= dict(OMP_NUM_THREADS='1', MPLBACKEND='Agg', CUDA_VISIBLE_DEVICES='', TOKENIZERS_PARALLELISM='false')
    sys.path.insert(0, str(ROOT))
    for name in HEAVY: importlib.import_module(name)
    sys.modules['torch'].set_num_threads(1); sys.modules['cv2'].setNumThreads(1)

def chosen(mutants, some, names):
    "Those asked for; some are picked by the commit, without git by the text of the package."
    if names: mutants = [m for m in mutants if m[0] in names]
    head = subprocess.run(['git', 'rev-parse', 'HEAD'], cwd=ROOT, capture_output=True).stdout
    head = head or b''.join(p.read_bytes() for p in sorted(PACKAGE.rglob('*.py')))
    return sorted(mutants, key=lambda m: hashlib.sha256(head + repr(m).encode()).digest())[:some] if some else mutants

def out_of_date(mutants):
    "Say which entries no longer apply; with --some, too, or they would be met by chance."
    found = 0
    for name, old, *_ in mutants:
        try: place(name, old)
        except ValueError as e: found += 1; print(f'does not apply: {name}, {old!r}: {e}')
    return found

def main(mutants):
    start, results, jobs = time.time(), [], {}
    for i, (name, old, new, *further) in enumerate(mutants):
        try: module, source = change(name, old, new)
        except ValueError as e:
            results.append('does not apply'); print(f'does not apply: {name}, {old!r}: {e}')
            continue
        jobs[i] = [notebook(n) for n in [module, *(further[0] if further else [])]], module, source
    prepare()
    controls = {path: ([path], None, None) for notebooks, *_ in jobs.values() for path in notebooks}
    failed = [(path.name, result, output) for path, result, output in run_all(controls) if result != 'survived']
    for name, result, output in failed: print(f'{name} fails on the unchanged code ({result}):\n{output}')
    for i, result, output in run_all({} if failed else jobs):
        name, old, new, *_ = mutants[i]; results.append(result)
        why = output.strip().split('\n')[-1][:200] if result in ('raises', 'nan') else ''
        if result != 'killed': print(f'{result}: {jobs[i][1]}, {name}: {old!r} -> {new!r} {why}', flush=True)
    n = Counter(results); n['killed'] += n['time limit']
    print(f'{len(mutants)} mutants: {n["killed"]} killed, {n["survived"]} survived, {n["raises"]} raise, '
          f'{n["nan"]} nan, {n["does not apply"]} do not apply ({time.time() - start:.0f} s)')
    return int(bool(failed) or n['killed'] < len(mutants))

if __name__ == '__main__':
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--some', type=int, metavar='N', help='only N of them, others at each commit')
    p.add_argument('--function', action='append', metavar='NAME', help='only those of a function; repeatable')
    p.add_argument('--file', help='take the lists of another Python file')
    a = p.parse_args()
    lists = [v for v in runpy.run_path(a.file).values() if isinstance(v, list)] if a.file else [MUTANTS]
    known = {m[0] for m in sum(lists, [])}
    if unknown := [n for n in a.function or () if n not in known]:
        p.error(f'{unknown[0]!r}: no entry of the list has this function')
    if a.some and out_of_date(sum(lists, [])): sys.exit(1)
    sys.exit(main(chosen(sum(lists, []), a.some, a.function)))
