public import Text

extension OperationError.Kind {
    /// The HTTP status that means this.
    public var status: Int {
        switch self {
        case .invalid: 400
        case .unauthenticated: 401
        case .forbidden: 403
        case .notFound: 404
        case .conflict: 409
        case .tooLarge: 413
        case .tooMany: 429
        case .failed: 500
        case .unavailable: 503
        case .timedOut: 504
        }
    }
}

extension Catalogue {
    /// The description of all operations and feeds with a route, as OpenAPI 3.1. It depends on nothing but the catalogue.
    /// - Parameter version: of the program.
    public static func openAPI(version: String) -> JSON {
        var schemas: [String: JSON] = ["Problem": problem]
        var paths: [String: [String: JSON]] = [:]
        for operation in operations {
            guard let route = operation.spec.route else { continue }
            paths[route.path, default: [:]][route.method.rawValue.lowercased()] = describe(operation, route, &schemas)
        }
        for feed in streams {
            guard let route = feed.spec.route else { continue }
            paths[route.path, default: [:]][route.method.rawValue.lowercased()] = describe(feed, route, &schemas)
        }
        return [
            "openapi": "3.1.0",
            "info": [
                "title": "Tinytown",
                "version": .string(version),
                "summary": "Teams of AI agents with durable inboxes",
                "license": ["name": "MIT", "identifier": "MIT"],
            ],
            "security": [["key": []]],
            "paths": .object(paths.mapValues { .object($0) }),
            "components": [
                "schemas": .object(schemas),
                "securitySchemes": ["key": ["type": "http", "scheme": "bearer"]],
            ],
        ]
    }

    private static func describe(
        _ operation: AnyOperation, _ route: Route, _ schemas: inout [String: JSON]
    ) -> JSON {
        let spec = operation.spec
        var result = request(spec.name, spec.summary, spec.scope, operation.input, route, &schemas)
        if !spec.discussion.isEmpty { result["description"] = .string(spec.discussion) }
        let schema = operation.output.json(collecting: &schemas)
        result["responses"] = responses("application/json", schema, route, spec.errors)
        return .object(result)
    }

    private static func describe(_ feed: AnyFeed, _ route: Route, _ schemas: inout [String: JSON]) -> JSON {
        let spec = feed.spec
        var result = request(spec.name, spec.summary, spec.scope, feed.input, route, &schemas)
        let schema = feed.item.json(collecting: &schemas)
        result["responses"] = responses("text/event-stream", schema, route, [])
        return .object(result)
    }

    /// Everything but the answers.
    private static func request(
        _ name: String, _ summary: String, _ scope: Scope, _ input: Schema, _ route: Route,
        _ schemas: inout [String: JSON]
    ) -> [String: JSON] {
        let properties = if case .object(let object) = input { object.properties } else { [Schema.Property]() }
        let isInPath = Set(route.parameters)
        let (inPath, others) = (
            properties.filter { isInPath.contains($0.name) }, properties.filter { !isInPath.contains($0.name) }
        )
        let takesBody = route.method == .post || route.method == .put
        let parameters =
            inPath.map { parameter($0, "path", &schemas) }
            + (takesBody ? [] : others.map { parameter($0, "query", &schemas) })
        var result: [String: JSON] = [
            "operationId": .string(name),
            "summary": .string(summary),
            "tags": [.string(String(name.prefix { $0 != "." }))],
            "x-scope": .string(scope.description),
        ]
        if !parameters.isEmpty { result["parameters"] = .array(parameters) }
        if takesBody, !others.isEmpty {
            let body = Schema.Object(name: "", properties: others)
            result["requestBody"] = [
                "required": .bool(others.contains(where: \.isRequired)),
                "content": ["application/json": ["schema": body.json(collecting: &schemas)]],
            ]
        }
        return result
    }

    private static func parameter(
        _ property: Schema.Property, _ place: String, _ schemas: inout [String: JSON]
    ) -> JSON {
        var bare = property
        bare.help = ""
        var parameter: [String: JSON] = [
            "name": .string(property.name), "in": .string(place),
            "required": .bool(place == "path" || property.isRequired), "schema": bare.json(collecting: &schemas),
        ]
        if !property.help.isEmpty { parameter["description"] = .string(property.help) }
        // Lists are repeated: `types=a&types=b`.
        if case .array = property.schema { parameter["explode"] = true }
        return .object(parameter)
    }

    private static func responses(
        _ type: String, _ schema: JSON, _ route: Route, _ errors: [OperationError.Code]
    ) -> JSON {
        var responses: [String: JSON] = [
            String(route.status): ["description": "Done", "content": .object([type: ["schema": schema]])]
        ]
        // What every operation may answer, and what is its own.
        let always: [OperationError.Code] = [.invalid, .unauthorized, .needsPerson, .unavailable, .failed]
        for (kind, codes) in Dictionary(grouping: always + errors, by: \.kind) {
            let names = Set(codes.map(\.name)).sorted().joined(separator: ", ")
            responses[String(kind.status)] = [
                "description": .string(names),
                "content": ["application/problem+json": ["schema": ["$ref": "#/components/schemas/Problem"]]],
            ]
        }
        return .object(responses)
    }

    /// What an error looks like, after RFC 9457.
    private static let problem: JSON = [
        "type": "object",
        "required": ["title", "status", "code"],
        "properties": [
            "title": ["type": "string", "description": "what is wrong, in one sentence"],
            "status": ["type": "integer"],
            "code": ["type": "string", "description": "what is wrong, by name; new ones may come"],
            "field": ["type": "string", "description": "the field of the input that is at fault"],
            "remedies": [
                "type": "array",
                "description": "what to do next, best first",
                "items": [
                    "type": "object",
                    "properties": [
                        "text": ["type": "string"],
                        "operation": ["type": "string", "description": "an operation that helps, by its name"],
                        "input": ["type": "object", "additionalProperties": ["type": "string"]],
                        "field": ["type": "string", "description": "a field to set when the call is repeated"],
                    ],
                ],
            ],
        ],
    ]
}
