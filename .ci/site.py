"""Write README.md from nbs/index.ipynb, and check what running the notebooks does not.

    python .ci/site.py readme     write README.md (and index_files/, its images) and nbs/nbdev.yml
    python .ci/site.py check [DIR]  notebooks clean, modules and README fresh, docs pages and their links sound;
                                  the pages are kept in DIR, for browser.py
    python .ci/site.py wheel DIR  build sdist and wheel, check what is in them, unpack the wheel into DIR

Everything is done on a copy of the files git knows or would add, so your tree stays as it is. The docs are staged by
nbdev and rendered by pandoc, which is what Quarto does too; Quarto itself is needed only to publish them.
"""
import base64, json, os, re, shutil, subprocess, sys, tempfile, zipfile
from configparser import ConfigParser
from contextlib import contextmanager
from html.parser import HTMLParser
from importlib.metadata import entry_points
from pathlib import Path
from urllib.parse import unquote
import pages as page_checks, wings, words

ROOT = Path(__file__).resolve().parent.parent
INI = ConfigParser(delimiters=['=']); INI.read(ROOT/'settings.ini', encoding='utf-8'); INI = INI['DEFAULT']
LIB, SITE = ROOT/INI['lib_path'], INI['doc_host'] + INI['doc_baseurl'] + '/'
BLOB = f'{INI["git_url"]}/blob/{INI["branch"]}/'
MAX_WHEEL = 48*2**20
FOR_DOCS = {f'{INI["lib_name"]}/dev/showdoc.py'} # nbdev's renderer of the docs
DEVELOPMENT = {
    'nbdev', 'execnb', 'ghapi', 'pypandoc', 'build', 'hypothesis', 'torchmetrics', 'scenedetect', 'torchao', 'ray',
    'playwright'}
ALONE = (f'import sys, importlib\nsys.modules |= dict.fromkeys({DEVELOPMENT})\n'
         'for m in sys.argv[1:]: importlib.import_module(m)')


def say(*a): print(*a, flush=True)
def bin_(name): return str(Path(sys.executable).parent/name)
def run(*cmd, **kw): return subprocess.run(cmd, check=True, **kw)

# --- the copy ---------------------------------------------------------------------------------------------------------

def tracked():
    "The files that git knows or would add, those deleted since left out."
    out = run('git', 'ls-files', '-coz', '--exclude-standard', cwd=ROOT, capture_output=True, text=True).stdout
    return sorted(f for f in set(out.split('\0')) if f and os.path.lexists(ROOT/f))

@contextmanager
def copied():
    "A temporary copy of `tracked()`, as the working folder."
    here = Path.cwd()
    with tempfile.TemporaryDirectory(prefix='site-') as tmp:
        tmp = Path(tmp).resolve()/INI['repo']
        for f in tracked():
            (tmp/f).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT/f, tmp/f, follow_symlinks=False)
        os.chdir(tmp)
        try: yield tmp
        finally: os.chdir(here)

def notebooks(top):
    return sorted(p for p in (top/'nbs').rglob('*.ipynb') if not re.search(r'/[._]', str(p.relative_to(top))))

def stage(top):
    "What nbdev hands to Quarto: `_proc`, with show_doc run, links looked up, hidden cells gone."
    if INI['lib_name'] not in {e.name for e in entry_points(group='nbdev')}:
        sys.exit(
            "the package is not installed here, so nbdev could not link names to their pages: pip install -e '.[dev]'")
    from nbdev.doclinks import _build_modidx
    from nbdev.quarto import refresh_quarto_yml
    from nbdev.serve import proc_nbs
    refresh_quarto_yml(); _build_modidx()
    return Path(proc_nbs('', n_workers=0, force=True))

# --- a staged notebook as Markdown
# --------------------------------------------------------------------------------------

IMAGES = {'image/png': 'png', 'image/jpeg': 'jpg', 'image/gif': 'gif', 'image/svg+xml': 'svg'}

def text(x): return ''.join(x) if isinstance(x, list) else x

