/// The completion script for bash 3.2 and later; zsh runs it too.
///
/// No variable is called `path`, `words`, `options` or `commands`: zsh ties those to its own state, and a local `path`
/// would leave it unable to find the program.
struct BashCompletionScript {
    let program: String
    let places: [CompletionPlace]
    let globals: [Option]

    private var function: String { "_" + String(program.map { $0 == "-" ? "_" : $0 }) }

    /// The arguments of `complete`, up to the program's name.
    var registration: String { "-o default -F \(function)_complete" }

    func text() -> String {
        """
        # bash completion for \(program)

        \(namesTable())
        \(valueTable())
        \(argumentTable())
        \(offering)
        \(walking)
        complete \(registration) \(program)

        """
    }

    // MARK: Tables

    // Fails for what is no place, which is how the walk tells commands from other words.
    private func namesTable() -> String {
        var text = "\(function)_names() {\n    case \"$1\" in\n"
        for place in places {
            let names = place.commands.map(\.name.shellQuoted).joined(separator: " ")
            let switches = place.command.options.map { "--\($0.name)".shellQuoted }.joined(separator: " ")
            text += "        \(place.key.shellQuoted)) names=(\(names)); switches=(\(switches)) ;;\n"
        }
        let switches = globals.map { "--\($0.name)".shellQuoted }.joined(separator: " ")
        return text + "        *) return 1 ;;\n    esac\n    switches+=(\(switches))\n}\n"
    }

    // Fails for an option that takes no value.
    private func valueTable() -> String {
        var text = "\(function)_value() {\n    case \"$1\" in\n"
        for place in places {
            for option in place.command.options {
                text += row(option.spellings.map { "\(place.key):\($0)".shellQuoted }, option)
            }
        }
        for option in globals { text += row(option.spellings.map { "*" + ":\($0)".shellQuoted }, option) }
        return text + "        *) return 1 ;;\n    esac\n}\n"
    }

    private func row(_ patterns: [String], _ option: Option) -> String {
        let action = option.value == nil ? "return 1" : action(option.completion)
        return "        \(patterns.joined(separator: "|"))) \(action) ;;\n"
    }

    private func argumentTable() -> String {
        var text = "\(function)_argument() {\n    case \"$1\" in\n"
        for place in places {
            for (index, positional) in place.arguments {
                let pattern = "\(place.key):".shellQuoted + (positional.takesRest ? "*" : "\(index)")
                text += "        \(pattern)) \(action(positional.completion)) ;;\n"
            }
        }
        return text + "    esac\n}\n"
    }

    private func action(_ completion: Completion) -> String {
        switch completion {
        case .none: "action=none"
        case .file: "action=file"
        case .folder: "action=folder"
        case .values(let values): "action=values; values=(\(values.map(\.shellQuoted).joined(separator: " ")))"
        case .dynamic(let kind): "action=ask; kind=\(kind.shellQuoted)"
        }
    }

    // MARK: Fixed parts

    // Candidates never pass through `compgen -W`, which would run a command substitution that stands in one of them.
    private var offering: String {
        """
        \(function)_offer() {
            case "$1" in "$whole"*) ;; *) return ;; esac
            local found=$lead$1
            found=${found#"$kept"}
            if [ -n "$found" ]; then COMPREPLY+=("$found"); fi
        }

        \(function)_words() {
            local found
            for found in "$@"; do
                printf -v found %q "$found"
                \(function)_offer "$found"
            done
        }

        \(function)_paths() {
            local typed=$whole found
            case "$typed" in "~/"*) typed=$HOME/${typed#??} ;; esac
            compopt -o filenames 2>/dev/null
            for found in "$typed"*; do
                if [ "$1" "$found" ]; then \(function)_offer "$whole${found#"$typed"}"; fi
            done
        }

        \(function)_act() {
            local found
            case "$action" in
                file) \(function)_paths -e ;;
                folder) \(function)_paths -d ;;
                values) \(function)_words "${values[@]}" ;;
                ask)
                    while IFS= read -r found; do
                        if [ -n "$found" ]; then \(function)_words "$found"; fi
                    done < <(\(program) __complete "$kind" "$whole" 2>/dev/null) ;;
            esac
        }

        """
    }

    // Readline hands = and : over as words of their own, so a line is first joined again: `whole` is the word at the
    // cursor, and `kept` is as much of it as readline leaves alone when it puts a candidate in.
    private var walking: String {
        """
        \(function)_complete() {
            local place="" option="" ended="" count=0 index=1 word="" letter=""
            local whole="" kept="" lead="" glue="" action=none kind=""
            local -a line names switches values
            line=() names=() switches=() values=() COMPREPLY=()

            while [ "$index" -le "$COMP_CWORD" ]; do
                word=${COMP_WORDS[$index]}
                letter=${word//[=:]/}
                if [ "$index" -gt 1 ] && [ -n "$word" ] && { [ -n "$glue" ] || [ -z "$letter" ]; }; then
                    kept=$whole
                    whole=$whole$word
                    if [ -z "$letter" ]; then kept=$whole; fi
                else
                    if [ "$index" -gt 1 ]; then line+=("$whole"); fi
                    whole=$word kept=""
                fi
                glue=""
                if [ -n "$word" ] && [ -z "$letter" ]; then glue=1; fi
                index=$((index+1))
            done

            for word in "${line[@]}"; do
                if [ -n "$option" ]; then option=""; continue; fi
                if [ -n "$ended" ]; then count=$((count+1)); continue; fi
                case "$word" in
                    --) ended=1 ;;
                    --*=*) ;;
                    --*) if \(function)_value "$place:$word"; then option=$word; fi ;;
        \(negativeNumbers)            -?*)
                        word=${word#-}
                        while [ -n "$word" ]; do
                            letter=${word%"${word#?}"}
                            word=${word#?}
                            if \(function)_value "$place:-$letter"; then
                                if [ -z "$word" ]; then option=-$letter; fi
                                word=""
                            fi
                        done ;;
                    *)
                        if [ "$count" -eq 0 ] && \(function)_names "$place $word"; then
                            place="$place $word"
                        else
                            count=$((count+1))
                        fi ;;
                esac
            done

            action=none
            if [ -n "$option" ]; then
                \(function)_value "$place:$option"
                \(function)_act
                return 0
            fi
            if [ -z "$ended" ]; then
                \(function)_names "$place"
                case "$whole" in
                    --*=*)
                        option=${whole%%=*} lead=${whole%%=*}=
                        whole=${whole#*=}
                        if \(function)_value "$place:$option"; then \(function)_act; fi
                        return 0 ;;
                    -*)
                        \(function)_words "${switches[@]}"
                        return 0 ;;
                esac
                if [ "$count" -eq 0 ]; then \(function)_words "${names[@]}"; fi
            fi
            \(function)_argument "$place:$count"
            \(function)_act
            return 0
        }

        """
    }

    // As the parser has it: a number below zero is a word, unless some option is called by a digit.
    private var negativeNumbers: String {
        let options = places.flatMap(\.command.options) + globals
        return options.contains { $0.short?.isNumber ?? false } ? "" : "            -[0-9]*) count=$((count+1)) ;;\n"
    }
}

extension String {
    /// One word of a POSIX shell, whatever it contains.
    fileprivate var shellQuoted: String {
        "'" + split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
