"""Look at a report and at the pages of the site in headless Chromium.

    python .ci/browser.py report REPORT.html [SCREENSHOTS]   use it as a person would
    python .ci/browser.py pages FOLDER [SCREENSHOTS]         every page on a phone and a desktop, light and dark

Needs playwright and a Chromium: `CHROMIUM`, or one that the system has; without one it says so, and nothing fails.
A report fails on an error or warning in the console, a request to anywhere, a page wider than a phone, or a control
that does not do what it says. A page fails that is wider than the window, asks another site for something, or has
text with a contrast under 4.5. Pages of `site.py render` get the colours of Quarto's themes, those of Quarto have them.
"""
import os, shutil, sys
from pathlib import Path
from playwright.sync_api import sync_playwright

def chromium():
    "The path of a Chromium, or None."
    names = os.environ.get('CHROMIUM'), 'chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'
    return next((path for name in names if name and (path := shutil.which(name))), None)

VIEWS = {'desktop': (1280, 900, 'light'), 'phone': (375, 812, 'dark')}

def state(page, name): return float(page.get_attribute('#player', f'data-{name}'))

def sees(page, check):
    "Wait up to five seconds for what should be."
    for _ in range(50):
        if check(): return
        page.wait_for_timeout(100)
    raise AssertionError(f'not seen: frame {state(page, "index")}, split at {state(page, "split")}')

def drag(page, handle, by):
    handle.scroll_into_view_if_needed(); box = handle.bounding_box()
    x, y = box['x'] + box['width']/2, box['y'] + box['height']/2
    page.mouse.move(x, y); page.mouse.down(); page.mouse.move(x + by, y + 40, steps=6); page.mouse.up()

def use(page):
    "Slider, scrubber, keys and curves, each checked by what the page says of itself."
    last, at = int(page.get_attribute('#scrub', 'max')), lambda ok: sees(page, lambda: ok(state(page, 'index')))
    drag(page, page.locator('#handle'), -60); sees(page, lambda: state(page, 'split') < 50)
    page.locator('#scrub').focus(); page.keyboard.press('End'); at(lambda i: i == last)
    page.locator('h1').click(); page.keyboard.press('Home'); at(lambda i: i == 0)
    page.keyboard.press('ArrowRight'); at(lambda i: i == 1)
    for shown in ('#tiles', '#stage'): page.keyboard.press('c'); sees(page, page.locator(shown).is_visible)
    page.keyboard.press(' '); at(lambda i: i > 1); page.keyboard.press(' ') # it plays
    curve = page.locator('.chart svg').first; curve.scroll_into_view_if_needed(); box = curve.bounding_box()
    page.mouse.click(box['x'] + .97*box['width'], box['y'] + box['height']/2); at(lambda i: i > .8*last)
    page.locator('#worst button').first.click(); page.locator('#theme').click()

def use_report(browser, report, images=None):
    wrong = []
    for name, (width, height, scheme) in VIEWS.items():
        page = browser.new_context(viewport=dict(width=width, height=height), color_scheme=scheme).new_page()
        page.on('console', lambda m: m.type in ('error', 'warning') and wrong.append(m.text))
        page.on('pageerror', lambda e: wrong.append(str(e)))
        page.on('request', lambda r: r.url.startswith(('file:', 'data:', 'blob:')) or wrong.append(r.url))
        page.on('dialog', lambda d: (wrong.append(d.message), d.dismiss()))
        page.goto(Path(report).resolve().as_uri()); page.wait_for_timeout(1000); use(page)
        if page.evaluate('document.documentElement.scrollWidth > innerWidth'):
            wrong.append(f'{name}: the page is wider than the window')
        if images: page.screenshot(path=f'{images}/{name}.png', full_page=True)
    return wrong

# --- the pages of the site

WIDTHS = 390, 1280
THEMES = {'light': 'body { background: #fff; color: #373a3c } a { color: #1d6ec7 }', # cosmo and darkly
          'dark': 'body { background: #222; color: #fff } a { color: #00bc8c }'}