def fenced(s, kind=''):
    ticks = '`'*max(3, 1 + max((len(m) for m in re.findall('`+', s)), default=0))
    return f'{ticks}{kind}\n{s.rstrip()}\n{ticks}'

def directives(src): return dict(re.findall(r'^#\|\s*([\w-]+)\s*:?[ \t]*(.*?)\s*$', src, re.M))

def output_markdown(out, name, folder, asis, alt=''):
    "One output of a cell; an image is written as `folder/name.*`."
    if out['output_type'] == 'stream':
        s = text(out['text']); return s if asis else fenced(s, '{.output}')
    data = out.get('data', {})
    for kind, ext in IMAGES.items():
        if kind not in data: continue
        raw = text(data[kind]); folder.mkdir(parents=True, exist_ok=True)
        (folder/f'{name}.{ext}').write_bytes(raw.encode() if ext == 'svg' else base64.b64decode(raw))
        return f'![{alt}]({folder.name}/{name}.{ext}){{fig-alt="{alt}"}}' if alt else f'![]({folder.name}/{name}.{ext})'
    if 'text/markdown' in data: return text(data['text/markdown'])
    if 'text/html' in data: return fenced(text(data['text/html']), '{=html}')
    return fenced(text(data.get('text/plain', '')), '{.output}')

def page_markdown(nb, folder):
    "A staged notebook as the Markdown that its page shows; images of the outputs go into `folder`."
    parts = []
    for i, cell in enumerate(nb['cells']):
        src = text(cell['source'])
        if cell['cell_type'] == 'raw': continue # the front matter
        if cell['cell_type'] != 'code': parts.append(src); continue
        d = directives(src); code = re.sub(r'^#\|.*\n?', '', src, flags=re.M).strip()
        if d.get('include') == 'false': continue
        if code and d.get('echo') != 'false':
            folded = d.get('code-fold') == 'true'; summary = d.get('code-summary', 'Code').strip('"')
            parts += [f'<details class="code-fold"><summary>{summary}</summary>']*folded
            parts += [fenced(code, '{.python .cell-code}'), *['</details>']*folded]
        if d.get('output') == 'false': continue
        parts += [output_markdown(o, f'{i:02d}-{n}', folder, d.get('output') == 'asis', d.get('fig-alt', '').strip('"'))
                  for n, o in enumerate(cell.get('outputs', []))]
    return '\n\n'.join(parts) + '\n'

def pandoc(markdown, *args):
    "What pandoc makes of it, and what it warns of."
    import pypandoc
    p = subprocess.run([pypandoc.get_pandoc_path(), *args], input=markdown, capture_output=True, text=True)
    return p.stdout, p.stderr.strip()

def front_matter(nb):
    import yaml
    first = nb['cells'][0] if nb['cells'] else dict(cell_type='', source='')
    m = re.match(r'---\n(.*?)\n---', text(first['source']), re.S) if first['cell_type'] == 'raw' else None
    return yaml.safe_load(m[1]) if m else {}

# --- README
# -------------------------------------------------------------------------------------------------------------

def walk(x, f):
    "Call `f` on every element of pandoc's JSON tree."
    if isinstance(x, dict): f(x)
    for v in x.values() if isinstance(x, dict) else x if isinstance(x, list) else []: walk(v, f)

def for_readme(target, pages):
    "A link as nbs/index.ipynb has it, as README.md at the top needs it."
    if re.match(r'[a-z]+:|#|//', target) or target.startswith('index_files/'): return target
    path, hash_, frag = target.partition('#')
    if path in pages: return SITE + pages[path] + hash_ + frag
    return os.path.normpath(f'nbs/{path}') + hash_ + frag

