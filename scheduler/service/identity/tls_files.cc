#include "scheduler/service/identity/tls_files.h"

#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <vector>

#include "scheduler/base/text.h"
#include "scheduler/service/identity/atomic_file.h"
#include "scheduler/service/identity/certificates.h"

namespace gusu::service {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::days kRenewBefore{30};
constexpr mode_t kSecret = 0600;
constexpr mode_t kPublic = 0644;

Error refuse(const fs::path& file, const std::string& why) {
    return {ErrorCode::FailedPrecondition, file.string() + ": " + why};
}

// --- files that configuration names

Status others_cannot_read(const fs::path& key) {
    struct stat found{};
    if (stat(key.c_str(), &found) == 0 && (found.st_mode & S_IRWXO) != 0) {
        return refuse(key,
                      "everybody on this machine can reach this key; chmod o= " + key.string());
    }
    return Done{};
}

Status check_certificate(const fs::path& file, const std::string& pem, Time now) {
    const Result<CertificateFacts> facts = read_facts(pem);
    if (!facts) {
        return refuse(file, facts.error().message);
    }
    if (facts->not_after <= now) {
        return refuse(file, "expired on " + format_rfc3339(facts->not_after) + "; renew it");
    }
    if (facts->not_before > now) {
        return refuse(file, "is valid only from " + format_rfc3339(facts->not_before) +
                                "; set this machine's clock right");
    }
    return Done{};
}

Status check_key(const fs::path& file, const std::string& key, const fs::path& of,
                 const std::string& certificate) {
    const Status safe = others_cannot_read(file);
    if (!safe) {
        return safe;
    }
    if (!key_belongs_to(key, certificate)) {
        return refuse(file, "is not the key of " + of.string() + " (PEM, without passphrase)");
    }
    return Done{};
}

struct NamedFile {
    const char* field;
    const std::string& path;
    std::string& content;
};

Status read_named(const NamedFile& named) {
    if (named.path.empty()) {
        return Error{
            ErrorCode::InvalidArgument,
            std::string(named.field) +
                ": names no file; name tls.certificate, tls.key and tls.authority, or none "
                "of them to have them made"};
    }
    Result<std::string> content = read_small_file(named.path);
    if (!content) {
        return Error{content.error().code,
                     std::string(named.field) + ": " + content.error().message};
    }
    named.content = std::move(*content);
    return Done{};
}

// --- files that the scheduler makes

struct OwnFiles {
    explicit OwnFiles(const fs::path& state_dir) : folder(state_dir / "tls") {}

    fs::path folder;
    fs::path authority = folder / "authority.pem";
    fs::path authority_key = folder / "authority.key";
    fs::path server = folder / "server.pem";
    fs::path server_key = folder / "server.key";
};

Status make_folder(const fs::path& folder) {
    std::error_code error;
    fs::create_directories(folder.parent_path(), error);
    if (!error && mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
        error = std::error_code(errno, std::generic_category());
    }
    if (!error) {
        fs::permissions(folder, fs::perms::owner_all, error);
    }
    if (error) {
        return refuse(folder, "cannot be made: " + error.message() +
                                  "; give this program's user the right, or set state_dir");
    }
    return Done{};
}

// The key first: a certificate on disk always has its key beside it.
Status store_pair(const fs::path& certificate, const fs::path& key, const KeyPair& pair) {
    const Status stored = write_file_atomically(key, pair.key, kSecret);
    return stored ? write_file_atomically(certificate, pair.certificate, kPublic) : stored;
}

Result<KeyPair> make_own_authority(const OwnFiles& files, Time now) {
    Result<KeyPair> made = make_authority("Gusu authority of " + format_rfc3339(now), now);
    if (!made) {
        return made;
    }
    const Status stored = store_pair(files.authority, files.authority_key, *made);
    if (!stored) {
        return stored.error();
    }
    spdlog::info("made a private authority file={}", files.authority.string());
    return made;
}

Error cannot_go_on(const OwnFiles& files, const fs::path& file, const std::string& why) {
    return refuse(file, why + "; restore it from a backup, or remove the folder " +
                            files.folder.string() +
                            " to have a new authority made, which all nodes must enrol with anew");
}

Result<KeyPair> load_own_authority(const OwnFiles& files) {
    Result<std::string> certificate = read_small_file(files.authority);
    Result<std::string> key = read_small_file(files.authority_key);
    if (!certificate) {
        return cannot_go_on(files, files.authority, "is missing or unreadable");
    }
    if (!key) {
        return cannot_go_on(files, files.authority_key, "is missing or unreadable");
    }
    if (!key_belongs_to(*key, *certificate)) {
        return cannot_go_on(files, files.authority_key,
                            "is not the key of " + files.authority.string());
    }
    return KeyPair{.certificate = std::move(*certificate), .key = std::move(*key)};
}

Result<KeyPair> provide_own_authority(const OwnFiles& files, Time now) {
    std::error_code error;
    // A key alone is what a crash at the very first start leaves; nobody trusts it yet.
    if (!fs::exists(files.authority, error) && !fs::exists(files.server, error)) {
        return make_own_authority(files, now);
    }
    Result<KeyPair> loaded = load_own_authority(files);
    if (!loaded) {
        return loaded;
    }
    const Status usable = check_certificate(files.authority, loaded->certificate, now);
    if (!usable) {
        return usable.error();
    }
    return loaded;
}

// Why the server's pair cannot stay, or "".
std::string reason_to_renew(const KeyPair& server, const std::string& authority,
                            const std::vector<std::string>& names, Time now) {
    const Result<CertificateFacts> facts = read_facts(server.certificate);
    if (!facts) {
        return "it is unreadable";
    }
    if (facts->not_after < now + kRenewBefore) {
        return "it expires on " + format_rfc3339(facts->not_after);
    }
    if (facts->names != names) {
        return "tls.names changed";
    }
    if (!key_belongs_to(server.key, server.certificate)) {
        return "its key is another's";
    }
    return signed_by(authority, server.certificate) ? "" : "another authority signed it";
}

Result<KeyPair> provide_own_server(const OwnFiles& files, const KeyPair& authority,
                                   const std::vector<std::string>& names, Time now) {
    Result<std::string> certificate = read_small_file(files.server);
    Result<std::string> key = read_small_file(files.server_key);
    std::string reason = "there is none";
    if (certificate && key) {
        KeyPair loaded{.certificate = std::move(*certificate), .key = std::move(*key)};
        reason = reason_to_renew(loaded, authority.certificate, names, now);
        if (reason.empty()) {
            return loaded;
        }
    }
    Result<KeyPair> made = make_server_certificate(authority, names, now);
    if (!made) {
        return made;
    }
    const Status stored = store_pair(files.server, files.server_key, *made);
    if (!stored) {
        return stored.error();
    }
    spdlog::info("made the server's certificate file={} reason=\"{}\"", files.server.string(),
                 reason);
    return made;
}

}  // namespace

