#!/bin/bash
#SBATCH --job-name=count
#SBATCH --gpus-per-node=1
#GUSU --tenant suda/nlp --preemptible --checkpoint-signal TERM --grace 60s
# Counts, and loses nothing when it is stopped for somebody else's guarantee: it goes on where it was.
#
#     gusu submit --follow count.sh
set -eu
file=$GUSU_CHECKPOINT_DIR/count
count=$(cat "$file" 2>/dev/null || echo 0)
echo "attempt $GUSU_ATTEMPT begins at $count"

save() {
    # Whole or not at all: the old file is there until the new one is.
    echo "$count" > "$file.new" && mv "$file.new" "$file"
    gusu-agent --checkpoint-saved
}

trap 'save; echo "stopped at $count"; exit 143' TERM
while [ "$count" -lt "${COUNT_TO:-300}" ]; do
    count=$((count + 1))
    sleep 1
    if [ $((count % 60)) = 0 ]; then
        save
    fi
done
echo "counted to $count"
