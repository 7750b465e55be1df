#!/bin/bash
# Runs COMMAND where there are filesystems with faults, and exits with its status. As root on Debian, in a
# mount namespace of its own, of which nothing is left. COMMAND finds in its environment
#     CONDOR_FUTURES_LATE      a FUSE mount (bindfs) that is as late as a network filesystem: what is made
#                              behind it raises no event here, and what was once asked for in vain cannot
#                              be opened for 3 s, although it is listed
#     CONDOR_FUTURES_BEHIND    the directory behind it, as another machine sees it
#     CONDOR_FUTURES_SMALL     a filesystem of 2 MB
set -euo pipefail

self=$(readlink -f "${BASH_SOURCE[0]}")

cannot() {
  printf '\n*** %s\n' "CANNOT RUN the specs in spec/on-mounts: $*" >&2
  printf '*** %s\n\n' "They mount filesystems, as root on Debian, where /dev/fuse is." >&2
  exit 69
}

inside() {
  local place=/run/condor-futures-mounts status=0 tries
  mkdir -p "$place"
  mount -t tmpfs -o mode=755 tmpfs "$place"
  mkdir "$place"/{late,behind,small}
  mount -t tmpfs -o size=2m,mode=700 tmpfs "$place/small"
  chmod 700 "$place/behind"
  bindfs -f -o attr_timeout=3,entry_timeout=3,negative_timeout=3 "$place/behind" "$place/late" &
  for ((tries = 0; ; tries++)); do
    ! mountpoint -q "$place/late" || break
    ((tries < 100)) || cannot "bindfs does not mount."
    sleep 0.1
  done
  CONDOR_FUTURES_LATE=$place/late CONDOR_FUTURES_BEHIND=$place/behind CONDOR_FUTURES_SMALL=$place/small \
    "$@" || status=$?
  exit "$status" # and with this first process go the mounts and bindfs
}

case ${1:-} in
  '') echo "usage: $0 COMMAND [ARG…]" >&2; exit 64 ;;
  --inside) shift; inside "$@" ;;
esac

((EUID == 0)) || cannot "you are not root."
[[ -c /dev/fuse ]] || cannot "there is no /dev/fuse."
if ! command -v bindfs >/dev/null; then
  [[ $(. /etc/os-release; echo "${ID:-}") == debian ]] || cannot "this is not Debian, and has no bindfs."
  { apt-get install --yes bindfs || { apt-get update && apt-get install --yes bindfs; }; } >&2 ||
    cannot "apt-get does not install bindfs."
fi
unshare --mount true || cannot "this root may not make namespaces (is it a container's?)."
exec setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child --mount-proc "$self" --inside "$@"