def write_readme(top, proc):
    "README.md and index_files/ in `top`, from the staged index."
    nb = json.loads((proc/'index.ipynb').read_text()); fm = front_matter(nb); pages = page_names(proc)
    shutil.rmtree(top/'index_files', ignore_errors=True)
    tree, err = pandoc(page_markdown(nb, top/'index_files'), '-f', 'markdown-smart', '-t', 'json')
    if err: return [f'nbs/index.ipynb: {err}']
    tree = json.loads(tree)
    def fix(x):
        if x.get('t') in ('Link', 'Image'): x['c'][2][0] = for_readme(x['c'][2][0], pages)
        if x.get('t') in ('RawBlock', 'RawInline') and x['c'][0] == 'html':
            x['c'][1] = re.sub(r'\b(src|href)="([^"]+)"', lambda m: f'{m[1]}="{for_readme(m[2], pages)}"', x['c'][1])
    walk(tree['blocks'], fix); tree['meta'] = {}
    body, err = pandoc(json.dumps(tree), '-f', 'json', '-t', 'gfm', '--wrap=preserve')
    head = f'# {fm["title"]}\n'
    if 'description' in fm: head += f'\n> {fm["description"]}\n'
    (top/'README.md').write_text(f'{head}\n{body}')
    return [f'README.md: {err}'] if err else []

# --- pages and links
# ----------------------------------------------------------------------------------------------------

def page_names(proc):
    "Notebook -> page, both relative to the site: `00_core.ipynb` is shown as `core.html`."
    res = {}
    for p in notebooks_in(proc):
        name = front_matter(json.loads(p.read_text())).get('output-file', p.with_suffix('.html').name)
        rel = p.relative_to(proc); res[str(rel)] = str(rel.with_name(name))
    return res

def notebooks_in(proc): return sorted(proc.rglob('*.ipynb'))

class Page(HTMLParser):
    "The ids and the links of a rendered page."
    def __init__(self, html): super().__init__(); self.ids, self.links = set(), []; self.feed(html)
    def handle_starttag(self, tag, attrs):
        d = dict(attrs)
        self.ids |= {d[k] for k in ('id', 'name') if d.get(k)}
        self.links += [(tag, unquote(d[k])) for k in ('href', 'src', 'poster') if d.get(k)]

def render(proc, out):
    "Every staged notebook as a page in `out`; faults, and page -> `Page`."
    faults, pages = [], {}
    shutil.copytree(proc, out, ignore=shutil.ignore_patterns('*.ipynb'), dirs_exist_ok=True)
    for src, name in page_names(proc).items():
        page = out/name; folder = page.parent/f'{page.stem}_files'
        nb = json.loads((proc/src).read_text()); md, said = page_markdown(nb, folder), front_matter(nb)
        meta = [f'-Mtitle={said.get("title", name)}', f'-Vlang={said.get("lang", "en")}']
        css = os.path.relpath(out/'styles.css', page.parent)
        html, err = pandoc(md, '-f', 'markdown', '-t', 'html5', '-s', '--mathml', '--toc', '--syntax-highlighting=none',
                           '-c', css, *meta)
        if err: faults.append(f'nbs/{src}: {err}')
        head, _, body = html.partition('<body>') # `main`, as Quarto has it
        html = f'{head}<body><main>{body.replace("</body>", "</main></body>")}'
        page.write_text(html); pages[name] = Page(html)
    return faults, pages

def check_links(pages, names, out, label):
    """A link must lead to a page, a tracked reference, an image or a file of the repository that exists.
    Other sites are not asked."""
    faults = []
    for name, page in pages.items():
        for tag, link in page.links:
            bad = lambda why: faults.append(f'{label(name)}: <{tag}> {link[:120]}: {why}')
            if link.startswith(SITE): target, _, frag = ('/' + link[len(SITE):]).partition('#'); target = target or '/'
            elif link.startswith(BLOB):
                if not (ROOT/link[len(BLOB):].partition('#')[0]).exists(): bad('no such file in the repository')
                continue
            elif re.match(r'[a-z][a-z0-9+.-]*:|//', link): continue
            else: target, _, frag = link.partition('#')
            target = target.partition('?')[0]
            path = (os.path.normpath(target.lstrip('/') if target.startswith('/') else f'{Path(name).parent}/{target}')
                    if target else name)
            path = names.get(path, 'index.html' if path == '.' else path)
            if path in pages:
                if frag and frag not in pages[path].ids: bad(f'no anchor #{frag} there')
            elif not (out/path).exists() or path.startswith('..'): bad('no such page, image or file')
    return faults

