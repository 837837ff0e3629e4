/// The plan under version control, as it is in the file.
public struct ReadPlan: Operation {
    public static let spec = OperationSpec(
        "plan.read", "Show the plan in tasks.toml", .read, route: .get("/v1/plan"), errors: [.planNotFound])

    public static func run(_ input: Nothing, in town: OpenTown) async throws -> PlanView {
        try PlanFile(root: town.root).view()
    }
}
