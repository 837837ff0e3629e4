import Concurrency
import Testing

@Suite(.timeLimit(.minutes(1))) struct BroadcasterTests {
    @Test func `every subscriber gets what is published after it came, in order`() async {
        let broadcaster = Broadcaster<Int>(limit: 10)
        let first = broadcaster.subscribe()
        broadcaster.publish(1)
        let second = broadcaster.subscribe()
        broadcaster.publish(2)
        broadcaster.finish()
        #expect(await collect(first) == [1, 2])
        #expect(await collect(second) == [2])
    }

    @Test func `who falls behind is cut off after the events that it has, and nobody else is`() async {
        let broadcaster = Broadcaster<Int>(limit: 3)
        let slow = broadcaster.subscribe()
        var quick = broadcaster.subscribe().makeAsyncIterator()
        for event in 1...5 {
            broadcaster.publish(event)
            #expect(await quick.next() == event)
        }
        #expect(await collect(slow) == [1, 2, 3])
        #expect(broadcaster.subscriberCount == 1)
    }

    @Test func `a stream that is dropped is forgotten`() async {
        let broadcaster = Broadcaster<Int>(limit: 3)
        do {
            let stream = broadcaster.subscribe()
            #expect(broadcaster.subscriberCount == 1)
            _ = stream
        }
        #expect(broadcaster.subscriberCount == 0)
    }

    @Test func `after the end a subscription ends at once`() async {
        let broadcaster = Broadcaster<Int>(limit: 3)
        broadcaster.finish()
        #expect(await collect(broadcaster.subscribe()) == [])
    }

    private func collect(_ stream: AsyncStream<Int>) async -> [Int] {
        var events: [Int] = []
        for await event in stream { events.append(event) }
        return events
    }
}
