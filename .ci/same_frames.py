"""Do two states of the project make the same frames, byte for byte?

    python .ci/same_frames.py run CHECKOUT OUT      the demo and the runs of RUNS, with the code of CHECKOUT, into OUT
    python .ci/same_frames.py compare OUT OUT2      names every file that differs; exit code 1 if there is one

Both on the same machine, in the same environment; one thread. Compared are all frames and edge maps, the videos and the
numbers of metrics.csv. A checkout that does not know a flag of RUNS gets the flag's former name from FORMER.
"""
import csv, hashlib, json, os, shlex, signal, subprocess, sys, time
from pathlib import Path

COMMON = '--model_id tiny --device cpu --num_inference_steps 4 --every_nth 1 --perceptual_metrics off --no_report'
EDGE = '--ttlg_edge_scale 1'

# Name -> flags of qwen_process_video. Five frames where nothing else is said.
RUNS = {
    'plain': '',
    'edge loss': EDGE,
    'three losses': f'{EDGE} --ttlg_gram_scale .3 --ttlg_temporal_scale .2 --ttlg_last_steps 2',
    'window': f'{EDGE} --ttlg_max_sigma .7 --ttlg_min_sigma .1 --ttlg_every 2 --ttlg_inner_steps 1',
    'smaller images for the losses': f'{EDGE} --ttlg_loss_scale .5 --ttlg_grad_scale .25',
    'edges by F1': f'{EDGE} --ttlg_edge_metric f1 --ttlg_lr .1 --ttlg_start_step 1 --ttlg_end_step 3',
    'colour mask': '--color_mask data/mask.png --ttlg_color_mask_scale 1',
    'no drift correction': '--drift off',
    'other drift correction': '--color_correction .5 --sharpen 1 --registration off',
    'global colours': '--color_correction 0 --sharpen 0 --registration off --global_color_match reinhard',
    'third reference': '--extra_reference first',
    'from the frame before': '--init_sigma .6',
    'keyframes': '--keyframe_every 3 --max_frames 7',
    'fixed noise': '--noise fixed --seed 7 --true_cfg_scale 1',
    'CFG at first': '--cfg_stop .5 --negative_prompt blurred',
    'restyled': '--style_prompt "as a night scene" --unguided ' + EDGE,
    'given style': '--init_frame data/init_frame.png --prompt "the same, drawn"',
    'gates repeat': '--max_edge_loss .01 --gate_retries 1 --on_gate_failure repeat',
    'gates accept': '--max_color_difference .5 --max_misalignment .3 --gate_retries 2',
    'crop': '--size 96x64 --resize_mode crop --edge_method canny',
    'interpolated': '--every_nth 2 --interpolate flow',
    'repeated': '--fps 4 --interpolate repeat',
    'profile': f'--profile preview {EDGE}',
    'shots': 'VIDEO=data/shots.mp4 --max_frames 10'}

# Flag -> its former name. A value is the flag's own, or one of FORMER_VALUES.
FORMER = {
    '--perceptual_metrics': '--networks', '--ttlg_inner_steps': '--ttlg_repeats', '--ttlg_loss_scale': '--ttlg_decode',
    '--ttlg_grad_scale': '--ttlg_backward', '--ttlg_edge_metric': '--ttlg_edge_kind', '--color_mask': '--mask',
    '--ttlg_color_mask_scale': '--ttlg_mask_scale', '--color_correction': '--hold', '--sharpen': '--detail',
    '--registration': '--register', '--global_color_match': '--colour_match', '--extra_reference': '--anchor',
    '--init_sigma': '--start_sigma', '--max_edge_loss': '--gate', '--max_color_difference': '--gate_colour',
    '--max_misalignment': '--gate_shift', '--on_gate_failure': '--gate_then', '--resize_mode': '--policy',
    '--interpolate': '--fill', '--profile': '--speed'}
FORMER_VALUES = {('--on_gate_failure', 'repeat'): 'hold', ('--interpolate', 'repeat'): 'hold'}
FORMER_DRIFT = '--register off --hold 0 --detail 0'.split() # --drift off
FORMER_COLUMNS = dict(tries='attempts', detail='sharpness_ratio', similarity='style_similarity',
                      edge_floor='edge_loss_vae', edges='edge_map_hash', picture='frame_hash',
                      held_edge_loss='corrected_edge_loss', held_psnr='corrected_psnr') # and those of the demo
FORMER_CELLS = dict(held='repeated') # of the column `gate`
FORMER_FILES = {'demo/held': 'demo/corrected'} # the beginnings of names
CALL = '''import sys
try: from qwen_ttlg.app import cli
except ImportError: from qwen_ttlg import cli
sys.exit(getattr(cli, sys.argv[1])(sys.argv[2:]))'''


