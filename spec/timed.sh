#!/bin/bash
# Runs scripts of package.json one after another, and prints in the end how long each took: spec/timed.sh SCRIPT…
# The first that fails ends the run.
set -euo pipefail

times=()
trap 'printf "\nTime of each part:\n"; printf "%s\n" "${times[@]}"' EXIT
for script in "$@"; do
  start=$SECONDS status=0
  npm run "$script" || status=$?
  times+=("$(printf '%6d s  %s%s' $((SECONDS - start)) "$script" "$([[ $status == 0 ]] || echo ': failed')")")
  [[ $status == 0 ]] || exit "$status"
done
