import Model
import StoreVerbs

extension Host {
    var fields: Fields {
        var fields: Fields = [
            "id": id.description, "machine": machine, "process": process, "started": String(startedAt.microseconds),
            "expires": String(expiresAt.microseconds),
        ]
        if isForeground { fields["foreground"] = "1" }
        if !lacks.isEmpty { fields["lacks"] = lacks.sorted().joined(separator: "\n") }
        return fields
    }

    init?(fields: Fields) {
        guard let id: HostID = fields.id("id"), let started = fields.instant("started"),
            let expires = fields.instant("expires")
        else { return nil }
        self.init(
            id: id, machine: fields["machine"] ?? "", process: fields["process"] ?? "", startedAt: started,
            expiresAt: expires, isForeground: fields["foreground"] != nil,
            lacks: Set((fields["lacks"] ?? "").split(separator: "\n").map(String.init)))
    }
}

extension LeaseRecord {
    init?(fields: Fields) {
        guard let agent: AgentID = fields.id("agent"), let turn: TurnID = fields.id("turn"),
            let host: HostID = fields.id("host"), let started = fields.instant("started"),
            let expires = fields.instant("expires")
        else { return nil }
        self.init(
            token: LeaseToken(agent: agent, epoch: fields.sequence("epoch"), turn: turn, host: host),
            startedAt: started, expiresAt: expires, proof: fields["proof"])
    }
}
