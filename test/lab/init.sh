#!/bin/sh
# The first process of a lab host: makes the private parts of its file system, starts the supervisor and reaps
# what the dead leave behind (Node.js as process 1 would not). The host ends when this process ends.
# Environment: LAB_HOST, LAB_STATE (directory of the host's state), LAB_KEEP (colon list of directories that must
# stay visible), LAB_NODE, LAB_SUPERVISOR, LAB_PATH (search path), LAB_CONFINE (command that takes
# dangerous rights away), LAB_OVERLAY (further overlay options),
# LAB_CGROUP (set if there are control groups).
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

# New file systems are made aside and moved into place, since what they need may lie below the old place.
aside=$LAB_STATE/mount

# Only harmless devices: no disks, and no watchdog that would reset the machine instead of the host.
mount -n -t tmpfs -o mode=0755 tmpfs "$aside"
mkdir "$aside/pts" "$aside/shm"
for device in null zero full random urandom tty ptmx; do
  : > "$aside/$device"
  mount -n --bind "/dev/$device" "$aside/$device"
done
mount -n --rbind /dev/pts "$aside/pts"
mount -n -t tmpfs -o mode=1777 tmpfs "$aside/shm"
ln -s /proc/self/fd "$aside/fd"
ln -s fd/0 "$aside/stdin"
ln -s fd/1 "$aside/stdout"
ln -s fd/2 "$aside/stderr"
mount -n --move "$aside" /dev

# What a power-off loses.
mount -n -t tmpfs -o mode=0755 tmpfs "$aside"
mkdir "$aside/lab" "$aside/lock"
mkdir -m 1755 "$aside/resource-agents" # As systemd-tmpfiles does for the package of that name.
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

mount -n -t sysfs sysfs /sys
mount -n -t proc proc /proc
# A forced reset resets this host, not the machine: the supervisor reads what is written here.
rm -f /run/lab/sysrq
mkfifo -m 0600 /run/lab/sysrq
if [ -e /proc/sysrq-trigger ]; then # Some kernels have none.
  mount -n --bind /run/lab/sysrq /proc/sysrq-trigger
fi

if [ -n "$LAB_CGROUP" ]; then
  mount -n -t cgroup2 cgroup2 /sys/fs/cgroup
  mkdir -p /sys/fs/cgroup/init /sys/fs/cgroup/exec /sys/fs/cgroup/units /sys/fs/cgroup/holdfast
  echo 0 > /sys/fs/cgroup/init/cgroup.procs
fi

cd /
env -i PATH="$LAB_PATH" HOME=/root LANG=C.UTF-8 LAB_CGROUP="$LAB_CGROUP" \
  $LAB_CONFINE "$LAB_NODE" "$LAB_SUPERVISOR" &
supervisor=$!
exec > /dev/null

# `wait` with an id returns when that child ends, and reaps all others meanwhile.
wait "$supervisor"
