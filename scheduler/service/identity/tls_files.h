// The scheduler's own certificate and authority, from the files that configuration names or from
// those it makes itself.
#pragma once

#include <filesystem>
#include <string>

#include "gusu/config/v1/tls.pb.h"
#include "scheduler/base/result.h"
#include "scheduler/base/time.h"

namespace gusu::service {

// PEM texts.
struct TlsFiles {
    std::string certificate;
    std::string key;
    std::string authority;
    std::string authority_key;  // empty where another authority signs the certificates of nodes
};

// With no file named: makes state_dir/tls/{authority.pem,authority.key,server.pem,server.key} at
// the first start and loads them afterwards. The server's pair is made anew when it has less than
// 30 days left, or other names are wanted, or it does not fit; the authority never is, because
// every node trusts it. Keys are mode 0600, the folder 0700; each file is whole on disk, or not
// there. With files named: reads those, and refuses what cannot work. Errors name the file and the
// remedy. One process at a time may use a state_dir.
Result<TlsFiles> provide_tls(const config::v1::TlsConfig& tls,
                             const std::filesystem::path& state_dir);
Result<TlsFiles> provide_tls(const config::v1::TlsConfig& tls,
                             const std::filesystem::path& state_dir, Time now);

bool names_files(const config::v1::TlsConfig& tls);

// The files that `tls` names, read and checked; changes nothing.
Result<TlsFiles> read_named_files(const config::v1::TlsConfig& tls, Time now);

// The wall clock: certificates are made for the world outside.
Time calendar_now();

}  // namespace gusu::service
