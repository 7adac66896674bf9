/* Each rank says where it is, and that it has heard of the others. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int count, char** arguments) {
    int rank = 0;
    int size = 0;
    int sum = 0;
    MPI_Init(&count, &arguments);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    int mine = rank + 1;
    MPI_Allreduce(&mine, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    printf("{\"rank\": %d, \"of\": %d, \"sum\": %d, \"task\": \"%s\", \"scratch\": \"%s\"}\n", rank, size, sum,
           getenv("SLURM_PROCID"), getenv("GUSU_SCRATCH_DIR"));
    fflush(stdout);
    while (count > 1) {
        sleep(1);
    }
    MPI_Finalize();
    return 0;
}
