"""GPUs that are cut into slices (MIG), as the simulated ones can be."""


def test_tasks_share_a_cut_gpu_and_wait_for_the_slices_they_need(platform):
    platform.gusu("tenant", "create", "t")
    platform.start_agent("n1", simulated={"accelerator": "nvidia-h200", "count": 1, "slices": 8})
    shown = platform.node("n1")["inventory"]["devices"][0]
    assert shown["slices"] == 8

    large = platform.submit("--gpu-slice", "3g.71gb", "--", "sleep", "600")
    platform.wait_state(large, "RUNNING")
    placement = platform.job(large)["placements"][0]
    assert placement["slices"] == [4, 5, 6, 7] and placement["gpus"] == 0.5

    # As sbatch asks for one. The program is told what it has.
    small = platform.submit("--gres", "gpu:1g.18gb:1", "--", "printenv", "GUSU_SIMULATED_DEVICES")
    platform.wait_state(small, "SUCCEEDED")
    assert platform.gusu("logs", small).stdout == "0:3\n"

    # All of it waits, and a smaller profile would start now.
    whole = platform.submit("--gpu-slice", "7g.141gb", "--", "true")
    told = platform.gusu("explain", whole).stdout
    assert "in slices of 7g.141gb" in told and "--gpu-slice 3g.71gb" in told, told
    platform.gusu("cancel", large)
    platform.wait_state(whole, "SUCCEEDED")


def test_what_cannot_be_had_is_refused_with_what_can(platform):
    platform.gusu("tenant", "create", "t")
    platform.start_agent("n1", simulated={"accelerator": "nvidia-h200", "count": 1, "slices": 8})
    refused = platform.gusu("submit", "--gpu-slice", "1g.10gb", "--accelerator", "nvidia-h200", "--", "true", check=False)
    assert refused.returncode == 1
    assert '"1g.10gb" is no profile of nvidia-h200' in refused.stderr and "1g.18gb" in refused.stderr, refused.stderr
    refused = platform.gusu("submit", "--gpus", "1", "--", "true", check=False)
    assert refused.returncode == 1 and "0 GPUs" in refused.stderr, refused.stderr
    refused = platform.gusu("submit", "--gpu-slice", "1g.18gb", "--gpus", "1", "--", "true", check=False)
    assert refused.returncode == 2 and "cannot stand together" in refused.stderr, refused.stderr