def check_markdown(top, *files):
    "The links of README.md and its like, as GitHub shows them."
    faults, pages = [], {}
    for f in files:
        html, err = pandoc((top/f).read_text(), '-f', 'gfm+gfm_auto_identifiers', '-t', 'html5', '--wrap=none')
        faults += [f'{f}: {err}'] if err else []
        pages[f] = Page(html)
    return faults, pages

def check_sidebar(top):
    "Every notebook is in nbs/sidebar.yml once, and every entry is a notebook."
    import yaml
    def entries(x):
        return [e
                for c in x
                for e in (entries(c['contents']) + ([c['href']] if 'href' in c else [])
                          if isinstance(c, dict) and 'contents' in c else [c['href'] if isinstance(c, dict) else c])]
    have = {str(p.relative_to(top/'nbs')) for p in notebooks(top)}
    listed = entries(yaml.safe_load((top/'nbs/sidebar.yml').read_text())['website']['sidebar']['contents'])
    return ([f'nbs/sidebar.yml: {e}: no such notebook' for e in listed if e not in have]
            + [f'nbs/sidebar.yml: {e} is missing' for e in sorted(have - set(listed))]
            + [f'nbs/sidebar.yml: {e} stands there twice' for e in sorted({e for e in listed if listed.count(e) > 1})])

# --- the source: clean, fresh, no stored faults
# -----------------------------------------------------------------------------

def check_outputs(top):
    "No stored error, no path of somebody's machine in a stored output."
    faults, private = [], re.compile('|'.join(map(re.escape, {f'{ROOT}/', f'{Path.home()}/', 'site-packages/'})))
    for p in notebooks(top):
        for i, cell in enumerate(json.loads(p.read_text())['cells']):
            for out in cell.get('outputs', []):
                at = f'{p.relative_to(top)}, cell {i}'
                if out['output_type'] == 'error':
                    faults.append(f'{at}: stored error {out["ename"]}: {out["evalue"][:80]}')
                shown = (text(out.get('text', '')) + text(out.get('data', {}).get('text/plain', ''))
                         + text(out.get('data', {}).get('text/html', '')))
                if m := private.search(shown):
                    faults.append(f'{at}: stored output names a path of this machine ({m[0]})')
    return faults

def check_layout(top):
    link = top/'nbs/_quarto.yml'
    return ([] if link.is_symlink() and os.readlink(link) == '../_quarto.yml'
            else ['nbs/_quarto.yml must be a link to ../_quarto.yml'])

def changed(top):
    "Files of the copy `top` that differ from the repository's, after everything generated was generated anew."
    skip = re.compile(r'__pycache__|\.last_checked|\.ipynb_checkpoints|^_proc/|\.egg-info')
    new = {str(p.relative_to(top)) for d in ('nbs', LIB.name, 'index_files') for p in (top/d).rglob('*') if p.is_file()}
    def read(p): return os.readlink(p) if p.is_symlink() else p.read_bytes() if p.exists() else None
    return sorted(f for f in set(tracked()) | new | {'README.md'} if not skip.search(f) and read(ROOT/f) != read(top/f))

# --- commands
# -----------------------------------------------------------------------------------------------------------

def readme():
    with copied() as top:
        faults = write_readme(top, stage(top))
        if faults: return faults
        shutil.copy2('README.md', ROOT); shutil.copy2('nbs/nbdev.yml', ROOT/'nbs')
        shutil.rmtree(ROOT/'index_files', ignore_errors=True)
        if Path('index_files').exists(): shutil.copytree('index_files', ROOT/'index_files')
    say('wrote README.md')
    return []

