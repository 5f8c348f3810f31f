# shellcheck shell=bash
# Sourced, after environment.sh and with `root` set, by the scripts that train several networks.

# use_training_environment WHAT...: Python with what `scripts/setup WHAT...` installs, as `python`;
# PYTHON names another that has it.
use_training_environment() {
    [ -n "${PYTHON:-}" ] || "$root/scripts/setup" "$@" >&2
    python=${PYTHON:-$root/.venv/bin/python}
    use_own_modules
}

# needs_value OPTION [WORD...]: end the script where nothing follows its option.
needs_value() {
    [ $# -gt 1 ] || { printf 'scripts/%s: %s needs a value\n' "${0##*/}" "$1" >&2; exit 2; }
}

# fit FOLDER RECIPE [OPTION...]: train a run from its start or from where it stopped; `words` are
# further options of every one.
words=()
fit() {
    local options=("${@:3}" "${words[@]}")
    [ -e "$1/run.json" ] && resume_options "$1" "${@:3}"
    "$python" -m train fit "$2" --out "$1" "${options[@]}"
}

# resume_options FOLDER [OPTION...]: in `options` those that continue its run; says which of `words`
# only begin one.
resume_options() {
    local word to=began began=()
    options=(--resume)
    for word in "${@:2}" -- "${words[@]}"; do
        case $word in # a value goes where its option went
        --) began=() to=began && continue ;; # what the script itself gives is not told of
        --workers | --device | --feed | --data | --root | --cameras | --no-graphs) to=options ;;
        --workers=* | --device=* | --feed=* | --data=*) to=options ;;
        -*) to=began ;;
        esac
        if [ $to = options ]; then options+=("$word"); else began+=("$word"); fi
    done
    [ ${#began[@]} -eq 0 ] || printf 'scripts/%s: %s goes on as it began: left out %s\n' \
        "${0##*/}" "$1" "${began[*]}" >&2
}

# make_model FOLDER RECIPE [OPTION...]: fit and export FOLDER.safetensors, unless it is there;
# `export_options` are those of the export.
export_options=()
make_model() {
    [ -e "$1.safetensors" ] && return
    fit "$@"
    "$python" -m train export "$1" "$1.safetensors" "${export_options[@]}"
}
