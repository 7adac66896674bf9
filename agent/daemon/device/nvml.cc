#include "agent/daemon/device/nvml.h"

#include <dlfcn.h>

namespace gusu::agent {

void Nvml::CloseLibrary::operator()(void* library) const { ::dlclose(library); }

template <typename Function>
void Nvml::find(Function& function, const char* newest, const char* older) {
    void* found = ::dlsym(library_.get(), newest);
    if (found == nullptr && older != nullptr) {
        found = ::dlsym(library_.get(), older);
    }
    function = reinterpret_cast<Function>(found);
}

void Nvml::find_all() {
    find(init_, "nvmlInit_v2", "nvmlInit");
    find(shutdown_, "nvmlShutdown");
    find(count, "nvmlDeviceGetCount_v2", "nvmlDeviceGetCount");
    find(by_index, "nvmlDeviceGetHandleByIndex_v2", "nvmlDeviceGetHandleByIndex");
    find(name, "nvmlDeviceGetName");
    find(uuid, "nvmlDeviceGetUUID");
    find(memory, "nvmlDeviceGetMemoryInfo");
    find(minor_number, "nvmlDeviceGetMinorNumber");
    find(pci, "nvmlDeviceGetPciInfo_v3");
    find(link_state, "nvmlDeviceGetNvLinkState");
    find(link_remote, "nvmlDeviceGetNvLinkRemotePciInfo_v2");
    find(link_remote_type, "nvmlDeviceGetNvLinkRemoteDeviceType");
    find(memory2, "nvmlDeviceGetMemoryInfo_v2");
    find(utilization, "nvmlDeviceGetUtilizationRates");
    find(power, "nvmlDeviceGetPowerUsage");
    find(temperature, "nvmlDeviceGetTemperature");
    find(ecc, "nvmlDeviceGetTotalEccErrors");
    find(create_events, "nvmlEventSetCreate");
    find(register_events, "nvmlDeviceRegisterEvents");
    find(wait_event, "nvmlEventSetWait_v2", "nvmlEventSetWait");
    find(free_events, "nvmlEventSetFree");
    find_mig();
}

void Nvml::find_mig() {
    find(mig.mode, "nvmlDeviceGetMigMode");
    find(mig.profile, "nvmlDeviceGetGpuInstanceProfileInfoV");
    find(mig.placements, "nvmlDeviceGetGpuInstancePossiblePlacements_v2");
    find(mig.create, "nvmlDeviceCreateGpuInstanceWithPlacement");
    find(mig.destroy, "nvmlGpuInstanceDestroy");
    find(mig.instances, "nvmlDeviceGetGpuInstances");
    find(mig.info, "nvmlGpuInstanceGetInfo");
    find(mig.compute_profile, "nvmlGpuInstanceGetComputeInstanceProfileInfo");
    find(mig.create_compute, "nvmlGpuInstanceCreateComputeInstance");
    find(mig.destroy_compute, "nvmlComputeInstanceDestroy");
    find(mig.compute_instances, "nvmlGpuInstanceGetComputeInstances");
    find(mig.compute_info, "nvmlComputeInstanceGetInfo_v2");
    find(mig.most_devices, "nvmlDeviceGetMaxMigDeviceCount");
    find(mig.device_by_index, "nvmlDeviceGetMigDeviceHandleByIndex");
    find(mig.gpu_instance_id, "nvmlDeviceGetGpuInstanceId");
    find(mig.compute_instance_id, "nvmlDeviceGetComputeInstanceId");
    const bool complete = mig.profile != nullptr && mig.placements != nullptr &&
                          mig.create != nullptr && mig.destroy != nullptr &&
                          mig.instances != nullptr && mig.info != nullptr &&
                          mig.compute_profile != nullptr && mig.create_compute != nullptr &&
                          mig.destroy_compute != nullptr && mig.compute_instances != nullptr &&
                          mig.compute_info != nullptr && mig.most_devices != nullptr &&
                          mig.device_by_index != nullptr && mig.gpu_instance_id != nullptr &&
                          mig.compute_instance_id != nullptr;
    if (!complete) {
        mig = {};
    }
}

Result<std::unique_ptr<Nvml>> Nvml::open(const std::string& file) {
    std::unique_ptr<Nvml> nvml(new Nvml);
    nvml->library_.reset(::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL));
    if (nvml->library_ == nullptr) {
        return std::unique_ptr<Nvml>();
    }
    nvml->find_all();
    const bool complete = nvml->init_ != nullptr && nvml->shutdown_ != nullptr &&
                          nvml->count != nullptr && nvml->by_index != nullptr &&
                          nvml->name != nullptr && nvml->uuid != nullptr && nvml->memory != nullptr;
    if (!complete) {
        return Error{ErrorCode::Internal,
                     file + " lacks functions that every NVIDIA driver since 2013 has"};
    }
    if (const int code = nvml->init_(); code != kNvmlSuccess) {
        return nvml_failed("nvmlInit", code);
    }
    nvml->initialized_ = true;
    return nvml;
}

Nvml::~Nvml() {
    if (initialized_) {
        shutdown_();
    }
}

Error nvml_failed(const char* call, int code) {
    return {ErrorCode::Internal, std::string("the NVIDIA driver fails: ") + call + " gives " +
                                     std::to_string(code) + "; see what nvidia-smi says"};
}

}  // namespace gusu::agent
