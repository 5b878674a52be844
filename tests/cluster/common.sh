# What tests/cluster/start and stop share.
# shellcheck shell=bash
nodes="c1 c2 d1 d2 g1"
# Not configurable: inside a job every SLURM_ variable is dropped, SLURM_CONF too, before srun.
etc=/etc/slurm
state=/var/lib/dmvi-cluster
logs=/var/log/dmvi-cluster
run=/run/dmvi-cluster
# The first line of every configuration file that is ours.
mark="# Written by tests/cluster/start of dmvi; tests/cluster/stop removes it."

# True while a pid file's process lives and still is the named program. `kill -0` would not do: a
# daemon that ended stays a zombie where process 1 is slow to reap.
lives() {
    local pid
    pid=$(cat "$1" 2>/dev/null) && [ -n "$pid" ] || return 1
    [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$2" ] || return 1
    ! grep -q '^State:.Z' "/proc/$pid/status" 2>/dev/null
}

# Ends the process of a pid file, politely for ten seconds.
end() {
    local file=$1 name=$2 _
    if lives "$file" "$name"; then
        kill -TERM "$(cat "$file")"
        for _ in $(seq 100); do
            lives "$file" "$name" || break
            sleep 0.1
        done
        ! lives "$file" "$name" || kill -KILL "$(cat "$file")"
    fi
    rm -f "$file"
}
