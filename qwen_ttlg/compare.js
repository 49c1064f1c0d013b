// Two images over each other with a border that is dragged: the front end of `Compare` (nbs/app/02_explore.ipynb).
// State lies in the model: images (name -> data URI), left, right, split (percent).

const make = (tag, className, attributes = {}) => {
  const it = Object.assign(document.createElement(tag), { className });
  for (const [name, value] of Object.entries(attributes)) it.setAttribute(name, value);
  return it;
};

function render({ model, el }) {
  const root = make('div', 'ttlg-compare'), stage = make('div', 'ttlg-stage'), choice = make('div', 'ttlg-choice');
  const handle = make('div', 'ttlg-handle', { role: 'slider', tabindex: 0, 'aria-label': 'Where left meets right', 'aria-valuemin': 0, 'aria-valuemax': 100 });
  handle.append(make('span', 'ttlg-grip'));
  const sides = ['left', 'right'].map(name => {
    const side = { name, image: make('img', `ttlg-${name}`, { draggable: 'false' }), select: make('select', '', { 'aria-label': `Image on the ${name}` }) };
    side.select.addEventListener('change', () => { model.set(name, side.select.value); model.save_changes(); });
    return side;
  });
  stage.append(...sides.map(it => it.image), handle);
  choice.append(...sides.map(it => it.select));
  root.append(stage, choice);
  el.append(root);

  const split = percent => {
    model.set('split', Math.round(10 * Math.max(0, Math.min(100, percent))) / 10);
    model.save_changes();
  };
  const drag = event => { const box = stage.getBoundingClientRect(); split(100 * (event.clientX - box.left) / box.width); };
  stage.addEventListener('pointerdown', event => {
    if (event.button) return;
    event.preventDefault();
    stage.setPointerCapture(event.pointerId);
    handle.focus({ preventScroll: true });
    drag(event);
  });
  stage.addEventListener('pointermove', event => { if (stage.hasPointerCapture(event.pointerId)) drag(event); });
  handle.addEventListener('keydown', event => {
    const now = model.get('split');
    const to = { ArrowLeft: now - 2, ArrowRight: now + 2, PageDown: now - 10, PageUp: now + 10, Home: 0, End: 100 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();   // the notebook has uses of its own for these keys
    split(to);
  });

  const placed = () => {
    const percent = model.get('split');
    stage.style.setProperty('--split', `${percent}%`);
    handle.setAttribute('aria-valuenow', Math.round(percent));
    root.dataset.split = percent;
  };
  const shown = () => {
    const images = model.get('images'), names = Object.keys(images);
    stage.style.width = `${model.get('width')}px`;
    for (const { name, image, select } of sides) {
      if (select.dataset.names !== names.join('\n')) {
        select.replaceChildren(...names.map(text => Object.assign(document.createElement('option'), { value: text, textContent: text })));
        select.dataset.names = names.join('\n');
      }
      const wanted = model.get(name);
      select.value = wanted;
      image.alt = wanted;
      image.style.visibility = images[wanted] ? 'visible' : 'hidden';
      if (images[wanted] && image.src !== images[wanted]) image.src = images[wanted];
    }
  };
  const watched = { 'change:split': placed, 'change:images': shown, 'change:left': shown, 'change:right': shown, 'change:width': shown };
  for (const [what, act] of Object.entries(watched)) model.on(what, act);
  placed();
  shown();
  return () => { for (const [what, act] of Object.entries(watched)) model.off(what, act); };
}

export default { render };
