# shellcheck shell=bash
# Of deploy/quickstart: what this machine has, and the configuration files made from it.
# shellcheck disable=SC2154,SC2034  # variables that only the caller sets, or only it reads

# grpc or http: "host:port" of the scheduler.
endpoint() { from_json "answer['$1']" <"$state/ports.json"; }

has_gpus() { [[ -e /dev/nvidia0 && -e /dev/nvidiactl ]]; }

# The first agent takes the machine's own GPUs where there are any; a card cannot be shared out to two
# agents, so the second is simulated, as both are on a machine without.
is_simulated() { [[ $1 != "${nodes[0]}" ]] || ! has_gpus; }

devices_of() {
    if is_simulated "$1"; then
        printf '8 nvidia-h200, simulated\n'
    else
        printf 'the GPUs of this machine\n'
    fi
}

# Sets accelerator and gpu_count: what the training may run on.
find_training_devices() {
    local found count
    found=$(gusu nodes --json | from_json "next(f\"{d[0]['accelerator']} {len(d)}\" for d in
        (n.get('inventory', {}).get('devices', []) for n in nodes_of(answer) if n['name'] == '${nodes[0]}'))")
    read -r accelerator count <<<"$found"
    gpu_count=$count
    has_gpus || gpu_count=$((count * ${#nodes[@]}))
}

# grpc or http: where it listened last, or port 0, for which the system chooses one.
listen_on() {
    if [[ -s $state/ports.json ]]; then
        endpoint "$1"
    else
        printf '127.0.0.1:0\n'
    fi
}

write_scheduler_config() {
    install -m 644 "$root/deploy/catalogue.yaml" "$state/catalogue.yaml"
    cat >"$state/scheduler.yaml" <<END
listen: "$(listen_on grpc)"
http:
  listen: "$(listen_on http)"
  insecure: loopback-only
state_dir: "$scheduler_dir"
catalogue_file: "$state/catalogue.yaml"
ready_file: "$scheduler_dir/ready.json"
END
}

# Each agent offers half of the machine.
write_agent_config() {
    local node=$1 cpus memory
    cpus=$(($(nproc) > 1 ? $(nproc) / 2 : 1))
    memory=$(awk '/^MemTotal/ { printf "%dM", $2 / 1024 / 2 }' /proc/meminfo)
    cat >"$state/$node.yaml" <<END
node: $node
schedulers: ["$(endpoint grpc)"]
state_dir: "$state/$node"
authority: "$scheduler_dir/tls/authority.pem"
enrolment_token_file: "$state/$node/enrolment-token"
address: "127.0.0.1"
labels: {site: quickstart, rack: "1", devices: $(is_simulated "$node" && echo simulated || echo real)}
cpus: $cpus
memory: $memory
checkpoint_root: "$state/checkpoints"
END
    if is_simulated "$node"; then
        printf 'simulated: {accelerator: nvidia-h200, count: 8}\n' >>"$state/$node.yaml"
    fi
}

# EXAMPLE: its job file, for the devices there are. Real GPUs all sit in the first node.
write_job() {
    local tasks=2
    if ! has_gpus; then
        cat "$1"
        return
    fi
    ((gpu_count >= 2)) || tasks=1
    sed -e "s/^\( *\)tasks: 2.*/\1tasks: $tasks/" \
        -e 's/^\( *\)distinct_nodes: true.*/\1distinct_nodes: false\n\1node_labels: {devices: real}/' "$1"
}
