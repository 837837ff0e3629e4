import Arguments
import Operations
import Text

/// Prints what REST offers. `docs/openapi.json` is kept with the code, and a test holds it to the catalogue.
enum OpenAPICommand {
    static let command = Command(
        CommandSpec("__openapi", "Print the operations as OpenAPI 3.1", isHidden: true)
    ) { context in
        context.console.write(Catalogue.openAPI(version: Version.current).indented)
    }
}
