/// The completion script for fish 3.4 and later.
///
/// Every rule has a condition that names the exact place it belongs to; one walk over the words before the cursor tells
/// where that is.
struct FishCompletionScript {
    let program: String
    let places: [CompletionPlace]
    let globals: [Option]

    private var function: String { "__" + String(program.map { $0 == "-" ? "_" : $0 }) }

    func text() -> String {
        var text = "# fish completion for \(program)\n\n\(valueTable())\n\(walking)\ncomplete -c \(program) -f\n"
        for option in globals { text += rule(option) }
        for place in places {
            for command in place.commands {
                text += rule("\(function)_command_at \(place.key.fishQuoted)")
                text += " -a \(command.name.fishQuoted.fishQuoted) -d \(command.summary.fishQuoted)\n"
            }
            for option in place.command.options { text += rule(option, "\(function)_at \(place.key.fishQuoted)") }
            for (index, positional) in place.arguments where positional.completion != .none {
                let range = positional.takesRest ? "\(index) rest" : "\(index)"
                text += rule("\(function)_argument_at \(place.key.fishQuoted) \(range)")
                text += "\(candidates(positional.completion))\n"
            }
        }
        return text
    }

    private func rule(_ condition: String) -> String { "complete -c \(program) -n \(condition.fishQuoted)" }

    private func rule(_ option: Option, _ condition: String? = nil) -> String {
        var text = condition.map(rule) ?? "complete -c \(program)"
        if let short = option.short { text += " -s \(String(short).fishQuoted)" }
        text += " -l \(option.name.fishQuoted)"
        if option.value != nil {
            // -x asks for a value and keeps files out; -r asks for one and lets them in.
            text += option.completion == .file ? " -r" : " -x"
            text += candidates(option.completion)
        }
        return text + " -d \(option.help.fishQuoted)\n"
    }

    private func candidates(_ completion: Completion) -> String {
        switch completion {
        case .none: ""
        case .file: " -F"
        case .folder: " -a '(__fish_complete_directories)'"
        // fish reads what -a is given as a command line: a word is quoted once for that, and once more for this one.
        case .values(let values): " -a \(values.map(\.fishQuoted).joined(separator: " ").fishQuoted)"
        case .dynamic(let kind): " -a \("(\(function)_ask \(kind.fishQuoted))".fishQuoted)"
        }
    }

    private func valueTable() -> String {
        var text = "function \(function)_takes_value\n    switch \"$argv[1]\"\n"
        func row(_ patterns: [String], _ option: Option) {
            let status = option.value == nil ? 1 : 0
            text += "        case \(patterns.map(\.fishQuoted).joined(separator: " "))\n            return \(status)\n"
        }
        for place in places {
            for option in place.command.options { row(option.spellings.map { "\(place.key):\($0)" }, option) }
        }
        for option in globals { row(option.spellings.map { "*:\($0)" }, option) }
        return text + "    end\n    return 1\nend\n"
    }

    // Prints three lines: the place, how many words are arguments there, and whether `--` has ended the options.
    private var walking: String {
        """
        function \(function)_walk
            set -l places \(places.map(\.key.fishQuoted).joined(separator: " "))
            set -l line (commandline -opc)
            set -l place ''
            set -l count 0
            set -l ended no
            set -l skip no
            for word in $line[2..-1]
                if test $skip = yes
                    set skip no
                else if test $ended = yes
                    set count (math $count + 1)
                else
                    switch "$word"
                        case '--'
                            set ended yes
                        case '--*=*'
                        case '--*'
                            \(function)_takes_value "$place:$word"; and set skip yes
        \(negativeNumbers)                case '-'
                            set count (math $count + 1)
                        case '-*'
                            set -l letters (string split '' -- (string sub -s 2 -- $word))
                            while set -q letters[1]
                                if \(function)_takes_value "$place:-$letters[1]"
                                    set -q letters[2]; or set skip yes
                                    break
                                end
                                set -e letters[1]
                            end
                        case '*'
                            if test $count -eq 0; and contains -- "$place $word" $places
                                set place "$place $word"
                            else
                                set count (math $count + 1)
                            end
                    end
                end
            end
            printf '%s\\n' "$place" $count $ended
        end

        function \(function)_at
            set -l now (\(function)_walk)
            test "$now[1]" = "$argv[1]"
        end

        function \(function)_command_at
            set -l now (\(function)_walk)
            test "$now[1]" = "$argv[1]" -a "$now[2]" -eq 0 -a "$now[3]" = no
        end

        function \(function)_argument_at
            set -l now (\(function)_walk)
            test "$now[1]" = "$argv[1]"; or return 1
            test "$now[2]" -eq "$argv[2]"; and return 0
            test "$argv[3]" = rest -a "$now[2]" -gt "$argv[2]"
        end

        function \(function)_ask
            set -l prefix (commandline -ct | string replace -r -- '^--[^=]+=' '')
            \(program) __complete $argv[1] "$prefix" 2>/dev/null
        end

        """
    }

    // As the parser has it: a number below zero is a word, unless some option is called by a digit.
    private var negativeNumbers: String {
        let options = places.flatMap(\.command.options) + globals
        if options.contains(where: { $0.short?.isNumber ?? false }) { return "" }
        let numbers = (0...9).map { "'-\($0)*'" }.joined(separator: " ")
        return "                case \(numbers)\n                    set count (math $count + 1)\n"
    }
}

extension String {
    /// One single-quoted word of fish, where only a backslash and a quote need a backslash.
    fileprivate var fishQuoted: String {
        var text = "'"
        for character in self {
            if character == "'" || character == "\\" { text.append("\\") }
            text.append(character)
        }
        return text + "'"
    }
}
