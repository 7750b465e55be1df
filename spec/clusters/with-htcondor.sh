#!/bin/bash
# Runs COMMAND where a real HTCondor pool answers, and exits with its status:
#
#     spec/clusters/with-htcondor.sh COMMAND [ARG…]
#
# On a submit machine (and not as root) that is simply COMMAND itself. As root on Debian it is a
# personal pool in a Debian 13 root that is built once (half a minute, 320 MB) and kept in a cache;
# COMMAND then runs in there as an unprivileged user, in this directory, without network, with
#     CONDOR_FUTURES_SHARED         a writable directory that jobs see too (jobs see no /tmp but their own)
#     CONDOR_FUTURES_UNSHARED       a writable directory that jobs do not see: they have an empty one in its place
#     CONDOR_FUTURES_POOL_CONTROL   where COMMAND can have daemons killed, see pool-control.sh; only
#                                   in the personal pool, so what needs it can run nowhere else.
# Taken from the environment:
#     CONDOR_FUTURES_CACHE       where the root is kept      (~/.cache/condor-futures)
#     CONDOR_FUTURES_PEERS       a directory that COMMAND and its jobs see, too
#     CONDOR_FUTURES_KEEP_LOGS   if set: the daemons' logs are kept when COMMAND fails
set -euo pipefail

self=$(readlink -f "${BASH_SOURCE[0]}")
repository=$(dirname "$(dirname "$(dirname "$self")")")
user=condor-user

