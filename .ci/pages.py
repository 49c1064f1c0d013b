"""Look at the pages of a site by script: `python .ci/pages.py FOLDER`, where Quarto's `_docs` or any other pages are.

A page fails that has a link within a link or in a heading, Markdown that was not understood, a flag whose hyphens
became a dash, an image without alt text, a code block without a language, a file from another site, Chinese text
that is not marked as such, or more than a screen of open code before its first figure. Stylesheets beside the pages
must not load anything from another site either.
"""
import re, sys
from html.parser import HTMLParser
from pathlib import Path

VOID = {'img', 'br', 'hr', 'meta', 'link', 'input', 'source', 'col', 'wbr', 'area', 'base', 'embed', 'track'}
VERBATIM = {'code', 'pre', 'script', 'style', 'math', 'textarea', 'svg', 'title', 'kbd'}
LOADED = dict.fromkeys(('script', 'img', 'video', 'audio', 'source', 'iframe', 'embed'), 'src')
FIGURES = {'img', 'svg', 'video', 'canvas'}
SCREEN = 40 # lines of code
ELSEWHERE = re.compile(r'(https?:)?//')

class Reader(HTMLParser):
    "What is wrong with a page, in the order of the page."
    def __init__(self, html, own=''): # own: how addresses of the site itself begin
        super().__init__(); self.faults, self.open, self.text, self.lang, self.own = [], [], [], '', own
        self.code = 0 # open lines so far; None once there is a figure
        self.feed(html)
        text = ''.join(self.text); chinese = len(re.findall('[一-鿿]', text))
        if chinese > .2*len(text.strip()) and self.lang[:2] != 'zh':
            self.bad(f'is Chinese and says lang="{self.lang}"')

    def bad(self, what): self.faults.append(what)
    def inside(self, *tags): return any(tag in tags for tag, _ in self.open)

    def handle_starttag(self, tag, attrs):
        d = dict(attrs); classes = (d.get('class') or '').split()
        if tag == 'html': self.lang = d.get('lang') or ''
        if tag == 'a' and d.get('href') and 'anchorjs-link' not in classes:
            if self.inside('a'): self.bad(f'a link within a link: {d["href"]}')
            if self.inside('h1', 'h2', 'h3', 'h4', 'h5'): self.bad(f'a link in a heading: {d["href"]}')
        if tag == 'img' and not (d.get('alt') or '').strip() and d.get('role') != 'presentation':
            self.bad(f'an image without alt text: {d.get("src", "")[:60]}')
        if tag == 'pre' and not classes and not any('output' in c for _, c in self.open):
            self.bad('a code block without a language')
        if tag in FIGURES:
            if (self.code or 0) > SCREEN: self.bad(f'{self.code} lines of code before its first figure')
            self.code = None
        if 'cell-code' in classes and self.code is not None and not self.inside('details'): self.code += 1
        loaded = d.get(LOADED.get(tag, ''), '') or (tag == 'link' and d.get('rel') in ('stylesheet', 'icon', 'preload')
                                                    and d.get('href')) or ''
        if ELSEWHERE.match(loaded) and not (self.own and loaded.startswith(self.own)):
            self.bad(f'loads from elsewhere: {loaded[:80]}')
        if tag not in VOID: self.open.append((tag, ' '.join(classes)))

    def handle_endtag(self, tag):
        while any(t == tag for t, _ in self.open) and self.open.pop()[0] != tag: pass

    def handle_data(self, data):
        if self.code is not None and not self.inside('details') and any('cell-code' in c for _, c in self.open):
            self.code += data.rstrip('\n').count('\n') + (data == '\n')
        if self.inside('style') and (m := re.search(r'url\(["\']?(https?:)?//[^)]*', data)):
            self.bad(f'loads from elsewhere: {m[0][:80]}')
        if self.inside(*VERBATIM): return
        self.text.append(data)
        for pattern, what in ((r'.{0,30}\]\(.{0,30}', 'Markdown that was not understood'),
                              (r'(?:^|[\s(])[–—][a-z]\w+', 'hyphens that became a dash')):
            if m := re.search(pattern, data): self.bad(f'{what}: {m[0].strip()}')

LONG = '\n'.join('x'*(SCREEN + 1))
SAMPLES = { # what a page holds -> how its only fault begins; '': none
    '<a href="x"><b><a href="y">z</a></b></a>': 'a link within a link: y', '<a href="x">y</a> <a href="y">z</a>': '',
    '<h2>On <a href="x">y</a></h2>': 'a link in a heading', '<h2 id="y">y</h2><a href="x">z</a>': '',
    '<p>[see](x.html)</p>': 'Markdown that', '<p><code>[a](b)</code></p>': '',
    '<td>instead of –size</td>': 'hyphens', '<td>1–2, a – b, <code>–size</code></td>': '',
    '<img src="x.png">': 'an image without', '<img src="x.png" alt=" ">': 'an image without',
    '<img src="x" alt="y">': '',
    '<pre><code>x</code></pre>': 'a code block', '<pre class="sh"><code>x</code></pre>': '',
    '<div class="cell-output"><pre><code>x</code></pre></div>': '',
    '<script src="https://x.org/y.js"></script>': 'loads from', '<img alt="y" src="//x.org/y.png">': 'loads from',
    '<link rel="stylesheet" href="http://x.org/y.css">': 'loads from', '<script src="y.js"></script>': '',
    '<style>@import url(https://x.org/y)</style>': 'loads from', '<a href="https://x.org">y</a>': '',
    f'<div class="cell-code"><pre class="a"><code>{LONG}</code></pre></div><svg></svg>': '41 lines of code',
    f'<pre class="cell-code"><code>{LONG[2:]}</code></pre><svg></svg>': '',
    f'<svg></svg><pre class="cell-code"><code>{LONG}</code></pre><svg></svg>': '',
    f'<details><pre class="cell-code"><code>{LONG}</code></pre></details><svg></svg>': '',
    '<p>首帧决定风格，边缘图决定形状</p>': 'is Chinese', '<p>A quick start in Chinese: 快速入门</p>': ''}

def check(folder, own=''):
    "The faults of all pages of a folder, as sentences."
    for html, fault in SAMPLES.items(): # the checks themselves
        found = Reader(f'<html lang="en"><body>{html}</body></html>').faults
        assert len(found) == bool(fault) and all(f.startswith(fault) for f in found), (html, found)
    faults, folder = [], Path(folder)
    for page in sorted(folder.rglob('*.html')):
        found = Reader(page.read_text(encoding='utf-8'), own).faults
        faults += [f'page {page.relative_to(folder)}: {f}' for f in dict.fromkeys(found)]
    for sheet in sorted(folder.rglob('*.css')):
        found = re.finditer(r'(@import\s+|url\()["\']?(url\()?["\']?(https?:)?//[^)\s]*', sheet.read_text())
        faults += [f'{sheet.relative_to(folder)}: loads from elsewhere: {m[0][:80]}' for m in found]
    return faults

if __name__ == '__main__':
    if len(sys.argv) != 2: sys.exit(__doc__)
    if not any(Path(sys.argv[1]).rglob('*.html')): sys.exit(f'{sys.argv[1]}: no pages in it')
    faults = check(sys.argv[1]); print(*faults or ['all pages as they should be'], sep='\n')
    sys.exit(bool(faults))
