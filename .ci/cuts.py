"""How many cuts does `find_shots` find in real clips?
`python .ci/cuts.py FOLDER`, a folder of clips with clips/ and eval/.

Each clip as it is, shown again at 15 images in 30 frames a second, 10 in 30 and 24 in 60, and 60 joins of two clips:
a cut, a fade over black, a fade over white, twenty each. The cuts of the clips are in cuts.json beside this file, in
seconds, found by eye; a clip that is not named there has none. A cut counts if it is found within one frame, of the
images shown again within one of them; a fade at the first frame that is no longer black or white. Exits with 1 if
more than one of a hundred clips has a false cut, or fewer than 95 of a hundred cuts are found.
"""
import json, random, sys
from pathlib import Path
import av, cv2, numpy as np
from PIL import Image
from qwen_ttlg.video.shots import find_shots

SIDE, MOST = 144, 60 # short side of the images, in pixels; frames a second at most
RATES = (15, 30), (10, 30), (24, 60) # images and frames a second
CUTS = json.loads(Path(__file__).with_name('cuts.json').read_text())

def frames(path):
    "`(time, image)` of a clip, small."
    with av.open(str(path)) as file:
        out = []
        for f in file.decode(video=0):
            scale = min(1, SIDE/min(f.width, f.height))
            pic = f.to_ndarray(format='rgb24') if scale == 1 else \
                f.reformat(round(f.width*scale), round(f.height*scale), 'rgb24', interpolation='AREA').to_ndarray()
            if not out or f.time > out[-1][0] + 1/MOST - .001:
                out.append((f.time - (out[0][2] if out else f.time), pic, f.time))
    return [(t, pic) for t, pic, _ in out]

def steady(frames, rate):
    "The frames at so many a second: each time the last one shown."
    times = [t for t, _ in frames]; step = np.median(np.diff(times)) if len(times) > 1 else 1/rate
    last = [max(0, int(np.searchsorted(times, k/rate + 1e-4)) - 1)
            for k in range(max(1, round((times[-1] + step)*rate)))]
    return [(k/rate, frames[i][1]) for k, i in enumerate(last)]

def join(one, other, how, length, rate=25, seconds=1.6):
    "The end of one clip and the beginning of another; the time at which the other begins."
    n = round(seconds*rate)
    a, b = [p for _, p in steady(one, rate)[-n:]], [p for _, p in steady(other, rate)[:n]]
    b = [cv2.resize(p, a[0].shape[1::-1], interpolation=cv2.INTER_AREA) for p in b]
    if how != 'cut':
        colour, k = (0, 255)[how == 'white'], min(length, len(a) - 3, len(b) - 3)
        dim = lambda p, s: (colour + (p - float(colour))*min(1, s)).round().astype('uint8')
        a, b = [dim(p, (len(a) - 1 - i)/k) for i, p in enumerate(a)], [dim(p, (i + 1)/k) for i, p in enumerate(b)]
    return [(i/rate, p) for i, p in enumerate(a + b)], len(a)/rate

def compare(frames, cuts, within):
    "Number of false cuts, and of those that are missed."
    found = list(find_shots((t, Image.fromarray(p)) for t, p in frames))[1:]; missed = 0
    for cut in cuts:
        near = [t for t in found if abs(t - cut) <= within + .001]
        if near: found.remove(near[0])
        else: missed += 1
    return len(found), missed

def measure(folder):
    clips = {f'{p.parent.name}/{p.stem}': frames(p) for p in sorted(folder.glob('[ce]*/*.mp4'))}; right = bool(clips)
    for how in (None, *RATES):
        shown = {n: v if how is None else steady(steady(v, how[0]), how[1]) for n, v in clips.items()}
        within = .02 if how is None else 1/how[0] + 1/how[1]
        results = {n: compare(v, CUTS.get(n, []), within) for n, v in shown.items()}
        wrong, missed = sum(f > 0 for f, _ in results.values()), sum(m for _, m in results.values())
        print(f'{"as they are" if how is None else "%d in %d" % how:12s} {len(results)} clips, false cuts in {wrong}, '
              f'{sum(f for f, _ in results.values())} in all, {missed} missed')
        right &= wrong*100 <= len(results) and not missed
    rng = random.Random(30); names = [n for n, v in clips.items() if len(v) >= 20 and n not in CUTS]; found = 0
    for how in ('cut', 'black', 'white'):
        scores = [compare(*(lambda v, t: (v, [t], 1/25))(*join(clips[a], clips[b], how, rng.choice([8, 12, 15, 20]))))
                  for a, b in (rng.sample(names, 2) for _ in range(20))]
        found += sum(1 - m for _, m in scores)
        print(f'join {how:7s} {sum(1 - m for _, m in scores)} of 20 found, {sum(f for f, _ in scores)} false')
    return right and found >= .95*60

if __name__ == '__main__': sys.exit(0 if measure(Path(sys.argv[1])) else 1)
