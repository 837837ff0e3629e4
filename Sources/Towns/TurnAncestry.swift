import Hosting
import Processes

/// Whether this process belongs to a turn whatever its environment says: agents can start a program without any of the
/// variables that a turn sets, but not without the processes above it.
public enum TurnAncestry {
    /// True if a process above this one was started in a turn, or runs turns.
    @Sendable
    public static func isBeneathTurn() -> Bool { ProcessTree.ancestors().contains(where: isTurn) }

    static func isTurn(_ process: Ancestor) -> Bool {
        if process.isKeeper { return true }
        if process.environment.contains(where: { $0.hasPrefix("\(TownJanitor.marker)=") }) { return true }
        // It names the host that it starts. What an agent starts has more above it than that.
        if process.isGuardian { return false }
        // What leaves its parents behind comes to the host that adopts orphans.
        return process.program == "tt" && !Set(process.arguments).isDisjoint(with: ["host", "--foreground"])
    }
}
