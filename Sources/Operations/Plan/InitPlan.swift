/// Makes the file of a plan, which must not be there yet.
public struct InitPlan: Operation {
    public static let spec = OperationSpec(
        "plan.init", "Create a tasks.toml", .manage, route: .post("/v1/plan", status: 201), errors: [.conflict])

    public static func run(_ input: Nothing, in town: OpenTown) async throws -> PlanView {
        try PlanFile(root: town.root).create()
    }
}
