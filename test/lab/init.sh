#!/bin/sh
# The first process of a lab host: makes the private parts of its file system, starts the supervisor and reaps
# what the dead leave behind (Node.js as process 1 would not). The host ends when this process ends.
# Environment: LAB_HOST, LAB_STATE (directory of the host's state), LAB_KEEP (colon list of directories that must
# stay visible), LAB_NODE, LAB_SUPERVISOR, LAB_OVERLAY (further overlay options), LAB_CGROUP (set if there are any).
set -eu

# The mounted /proc is still the machine's, so this is our process id as the machine knows it.
read -r outer _ < /proc/self/stat
echo "init $outer"

hostname "$LAB_HOST"
ip link set lo up

# What a disk keeps: survives a power-off. The machine's own directories are the lower layer.
for top in etc var; do
  mount -n -t overlay overlay -o \
    "lowerdir=/$top,upperdir=$LAB_STATE/$top,workdir=$LAB_STATE/$top.work,index=off$LAB_OVERLAY" "/$top"
done

# What a power-off loses. Made aside and moved into place, since the state may lie below the old place.
aside=$LAB_STATE/mount
mount -n -t tmpfs -o mode=0755 tmpfs "$aside"
mkdir -p "$aside/lab" "$aside/lock"
mount -n --bind "$LAB_STATE/control" "$aside/lab"
mount -n --move "$aside" /run
mount -n -t tmpfs -o mode=1777 tmpfs "$aside"
IFS=:
for directory in $LAB_KEEP; do
  case $directory in
    /tmp/*)
      mkdir -p "$aside/${directory#/tmp/}"
      mount -n --rbind "$directory" "$aside/${directory#/tmp/}"
      ;;
  esac
done
unset IFS
mount -n --move "$aside" /tmp
mount -n -t tmpfs -o mode=1777 tmpfs /dev/shm

mount -n -t proc proc /proc
mount -n -t sysfs sysfs /sys
if [ -n "${LAB_CGROUP:-}" ]; then
  mount -n -t cgroup2 cgroup2 /sys/fs/cgroup
  mkdir -p /sys/fs/cgroup/init /sys/fs/cgroup/exec /sys/fs/cgroup/units /sys/fs/cgroup/holdfast
  echo 0 > /sys/fs/cgroup/init/cgroup.procs
fi

node=$LAB_NODE
supervisor=$LAB_SUPERVISOR
cd /
env -i PATH="$LAB_PATH" HOME=/root LANG=C.UTF-8 LAB_CGROUP="${LAB_CGROUP:-}" "$node" "$supervisor" &
supervisor_pid=$!
exec > /dev/null

# `wait` with an id returns when that child ends, and reaps all others meanwhile.
wait "$supervisor_pid"
