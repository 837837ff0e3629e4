import Arguments
import Terminal

enum DoctorCommand {
    static let command = Command(
        CommandSpec(
            "doctor", "Diagnose problems and suggest fixes", group: Group.help,
            options: [.flag("security", nil, "check what other users and programs could do to this town")],
            examples: [
                Example("tt doctor", "check the machine, the town and the work in it"),
                Example("tt doctor --security", "check files, programs, servers and secrets against docs/security.md"),
                Example("tt doctor --json | jq -r '.findings[].id'", "the findings, for a script"),
            ],
            discussion:
                "Changes nothing. Exit code 1 if something is wrong. docs/doctor.md explains every id.")
    ) { context in
        let progress = ProgressLine(context)
        let doctor = Doctor(context: context, progress: progress)
        let isAboutSecurity = context.arguments.flag("security")
        let report = try await isAboutSecurity ? doctor.securityReport() : doctor.report()
        progress.end()
        try context.show(report) { lines($0, context) }
        guard report.ok else {
            let bad = report.findings.count { $0.problem.severity > .info }
            throw CommandFailure(.failed, code: "unwell", "\(bad) problem\(bad == 1 ? "" : "s") found")
        }
    }

    private static func lines(_ report: Doctor.Report, _ context: CommandContext) -> [String] {
        var lines = ["🩺 " + (report.town.map { "Town '\(TerminalText.line($0))' and its machine" } ?? "This machine")]
        lines += report.facts.map { "   ✅ \(TerminalText.line($0))".shortened(to: context.width) }
        for finding in report.findings {
            let severity = finding.problem.severity
            let id = "   \(severity.icon) \(finding.problem.rawValue)"
            lines.append(
                severity == .error ? context.style.red(id) : severity == .warning ? context.style.yellow(id) : id)
            lines.append("        \(TerminalText.line(finding.message))")
            lines.append("        fix: " + context.style.bold(TerminalText.line(finding.cure)))
        }
        return report.ok ? lines + ["✅ Nothing is wrong."] : lines
    }
}
