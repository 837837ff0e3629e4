public import Model
public import TOML

/// One task of a plan.
public struct PlanEntry: Sendable, Equatable {
    /// What the plan calls it; never changes, because the town's task is found by it.
    public var id: String
    public var description: String
    /// What its own `agent` says; an empty text means nobody, whatever the default is.
    public var ownAgent: String?
    public var status: TaskState
    public var tags: [String]
    /// The entry that it is a part of, and comes after, unless that one only groups.
    public var parent: String?
    public var dependsOn: [String]
    /// It is nobody's work and ends with its parts: tagged `epic`, without an agent of its own, and named as a parent.
    public var isGroup: Bool
    /// Where it stands among the plan's tasks, from 0.
    public var index: Int
    /// Where its values stand, by key.
    public var places: [String: TOMLPosition]

    /// The tag that marks a group.
    public static let groupTag = "epic"
    private static let tagPrefix = "plan:"

    /// The tag by which the town's task is found, the same that Tinytown gives.
    public var planTag: String { Self.tagPrefix + id }

    /// The tags of the town's task.
    public var taskTags: [String] { tags + [planTag] }

    /// What the plan calls a task with these tags; nil where it comes from no plan.
    public static func id(in tags: [String]) -> String? {
        tags.last { $0.hasPrefix(tagPrefix) }.map { String($0.dropFirst(tagPrefix.count)) }
    }

    /// The tags that people gave.
    public static func ownTags(_ tags: [String]) -> [String] { tags.filter { !$0.hasPrefix(tagPrefix) } }
}

extension TaskID {
    /// The id of a plan's task: the same in every process that pushes the plan, so that two at once make one task.
    public init(plan entry: String, town: String) {
        var first: UInt64 = 0xCBF2_9CE4_8422_2325
        var second: UInt64 = 0x6C62_272E_07BB_0142
        for byte in town.utf8 + [0] + entry.utf8 {
            first = (first ^ UInt64(byte)) &* 0x0000_0100_0000_01B3  // fits: a byte in a larger type
            second = (second &+ UInt64(byte)) &* 0x9E37_79B9_7F4A_7C15  // fits: a byte in a larger type
            second ^= second >> 29
        }
        first = Self.mixed(first ^ second)
        second = Self.mixed(second &+ first)
        // Version 8: an id whose bits are the application's own affair (RFC 9562).
        self.init(
            high: (first & 0xFFFF_FFFF_FFFF_0FFF) | 0x0000_0000_0000_8000,
            low: (second & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000)
    }

    private static func mixed(_ value: UInt64) -> UInt64 {
        var mixed = value
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