def check(kept=None):
    faults = []
    def report(what, found):
        say(f'{"ok    " if not found else "FAILED"} {what}')
        for f in found: say(f'       {f}')
        faults.extend(found)
    with copied() as top:
        report('imports go downward, and none into dev', wings.check(top))
        report('one word per thing, lines of at most 120 characters', words.check(top))
        report('sidebar lists the notebooks', check_sidebar(top))
        report('stored outputs hold no error and no private path', check_outputs(top))
        report('nbs/_quarto.yml is a link', check_layout(top))
        for f in (top/LIB.name).rglob('*.py'): # a module whose notebook is gone must not survive
            if f != top/LIB.name/'__init__.py': f.unlink() # written by hand, but for the version
        run(bin_('nbdev_export')); run(bin_('nbdev_clean'))
        proc = stage(top)
        report('README can be written', write_readme(top, proc))
        report('notebooks clean; modules, nbdev.yml and README fresh',
               [f'{f}: stale; run nbdev_export, nbdev_clean, .ci/site.py readme' for f in changed(top)])
        out = Path(kept).resolve() if kept else top.parent/'site'; bad, pages = render(proc, out)
        report(f'{len(pages)} pages render', bad)
        report('links, anchors and images of the pages',
               check_links(pages, page_names(proc), out, lambda n: f'page {n}'))
        report('links in links, alt text, languages, files from elsewhere', page_checks.check(out, SITE))
        bad, docs = check_markdown(top, 'README.md', 'CONTRIBUTING.md')
        every = {**pages, **docs}
        report('links of README.md and CONTRIBUTING.md',
               bad + [f for f in check_links(every, {}, top, str) if f.split(':')[0] in docs])
    return faults

def wheel(folder):
    "The wheel is built from the sdist, so whatever it holds went through both."
    with copied() as top:
        p = subprocess.run([sys.executable, '-m', 'build', '--outdir', 'dist', '.'], stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True)
        if p.returncode: return [f'the package does not build:\n{p.stdout[-2000:]}']
        built, = (top/'dist').glob('*.whl')
        want = {str(p.relative_to(top))
                for d in (LIB.name,)
                for p in (top/d).rglob('*')
                if p.is_file() and '__pycache__' not in str(p)}
        have = set(zipfile.ZipFile(built).namelist())
        size = built.stat().st_size
        say(f'{built.name}: {size/2**20:.1f} MiB, {len(have)} files')
        faults = [f'{built.name}: lacks {f}' for f in sorted(want - have - FOR_DOCS)]
        faults += [f'{built.name}: holds {f}, which needs a checkout' for f in sorted(have & FOR_DOCS)]
        if not any('/tiny_model/' in f for f in have): faults.append(f'{built.name}: holds no {LIB.name}/tiny_model')
        if size > MAX_WHEEL: faults.append(f'{built.name}: {size/2**20:.1f} MiB are more than {MAX_WHEEL >> 20}')
        zipfile.ZipFile(built).extractall(folder)
    code = ('import sys, importlib\nfor s in sys.argv[1:]:\n'
            ' m, f = s.split("=")[1].split(":"); assert callable(getattr(importlib.import_module(m), f)), s')
    with tempfile.TemporaryDirectory() as elsewhere:  # the unpacked wheel, not the repository
        p = subprocess.run([sys.executable, '-c', code, *INI['console_scripts'].split()], cwd=elsewhere,
                           capture_output=True, text=True,
                           env={**os.environ, 'PYTHONPATH': str(Path(folder).resolve())})
        if p.returncode: faults.append(f'console scripts of the wheel: {(p.stderr.strip().splitlines() or ["?"])[-1]}')
        found = sorted((Path(folder)/LIB.name).rglob('[!_]*.py'))
        modules = ['.'.join(p.relative_to(folder).with_suffix('').parts) for p in found]
        p = subprocess.run([sys.executable, '-c', ALONE, *modules], cwd=elsewhere, capture_output=True, text=True,
                           env={**os.environ, 'PYTHONPATH': str(Path(folder).resolve())})
    if p.returncode:
        faults.append(f'the wheel without development packages: {(p.stderr.strip().splitlines() or ["?"])[-1]}')
    return faults

if __name__ == '__main__':
    commands = dict(readme=readme, check=check, wheel=wheel)
    if len(sys.argv) < 2 or sys.argv[1] not in commands: sys.exit(__doc__)
    faults = commands[sys.argv[1]](*sys.argv[2:])
    if sys.argv[1] != 'check': say('\n'.join(f'FAULT {f}' for f in faults) or 'ok')
    sys.exit(f'{len(faults)} faults' if faults else 0)
