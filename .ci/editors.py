"""What a guided frame costs with each editor, full size with random weights: a line of JSON a measurement.
Figures on the page "Which editor?".

    python .ci/editors.py speed MODEL PROFILE ...   MODEL is a name of `RANDOM`: seconds and stages at 1024 and 512
    python .ci/editors.py cap GIB SIZE PROFILE OFFLOAD MODEL
                                                    is a guided frame possible with no more than so much memory?

Two references, edge and Gram loss in the last half of the steps, two inner steps; one frame is not timed. The same
frames are then timed without guidance.
"""
import gc, json, sys, time
import psutil, torch
from qwen_ttlg.frame.guidance import TTLG, with_target_values
from qwen_ttlg.frame.sampling import edit_frame
from qwen_ttlg.image.edges import edge_map
from qwen_ttlg.image.losses import EdgeLoss, GramLoss, RandomFeatures
from qwen_ttlg.model.loading import load_pipeline
from qwen_ttlg.model.scenes import Scenes

def frames(editor, size, count=3, steps=None, **how):
    "Seconds of `count` frames after the first, of their stages, and peak memory."
    steps = steps or editor.defaults.get('num_inference_steps', 10)
    scene, cuda = Scenes(1, seed=1003), torch.cuda.is_available()
    prev, after = (scene.render(k, size, size) for k in (0, 1)); e = edge_map(after)
    losses = [EdgeLoss(e.edges, e.gain), GramLoss(RandomFeatures(), prev, .3)]
    # target values are measured once a shot
    ttlg = with_target_values(TTLG(losses, last_steps=steps//2, **how), editor.vae, prev)
    def now():
        if cuda: torch.cuda.synchronize()
        return time.perf_counter()
    cfg = {} if editor.defaults else dict(true_cfg_scale=4.)
    def one(frame, ttlg=ttlg, **more):
        start = now()
        r = edit_frame(editor, e, prev + 0., num_inference_steps=steps, ttlg=ttlg, seed=1, frame=frame, **cfg, **more)
        return now() - start, r
    def timed(ttlg): # seconds, the largest amounts of memory that were allocated and reserved
        if cuda: torch.cuda.reset_peak_memory_stats()
        times = [one(k, ttlg)[0] for k in range(1, count + 1)]
        peaks = [f()/2**30 if cuda else None for f in (torch.cuda.max_memory_allocated, torch.cuda.max_memory_reserved)]
        return times, *peaks
    first, _ = one(0)
    times, peak, reserved = timed(ttlg)
    if cuda: torch.cuda.empty_cache()
    plain, *plain_peaks = timed(None)
    stages = {} # of further frames: to ask for the time is to wait for the GPU, which makes a frame slower
    for k in range(count):
        marks = [(now(), 'before')]
        _, r = one(count + 1 + k, on_stage=lambda name: marks.append((now(), name)))
        for (a, name), (b, _) in zip(marks, [*marks[1:], (now(), '')]):
            stages[name] = stages.get(name, 0) + (b - a)/count
    return dict(size=size, steps=steps, first=first, seconds=times, mean=sum(times)/count, stages=stages, **how,
                finite=bool(r.image.isfinite().all()), guided=len(r.history), skipped=r.skipped,
                peak_gib=peak, reserved_gib=reserved,
                unguided=dict(seconds=plain, peak_gib=plain_peaks[0], reserved_gib=plain_peaks[1]))

def about():
    name = torch.cuda.get_device_name() if torch.cuda.is_available() else 'CPU'
    return dict(device=name, torch=torch.__version__, date=time.strftime('%d %B %Y'))

def speed(model, *profiles):
    for profile in profiles:
        start = time.perf_counter(); editor = load_pipeline(model, profile=profile)
        loaded = dict(load_s=time.perf_counter() - start, host_gib=psutil.Process().memory_info().rss/2**30)
        for size in (1024, 512):
            for how in ({}, dict(grad_scale=.5)):
                yield dict(model=model, profile=profile) | loaded | frames(editor, size, **how)
        del editor; gc.collect(); torch.cuda.empty_cache()

def cap(gib, size, profile, offload, model):
    editor = load_pipeline(model, profile=profile, offload=offload); editor.vae_form(checkpoint=True)
    gc.collect(); torch.cuda.empty_cache(); torch.cuda.reset_peak_memory_stats() # random weights are made on the GPU
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction(float(gib)*2**30/total)
    said = dict(model=model, profile=profile, offload=offload, cap=float(gib))
    yield said | frames(editor, int(size), 2, grad_scale=.5)
    yield dict(host_gib=psutil.Process().memory_info().rss/2**30)

if __name__ == '__main__':
    for found in dict(speed=speed, cap=cap)[sys.argv[1]](*sys.argv[2:]): print(json.dumps(about() | found), flush=True)
