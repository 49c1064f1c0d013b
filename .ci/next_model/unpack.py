"`python .ci/next_model/unpack.py FOLDER`: the weights beside this file as a model folder."
import sys
from pathlib import Path
import torch
from diffusers import AutoencoderKLQwenImage
from safetensors.torch import load_file
from qwen_ttlg.dev.training import IMAGE_PIXELS
from qwen_ttlg.model.tiny import make_pipeline, make_transformer

if len(sys.argv) != 2: sys.exit(__doc__)
here, net = Path(__file__).parent, make_transformer(heads=4)
found = load_file(here/'transformer.safetensors')
weights = {k: q.float()*found[f'{k} scale'] if q.dtype == torch.int8 else q for k, q in found.items() if ' ' not in k}
net.load_state_dict(weights)
pipe = make_pipeline(vae=AutoencoderKLQwenImage.from_pretrained(here/'vae'), transformer=net, max_pixels=IMAGE_PIXELS)
pipe.to(torch.float16).save_pretrained(sys.argv[1])