Time calendar_now() {
    return Time(
        std::chrono::duration_cast<Duration>(std::chrono::system_clock::now().time_since_epoch()));
}

bool names_files(const config::v1::TlsConfig& tls) {
    return !tls.certificate().empty() || !tls.key().empty() || !tls.authority().empty() ||
           !tls.authority_key().empty();
}

Result<TlsFiles> read_named_files(const config::v1::TlsConfig& tls, Time now) {
    TlsFiles files;
    std::vector<NamedFile> wanted = {{"tls.certificate", tls.certificate(), files.certificate},
                                     {"tls.key", tls.key(), files.key},
                                     {"tls.authority", tls.authority(), files.authority}};
    if (!tls.authority_key().empty()) {
        wanted.push_back({"tls.authority_key", tls.authority_key(), files.authority_key});
    }
    for (const NamedFile& named : wanted) {
        const Status read = read_named(named);
        if (!read) {
            return read.error();
        }
    }
    Status right = check_certificate(tls.certificate(), files.certificate, now);
    if (right) {
        right = check_key(tls.key(), files.key, tls.certificate(), files.certificate);
    }
    if (right) {
        right = check_certificate(tls.authority(), files.authority, now);
    }
    if (right && !files.authority_key.empty()) {
        right =
            check_key(tls.authority_key(), files.authority_key, tls.authority(), files.authority);
    }
    if (!right) {
        return right.error();
    }
    return files;
}

Result<TlsFiles> provide_tls(const config::v1::TlsConfig& tls, const fs::path& state_dir) {
    return provide_tls(tls, state_dir, calendar_now());
}

Result<TlsFiles> provide_tls(const config::v1::TlsConfig& tls, const fs::path& state_dir,
                             Time now) {
    if (names_files(tls)) {
        return read_named_files(tls, now);
    }
    const Result<std::vector<std::string>> names =
        server_names(std::vector<std::string>(tls.names().begin(), tls.names().end()));
    if (!names) {
        return Error{names.error().code, "tls.names: " + names.error().message};
    }
    const OwnFiles files(state_dir);
    const Status folder = make_folder(files.folder);
    if (!folder) {
        return folder.error();
    }
    Result<KeyPair> authority = provide_own_authority(files, now);
    if (!authority) {
        return authority.error();
    }
    Result<KeyPair> server = provide_own_server(files, *authority, *names, now);
    if (!server) {
        return server.error();
    }
    return TlsFiles{.certificate = std::move(server->certificate),
                    .key = std::move(server->key),
                    .authority = std::move(authority->certificate),
                    .authority_key = std::move(authority->key)};
}

}  // namespace gusu::service
