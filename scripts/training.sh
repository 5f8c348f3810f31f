# shellcheck shell=bash
# Sourced, after environment.sh and with `root` set, by the scripts that train several networks.

# use_training_environment WHAT...: Python with what `scripts/setup WHAT...` installs, as `python`.
use_training_environment() {
    [ -x "$root/.venv/bin/python" ] || "$root/scripts/setup" "$@"
    python=${PYTHON:-$root/.venv/bin/python}
    export PYTHONPATH=$root
}

# fit FOLDER RECIPE [OPTION...]: train a run from its start or from where it stopped; `words` are
# further options of every one.
words=()
fit() {
    local options=("${@:3}" "${words[@]}")
    [ -e "$1/run.json" ] && options=(--resume)
    "$python" -m train fit "$2" --out "$1" "${options[@]}"
}

# make_model FOLDER RECIPE [OPTION...]: fit and export FOLDER.safetensors, unless it is there;
# `export_options` are those of the export.
export_options=()
make_model() {
    [ -e "$1.safetensors" ] && return
    fit "$@"
    "$python" -m train export "$1" "$1.safetensors" "${export_options[@]}"
}
