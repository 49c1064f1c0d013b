"""Open notebooks in JupyterLab, in headless Chromium, and use them as a person would: `python
.ci/lab.py [screenshots [names...]]`.

Needs jupyterlab beside the library, playwright and a Chromium (`CHROMIUM`, or one that the system has; without one it
says so, and nothing fails); no part of CI. Runs all cells of every tutorial; on the walkthrough and the explorer's page
moves a slider, presses Run and Cancel, drags the compare slider, pins and exports an attempt, plays a finished run.
Fails on an error in a cell, a request to anywhere but the server, or a widget that does not do what it says.
"""
import json, os, re, shutil, socket, subprocess, sys, tempfile, time, urllib.request
from pathlib import Path
from playwright.sync_api import sync_playwright
from browser import chromium

NOTEBOOKS = Path(__file__).parent.parent/'nbs'
FOLDERS = 'start', 'guides', 'concepts', 'evidence', 'images'

def free_port():
    with socket.socket() as s: s.bind(('127.0.0.1', 0)); return s.getsockname()[1]

class Lab:
    "A server of JupyterLab on a copy of the notebooks."
    def __init__(self, python, folder): self.python, self.folder, self.port = python, folder, free_port()
    def __enter__(self):
        own = dict(os.environ, JUPYTER_CONFIG_DIR=f'{self.folder}/.config', JUPYTER_DATA_DIR=f'{self.folder}/.data',
                   IPYTHONDIR=f'{self.folder}/.ipython')
        self.process = subprocess.Popen([self.python, '-m', 'jupyterlab', '--no-browser', f'--port={self.port}',
                                         '--ServerApp.port_retries=0', '--IdentityProvider.token=',
                                         '--ServerApp.password=', '--allow-root', f'--ServerApp.root_dir={self.folder}',
                                         '--LabApp.extension_manager=readonly'],
                                        env=own, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(120):
            try: urllib.request.urlopen(f'http://127.0.0.1:{self.port}/lab', timeout=1); return self
            except OSError: time.sleep(.5)
        raise SystemExit('JupyterLab did not start.')
    def __exit__(self, *_): self.process.terminate(); self.process.wait()

def open_notebook(lab, browser, name, strange):
    page = browser.new_page(viewport=dict(width=1500, height=1000))
    page.on('request', lambda r: strange.append(r.url)
                                 if not re.match(rf'(ws|http)://127\.0\.0\.1:{lab.port}/|data:|blob:', r.url) else None)
    page.goto(f'http://127.0.0.1:{lab.port}/lab/workspaces/w{time.monotonic_ns()}/tree/{name}')
    page.wait_for_selector('.jp-Notebook .jp-Cell', timeout=90_000)
    page.wait_for_timeout(3000)
    news = page.get_by_role('button', name='No', exact=True)
    if news.count(): news.first.click() # no news of Jupyter's
    return page

def run_all(lab, page, name, seconds=300):
    """Run > Run All Cells, wait until the kernel is idle, and save.
    JupyterLab shows only the cells that are near, so the kernel's state and the saved file are asked;
    a cell that did not run, or ended in an error, is one here."""
    page.get_by_role('menuitem', name='Run', exact=True).click()
    page.get_by_role('menuitem', name='Run All Cells', exact=True).click()
    def busy():
        sessions = json.load(urllib.request.urlopen(f'http://127.0.0.1:{lab.port}/api/sessions'))
        return any(s['path'] == name and s['kernel']['execution_state'] != 'idle' for s in sessions)
    end = time.time() + seconds
    while True: # between two cells a kernel is idle, too
        while busy():
            if time.time() > end: raise AssertionError(f'{name}: cells still run after {seconds} s')
            page.wait_for_timeout(500)
        page.keyboard.press('Control+s'); page.wait_for_timeout(2000)
        cells = [c
                 for c in json.loads(Path(lab.folder, name).read_text())['cells']
                 if c['cell_type'] == 'code' and c['source']]
        if wrong := [o for c in cells for o in c['outputs'] if o['output_type'] == 'error']:
            raise AssertionError(f'{name}: {wrong[0]["ename"]}: {wrong[0]["evalue"]}')
        left = [c['id'] for c in cells if c['execution_count'] is None]
        if not left and not busy(): return
        if time.time() > end: raise AssertionError(f'{name}: did not run within {seconds} s: {left}')

def sees(page, check, what, seconds=30):
    for _ in range(int(seconds*10)):
        if check(): return
        page.wait_for_timeout(100)
    raise AssertionError(f'not seen: {what}')

def explore(page, out):
    view = page.locator('.jp-OutputArea-output:has(.ttlg-compare)').first; compare = view.locator('.ttlg-compare').first
    text = lambda: view.inner_text(); has = lambda word, seconds=60: sees(page, lambda: word in text(), word, seconds)
    button = lambda name: view.get_by_role('button', name=name, exact=True)
    def number(label, value):
        box = view.locator('.widget-hslider', has_text=label).first.locator('.widget-readout')
        box.scroll_into_view_if_needed()
        box.click()
        page.keyboard.press('Control+a')
        page.keyboard.type(str(value))
        page.keyboard.press('Enter')
        page.wait_for_timeout(300)
    view.scroll_into_view_if_needed()
    number('frame', 5)
    button('Run').click()
    sees(page, lambda: re.search(r'step [2-8] of 10', text()), 'a step in the middle')
    page.screenshot(path=out/'running.png')
    has('frame 5 in')
    before = text().count('take')
    slider = view.locator('.widget-hslider', has_text='edge scale').first.locator('.noUi-handle'); slider.focus()
    for _ in range(8): page.keyboard.press('ArrowRight')
    box = slider.bounding_box()
    page.mouse.move(box['x'] + box['width']/2, box['y'] + box['height']/2)
    page.mouse.down()
    page.mouse.move(box['x'] + 45, box['y'] + 5, steps=5)
    page.mouse.up()
    button('Run').click(); sees(page, lambda: text().count('take') == before + 1, 'a second trial', 60)
    view.get_by_role('button', name='pin', exact=True).nth(1).click(); has('ttlg_edge_scale', 10)
    # Cancel, in the middle of a long frame
    view.locator('.jupyter-widget-Collapse-header, .lm-Collapse-header').filter(has_text='Sampling').click()
    page.wait_for_timeout(500)
    number('num inference steps', 50)
    button('Run').click()
    sees(page, lambda: re.search(r'step ([5-9]|1\d) of 50', text()), 'step 5 of 50', 60)
    at = int(re.search(r'step (\d+) of 50', text())[1])
    start = time.time()
    button('Cancel').click()
    has('cancelled', 20)
    print(f'cancelled {time.time() - start:.2f} s after the click, at step {at}')
    number('num inference steps', 10)
    # The compare slider
    stage = compare.locator('.ttlg-stage')
    stage.scroll_into_view_if_needed()
    box = stage.bounding_box()
    split = lambda: float(compare.get_attribute('data-split'))
    page.mouse.move(box['x'] + box['width']/2, box['y'] + box['height']/2)
    page.mouse.down()
    page.mouse.move(box['x'] + box['width']*.25, box['y'] + box['height']/2, steps=6)
    page.mouse.up()
    sees(page, lambda: 20 < split() < 30, f'a border near 25 (it is at {split()})')
    compare.locator('.ttlg-handle').focus()
    page.keyboard.press('End')
    sees(page, lambda: split() == 100, 'a border at the end')
    page.keyboard.press('PageDown')
    page.keyboard.press('PageDown')
    sees(page, lambda: split() == 80, 'a border at 80')
    compare.locator('select').first.select_option('unguided')
    sees(page, lambda: compare.locator('img').first.get_attribute('alt') == 'unguided', 'unguided on the left')
    button('Command').click()
    sees(page, lambda: any('qwen_process_video' in t
                           for t in view.locator('textarea').evaluate_all('all => all.map(x => x.value)')),
         'the command')
    view.scroll_into_view_if_needed(); page.wait_for_timeout(500); view.screenshot(path=out/'explore.png')

def watch(page, out):
    "A finished run, played."
    view = page.locator('.jp-OutputArea-output:has(.ttlg-compare)').last; view.scroll_into_view_if_needed()
    view.get_by_role('tab', name='Watch the run').click(); page.wait_for_timeout(500)
    said = lambda: re.search(r'frame (\d+) of', view.inner_text())
    sees(page, said, 'the scrubber')
    view.locator('.widget-play button').first.click()
    sees(page, lambda: int(said()[1]) >= 3, 'frame 3 while it plays', 20)
    view.screenshot(path=out/'watch.png')

USES = dict(explore=explore, walkthrough=watch) # what is done beyond running all cells

def main(out, only=()):
    path = chromium()
    if not path: return print('no Chromium here, so nobody used the explorer: install one, or name it in CHROMIUM')
    out.mkdir(parents=True, exist_ok=True); strange = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as p:
        for name in FOLDERS: shutil.copytree(NOTEBOOKS/name, f'{folder}/{name}')
        browser = p.chromium.launch(executable_path=path, args=['--no-sandbox'])
        with Lab(os.environ.get('LAB_PYTHON', sys.executable), folder) as lab:
            pages = [p.relative_to(NOTEBOOKS) for folder in FOLDERS for p in sorted((NOTEBOOKS/folder).glob('*.ipynb'))]
            for path in pages:
                name = path.stem
                if only and name not in only: continue
                page = open_notebook(lab, browser, path, strange)
                run_all(lab, page, str(path), 900); print(f'{name}: all cells ran', flush=True)
                if name in USES: USES[name](page, out)
                page.screenshot(path=out/f'{name}.png'); page.close()
    if strange: raise AssertionError(f'requests to elsewhere: {sorted(set(strange))[:5]}')
    print('everything as it should be')

if __name__ == '__main__': main(Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp()), sys.argv[2:])
