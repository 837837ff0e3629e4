/// Writes shell completion scripts from declarations. The scripts ask the program itself for what only it knows.
public struct CompletionScript: Sendable {
    public enum Shell: String, Sendable, CaseIterable { case bash, zsh, fish }

    private let program: String
    private let root: CommandSpec
    private let globals: [Option]

    public init(program: String, root: CommandSpec, globals: [Option]) {
        self.program = program
        self.root = root
        self.globals = globals
    }

    public func script(for shell: Shell) -> String {
        switch shell {
        case .bash: bash()
        case .zsh: "#compdef \(program)\nautoload -U +X bashcompinit && bashcompinit\n" + bash()
        case .fish: fish()
        }
    }

    private struct Node {
        var path: [String]
        var command: CommandSpec
    }

    private func nodes() -> [Node] {
        var all: [Node] = []
        func walk(_ command: CommandSpec, _ path: [String]) {
            all.append(Node(path: path, command: command))
            for sub in command.subcommands where !sub.isHidden { walk(sub, path + [sub.name]) }
        }
        walk(root, [])
        return all
    }

    // The walk over the words before the cursor finds the innermost command; a case per command then offers words,
    // and a case per command and option offers values.
    private func bash() -> String {
        let nodes = nodes()
        let name = program.replacingDashes
        var text = "_\(name)_complete() {\n"
        text += "    local current previous path=\"\" word index=1 count=0\n"
        text += "    current=${COMP_WORDS[COMP_CWORD]}\n    previous=${COMP_WORDS[COMP_CWORD-1]}\n"
        text += "    while [ $index -lt $COMP_CWORD ]; do\n        word=${COMP_WORDS[$index]}\n"
        text += "        case \"$path/$word\" in\n"
        for node in nodes where !node.path.isEmpty {
            text += "            \"/\(node.path.joined(separator: "/"))\") path=\"$path/$word\"; count=0 ;;\n"
        }
        text += "            *) case \"$word\" in -*) ;; *) count=$((count+1)) ;; esac ;;\n        esac\n"
        text += "        index=$((index+1))\n    done\n    COMPREPLY=()\n"
        text += "    case \"$path:$previous\" in\n"
        for node in nodes {
            for option in node.command.options + globals where option.value != nil {
                let key = "/" + node.path.joined(separator: "/")
                let patterns = ([option.short.map { "-\($0)" }, "--\(option.name)"].compactMap { $0 })
                    .map { "\"\(node.path.isEmpty ? "" : key):\($0)\"" }.joined(separator: "|")
                text += "        \(patterns)) \(bashAction(option.completion)); return ;;\n"
            }
        }
        text += "    esac\n    case \"$path\" in\n"
        for node in nodes {
            let key = node.path.isEmpty ? "" : "/" + node.path.joined(separator: "/")
            let subs = node.command.subcommands.filter { !$0.isHidden }.map(\.name)
            let options = (node.command.options + globals).map { "--\($0.name)" }
            text += "        \"\(key)\")\n            case \"$current\" in\n"
            text +=
                "                -*) COMPREPLY=($(compgen -W \"\(options.joined(separator: " "))\" -- \"$current\")) ;;\n"
            text += "                *) "
            if !subs.isEmpty {
                text += "COMPREPLY=($(compgen -W \"\(subs.joined(separator: " "))\" -- \"$current\"))"
            } else {
                text += "case $count in "
                for (index, positional) in node.command.positionals.enumerated() {
                    let pattern = positional.count == .many || positional.count == .any ? "*" : "\(index)"
                    text += "\(pattern)) \(bashAction(positional.completion)) ;; "
                }
                text += "esac"
            }
            text += " ;;\n            esac ;;\n"
        }
        return text + "    esac\n}\ncomplete -o default -F _\(name)_complete \(program)\n"
    }

    private func bashAction(_ completion: Completion) -> String {
        switch completion {
        case .none: ":"
        case .file: "COMPREPLY=($(compgen -f -- \"$current\"))"
        case .folder: "COMPREPLY=($(compgen -d -- \"$current\"))"
        case .values(let values): "COMPREPLY=($(compgen -W \"\(values.joined(separator: " "))\" -- \"$current\"))"
        case .dynamic(let kind):
            "COMPREPLY=($(compgen -W \"$(\(program) __complete \(kind) \"$current\" 2>/dev/null)\" -- \"$current\"))"
        }
    }

    private func fish() -> String {
        let name = program.replacingDashes
        var text = """
            function __\(name)_at
                set -l words (commandline -opc)
                set -l path
                for word in $words[2..-1]
                    string match -q -- '-*' $word; or set -a path $word
                end
                set -l count (count $argv)
                test (count $path) -ge $count; or return 1
                test $count -eq 0; and test (count $path) -eq 0; and return 0
                test $count -gt 0; and test "$path[1..$count]" = "$argv"
            end
            complete -c \(program) -f

            """
        for node in nodes() {
            let condition = "__\(name)_at \(node.path.joined(separator: " "))".trimmingTrailingSpace
            for sub in node.command.subcommands where !sub.isHidden {
                text += "complete -c \(program) -n '\(condition)' -a \(sub.name) -d '\(quoted(sub.summary))'\n"
            }
            for option in node.path.isEmpty ? globals : node.command.options {
                let scope = node.path.isEmpty ? "" : " -n '\(condition)'"
                let short = option.short.map { " -s \($0)" } ?? ""
                let value = option.value == nil ? "" : " -r" + fishValues(option.completion)
                text += "complete -c \(program)\(scope)\(short) -l \(option.name)\(value) -d '\(quoted(option.help))'\n"
            }
            for positional in node.command.positionals {
                let values = fishValues(positional.completion)
                if !values.isEmpty { text += "complete -c \(program) -n '\(condition)'\(values)\n" }
            }
        }
        return text
    }

    private func fishValues(_ completion: Completion) -> String {
        switch completion {
        case .none: ""
        case .file, .folder: " -F"
        case .values(let values): " -a '\(values.joined(separator: " "))'"
        case .dynamic(let kind): " -a '(\(program) __complete \(kind) (commandline -ct) 2>/dev/null)'"
        }
    }

    private func quoted(_ text: String) -> String {
        text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "\\'")
    }
}

extension String {
    fileprivate var replacingDashes: String { String(map { $0 == "-" ? "_" : $0 }) }
    fileprivate var trimmingTrailingSpace: String { hasSuffix(" ") ? String(dropLast()) : self }
}
