"""A whole video with each editor's small twin (random weights): once in one go, once killed by SIGKILL in the middle
and continued. Are all files the same, byte for byte? Fails if they are not.

    python .ci/continued.py FRAMES [TWIN ...]       TWIN is one of klein, klein_kv, qwen21; without one: all
"""
import hashlib, signal, subprocess, sys, tempfile, time
from pathlib import Path
from qwen_ttlg.core import to_pil
from qwen_ttlg.model.flux2_klein import make_klein
from qwen_ttlg.model.qwen_image_21 import make_qwen21
from qwen_ttlg.model.scenes import Scenes
from qwen_ttlg.video.writer import write_video

TWINS = dict(klein=lambda: make_klein(1), klein_kv=lambda: make_klein(1, kv=True),
             qwen21=lambda: make_qwen21(1, [1., .8, .5, .2]))
RUN = 'import sys; from qwen_ttlg.app.cli import qwen_process_video; sys.exit(qwen_process_video(sys.argv[1:]))'

def hashes(out):
    files = [p for p in out.rglob('*') if p.suffix in ('.png', '.csv', '.mp4') and p.name != 'timings.csv']
    return {str(p.relative_to(out)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}

def killed(command, out, after):
    "Start a run and kill it as soon as `after` frames are there; how many there were."
    process = subprocess.Popen(command)
    while process.poll() is None:
        if (there := len(list(out.glob('frame_*.png')))) >= after: process.send_signal(signal.SIGKILL); process.wait()
        time.sleep(.02)
    return there

def same(folder, name, frames):
    "Both runs of one twin, guided by the edge loss, with drift correction and the first frame as a reference."
    model, whole, cut = folder/name, folder/f'{name} whole', folder/f'{name} cut'
    TWINS[name]().save_pretrained(model)
    def command(out):
        return [sys.executable, '-c', RUN, str(folder/'source.mp4'), str(out), '--model_id', str(model),
                '--device', 'cpu',
                '--every_nth', '1', '--extra_reference', 'first', '--ttlg_edge_scale', '1']
    start = time.perf_counter(); subprocess.run(command(whole), check=True); took = time.perf_counter() - start
    there = killed(command(cut), cut, frames//2); subprocess.run(command(cut), check=True)
    a, b = hashes(whole), hashes(cut)
    other = sorted(n for n in {*a, *b} if a.get(n) != b.get(n))
    print(f'{name}: {frames} frames in {took:.0f} s; killed after {there} and continued: {len(a)} files, '
          f'{len(other)} differ {other[:3] or ""}', flush=True)
    return not other

if __name__ == '__main__':
    frames, names = int(sys.argv[1]), sys.argv[2:] or list(TWINS)
    with tempfile.TemporaryDirectory() as d:
        scene = Scenes(1, seed=1003)
        write_video(Path(d)/'source.mp4', (to_pil(scene.render(t/4, 96, 128)) for t in range(frames)), 24)
        results = [same(Path(d), name, frames) for name in names]
    sys.exit(not all(results))
