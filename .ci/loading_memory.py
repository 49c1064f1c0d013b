"""Host memory while a model is loaded: as a whole in 16 bits and then rounded to fp8, and weight by weight.

    python .ci/loading_memory.py make FOLDER        a Qwen-Image-Edit of full width with 6 of 60 blocks, random weights
    python .ci/loading_memory.py whole|read FOLDER  load it on the CPU in one of the two ways, and say what it took

Two figures: pages of its own (RssAnon), and resident pages with those of mapped files (VmHWM), which the system can
take back where it does not count them against a limit. Files of 1 GB.
"""
import re, sys, threading, time
from pathlib import Path
import torch
from qwen_ttlg.model.acceleration import fp8_storage
from qwen_ttlg.model.loading import _load
from qwen_ttlg.model.tiny import make_pipeline, new_weights

def gib(name): return int(re.search(rf'{name}:\s+(\d+) kB', Path('/proc/self/status').read_text())[1])/2**20

def make(folder):
    from diffusers import QwenImageTransformer2DModel
    with new_weights('cpu', torch.bfloat16):
        transformer = QwenImageTransformer2DModel(num_layers=6, joint_attention_dim=64)
    make_pipeline(transformer=transformer).save_pretrained(folder, max_shard_size='1GB')
    print(f'{sum(p.numel() for p in transformer.parameters())/1e9:.2f} billion parameters')

def measured(folder, read):
    before, most, done = gib('RssAnon'), [0.], threading.Event()
    def watch():
        while not done.wait(.005): most[0] = max(most[0], gib('RssAnon'))
    watcher = threading.Thread(target=watch, daemon=True); watcher.start()
    start_resident, start = gib('VmRSS'), time.perf_counter()
    pipe = _load(folder, torch.bfloat16, 'cpu', None, folder, in_fp8=read); fp8_storage(pipe, 'cpu')
    took = time.perf_counter() - start; done.set(); watcher.join()
    held = sum(p.nbytes for p in pipe.transformer.parameters())/2**30
    print(f'{"read" if read else "whole"}: {held:.2f} GiB of weights in fp8; pages of its own at most '
          f'{most[0] - before:.2f} GiB, resident at most {gib("VmHWM") - start_resident:.2f} GiB; {took:.1f} s')

if __name__ == '__main__':
    command, folder = sys.argv[1:]
    make(folder) if command == 'make' else measured(folder, command == 'read')
