#!/bin/bash
#SBATCH --job-name=hello
#SBATCH --nodes=1
#SBATCH --gpus-per-node=1
#SBATCH --cpus-per-task=1
#SBATCH --mem=256M
#SBATCH --time=5
#GUSU --tenant suda/nlp
# An sbatch script as it is; lines of #GUSU say what sbatch has no word for.
#
#     gusu submit --follow hello.sh
set -eu
echo "hello from job $SLURM_JOB_ID ($GUSU_JOB_NAME) of $GUSU_TENANT"
echo "node $SLURM_NODEID of $SLURM_NNODES, one of: $SLURM_JOB_NODELIST"
echo "GPUs: ${CUDA_VISIBLE_DEVICES-none}, scratch: $GUSU_SCRATCH_DIR"
