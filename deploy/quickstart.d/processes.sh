# shellcheck shell=bash
# Of deploy/quickstart: daemons that outlive the script, known by process id and start time, so that
# a process id the system has given to somebody else is never taken for ours.
# shellcheck disable=SC2154  # state and bin are the caller's

start_time_of() {
    # Field 22, counted after the program's name, which may hold spaces and parentheses.
    sed 's/^.*) //' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 20
}

pid_of() { cut -d ' ' -f 1 "$state/run/$1.pid"; }

is_running() {
    local pid began
    [[ -s $state/run/$1.pid ]] && read -r pid began <"$state/run/$1.pid" &&
        [[ $(start_time_of "$pid") == "$began" ]] && ! grep -q '^State:.Z' "/proc/$pid/status" 2>/dev/null
}

# NAME COMMAND...: starts it in a session of its own, its output in $state/log/NAME.log.
start() {
    local name=$1
    shift
    # The lock (9) is this script's, not the daemon's.
    setsid "$@" </dev/null >>"$state/log/$name.log" 2>&1 9>&- &
    printf '%s %s\n' "$!" "$(start_time_of "$!")" >"$state/run/$name.pid"
}

# SECONDS NAME WHAT COMMAND...: until COMMAND succeeds; ends the script if daemon NAME dies before.
wait_until() {
    local seconds=$1 name=$2 what=$3 deadline
    shift 3
    deadline=$((SECONDS + seconds))
    until "$@"; do
        is_running "$name" || die_with_log "$name" "$name ended before $what"
        ((SECONDS < deadline)) || die_with_log "$name" "waited $seconds s for $what"
        sleep 0.2
    done
}

die_with_log() {
    say "the last lines of $state/log/$1.log:"
    tail -n 15 "$state/log/$1.log" | sed 's/^/    /' >&2
    die "$2"
}

# COMMAND LINE: what the ERR trap calls.
failed() {
    trap - ERR
    ((BASH_SUBSHELL == 0)) || exit 1  # the shell that waits for this one reports
    say "failed in line $2: $1"
    local log
    for log in "$state"/log/*.log; do
        if [[ -s $log ]]; then
            say "the last lines of $log:"
            tail -n 5 "$log" | sed 's/^/    /' >&2
        fi
    done
    exit 1
}

# NAME: asks it to end, and insists after 20 seconds.
stop() {
    local pid deadline
    if ! is_running "$1"; then
        rm -f "$state/run/$1.pid"
        return 0
    fi
    pid=$(pid_of "$1")
    say "stopping $1 (process $pid)"
    kill -TERM "$pid" 2>/dev/null || true
    deadline=$((SECONDS + 20))
    while is_running "$1"; do
        if ((SECONDS >= deadline)); then
            say "$1 did not end in 20 s; killing it"
            kill -KILL "$pid" 2>/dev/null || true
            deadline=$((SECONDS + 5))
        fi
        sleep 0.1
    done
    rm -f "$state/run/$1.pid"
}

# Ends the script if a process, a control group or a mount of this platform is still there.
check_nothing_is_left() {
    local left
    left=$(pgrep -af -- "$state/" | grep -v -e "^$$ " -e quickstart.*--stop || true)
    [[ -z $left ]] || die "still there: $left"
    left=$(own_groups)
    [[ -z $left ]] || die "control groups are left: $left"
    left=$(cut -d ' ' -f 2 /proc/mounts | grep -F "$state/" || true)
    [[ -z $left ]] || die "mounts are left: $left"
    say "nothing of it runs any more; its state is in $state"
}

# Control groups that the agents of this platform made, empty ones removed on the way.
own_groups() {
    local node group
    for node in "${nodes[@]}"; do
        while read -r group; do
            rmdir "$group" 2>/dev/null || printf '%s\n' "$group"
        done < <(find /sys/fs/cgroup -depth -type d -path "*/gusu/$node*" 2>/dev/null)
    done
    # The groups all agents of a machine share go when the last has left them.
    find /sys/fs/cgroup -maxdepth 3 -depth -type d '(' -name gusu -o -name gusu-agent ')' \
        -exec rmdir {} \; 2>/dev/null || true
}
