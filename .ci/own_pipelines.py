"""Pipelines that the user loaded, on a GPU: do they give the frames that our own loading gives?
A line of JSON a check, figures on the page Models.

    python .ci/own_pipelines.py              the embedded model in fp32, deterministic: a minute
    python .ci/own_pipelines.py full         full size, random weights: tables under stock calls and model offload,
                                             60 GiB of GPU memory, five minutes
"""
import gc, json, os, sys, tempfile, time
from pathlib import Path
os.environ['CUBLAS_WORKSPACE_CONFIG'] = ':4096:8'
import torch
from diffusers import QwenImageEditPlusPipeline
from diffusers.hooks import apply_group_offloading
from qwen_ttlg.core import open_image, to_pil, to_tensor
from qwen_ttlg.image.edges import edge_map
from qwen_ttlg.frame.guidance import TTLG
from qwen_ttlg.image.losses import EdgeLoss
from qwen_ttlg.model.tiny import TINY_FOLDER
from qwen_ttlg.model.loading import adopt, load_pipeline, random_pipeline
from qwen_ttlg.run.stream import RunSpec, run_frames
from qwen_ttlg.frame.sampling import edit_frame
from qwen_ttlg.settings import Settings
from qwen_ttlg.model.acceleration import set_profile
from qwen_ttlg.model.scenes import Scenes

SCENE = Scenes(1, seed=3)
OPTIONS = dict(num_inference_steps=6, true_cfg_scale=4., seed=1)

def own(prepare=lambda p: p.to('cuda')):
    "A pipeline as plain diffusers loads it, prepared in some way."
    pipe = QwenImageEditPlusPipeline.from_pretrained(TINY_FOLDER, dtype=torch.float32)
    prepare(pipe)
    return pipe

def grouped(kind, **more):
    def prepare(pipe):
        for part in (pipe.transformer, pipe.vae, pipe.text_encoder):
            apply_group_offloading(part, torch.device('cuda'), offload_type=kind, **more)
    return prepare

def quantise(pipe):
    from torchao.quantization import Int8WeightOnlyConfig, quantize_
    pipe.to('cuda'); quantize_(pipe.transformer, Int8WeightOnlyConfig())

WAYS = {'plain': lambda p: p.to('cuda'),
        'model offload': lambda p: p.enable_model_cpu_offload(),
        'sequential offload': lambda p: p.enable_sequential_cpu_offload(),
        'groups of layers, stream': grouped('leaf_level', use_stream=True),
        'groups of layers': grouped('leaf_level'),
        'groups of blocks': grouped('block_level', num_blocks_per_group=2),
        'whole pipeline in groups': lambda p: p.enable_group_offload(torch.device('cuda'), offload_type='leaf_level')}

def guided(pipe):
    before, e = SCENE.render(0), edge_map(SCENE.render(1))
    return edit_frame(pipe, e, before, ttlg=TTLG([EdgeLoss(e)], last_steps=3), **OPTIONS).image.cpu()

def where(pipe):
    return {n: next(getattr(pipe, n).parameters()).device.type for n in ('text_encoder', 'transformer', 'vae')}
def difference(a, b): return (a - b).abs().max().item()

def run(pipe, out):
    "The frames of a short run."
    maps = []
    for t in range(4): maps.append(edge_map(SCENE.render(t))); maps[-1].source = SCENE.render(t)
    settings = Settings(num_inference_steps=4, true_cfg_scale=1., ttlg_edge_scale=1., perceptual_metrics='off')
    run_frames(pipe, RunSpec(SCENE.render(0), maps[1:], settings, reference=maps[0]), out, progress=False)
    return torch.cat([to_tensor(open_image(f)) for f in sorted(Path(out).glob('frame_*.png'))])

def embedded():
    torch.use_deterministic_algorithms(True, warn_only=True)
    ours = load_pipeline('tiny', dtype='fp32'); right = guided(ours)
    quantised = load_pipeline('tiny', dtype='fp32'); quantise(quantised.pipe)
    with tempfile.TemporaryDirectory() as d:
        frames = run(ours, f'{d}/ours')
        for name, prepare in WAYS.items():
            pipe = own(prepare)
            yield (name, dict(three_frames=[difference(guided(pipe), right) for _ in range(3)],
                              a_run=difference(run(pipe, f'{d}/{name}'), frames), afterwards=where(pipe)))
    yield 'torchao int8', dict(three_frames=[difference(guided(own(quantise)), guided(quantised)) for _ in range(3)])
    yield ('load_pipeline(offload="model")',
           dict(three_frames=[difference(guided(load_pipeline('tiny', dtype='fp32', offload='model')), right)
                              for _ in range(3)]))

def full():
    pipe, images = load_pipeline('random').pipe, [to_pil(SCENE.render(0))]*2
    def stock(steps, pipe=pipe):
        start = time.time()
        x = pipe(image=images, prompt='a', negative_prompt=' ', height=256, width=256, num_inference_steps=steps,
                 generator=torch.Generator('cuda').manual_seed(0), output_type='latent').images
        return x.float(), time.time() - start
    (one, first), (two, second), (other, _) = stock(3), stock(3), stock(7)
    with TTLG([EdgeLoss(torch.rand(1, 1, 256, 256), 1.)], last_steps=1).attach(pipe, 256, 256): changed, _ = stock(3)
    yield ('stock calls with tables', dict(first_s=first, second_s=second, same=torch.equal(one, two),
                                           finite=all(bool(x.isfinite().all()) for x in (one, other, changed)),
                                           attached_differs=difference(changed, one)))
    del pipe; gc.collect(); torch.cuda.empty_cache()
    editor = adopt(random_pipeline('cuda'))
    set_profile(editor, 'exact', 'cuda', fetch=False, offload='model')
    torch.cuda.reset_peak_memory_stats()
    before, e = SCENE.render(0, 512, 512), edge_map(SCENE.render(1, 512, 512))
    for k in range(3):
        start = time.time()
        finite = bool(edit_frame(editor, e, before, num_inference_steps=3, ttlg=EdgeLoss(e)).image.isfinite().all())
        yield (f'model offload, frame {k}',
               dict(finite=finite, seconds=time.time() - start, peak_gib=torch.cuda.max_memory_allocated()/2**30,
                    afterwards_gib=torch.cuda.memory_allocated()/2**30))

if __name__ == '__main__':
    for name, found in (full if sys.argv[1:] == ['full'] else embedded)():
        print(json.dumps({'check': name} | found), flush=True)
