import Hosting
public import Model

/// What this machine gives to every town that is open on it.
public enum ThisMachine {
    public static let time: any TimeSource = SystemTime()
    public static let random: any Randomness = SystemRandomness()
    public static let janitor: any ProcessJanitor = TownJanitor()
}