class Checkout:
    "The commands of one state of the project, called in a folder of their own."
    def __init__(self, top, out):
        self.top, self.out = Path(top).resolve(), Path(out).resolve()
        self.out.mkdir(parents=True, exist_ok=True)
        self.environment = dict(os.environ, PYTHONPATH=str(self.top), OMP_NUM_THREADS='1', HF_HUB_OFFLINE='1')
        self.known = self.call('qwen_process_video', '--help').stdout

    def start(self, command, *args):
        return subprocess.Popen([sys.executable, '-c', CALL, command, *map(str, args)], cwd=self.out,
                                env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def call(self, command, *args, code=0):
        process = self.start(command, *args)
        process.stdout_text, said = process.communicate()
        if process.returncode != code: sys.exit(f'{command} {shlex.join(map(str, args))}: {said[-2000:]}')
        return subprocess.CompletedProcess(args, code, process.stdout_text, said)

    def flags(self, text):
        "Flags as this checkout calls them."
        words, found = shlex.split(text), []
        for i, word in enumerate(words):
            flag = words[i - 1] if i else ''
            if word == '--drift' and '--drift ' not in self.known: found += FORMER_DRIFT
            elif flag == '--drift' and '--drift ' not in self.known: continue
            elif word in FORMER and f'{word} ' not in self.known: found.append(FORMER[word])
            elif f'{flag} ' not in self.known: found.append(FORMER_VALUES.get((flag, word), word))
            else: found.append(word)
        return found

    def process(self, name, text, video='data/video.mp4', **kw):
        words = [w for w in shlex.split(text) if not w.startswith('VIDEO=')]
        video = next((w[6:] for w in shlex.split(text) if w.startswith('VIDEO=')), video)
        frames = '' if '--max_frames' in text else '--max_frames 5'
        return (video, name.replace(' ', '_'), *self.flags(f'{COMMON} {frames} {shlex.join(words)}'))


def make_data(checkout):
    "A scene, two scenes with a cut between them, and a mask."
    from PIL import Image
    data = checkout.out/'data'
    for name, seed in (('data', 1003), ('other', 77)):
        checkout.call('qwen_create_test_data', name, '--size', '96x96', '--frames', 10, '--seed', seed)
    joined = data/'joined'; joined.mkdir(exist_ok=True)
    frames = [sorted((checkout.out/name/'true').glob('*.png'))[:5] for name in ('data', 'other')]
    for i, file in enumerate(sum(frames, [])): Image.open(file).save(joined/f'frame_{i:04d}.png')
    checkout.call('qwen_assemble_video', joined, data/'shots.mp4', '--fps', 8)
    Image.new('L', (96, 96)).save(data/'mask.png'); mask = Image.open(data/'mask.png')
    mask.paste(255, (20, 20, 70, 60)); mask.save(data/'mask.png')
    (checkout.out/'videos.txt').write_text('data/video.mp4\ndata/shots.mp4\n')

def run_all(checkout):
    make_data(checkout)
    for name, text in RUNS.items():
        began = time.monotonic()
        checkout.call('qwen_process_video', *checkout.process(name, text))
        print(f'{name}: {time.monotonic() - began:.0f} s', flush=True)
    # continued: after fewer frames, and after a kill in the middle of a frame
    checkout.call('qwen_process_video', *checkout.process('continued', f'{EDGE} --max_frames 3'))
    checkout.call('qwen_process_video', *checkout.process('continued', f'{EDGE} --max_frames 7'))
    args = checkout.process('killed', f'{EDGE} --max_frames 7')
    process = checkout.start('qwen_process_video', *args)
    while not (checkout.out/'killed/frame_0003.png').exists() and process.poll() is None: time.sleep(.02)
    process.send_signal(signal.SIGKILL); process.communicate()
    checkout.call('qwen_process_video', *args)
    checkout.call('qwen_process_videos', 'videos.txt', 'batch', *checkout.flags(f'{COMMON} --max_frames 8'),
                  '--no_progress')
    # the original's three steps, on its own defaults but for the model
    checkout.call('qwen_extract_frames', 'data/video.mp4', 'steps', '--size', '96x96')
    checkout.call('qwen_video_edit', '--init_frame', 'steps/init_frame.png', '--edge_frames_dir', 'steps/edges',
                  '--out_frames_dir',
                  'steps/frames', '--model_id', 'tiny', '--device', 'cpu', '--num_inference_steps', 10,
                  '--ttlg_edge_scale', 1,
                  '--ttlg_gram_scale', .3, '--ttlg_lr', .05, '--ttlg_last_steps', 5, '--seed', 42,
                  *checkout.flags('--perceptual_metrics off'), '--no_report')
    checkout.call('qwen_assemble_video', 'steps/frames', 'steps/video.mp4')
    checkout.call('qwen_ttlg_demo', 'demo')

def digest(file):
    "Of a file's bytes; of metrics, of the numbers under the names that columns have today."
    if file.name != 'metrics.csv': return hashlib.sha256(file.read_bytes()).hexdigest()
    rows = [{FORMER_COLUMNS.get(k, k): FORMER_CELLS.get(v, v) for k, v in row.items()}
            for row in csv.DictReader(file.open())]
    return hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()

def present(name):
    "The name of a file as it is today."
    for old, new in FORMER_FILES.items():
        if name.startswith(old): return new + name.removeprefix(old)
    return name

def found(out):
    # the demo's sheet.png has the names of its runs in it
    files = [p for kind in ('*.png', '*.mp4', 'metrics.csv') for p in Path(out).rglob(kind) if p.name != 'sheet.png']
    return {present(str(p.relative_to(out))): digest(p) for p in sorted(files)}

def compare(one, two):
    a, b = found(one), found(two)
    wrong = [name for name in sorted(a | b) if a.get(name) != b.get(name)]
    runs = sorted({name.split('/')[0] for name in a})
    frames = sum(Path(name).name.startswith('frame_') for name in a)
    print(f'{len(runs)} folders, {frames} frames, {len(a)} files compared; {len(wrong)} differ', *wrong, sep='\n  ')
    return bool(wrong)

if __name__ == '__main__':
    if len(sys.argv) != 4 or sys.argv[1] not in ('run', 'compare'): sys.exit(__doc__)
    if sys.argv[1] == 'compare': sys.exit(compare(*sys.argv[2:]))
    run_all(Checkout(*sys.argv[2:]))
