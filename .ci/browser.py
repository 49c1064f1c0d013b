"""Open a report in headless Chromium and use it as a person would: `python .ci/browser.py report.html [screenshots]`.

Needs playwright (`pip install playwright`) and a Chromium (`CHROMIUM`, by default /usr/bin/chromium); no part
of CI. Fails on an error or warning in the console, a request to anywhere, a page wider than a phone, or a
control that does not do what it says.
"""
import os, sys
from pathlib import Path
from playwright.sync_api import sync_playwright

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

def main(report, images=None):
    wrong = []
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=os.environ.get('CHROMIUM', '/usr/bin/chromium'),
                                    args=['--no-sandbox'])
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
    print(*wrong or ['everything as it should be'], sep='\n')
    return bool(wrong)

if __name__ == '__main__': sys.exit(main(*sys.argv[1:]))
