import Files
import Model
import Plans
import Secrets

/// The plan file of a town's folder. No store is needed for it.
public struct PlanFile: Sendable {
    private let file: SafePath
    public var path: String { file.path }

    /// A link is followed only to another file of the town's folder that is not hidden: a plan may have another name, but
    /// nothing leads out of the folder, or into `.git`.
    public init(root: String) {
        let path = root + "/" + Plan.fileName
        guard let top = try? Files.canonical(root), let target = try? Files.canonical(path),
            target.hasPrefix(top + "/"), !target.dropFirst(top.count).contains("/.")
        else {
            file = SafePath(Plan.fileName, in: root)
            return
        }
        file = SafePath(path: target, beneath: top)
    }

    /// - Throws: `notFound` where there is none; `failed` with a line for everything that is wrong with it.
    func read() throws -> (plan: Plan, text: String) {
        guard let text = try text() else {
            throw OperationError(
                .planNotFound, "there is no plan at \(path)", .operation("plan.init", why: "create one with"))
        }
        return (try plan(text), text)
    }

    func text() throws -> String? {
        guard let bytes = try file.bytes() else { return nil }
        // Replacing invalid UTF-8 would lose it when the file is written back.
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw OperationError(.failed, "\(path) is not UTF-8 text", hint: "save it as UTF-8; nothing was changed")
        }
        return text
    }

    func plan(_ text: String) throws -> Plan {
        do { return try Plan(text, file: path) } catch { throw OperationError(error) }
    }

    /// The plan as doors show it.
    /// - Throws: see `read`.
    public func view() throws -> PlanView { PlanView(try read().plan) }

    /// Writes the template.
    /// - Throws: `conflict` where there is a plan already; it stays as it is.
    public func create() throws -> PlanView {
        if file.exists {
            throw OperationError(
                .conflict, "\(path) exists already and stays as it is", .operation("plan.read", why: "see it"))
        }
        try write(Plan.template)
        return try view()
    }

    func write(_ text: String) throws {
        try file.write(text, mode: file.mode ?? 0o644)
    }
}

extension OperationError {
    init(_ error: PlanError) { self.init(.failed, error.description) }
}
