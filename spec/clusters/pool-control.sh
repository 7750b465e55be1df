#!/bin/bash
# Does to the daemons of a pool what specs may not do themselves, as root: `pool-control.sh ROOT`, where ROOT is what the pool of
# with-htcondor.sh sees as /. It reads requests from the FIFO ROOT/run/pool-control/requests, a line each,
#
#     ID kill DAEMON      SIGKILL to a daemon (schedd, startd…), which condor_master starts again
#     ID kill PID         SIGKILL to a shadow or starter
#     ID stop DAEMON      SIGSTOP: it is there, and answers nobody
#     ID continue DAEMON  SIGCONT
#     ID configure [NAME=VALUE]…  these settings, of the schedd's limits, instead of those asked for before
#     ID renew            a schedd with an empty queue and no history, which gives all job ids again from 1.0 on
#     ID restart          SIGKILL to everything of HTCondor's, then a new condor_master
#
# and answers each in the file ROOT/run/pool-control/answers/ID: `done PID…` or `error WHY`.
set -uo pipefail

root=$1
control=$root/run/pool-control

# The kernel keeps the first 15 bytes of a program's name.
is_running() { [[ $(cat "/proc/$1/comm" 2>/dev/null) == "${2:0:15}" ]]; }

pids_of() {
  local process
  for process in /proc/[0-9]*; do
    ! is_running "${process#/proc/}" "condor_$1" || echo "${process#/proc/}"
  done
}

signal_all() {
  local pids
  mapfile -t pids < <(for name in "${@:2}"; do pids_of "$name"; done)
  ((${#pids[@]} > 0)) || { echo "error no condor_$2 runs"; return; }
  kill -s "$1" "${pids[@]}" 2>/dev/null
  echo "done ${pids[*]}"
}

daemons=(schedd startd collector negotiator shared_port)
is_daemon() { [[ " ${daemons[*]} " == *" $1 "* ]]; }

# What condor_submit and the schedd refuse more of. condor_submit reads them each time; the schedd is told to.
configure() {
  local setting file=$root/etc/condor/config.d/99-zz-asked-for
  for setting in "$@"; do
    [[ $setting =~ ^(SUBMIT_)?MAX_[A-Z_]+=[0-9]+$ ]] || { echo "error $setting is no limit"; return; }
  done
  printf '%s\n' "$@" >"$file"
  chroot "$root" condor_reconfig -schedd >/dev/null 2>&1 || { echo "error condor_reconfig failed"; return; }
  echo done
}

carry_out() {
  local verb=$1 what=${2:-}
  case $verb in
    kill | stop | continue)
      if is_daemon "$what"; then
        declare -A signals=([kill]=KILL [stop]=STOP [continue]=CONT)
        signal_all "${signals[$verb]}" "$what"
      elif [[ $verb == kill && $what =~ ^[1-9][0-9]*$ ]]; then
        if is_running "$what" condor_shadow || is_running "$what" condor_starter; then
          kill -s KILL "$what" && echo "done $what"
        else
          echo "error $what is no shadow or starter"
        fi
      else
        echo "error $verb takes one of ${daemons[*]}; kill also the pid of a shadow or starter"
      fi
      ;;
    configure)
      # shellcheck disable=SC2086 # (settings are words)
      configure $what
      ;;
    renew)
      signal_all STOP master
      signal_all KILL schedd shadow
      spool=$root$(chroot "$root" condor_config_val SPOOL)
      rm -f "$spool"/job_queue.log* "$spool"/history*
      signal_all CONT master
      ;;
    restart)
      signal_all KILL master procd "${daemons[@]}" shadow starter
      chroot "$root" condor_master -f >>"$root/var/log/condor/stderr" 2>&1 3<&- &
      ;;
    *) echo "error $verb is none of kill, stop, continue, configure, renew, restart" ;;
  esac
}

exec 3<>"$control/requests" # open for writing, too: else it would end with each writer
while read -r -u 3 id verb what; do
  [[ $id =~ ^[A-Za-z0-9-]+$ ]] || continue
  carry_out "$verb" "$what" >"$control/$id"
  mv "$control/$id" "$control/answers/$id"
done
