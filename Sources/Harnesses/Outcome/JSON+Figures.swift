import Model
import Text

extension JSON {
    /// A number of tokens, brought into their range; nil for what is no number.
    var tokens: Int? { number.map { Figure.int($0, in: Figure.tokens) } }
    /// An amount of money, brought into its range; nil for what is no number.
    var money: Money? { number.map { Money(dollars: $0) } }
}
