#!/bin/bash
# What a program in an HTCondor job finds out about processors is not what the machine has. HTCondor sets
# OMP_NUM_THREADS and its like to the job's request_cpus, and `nproc` of coreutils heeds OMP_NUM_THREADS: in a job it
# prints 1 on a machine of many cores, and prints 5 on a machine of two cores if the job asked for 5. Node's
# os.availableParallelism(), which a worker pool takes for its size, is of the opposite opinion: it goes by the
# affinity of the process, which HTCondor leaves alone unless told (ASSIGN_CPU_AFFINITY). So in one and the same job
# a script and a Node program disagree by a factor of the machine's size.
#
# Seen with HTCondor 23.9.6 (Debian 13, 23.9.6+dfsg-2.1), coreutils 9.7 and Node 20.19.2 (Debian 13):
#   request_cpus = 1: nproc 1, OMP_NUM_THREADS 1; request_cpus = 5: nproc 5, OMP_NUM_THREADS 5,
#   both times `nproc --ignore=0` with OMP_NUM_THREADS unset, and os.availableParallelism(), are the machine's cores.
#
# Brings up a pool of one machine in namespaces of its own. Needs root.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
root=$work/root
if [[ ${1:-} != --inside ]]; then
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' | head -n 1)
  debootstrap --variant=minbase --include=iproute2,nodejs trixie "$root" "$mirror" >"$work/log" 2>&1
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d" # no daemon starts when installed
  chmod +x "$root/usr/sbin/policy-rc.d"
  DEBIAN_FRONTEND=noninteractive chroot "$root" \
    apt-get install -y -q --no-install-recommends minicondor >>"$work/log" 2>&1
  [[ $(chroot "$root" condor_version) == *' 23.9.6 '* ]] || { echo 'another version of HTCondor'; exit 1; }
  chroot "$root" useradd --create-home someone
  # The daemons, their jobs and all mounts end with the first process of the namespaces.
  unshare --mount --pid --net --uts --ipc --fork --kill-child --mount-proc "$0" --inside "$root"
  exit
fi

root=$2
trap - EXIT
rm -rf "$work"
mount --bind "$root" "$root" # HTCondor wants a / that is a mount point
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
echo pool >/proc/sys/kernel/hostname
echo '127.0.0.1 localhost pool' >"$root/etc/hosts"
printf '%s\n' 'NEGOTIATOR_INTERVAL = 1' 'SCHEDD_INTERVAL = 1' 'NUM_CPUS = 16' 'SCHEDD_NAME = here@' \
  >"$root/etc/condor/config.d/99-quick"
chroot "$root" ip link set lo up
mkdir -p "$root/run/condor" "$root/run/lock/condor"
chroot "$root" chown condor: /run/condor /run/lock/condor
chroot "$root" condor_master -f >/dev/null 2>&1 &
as_someone() { chroot "$root" setpriv --reuid=someone --regid=someone --init-groups \
  env -i PATH=/usr/bin:/bin HOME=/home/someone sh -c "cd && $1"; }
for ((tries = 0; tries < 240; tries++)); do as_someone 'condor_q -totals && condor_status -af Name | grep -q .' >/dev/null 2>&1 && break; sleep 0.5; done

# Runs a script as one job and prints what it prints.
run() { # request_cpus, shell text
  printf '%s\n' '#!/bin/sh' "$2" >"$root/home/someone/job.sh"
  printf '%s\n' 'executable = job.sh' "request_cpus = $1" 'output = out' 'log = log' queue >"$root/home/someone/job.sub"
  chmod 755 "$root/home/someone/job.sh"
  as_someone 'rm -f log out; condor_submit -terse job.sub >/dev/null 2>&1; condor_wait -wait 120 log >/dev/null; cat out'
}
expect() { if [[ $1 == "$2" ]]; then echo "as seen: $1"; else echo "was: $2; is: $1"; exit 1; fi; }

cores=$(env -u OMP_NUM_THREADS -u OMP_THREAD_LIMIT nproc)
script='echo $OMP_NUM_THREADS $(nproc) $(env -u OMP_NUM_THREADS -u OMP_THREAD_LIMIT nproc) $(node -p "os.availableParallelism()")'
expect "$(run 1 "$script")" "1 1 $cores $cores"
expect "$(run 5 "$script")" "5 5 $cores $cores"
