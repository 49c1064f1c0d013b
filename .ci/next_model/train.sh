#!/usr/bin/env bash
# bash .ci/next_model/train.sh FOOTAGE RUN SECONDS [arguments of the stages]: train the transformer beside this file
# for so many seconds more. FOOTAGE is what `python -m qwen_ttlg.dev.footage pack` wrote; GPUS is 2 if not set.
# Painted styles are learnt where STYLES of qwen_ttlg/model/scenes.py has them: STYLES = TONED | PAINTED.
set -eu
footage=$1; run=$2; seconds=$3; shift 3
here=$(dirname "$0"); stages=(-m qwen_ttlg.dev.footage "$footage")
several=(torchrun --nproc_per_node "${GPUS:-2}")
mkdir -p "$run"
python3 "$here/unpack.py" "$run/begin"
python3 "${stages[@]}" vae "$run" --begin "$run/begin" --seconds 0 "$@"
"${several[@]}" --master_port 29600 "${stages[@]}" latents "$run" --controls all "$@" &
"${several[@]}" --master_port 29601 "${stages[@]}" transformer "$run" --begin "$run/begin" --wait --lr 8e-4 \
    --seconds "$seconds" "$@"
wait $!
python3 "${stages[@]}" save "$run" --transformer '{"heads": 4}' "$@"
