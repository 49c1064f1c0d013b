"""One word per thing: `python .ci/words.py` lists former flags, names, columns and phrases, and long lines of code.

The words of this project are those of its field; nbs/concepts/glossary.ipynb lists them. Looked through are notebooks,
modules, templates, `.ci` and the texts at the top. A line is long above 120 characters, unless a URL stands in it.
"""
import io, json, re, sys, tokenize
from itertools import dropwhile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LONG = 120
FLAGS = '''
hold palette colour_match detail register gate gate_colour gate_shift gate_then speed fill ttlg_repeats
ttlg_decode ttlg_backward ttlg_edge_kind ttlg_mask_scale mask networks no_shots policy truth ways cap
start_sigma anchor reference'''.split()
NAMES = '''
Keeper Chain Drawn Guide Edit Rows Modulation Team _Seat Encoded Track Anchor Networks Measures Remedies
Drawing Look Try Clip Palette Speed SPEEDS FILLS PictureLoss draw_frame draw_few drawn picture pictures
picture_hash open_picture save_picture make_guide keeper truth repeats tol goal goals reachable tolerance
with_tolerances remedies leash contract gate_colour gate_shift gate_then colour_match start_sigma no_shots
ttlg_repeats ttlg_decode ttlg_backward ttlg_edge_kind ttlg_mask_scale edge_floor floor_edge_error edge_tol
excess excess_share load_team end_team tries_table fill_frames'''.split()
COLUMNS = 'tries', 'detail', 'similarity', 'edge_floor', 'edges', 'picture'
PHRASES = 'leash', 'longest push', 'drawn again', 'true frame', 'is told', 'held against', 'not to be had'
HERE = 'words.py', 'same_frames.py' # they name what was

def notebooks(top):
    return sorted(p for p in (top/'nbs').rglob('*.ipynb') if not re.search(r'/[._]', str(p.relative_to(top))))

def texts(top):
    "Yield `(where, text, is it code?)` of all that is looked through; outputs of cells are not."
    for p in notebooks(top):
        for c in json.loads(p.read_text())['cells']:
            yield f'{p.relative_to(top)} {c["id"]}', ''.join(c['source']), c['cell_type'] == 'code'
    for p in (*top.glob('qwen_ttlg/**/*.py'), *top.glob('.ci/*.py')):
        if p.name not in HERE and p.name != '_modidx.py': yield str(p.relative_to(top)), p.read_text(), True
    for p in (*top.glob('*.md'), *top.glob('qwen_ttlg/*.jinja'), *top.glob('qwen_ttlg/*.js')):
        if p.name != 'CHANGELOG.md': yield p.name, p.read_text(), False

def names_in(code):
    "The identifiers of a piece of Python; none if it is no Python."
    try: return {t.string for t in tokenize.generate_tokens(io.StringIO(code).readline) if t.type == tokenize.NAME}
    except (tokenize.TokenError, IndentationError, SyntaxError): return set()

def check(top=ROOT):
    "A sentence for every former word and every long line."
    faults = []
    flag = re.compile(rf'(?<![\w-])--({"|".join(FLAGS)})(?![\w-])')
    phrase = re.compile('|'.join(rf'\b{p}' for p in PHRASES), re.I)
    for where, text, code in texts(top):
        faults += [f'{where}: former flag {m[0]}' for m in flag.finditer(text)]
        faults += [f'{where}: {m[0]!r} is no word of ours' for m in phrase.finditer(' '.join(text.split()))]
        if not code: continue
        faults += [f'{where}: former name {name}' for name in sorted(names_in(text) & set(NAMES))]
        lines = list(enumerate(text.splitlines(), 1))
        if where.startswith('qwen_ttlg/'): # the head is nbdev's: subtitle and `__all__`
            lines = list(dropwhile(lambda line: not line[1].startswith('# %% ../'), lines))
        long = [(n, len(line)) for n, line in lines if len(line) > LONG and '://' not in line]
        faults += [f'{where}:{n}: {length} characters' for n, length in long]
    schema = (top/'qwen_ttlg/metrics/schema.py').read_text()
    faults += [f'schema.py: former column {c}' for c in COLUMNS if f"    ('{c}'," in schema]
    return faults

if __name__ == '__main__':
    faults = check()
    print(*faults, sep='\n')
    sys.exit(f'{len(faults)} former words or long lines' if faults else 0)
