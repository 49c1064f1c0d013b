"""Imports go downward: `python .ci/wings.py` lists those that do not, and how many arrows there are between wings.

The wings of the package are its folders, in the order of WINGS from below; `core` and `settings` are the ground. A
module imports from the wings below its own, and in its own wing from modules whose notebook has a lower number. `dev`
stands aside: it may import everything, and nothing imports it. Imports inside functions count, and so do names of
modules in texts, such as code for another process.
"""
import ast, re, sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIB = 'qwen_ttlg'
WINGS = 'ground', 'image', 'metrics', 'video', 'model', 'frame', 'run', 'edit', 'batch', 'app'
ASIDE = 'dev'

def modules(top):
    "Dotted name -> file of all modules of the package."
    found = (p for p in sorted((top/LIB).rglob('*.py')) if not p.name.startswith('_'))
    return {'.'.join(p.relative_to(top).with_suffix('').parts): p for p in found}

def wing_of(module):
    parts = module.split('.')
    return parts[1] if len(parts) > 2 else 'ground'

def number(file):
    "The number of the notebook that a module is written in."
    found = re.search(r'File to edit: \S*?(\d+)_\w+\.ipynb', file.read_text())
    return int(found[1]) if found else 0

def imported(module, file, known):
    "Yield `(line, dotted name)` of the modules of the package that a module names."
    package = module.split('.')[:-1]
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import): names = [a.name for a in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[:len(package) - node.level + 1] if node.level else []
            base = '.'.join([*base, *([node.module] if node.module else [])])
            names = [n if (n := f'{base}.{a.name}') in known else base for a in node.names]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            names = re.findall(rf'\b{LIB}(?:\.\w+)+', node.value)
        else: continue
        for name in names:
            while name and name not in known: name = name.rpartition('.')[0]
            if name and name != module: yield node.lineno, name

def check(top=ROOT):
    "A sentence for every import that does not go downward."
    known, faults = modules(top), []
    for module, file in known.items():
        own = wing_of(module)
        if own not in (*WINGS, ASIDE):
            faults.append(f'{module}: no such wing; the wings are {", ".join(WINGS)}, {ASIDE}')
        if own not in WINGS: continue
        for line, name in imported(module, file, known):
            other, at = wing_of(name), f'{file.relative_to(top)}:{line}: imports {name}'
            if other == ASIDE: faults.append(f'{at}; nothing imports from {ASIDE}')
            elif other not in WINGS: continue
            elif WINGS.index(other) > WINGS.index(own): faults.append(f'{at}, which is above {own}')
            elif other == own and number(known[name]) >= number(file):
                faults.append(f'{at}, whose notebook has no lower number')
    return faults

if __name__ == '__main__':
    known = modules(ROOT)
    pairs = {(m, n) for m, file in known.items() for _, n in imported(m, file, known)}
    between = [(m, n) for m, n in pairs if wing_of(m) != wing_of(n)]
    print(f'{len(known)} modules, {len(pairs)} imports, {len(between)} of them between wings')
    faults = check()
    print(*faults, sep='\n')
    sys.exit(f'{len(faults)} imports do not go downward' if faults else 0)
