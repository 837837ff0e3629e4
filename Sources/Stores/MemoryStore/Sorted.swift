/// Numbers in ascending order: cheap to append, to take from the front, and to put back at the front.
struct Sorted {
    private var numbers: [Int64] = []
    // What lies before it has been taken from the front, and is free for numbers that come back.
    private var head = 0

    var count: Int { numbers.count - head }
    var all: ArraySlice<Int64> { numbers[head...] }

    mutating func insert(_ number: Int64) {
        if head == numbers.count {
            // Only taken ones are left, and they say nothing about the order any more.
            numbers.removeAll(keepingCapacity: true)
            head = 0
        }
        if numbers.last.map({ $0 < number }) ?? true {
            numbers.append(number)
        } else if head > 0, number < numbers[head] {
            head -= 1
            numbers[head] = number
        } else {
            numbers.insert(number, at: position(of: number))
        }
    }

    mutating func remove(_ number: Int64) {
        let at = position(of: number)
        guard at < numbers.count, numbers[at] == number else { return }
        if at == head {
            head += 1
            if head == numbers.count || (head > 64 && head > numbers.count / 2) {
                numbers.removeFirst(head)
                head = 0
            }
        } else {
            numbers.remove(at: at)
        }
    }

    // The first index whose number is not smaller.
    private func position(of number: Int64) -> Int {
        var (low, high) = (head, numbers.count)
        while low < high {
            let middle = (low + high) / 2
            if numbers[middle] < number { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
