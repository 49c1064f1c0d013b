"""24 shots on two nodes: the same bytes as in one process; two workers against one; a node killed;
what the schedule costs."""
import json, os, sys, threading, time, tempfile, signal, subprocess, tracemalloc, platform
from datetime import date
from functools import partial
from pathlib import Path
import torch, ray, psutil
from ray.cluster_utils import Cluster
from qwen_ttlg.batch.batch import process_videos
from qwen_ttlg.batch.ray_engine import RayEngine
from qwen_ttlg.core import to_pil
from qwen_ttlg.run.run_folder import versions
from qwen_ttlg.model.loading import load_pipeline
from qwen_ttlg.edit.process import StyleSource
from qwen_ttlg.settings import Output, Selection, Settings
from qwen_ttlg.batch.tasks import LocalEngine, Schedule, Task
from qwen_ttlg.model.scenes import Scenes
from qwen_ttlg.video.writer import write_video
out = Path(sys.argv[1]); d = Path(tempfile.mkdtemp()); (d/'in').mkdir()
LENGTHS = (4, 9, 6, 12), (7, 5, 11), (14, 3), (8, 6, 10, 5, 7), (3, 4, 13, 6), (9, 5, 8), (12,), (6, 10)
assert sum(map(len, LENGTHS)) == 24
seeds = iter(range(1003, 2000, 8))
for k, lengths in enumerate(LENGTHS):
    write_video(d/f'in/video{k}.mp4',
                [to_pil(s.render(t)) for n in lengths for s in [Scenes(1, seed=next(seeds))] for t in range(n)], 8)
s = Settings(num_inference_steps=6, true_cfg_scale=1., ttlg_edge_scale=1., ttlg_last_steps=3, perceptual_metrics='off')
tiny = partial(load_pipeline, 'tiny', device='cpu')
def edit(engine, to):
    return process_videos(engine, d/'in', d/to, s, Selection(every_nth=1), StyleSource(style_prompt='as a night scene'),
                          progress=True)
def same(a, b):
    files = sorted(p.relative_to(d/a) for p in (d/a).glob('*/*') if p.suffix == '.png' or p.name == 'metrics.csv')
    return len(files), all((d/a/p).read_bytes() == (d/b/p).read_bytes() for p in files)
found = dict(date=str(date.today()), cpu=platform.processor() or platform.machine(), cores=os.cpu_count(),
             versions=versions() | dict(ray=ray.__version__, threads=1), shots=[list(l) for l in LENGTHS])
def keep(**more): found.update(more); out.write_text(json.dumps(found, indent=1)); print(more, flush=True)
node = dict(num_cpus=1, object_store_memory=10**8)
cluster = Cluster(initialize_head=True, head_node_args=node | dict(include_dashboard=False))
second = cluster.add_node(**node)
def pin(raylet, core): # a node has one core: its workers and their threads stay on it
    for p in [raylet, *raylet.children(recursive=True)]:
        for t in p.threads(): os.sched_setaffinity(t.id, [core])
for core, n in enumerate((cluster.head_node, second)):
    pin(psutil.Process(n.all_processes['raylet'][0].process.pid), core)
def begun(n):
    e = RayEngine(tiny, workers=n, address=cluster.address)
    while len(e.free) < n: e.wait(1.)
    return e
def empty():
    yield [Task(len)]
if 'schedule' in sys.argv:
    e = RayEngine(partial(dict, a=1), workers=2, address=cluster.address)
    while len(e.free) < 2: e.wait(1.)
    tracemalloc.start()
    base = tracemalloc.get_traced_memory()[0]
    start = time.perf_counter()
    n = sum(1 for r in Schedule(((str(i), empty()) for i in range(10_000)), e) if r)
    t = time.perf_counter() - start
    rss = psutil.Process().memory_info().rss
    keep(schedule=dict(shots=n, ms=t/n*1e3, peak_kB=(tracemalloc.get_traced_memory()[1] - base)/1e3, rss_MB=rss/1e6))
    tracemalloc.stop()
    e.close()
if 'ratio' in sys.argv:
    torch.set_num_threads(1)
    os.sched_setaffinity(0, [0])
    t = time.perf_counter()
    edit(LocalEngine(tiny), 'local')
    keep(local=time.perf_counter() - t)
    os.sched_setaffinity(0, [0, 1])
    for n in (1, 2):
        e = begun(n)
        t = time.perf_counter()
        b = edit(e, f'ray{n}')
        keep(**{f'workers{n}': dict(seconds=time.perf_counter() - t, frames=b.frames, failed=b.failed)})
    keep(ratio=found['workers1']['seconds']/found['workers2']['seconds'],
         same=[same('local', 'ray1'), same('local', 'ray2')])
if 'lost' in sys.argv:
    there, joined = {}, []
    def disturb():
        while (len(list((d/'lost').glob('*/shots/*/frame_00*.png'))) < 40
               and len(list((d/'lost').glob('*/frame_00*.png'))) < 60):
            time.sleep(.02)
        raylet = psutil.Process(second.all_processes['raylet'][0].process.pid)
        for p in [raylet, *raylet.children(recursive=True)]: p.kill()
        cluster.worker_nodes.discard(second)
        there.update({p: p.stat().st_mtime_ns
                      for p in [*(d/'lost').glob('*/shots/*/frame_00*.png'), *(d/'lost').glob('*/frame_00*.png')]
                      if p.name != 'frame_0000.png'})
        time.sleep(15)
        joined.append(subprocess.Popen([sys.executable, '-m', 'ray.scripts.scripts', 'start', '--block', '--address',
                                        cluster.address, '--num-cpus', '1', '--object-store-memory', '100000000'],
                                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    k = threading.Thread(target=disturb); k.start(); e = begun(2); b = edit(e, 'lost'); k.join()
    now = lambda p: (p if p.parent.parent == d/'lost' else p.parents[2]/p.name).stat().st_mtime_ns
    keep(lost=dict(seconds=b.seconds, frames=b.frames, failed=b.failed,
                   there=len({(p if p.parent.parent == d/'lost' else p.parents[2]/p.name) for p in there}),
                   generated_twice=sum(now(p) != at for p, at in there.items()),
                   alive=sum(x['Alive'] for x in ray.nodes()) if ray.is_initialized() else None,
                   same=same('local', 'lost')))
    for p in joined: p.terminate()
cluster.shutdown()
