#include "tools/gusu/catalogue.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>

namespace gusu::cli {
namespace {

constexpr Translation kTranslations[] = {
    // Headings.
    {"ID", "编号"},
    {"NAME", "名称"},
    {"TENANT", "租户"},
    {"USER", "用户"},
    {"KIND", "类型"},
    {"STATE", "状态"},
    {"GPUS", "卡数"},
    {"NODES", "节点数"},
    {"ELAPSED", "已运行"},
    {"REASON", "原因"},
    {"SUBMITTED", "提交时间"},
    {"PRIORITY", "优先级"},
    {"ATTEMPT", "次数"},
    {"NODE", "节点"},
    {"ACCELERATOR", "加速卡"},
    {"CPUS", "CPU"},
    {"MEMORY", "内存"},
    {"JOBS", "作业"},
    {"ADDRESS", "地址"},
    {"LABELS", "标签"},
    {"LAST SEEN", "最近联系"},
    {"STATUS", "状态"},
    {"PATH", "路径"},
    {"MAX RUNNING", "运行上限"},
    {"MAX PENDING", "排队上限"},
    {"GUARANTEED", "保障"},
    {"WHOLE NODES", "整机保障"},
    {"LIMIT", "上限"},
    {"LENDABLE", "可借出"},
    {"USED", "已用"},
    {"BORROWED", "借入"},
    {"LENT", "借出"},
    {"GPU-HOURS", "卡时"},
    {"CPU-HOURS", "核时"},
    {"TOTAL", "总数"},
    {"FREE", "空闲"},
    {"ALLOCATED", "已分配"},
    {"DRAINING", "排空中"},
    {"BEGINS", "开始"},
    {"ENDS", "结束"},
    {"REPEATS", "重复"},
    {"CREATED BY", "创建者"},
    {"once", "一次"},
    {"every day", "每天"},
    {"every week", "每周"},
    {"open", "进行中"},
    {"ahead", "未开始"},
    {"no reservations", "没有预约"},
    {"UNHEALTHY", "故障"},
    {"ROLE", "角色"},
    {"CREATED", "创建时间"},
    {"EXPIRES", "到期时间"},
    {"FOR", "属于"},
    {"TASK", "任务"},
    {"GROUP", "组"},
    {"DEVICES", "设备"},
    {"INDEX", "序号"},
    {"HEALTH", "健康"},
    {"LINK", "互联组"},
    {"SLICES", "切片"},
    // States of jobs and nodes.
    {"PENDING", "排队"},
    {"STARTING", "启动中"},
    {"RUNNING", "运行"},
    {"STOPPING", "停止中"},
    {"UNREACHABLE", "失联"},
    {"SUCCEEDED", "成功"},
    {"FAILED", "失败"},
    {"CANCELLED", "已取消"},
    {"READY", "就绪"},
    {"DRAINED", "已排空"},
    {"LOST", "丢失"},
    {"ACTIVE", "正常"},
    {"SUSPENDED", "暂停"},
    // Words of the details.
    {"simulated", "模拟"},
    {"unlimited", "不限"},
    {"healthy", "正常"},
    {"unhealthy", "故障"},
    {"quarantined", "隔离"},
    {"Job", "作业"},
    {"Name", "名称"},
    {"Tenant", "租户"},
    {"User", "用户"},
    {"State", "状态"},
    {"Reason", "原因"},
    {"Kind", "类型"},
    {"Priority", "优先级"},
    {"Attempt", "尝试次数"},
    {"Resources", "资源"},
    {"Command", "命令"},
    {"Script", "脚本"},
    {"Image", "镜像"},
    {"Folder", "目录"},
    {"Time limit", "时限"},
    {"Array", "数组"},
    {"After", "依赖"},
    {"Retries", "重试"},
    {"Comment", "备注"},
    {"Labels", "标签"},
    {"Submitted", "提交"},
    {"Not before", "不早于"},
    {"Started", "开始"},
    {"Saved", "已保存"},
    {"Ended", "结束"},
    {"Elapsed", "已运行"},
    {"Exit", "退出"},
    {"GPU-hours", "卡时"},
    {"Tasks", "任务"},
    {"Events", "事件"},
    {"Node", "节点"},
    {"Address", "地址"},
    {"Agent", "代理"},
    {"Last seen", "最近联系"},
    {"Drained", "排空原因"},
    {"Drains at", "计划排空"},
    {"Failed at once", "启动即失败"},
    {"jobs in a row", "个作业连续"},
    {"Data class", "数据分级"},
    {"(from above)", "(继承自上级)"},
    {"Devices", "设备"},
    {"Jobs", "作业"},
    {"Leader", "主调度器"},
    {"Since", "自"},
    {"Accepting", "接受提交"},
    {"Trouble", "故障"},
    {"Nodes", "节点"},
    {"GPUs", "加速卡"},
    {"Waiting", "等待原因"},
    {"Deadline", "截止时间"},
    {"Likely start", "预计开始"},
    {"between", "介于"},
    {"and", "与"},
    {"nobody can tell when", "无法预计的时间"},
    {"not before", "不早于"},
    {"unknown", "未知"},
    {"Roles", "角色"},
    {"Token expires", "令牌到期"},
    {"Status", "状态"},
    {"Path", "路径"},
    {"Limits", "限制"},
    {"Created", "创建"},
    {"yes", "是"},
    {"no", "否"},
    {"none", "无"},
    // Messages.
    {"waits", "在等待"},
    {"does not wait", "不在等待"},
    {"To open it", "如何解决"},
    {"After that", "此后还有"},
    {"Would start now", "现在即可启动的较小请求"},
    {"Jobs before it", "排在前面的作业"},
    {"no jobs", "没有作业"},
    {"no nodes", "没有节点"},
    {"no rows", "没有数据"},
    {"scheduler unreachable, retrying", "调度器无法连接，正在重试"},
    {"connection lost, reconnecting", "连接中断，正在重连"},
    {"connected again", "已重新连接"},
    {"cancelling; press Ctrl-C again to leave", "正在取消作业；再按一次 Ctrl-C 直接退出"},
    {"The job is valid. Nothing was submitted.", "作业有效，未提交。"},
    {"time ran out", "等待超时"},
    {"logged in", "已登录"},
    {"cancelled", "已取消"},
    {"held", "已挂起"},
    {"released", "已释放"},
};

std::atomic<Language> spoken{Language::English};

std::string_view variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

}  // namespace

std::span<const Translation> translations() { return kTranslations; }

Language language_of_environment() {
    for (const char* name : {"GUSU_LANG", "LC_ALL", "LC_MESSAGES", "LANG"}) {
        const std::string_view value = variable(name);
        if (!value.empty()) {
            return value.starts_with("zh") ? Language::Chinese : Language::English;
        }
    }
    return Language::English;
}

void speak(Language language) { spoken = language; }

std::string say(std::string_view english) {
    if (spoken == Language::English) {
        return std::string(english);
    }
    const auto* found = std::ranges::find(kTranslations, english, &Translation::english);
    return std::string(found == std::end(kTranslations) ? english : found->chinese);
}

}  // namespace gusu::cli