TOO_WIDE = """() => innerWidth + 1 >= document.documentElement.scrollWidth ? '' :
    [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1)
        .map(e => `<${e.tagName.toLowerCase()}> ${e.textContent.trim().slice(0, 50)}`).pop() || 'something'"""
PALE = """() => {
    const rgb = c => (c.match(/[\d.]+/g) || [0, 0, 0, 0]).map(Number)
    const light = c => c.slice(0, 3).map(v => v/255).map(v => v <= .03928 ? v/12.92 : ((v + .055)/1.055)**2.4)
        .reduce((s, v, i) => s + v*[.2126, .7152, .0722][i], 0)
    const over = (a, b) => { const k = a[3] ?? 1; return [0, 1, 2].map(i => k*a[i] + (1 - k)*b[i]) }
    const ground = e => { // what lies behind an element, from the page up
        const behind = []
        for (let x = e; x; x = x.parentElement) behind.unshift(rgb(getComputedStyle(x).backgroundColor))
        return behind.reduce((b, a) => over(a, b), [255, 255, 255]) }
    const found = new Set(), words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    while (words.nextNode()) {
        const text = words.currentNode.textContent.trim(), e = words.currentNode.parentElement
        if (text.length < 2 || !e.checkVisibility()) continue
        if (e.closest('svg, script, style, math, [aria-hidden=true]')) continue
        const css = getComputedStyle(e), back = ground(e), size = parseFloat(css.fontSize)
        const [a, b] = [light(over(rgb(css.color), back)), light(back)].sort((x, y) => y - x)
        const least = size >= 24 || size >= 18.6 && css.fontWeight >= 700 ? 3 : 4.5
        if ((a + .05)/(b + .05) < least) found.add(`${((a + .05)/(b + .05)).toFixed(1)}: ${text.slice(0, 50)}`)
    }
    return [...found] }"""
PROOF = '<body style="background:#fff"><p style="color:#999">pale text</p><p style="width:2000px">wide</p></body>'

def look_at_pages(browser, folder, images=None):
    folder, wrong = Path(folder).resolve(), []
    files = sorted(folder.rglob('*.html')); own = not (folder/'site_libs').exists()
    if not files: return [f'{folder}: no pages in it']
    for width in WIDTHS:
        page = browser.new_page(viewport=dict(width=width, height=900)); asked = []
        page.on('request', lambda r: r.url.startswith(('file:', 'data:', 'blob:', 'about:')) or asked.append(r.url))
        page.set_content(PROOF) # the checks themselves
        assert len(page.evaluate(PALE)) == 1 and 'wide' in page.evaluate(TOO_WIDE)
        for file in files:
            name = file.relative_to(folder); asked.clear(); page.goto(file.as_uri())
            if wide := page.evaluate(TOO_WIDE): wrong.append(f'{name}, {width} px: wider than the window: {wide}')
            for scheme, style in THEMES.items():
                if own: page.add_style_tag(content=style)
                page.evaluate('dark => { document.body.classList.toggle("quarto-dark", dark) }', scheme == 'dark')
                wrong += [f'{name}, {scheme}: contrast {pale}' for pale in page.evaluate(PALE)]
                if images: page.screenshot(path=f'{images}/{file.stem} {width} {scheme}.png', full_page=True)
            wrong += [f'{name}: asks {url[:80]}' for url in asked]
        page.close()
    return list(dict.fromkeys(wrong))

def main(what, *args):
    path = chromium()
    if not path:
        print(f'no Chromium here, so nobody looked at the {what}: install one, or name it in CHROMIUM'); return 0
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=path, args=['--no-sandbox'])
        wrong = dict(report=use_report, pages=look_at_pages)[what](browser, *args)
    print(*wrong or [f'{what}: everything as it should be'], sep='\n')
    return bool(wrong)

if __name__ == '__main__':
    if sys.argv[1:2] not in (['report'], ['pages']) or not 3 <= len(sys.argv) <= 4: sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
