/// A change of an agent outside its turns.
public enum AgentChange: Sendable, Equatable {
    /// Holds it: messages wait. `reason` is shown to people; the person in charge is told if it was not they who asked.
    case interrupt(reason: String?, tellsPerson: Bool = false)
    case resume
    /// Asks it to stop. An agent without a running turn stops at once, unless messages wait and the request is
    /// `whenEmpty`.
    case stop(StopRequest)
    /// Lets it rest, for the host that found its reason: one that was idle for long falls asleep, and mail wakes it; one
    /// that was asked to stop, or has used up its turns, ends. Does nothing while a turn runs or, unless its turns are
    /// used up, when something that would wake it arrived meanwhile.
    case retire(reason: String)
    /// Brings an ended agent, or one that sleeps, back with its inbox, session and id; counts turns anew.
    case restart(maxTurns: Int?)
    /// Only this host may run it; nil frees it.
    case pin(HostID?)
    /// Says, or takes back, what a person has to know of an agent that waits by itself. The person in charge is told if
    /// something really waits.
    case attention(String?, tellsPerson: Bool = false)
    /// Its command line interface; a session of another harness is dropped.
    case cli(String)
}