say() { echo "with-htcondor: $*" >&2; }
cannot() {
  printf '\n*** %s\n' "CANNOT RUN the specs in spec/on-htcondor: $*" >&2
  cat >&2 <<END
*** They need a real HTCondor pool. Either run them on a machine that may submit to one (condor_q
*** answers there, and you are not root: HTCondor refuses root's jobs), or as root on Debian, where
*** this script makes itself a pool with debootstrap.

END
  exit 69
}

# Everything below runs in namespaces of its own: its mounts and processes end with their first
# process, and that one is killed with this script, even by kill -9: none is left to clean up.
# (unshare itself ignores SIGINT and SIGTERM, hence the background and the traps.)
contained() {
  setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child --mount-proc "$@" <&0 &
  local child=$! signal
  for signal in INT TERM HUP; do
    # shellcheck disable=SC2064 # (bash would report the child "Killed": hence 2>/dev/null)
    trap "exec 2>/dev/null; kill -KILL $child; wait; trap - $signal; kill -$signal \$\$" "$signal"
  done
  wait "$child"
}

# ---- The root: Debian 13 with minicondor. An edited build() makes a new one. ----
build() {
  local root=$1 mirror=$2
  debootstrap --variant=minbase --include=ca-certificates,iproute2 trixie "$root" "$mirror"
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d" # no daemon starts when installed
  chmod 755 "$root/usr/sbin/policy-rc.d"
  DEBIAN_FRONTEND=noninteractive chroot "$root" \
    apt-get install --yes --quiet --no-install-recommends minicondor
  chroot "$root" apt-get clean
  rm -rf "$root"/var/lib/apt/lists/*
}

made() { [[ $(cat "$cache/recipe" 2>/dev/null) == "$recipe" ]]; }

# From where apt itself is set up to read Debian ("Label" leaves out the security archive).
mirror_of_apt() {
  local mirrors
  mirrors=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian')
  echo "${mirrors%%$'\n'*}"
}

make_root() {
  mkdir -p "$(dirname "$cache")"
  exec 9>"$cache.lock"
  flock --shared 9 # held for the whole run: nobody replaces a root that is in use
  made && return
  flock --nonblock 9 || { say "waiting for others to leave $cache" && flock 9; }
  if ! made; then
    local proxy='' mirror
    command -v debootstrap >/dev/null ||
      { apt-get update && apt-get install --yes debootstrap; } >&2 ||
      cannot "apt-get does not install debootstrap."
    mirror=$(mirror_of_apt)
    [[ $mirror ]] || { apt-get update >&2 && mirror=$(mirror_of_apt); } || true
    [[ $mirror ]] || cannot "apt knows no Debian mirror."
    eval "$(apt-config shell proxy Acquire::http::Proxy)"
    [[ -z $proxy ]] || export http_proxy=$proxy
    say "building $cache from $mirror (log: $cache.log)"
    rm -rf --one-file-system "$cache.new"
    mkdir -p "$cache.new/root" "$cache.new/run"
    contained "$self" --build "$cache.new/root" "$mirror" >"$cache.log" 2>&1 ||
      { tail -20 "$cache.log" >&2; cannot "building $cache failed; see above and $cache.log."; }
    echo "$recipe" >"$cache.new/recipe"
    rm -rf --one-file-system "$cache"
    mv "$cache.new" "$cache"
  fi
  flock --shared 9
}

# ---- The pool, in the namespaces. ----
settings() {
  cat <<'END'
# As shipped, a job waits up to 10 s for the negotiator.
NEGOTIATOR_INTERVAL = 1
NEGOTIATOR_CYCLE_DELAY = 1
NEGOTIATOR_MIN_INTERVAL = 1
SCHEDD_INTERVAL = 1
SCHEDD_MIN_INTERVAL = 1
UPDATE_INTERVAL = 2
# As shipped, periodic expressions are looked at once a minute.
PERIODIC_EXPR_INTERVAL = 1
# As shipped, a daemon that was killed is started again after 10 s, then 11 s, 13 s…
MASTER_BACKOFF_CONSTANT = 1
MASTER_BACKOFF_CEILING = 2
# A schedd that can be named: condor_submit does not look up one that is called localhost.
SCHEDD_NAME = specs@
# Small jobs: sixteen at once, whatever this machine has.
NUM_CPUS = 16
MEMORY = 16384
END
  # Jobs see an empty /tmp of their own, as on most pools; but a clone in there they must see.
  local temporary=/tmp,/var/tmp
  [[ $repository/ != /tmp/* && $repository/ != /var/tmp/* ]] || temporary=
  echo "MOUNT_UNDER_SCRATCH = $temporary,/unshared"
}

as_user() { # an async command ignores SIGINT; COMMAND shall not
  chroot "$run" setpriv --reuid=$user --regid=$user --init-groups \
    env -i --default-signal=INT,QUIT --chdir="$repository" \
    PATH=/usr/local/bin:/usr/bin:/bin HOME=/home/$user USER=$user LOGNAME=$user SHELL=/bin/bash \
    LANG=C.UTF-8 TMPDIR=/tmp CONDOR_FUTURES_SHARED=/shared CONDOR_FUTURES_UNSHARED=/unshared \
    CONDOR_FUTURES_POOL_CONTROL=/run/pool-control "${passed[@]}" "$@"
}

answers() { as_user condor_status -af Name | grep -q . && as_user condor_q -totals; }

inside() {
  local root=$cache/root directory name uid status=0 tries
  run=$cache/run
  # HTCondor's starter wants a / that is a mount point. This one is empty memory around the root's
  # programs, so that no run leaves anything behind in the root, nor meets another run's.
  mount -t tmpfs -o mode=755 tmpfs "$run"
  for directory in usr/bin usr/sbin usr/lib usr/lib64 usr/libexec usr/share; do
    [[ -d $root/$directory ]] || continue
    mkdir -p "$run/$directory"
    mount --bind "$root/$directory" "$run/$directory"
    mount -o remount,bind,ro "$run/$directory"
  done
  cp -a "$root"/{bin,sbin,lib*,etc,var} "$run"
  mkdir -p "$run"/{proc,dev,root,mnt,opt,shared,unshared,home/$user,usr/local/bin,run/lock/condor,run/condor}
  mkdir -m 1777 "$run/tmp"
  mount -t proc proc "$run/proc"
  mount --rbind /dev "$run/dev"
  mount -t tmpfs -o mode=1777 tmpfs "$run/dev/shm"
  touch "$run/usr/local/bin/node"
  mount --bind "$(readlink -f "$(command -v node)")" "$run/usr/local/bin/node"
  mkdir -p "$run$repository"
  mount --rbind "$repository" "$run$repository"
  if [[ ${CONDOR_FUTURES_PEERS:-} ]]; then
    mkdir -p "$run$CONDOR_FUTURES_PEERS"
    mount --bind "$CONDOR_FUTURES_PEERS" "$run$CONDOR_FUTURES_PEERS"
  fi

  # The user is the repository's owner, who may read it; if that is root, nobody in particular.
  uid=$(stat -c %u "$repository")
  ((uid >= 1000)) || uid=64000
  echo "$user:x:$uid:$uid::/home/$user:/bin/bash" >>"$run/etc/passwd"
  echo "$user:x:$uid:" >>"$run/etc/group"
  chown "$uid:$uid" "$run"/{home/$user,shared,unshared}
  chroot "$run" chown condor: /run/condor /run/lock/condor
  echo pool >/proc/sys/kernel/hostname
  echo '127.0.0.1 localhost pool' >"$run/etc/hosts"
  settings >"$run/etc/condor/config.d/99-with-htcondor"
  chroot "$run" ip link set lo up

  passed=()
  for name in CI TERM FORCE_COLOR NO_COLOR $(compgen -e CONDOR_FUTURES_); do
    [[ ! ${!name+set} || $name == CONDOR_FUTURES_@(SHARED|UNSHARED|POOL_CONTROL) ]] || passed+=("$name=${!name}")
  done
  as_user sh -c 'test -r . && test -r package.json' ||
    cannot "the pool's user (uid $uid) may not read $repository; see the modes of its files."
  as_user node -e 0 ||
    cannot "$(command -v node) does not run in Debian 13; the one of nodejs.org or NodeSource does."

  chroot "$run" condor_master -f >"$run/var/log/condor/stderr" 2>&1 &
  disown # pool-control.sh may kill it, which is nothing to report
  for ((tries = 0; ; tries++)); do
    ! answers >/dev/null 2>&1 || break
    ((tries < 240)) || { tail -n 15 "$run"/var/log/condor/* >&2; cannot "no pool after 60 s."; }
    sleep 0.25
  done
  say "HTCondor $(as_user condor_version | awk '{ print $2; exit }'):" \
    "$(as_user condor_status -af TotalSlotCpus) slots, as user $user, in $root"

  mkdir -p "$run/run/pool-control/answers"
  mkfifo -m 622 "$run/run/pool-control/requests"
  "$(dirname "$self")/pool-control.sh" "$run" &

  as_user "$@" || status=$?
  if ((status != 0)) && [[ ${CONDOR_FUTURES_KEEP_LOGS:-} ]]; then
    directory=$(mktemp -d /tmp/condor-logs.XXXXXX)
    cp -r "$run/var/log/condor/." "$directory"
    say "COMMAND failed ($status); the daemons' logs are in $directory"
  fi
  exit "$status" # and with this first process goes all the rest
}

cache=${CONDOR_FUTURES_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/condor-futures}/htcondor-trixie
recipe=$(declare -f build | sha256sum)
case ${1:-} in
  '') say "usage: $0 COMMAND [ARG…]"; exit 64 ;;
  --build) build "$2" "$3"; exit ;;
  --inside) shift; inside "$@" ;;
esac

if ((EUID != 0)); then
  command -v condor_submit >/dev/null || cannot "no condor_submit on PATH, and you are not root."
  timeout 20 condor_q -totals >/dev/null || cannot "condor_q does not answer, and you are not root."
  cd "$repository"
  exec "$@"
fi
[[ $(. /etc/os-release; echo "${ID:-}") == debian ]] || cannot "this is not Debian."
command -v node >/dev/null || cannot "there is no node on PATH."
contained true || cannot "this root may not make namespaces (is it a container's?)."
make_root
contained --net --uts --ipc "$self" --inside "$@"
