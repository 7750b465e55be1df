#!/bin/bash
# condor_submit knows many commands by two names. Where a description has both, neither the last line nor the longer
# name wins: each pair has its own fixed winner, in whatever order the lines stand, and the only sign of it is a
# warning that the other line was "unused. Is it a typo?", with exit status 0. (A line that repeats the very same name
# replaces the one before it, as one would expect.)
#
# Seen with HTCondor 23.9.6 (Debian 13, 23.9.6+dfsg-2.1): see the table below.
#
# condor_submit -dry-run needs no daemons. Needs root, for debootstrap and chroot.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' | head -n 1)
debootstrap --variant=minbase trixie "$work/root" "$mirror" >"$work/log" 2>&1
printf '#!/bin/sh\nexit 101\n' >"$work/root/usr/sbin/policy-rc.d" # no daemon starts when installed
chmod +x "$work/root/usr/sbin/policy-rc.d"
DEBIAN_FRONTEND=noninteractive chroot "$work/root" \
  apt-get install -y -q --no-install-recommends condor >>"$work/log" 2>&1
[[ $(chroot "$work/root" condor_version) == *' 23.9.6 '* ]] || { echo 'another version of HTCondor'; exit 1; }

# Prints an attribute of the job that the lines describe, and the line that was not used.
submit() {
  printf '%s\n' 'executable = /bin/true' "${@:2}" queue >"$work/root/tmp/job.sub"
  chroot "$work/root" sh -c 'cd /tmp && condor_submit -dry-run ad job.sub' >"$work/said" 2>&1
  local unused
  unused=$(sed -n "s/^WARNING: the line '\(.*\)' was unused by condor_submit. Is it a typo?$/, unused: \1/p" "$work/said")
  echo "$(grep "^$1=" "$work/root/tmp/ad")$unused"
}
expect() { if [[ $1 == "$2" ]]; then echo "as seen: $1"; else echo "was: $2; is: $1"; exit 1; fi; }

expect "$(submit Iwd 'initialdir = /usr' 'initial_dir = /etc')" 'Iwd="/usr", unused: initial_dir = /etc'
expect "$(submit Iwd 'initial_dir = /etc' 'initialdir = /usr')" 'Iwd="/usr", unused: initial_dir = /etc'
expect "$(submit JobPrio 'priority = 3' 'prio = 7')" 'JobPrio=3, unused: prio = 7'
expect "$(submit JobPrio 'prio = 7' 'priority = 3')" 'JobPrio=3, unused: prio = 7'
expect "$(submit RequestMemory 'request_memory = 64' 'RequestMemory = 300')" 'RequestMemory=64, unused: RequestMemory = 300'
expect "$(submit RequestMemory 'request_memory = 64' 'request_memory = 300')" 'RequestMemory=300'
