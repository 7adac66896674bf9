#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "tools/gusu/exec_commands.h"
#include "tools/gusu/job_commands.h"
#include "tools/gusu/submit_commands.h"
#include "tools/gusu/verbs.h"

namespace gusu::cli {
namespace {

constexpr const char* kGroup = "Jobs";

void add_setting(CLI::App& verb, const SettingWord& word, SubmitOptions& options) {
    const std::string words(word.words);
    const std::string where = words.substr(0, words.find(','));
    CLI::Option* option = nullptr;
    if (word.takes == Takes::Nothing) {
        option = verb.add_flag_callback(
            words,
            [&options, setting = word.setting, where] {
                options.add(setting, {.text = "", .where = where});
            },
            std::string(word.help));
    } else {
        option = verb.add_option_function<std::vector<std::string>>(
            words,
            [&options, setting = word.setting, where](const std::vector<std::string>& values) {
                for (const std::string& value : values) {
                    options.add(setting, {.text = value, .where = where});
                }
            },
            std::string(word.help));
        option->allow_extra_args(false)
            ->type_name(std::string(word.placeholder))
            ->option_text(std::string(word.placeholder));
    }
    option->group(std::string(word.group));
}

void add_submission_options(CLI::App& verb, Submission& submission) {
    for (const SettingWord& word : setting_words()) {
        add_setting(verb, word, submission.words.options);
    }
    verb.add_option("-f,--file", submission.words.job_file, "Job file: a JobSpec in YAML")
        ->type_name("JOB.yaml");
    verb.add_option("--request-id", submission.request_id,
                    "Makes it safe to say this again: the same id gives the same job")
        ->type_name("ID");
    verb.add_option("--reconnect-for", submission.reconnect_for,
                    "How long to bear an outage of the scheduler while waiting (60s)")
        ->type_name("TIME");
}

void add_submit(CLI::App& root, Invocation& invocation) {
    CLI::App& verb = *root.add_subcommand("submit", "Submit a job; prints its id");
    verb.group(kGroup);
    const auto submission = std::make_shared<Submission>();
    add_submission_options(verb, *submission);
    verb.add_flag_callback(
        "--dry-run", [submission] { submission->dry_run = true; },
        "Check it, say what would happen, submit nothing");
    verb.add_flag_callback(
        "--wait", [submission] { submission->afterwards = Afterwards::Wait; },
        "Wait for its end; exit as the job");
    verb.add_flag_callback(
        "--follow", [submission] { submission->afterwards = Afterwards::Follow; },
        "Print its output; exit as the job");
    verb.add_flag_callback(
        "--json", [&invocation] { invocation.settings.format = Format::Json; },
        "The submitted job as JSON");
    verb.footer(
        "Examples:\n"
        "  gusu submit --gpus 1 --time 2h -- python3 train.py --lr 0.001\n"
        "  gusu submit --nodes 2 --gpus-per-node 8 train.sh\n"
        "  gusu submit --array 0-9%4 --name sweep -- ./sweep.sh\n"
        "  gusu submit --depends-on afterok:1042 -- ./evaluate.sh\n"
        "A script may carry its options in #SBATCH or #GUSU lines; those typed here win.");
    verb.callback([&invocation, submission] {
        submission->words.script_file = invocation.script_file;
        submission->words.command = invocation.command;
        invocation.submission = submission;
        invocation.action = [submission](Session& session) { return submit(session, *submission); };
    });
}

void add_run(CLI::App& root, Invocation& invocation) {
    CLI::App& verb =
        *root.add_subcommand("run", "Submit a command, show its output, exit as it does");
    verb.group(kGroup);
    const auto submission = std::make_shared<Submission>();
    add_submission_options(verb, *submission);
    verb.footer(
        "Ctrl-C cancels the job; a second one leaves it to the scheduler.\n"
        "Examples:\n"
        "  gusu run --gpus 1 -- nvidia-smi\n"
        "  gusu run --nodes 2 --gpus-per-node 1 -- python3 train.py");
    verb.callback([&invocation, submission] {
        submission->words.command = invocation.command;
        if (!invocation.script_file.empty()) {
            submission->words.command.insert(submission->words.command.begin(),
                                             invocation.script_file);
        }
        invocation.submission = submission;
        invocation.action = [submission](Session& session) { return run(session, *submission); };
    });
}

void add_jobs(CLI::App& root, Invocation& invocation) {
    CLI::App& verb = *root.add_subcommand("jobs", "List jobs that wait or run");
    verb.group(kGroup)->alias("queue");
    const auto query = std::make_shared<JobsQuery>();
    verb.add_flag_callback("--all,-a", [query] { query->all = true; }, "Ended ones too");
    verb.add_option("--state,-s", query->states, "Only in this state (repeatable)")
        ->allow_extra_args(false)
        ->delimiter(',')
        ->type_name("STATE")
        ->option_text("STATE");
    verb.add_option("--tenant,-A", query->tenant, "Only of this tenant and those below it")
        ->type_name("PATH");
    verb.add_option("--user,-u", query->user, "Only of this user")->type_name("USER");
    verb.add_option("--limit,-n", query->limit, "At most so many")
        ->check(CLI::PositiveNumber)
        ->type_name("N");
    verb.add_flag_callback(
        "--watch,-w", [query] { query->watch = true; }, "Again every two seconds");
    add_format(verb, invocation);
    verb.footer(
        "Examples:\n  gusu jobs\n  gusu jobs --all --state FAILED --limit 20\n"
        "  gusu jobs --json | jq -r '.jobs[].id'");
    verb.callback([&invocation, query] {
        invocation.action = [query](Session& session) { return jobs(session, *query); };
    });
}

using JobFunction = int (*)(Session&, const std::string&);

void add_about_one_job(CLI::App& verb, Invocation& invocation, JobFunction function) {
    const auto job = std::make_shared<std::string>();
    verb.group(kGroup)->add_option("JOB", *job, "Id of a job")->required()->type_name("");
    add_format(verb, invocation);
    verb.callback([&invocation, job, function] {
        invocation.action = [job, function](Session& session) { return function(session, *job); };
    });
}

using JobsFunction = int (*)(Session&, const std::vector<std::string>&);

void add_change_of_jobs(CLI::App& verb, Invocation& invocation, JobsFunction function) {
    const auto jobs = std::make_shared<std::vector<std::string>>();
    verb.group(kGroup)
        ->add_option("JOB", *jobs, "Ids of jobs; the id of an array names all of it")
        ->required()
        ->type_name("");
    add_format(verb, invocation);
    verb.callback([&invocation, jobs, function] {
        invocation.action = [jobs, function](Session& session) { return function(session, *jobs); };
    });
}

void add_logs(CLI::App& root, Invocation& invocation) {
    CLI::App& verb = *root.add_subcommand("logs", "Print a job's output, byte for byte");
    const auto query = std::make_shared<LogsQuery>();
    verb.group(kGroup)->add_option("JOB", query->job_id, "Id of a job")->required()->type_name("");
    verb.add_flag_callback(
        "-f,--follow", [query] { query->follow = true; }, "Until the job has ended");
    verb.add_option("--task", query->task, "Of this task, by rank (0)")
        ->check(CLI::NonNegativeNumber)
        ->type_name("N");
    verb.add_option("--tail", query->tail, "Begin so many lines before the end")
        ->check(CLI::PositiveNumber)
        ->type_name("N");
    verb.add_option("--attempt", query->attempt, "Of this attempt (the newest)")
        ->check(CLI::PositiveNumber)
        ->type_name("N");
    verb.add_flag_callback(
        "--err,--stderr", [query] { query->stream = LogTo::StderrOnStdout; },
        "stderr, if the job keeps it apart");
    verb.add_option("--reconnect-for", query->reconnect_for,
                    "With -f: how long to bear an outage of the scheduler (60s)")
        ->type_name("TIME");
    verb.footer(
        "Examples:\n  gusu logs 1042\n  gusu logs -f --task 3 1042\n"
        "  gusu logs --tail 20 1042");
    verb.callback([&invocation, query] {
        invocation.action = [query](Session& session) { return logs(session, *query); };
    });
}

void add_exec(CLI::App& root, Invocation& invocation) {
    CLI::App& verb =
        *root.add_subcommand("exec", "Run a command in a job that runs; exit as it does");
    const auto words = std::make_shared<ExecWords>();
    verb.group(kGroup)->add_option("JOB", words->job_id, "Id of a job")->required()->type_name("");
    verb.add_option("--task", words->task, "In this task, by rank (0)")
        ->check(CLI::NonNegativeNumber)
        ->type_name("N");
    verb.add_flag_callback(
        "-i,--interactive", [words] { words->interactive = true; }, "Give it what comes on stdin");
    verb.add_flag_callback("-t,--tty", [words] { words->terminal = true; }, "Give it a terminal");
    verb.add_option("--env", words->environment, "Variable, or K as it is here (repeatable)")
        ->allow_extra_args(false)
        ->type_name("K=V|K")
        ->option_text("K=V|K");
    verb.footer(
        "As the job's user, in its working directory, behind its wall and within its limits. It "
        "ends with\nthe job, and with this call. Without -t, Ctrl-C interrupts the command; a "
        "second one leaves it.\n"
        "Examples:\n  gusu exec 1042 -- nvidia-smi\n  gusu exec 1042 --task 3 -it -- top\n"
        "  tar c data | gusu exec -i 1042 -- tar x");
    verb.callback([&invocation, words] {
        words->command = invocation.command;
        if (!invocation.script_file.empty()) {
            words->command.insert(words->command.begin(), invocation.script_file);
        }
        invocation.action = [words](Session& session) { return exec(session, *words); };
    });
}

void add_shell(CLI::App& root, Invocation& invocation) {
    CLI::App& verb = *root.add_subcommand("shell", "A shell in a job that runs");
    const auto words = std::make_shared<ExecWords>();
    verb.group(kGroup)->add_option("JOB", words->job_id, "Id of a job")->required()->type_name("");
    verb.add_option("--task", words->task, "In this task, by rank (0)")
        ->check(CLI::NonNegativeNumber)
        ->type_name("N");
    verb.footer(
        "As `gusu exec -it`, with $SHELL of the job, else bash, else sh.\n"
        "Examples:\n  gusu shell 1042\n  gusu shell 1042 --task 3");
    verb.callback([&invocation, words] {
        invocation.action = [words](Session& session) { return shell(session, *words); };
    });
}

void add_wait(CLI::App& root, Invocation& invocation) {
    CLI::App& verb = *root.add_subcommand("wait", "Wait until jobs have ended; exit as they did");
    const auto waiting = std::make_shared<Waiting>();
    verb.group(kGroup)
        ->add_option("JOB", waiting->job_ids, "Ids of jobs or arrays")
        ->required()
        ->type_name("");
    verb.add_option("--timeout", waiting->timeout, "At most so long, then exit with 124")
        ->type_name("TIME");
    verb.add_option("--reconnect-for", waiting->reconnect_for,
                    "How long to bear an outage of the scheduler (60s)")
        ->type_name("TIME");
    add_format(verb, invocation);
    verb.footer(
        "With several jobs the exit code is the first that is not 0.\n"
        "Example:\n  gusu wait --timeout 1h 1042 && gusu submit -- ./next.sh");
    verb.callback([&invocation, waiting] {
        invocation.action = [waiting](Session& session) { return wait(session, *waiting); };
    });
}

}  // namespace

void add_job_verbs(CLI::App& root, Invocation& invocation) {
    add_submit(root, invocation);
    add_run(root, invocation);
    add_jobs(root, invocation);
    add_about_one_job(*root.add_subcommand("show", "Everything about a job, its events last"),
                      invocation, show_job);
    add_about_one_job(
        *root.add_subcommand("explain", "Why a job waits, with numbers, and what would start it"),
        invocation, explain);
    add_logs(root, invocation);
    add_exec(root, invocation);
    add_shell(root, invocation);
    add_change_of_jobs(*root.add_subcommand("cancel", "Stop jobs, or take them from the queue"),
                       invocation, cancel);
    add_change_of_jobs(*root.add_subcommand("hold", "Keep waiting jobs from starting"), invocation,
                       hold);
    add_change_of_jobs(*root.add_subcommand("release", "Let held jobs start again"), invocation,
                       release);
    add_wait(root, invocation);
}

}  // namespace gusu::cli
