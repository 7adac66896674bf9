// Public traces as they are published, turned into our job lists. README.md names their homes.
#pragma once

#include <string>
#include <vector>

#include "scheduler/base/result.h"

namespace gusu::sim {

// What was made of the files, and how many of their jobs were left out since they never ran.
struct Imported {
    std::string csv;
    std::size_t jobs = 0;
    std::size_t left_out = 0;
};

// Microsoft Philly: cluster_job_log, JSON. Times count from 2017-10-01 00:00:00.
Result<Imported> import_philly(const std::vector<std::string>& files);
// Alibaba 2023: lists of pods, or one list of nodes.
Result<Imported> import_openb(const std::vector<std::string>& files);
// Microsoft ITP, as published with ElasticFlow: one cluster a file.
Result<Imported> import_itp(const std::vector<std::string>& files);
// Standard Workload Format. It knows processors; each becomes a GPU.
Result<Imported> import_swf(const std::vector<std::string>& files);

// By name: philly, openb, itp or swf.
Result<Imported> import_trace(const std::string& format, const std::vector<std::string>& files);

}  // namespace gusu::sim
