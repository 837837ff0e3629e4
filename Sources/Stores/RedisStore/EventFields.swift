import Model
import StoreVerbs

extension Event {
    /// Nil for a type that this program does not know.
    init?(fields: Fields) {
        guard let type = fields["type"].flatMap(EventType.init), let at = fields.instant("at") else { return nil }
        self.init(type, fields["message"] ?? "", at: at)
        sequence = fields.sequence("sequence")
        agent = fields.id("agent")
        task = fields.id("task")
        turn = fields.id("turn")
        message = fields.id("letter")
        oldState = fields["old"]
        newState = fields["new"]
        detail = fields["detail"].flatMap(DetailText.detail)
    }

    /// What it is about.
    var about: Fields {
        var fields: Fields = [:]
        fields["agent"] = agent?.description
        fields["task"] = task?.description
        fields["turn"] = turn?.description
        fields["letter"] = message?.description
        fields["old"] = oldState
        fields["new"] = newState
        fields["detail"] = detail.map(DetailText.text)
        return fields
    }
}
