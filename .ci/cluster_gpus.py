"Two shots at once on two GPUs against one after the other on one: full size, random weights, 1024 x 1024."
import json, os, sys, time, tempfile, threading, subprocess
from datetime import date
from functools import partial
from pathlib import Path
import torch; import ray, diffusers, transformers
from qwen_ttlg.batch.batch import process_videos
from qwen_ttlg.batch.ray_engine import RayEngine
from qwen_ttlg.core import to_pil
from qwen_ttlg.model.loading import load_pipeline
from qwen_ttlg.edit.process import StyleSource
from qwen_ttlg.settings import Selection, Settings
from qwen_ttlg.model.scenes import Scenes
from qwen_ttlg.video.writer import write_video
out, model, profile, frames, side, device = (Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]),
                                             int(sys.argv[5]), sys.argv[6])
d = Path(tempfile.mkdtemp())
def videos(folder, seed, n):
    (d/folder).mkdir()
    for k in range(2):
        s = Scenes(1, seed=seed + 8*k)
        write_video(d/folder/f'video{k}.mp4', [to_pil(s.render(t)).resize((side, side)) for t in range(n + 1)], 8)
    to_pil(Scenes(1, seed=seed).render(0)).resize((side, side)).save(d/'look.png')
    return d/folder
videos('warm', 1003, 2); videos('in', 1019, frames)
s = Settings(num_inference_steps=10, true_cfg_scale=4., ttlg_edge_scale=1., ttlg_last_steps=5, perceptual_metrics='off')
found = dict(date=str(date.today()), device=torch.cuda.get_device_name() if torch.cuda.is_available() else 'cpu',
             gpus=torch.cuda.device_count(), torch=torch.__version__, diffusers=diffusers.__version__,
             transformers=transformers.__version__, ray=ray.__version__, profile=profile, model=model, frames=frames,
             side=side, steps=10)
def keep(**more): found.update(more); out.write_text(json.dumps(found, indent=1)); print(more, flush=True)
for n in (2, 1):
    t = time.perf_counter()
    e = RayEngine(partial(load_pipeline, model, profile=profile, device=device if device == 'cpu' else None), workers=n,
                  device=device)
    while len(e.free) < n: e.wait(1.)
    begun = time.perf_counter() - t; close, e.close = e.close, lambda: None # the same workers for both
    edit = lambda f, to: process_videos(e, d/f, d/to, s, Selection(every_nth=1, size=f'{side}x{side}'),
                                        StyleSource(init_frame=d/'look.png'), progress=False)
    t = time.perf_counter(); w = edit('warm', f'warm{n}'); warm = time.perf_counter() - t
    use = []; stop = threading.Event()
    def watch():
        while not stop.wait(1.):
            use.append(subprocess.run(['nvidia-smi', '--query-gpu=utilization.gpu,power.generate',
                                       '--format=csv,noheader,nounits'],
                                      capture_output=True, text=True).stdout.strip().split('\n'))
    if device != 'cpu': threading.Thread(target=watch, daemon=True).start()
    t = time.perf_counter(); b = edit('in', f'out{n}'); seconds = time.perf_counter() - t; stop.set()
    spent = {p.parent.name: [float(l.split(',')[1]) for l in p.read_text().splitlines()[1:]]
             for p in (d/f'out{n}').glob('*/timings.csv')}
    head = next((d/f'out{n}').glob('*/timings.csv')).read_text().splitlines()[0]
    keep(**{f'workers{n}': dict(begun=begun, warm=warm, warm_failed=w.failed, seconds=seconds, frames=b.frames,
                                failed=b.failed, head=head, spent=spent, use=use[::5])})
    del e.close; e.close()
same = [(d/'out1'/p.relative_to(d/'out2')).read_bytes() == p.read_bytes()
        for p in sorted((d/'out2').glob('*/frame_*.png'))]
keep(ratio=found['workers1']['seconds']/found['workers2']['seconds'], same=[len(same), sum(same)])
