import CTOML

/// Reads TOML 1.0 by the toml++ library.
public enum TOML {
    /// - Parameter file: the name that errors show.
    public static func parse(_ text: String, file: String) throws(TOMLError) -> TOMLTable {
        let builder = Builder()
        var error = ctoml_error()
        var text = text
        let succeeded = text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                ctoml_parse(
                    characters.baseAddress, characters.count, Unmanaged.passUnretained(builder).toOpaque(), visit,
                    &error)
            }
        }
        guard succeeded else {
            let message = withUnsafeBytes(of: &error.message) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            throw TOMLError(
                file: file,
                position: TOMLPosition(line: Int(clamping: error.line), column: Int(clamping: error.column)),
                message: message)
        }
        guard case .table(let root)? = builder.root?.value else { return TOMLTable() }
        return root
    }
}

// At file scope, because C calls it: a closure could be isolated to an actor and would trap.
private func visit(context: UnsafeMutableRawPointer?, event: UnsafePointer<ctoml_event>?) {
    guard let context, let event else { return }
    Unmanaged<Builder>.fromOpaque(context).takeUnretainedValue().take(event.pointee)
}

// Puts the tree together from the steps of the walk.
private final class Builder {
    private enum Open {
        case table(TOMLTable)
        case array([TOMLNode])
    }

    private var open: [Open] = []
    var root: TOMLNode?

    func take(_ event: ctoml_event) {
        switch event.kind {
        case CTOML_TABLE_BEGIN: open.append(.table(TOMLTable()))
        case CTOML_ARRAY_BEGIN: open.append(.array([]))
        case CTOML_TABLE_END, CTOML_ARRAY_END:
            switch open.removeLast() {
            case .table(let table): add(.table(table), event)
            case .array(let nodes): add(.array(nodes), event)
            }
        case CTOML_STRING: add(.string(text(event.text, event.text_length)), event)
        case CTOML_INTEGER: add(.integer(event.integer), event)
        case CTOML_FLOAT: add(.double(event.number), event)
        case CTOML_BOOLEAN: add(.bool(event.boolean), event)
        default: add(.time(text(event.text, event.text_length)), event)
        }
    }

    private func add(_ value: TOMLValue, _ event: ctoml_event) {
        var node = TOMLNode(value)
        node.start = TOMLPosition(line: Int(clamping: event.line), column: Int(clamping: event.column))
        node.end = TOMLPosition(line: Int(clamping: event.end_line), column: Int(clamping: event.end_column))
        node.key = TOMLPosition(line: Int(clamping: event.key_line), column: Int(clamping: event.key_column))
        guard let last = open.indices.last else {
            root = node
            return
        }
        switch open[last] {
        case .table(var table):
            // Taken out first, so that appending does not copy.
            open[last] = .array([])
            table.entries.append((text(event.key, event.key_length), node))
            open[last] = .table(table)
        case .array(var nodes):
            open[last] = .array([])
            nodes.append(node)
            open[last] = .array(nodes)
        }
    }

    private func text(_ start: UnsafePointer<CChar>?, _ length: Int) -> String {
        guard let start else { return "" }
        return start.withMemoryRebound(to: UInt8.self, capacity: length) {
            String(decoding: UnsafeBufferPointer(start: $0, count: length), as: UTF8.self)
        }
    }
}
