import Model
import TestOrder
import Testing
import Text

@testable import Harnesses

private let now = Timestamp(microseconds: 1_800_000_000_000_000)

@Suite(.serialized, .queued) struct FailureTextTests {
    @Test(arguments: [
        ("HTTP 401 from server", FailureClass.authentication),
        ("Error: Invalid x API key given", .authentication),
        ("You are not currently logged in to Augment", .authentication),
        ("Please run codex login first", .authentication),
        ("Authentication has failed", .authentication),
        ("the token has expired", .authentication),
        ("litellm.BadRequestError: OpenAIException - Incorrect API key provided", .authentication),
        ("You exceeded your current quota", .quota),
        ("code: insufficient_quota (429)", .quota),
        ("Your credit balance is too low", .quota),
        ("402 Payment Required", .quota),
        ("429 Too Many Requests", .rateLimit),
        ("Rate limit reached", .rateLimit),
        ("ratelimit", .rateLimit),
        ("Selected model is at capacity.", .rateLimit),
        ("503 Service Unavailable", .rateLimit),
        ("Overloaded", .rateLimit),
        ("prompt is too long: 10 tokens > 5 maximum", .contextOverflow),
        ("ran out of room in the model's context window", .contextOverflow),
        ("has hit a token limit!", .contextOverflow),
        ("connect ECONNREFUSED 127.0.0.1:1", .network),
        ("Could not resolve host", .network),
        ("stream disconnected before completion", .network),
        ("404: model x", .configuration),
        ("the model `x` does not exist", .configuration),
        ("error: unknown option '--frob'", .configuration),
        ("blocked by content policy", .refusal),
    ])
    func `known words have a class`(text: String, kind: FailureClass) {
        #expect(FailureText.classify(text, now: now)?.kind == kind)
    }

    @Test(arguments: [
        "", "all is well", "order 4010 is 14290 long", "billings", "x401y", "invalid number of api calls",
    ])
    func `other words have none`(text: String) {
        #expect(FailureText.classify(text, now: now) == nil)
    }

    @Test func `the last complaint counts`() {
        let text = "429 too many requests, trying again\nconnecting\nError: Incorrect API key\n"
        #expect(FailureText.classify(text, now: now)?.kind == .authentication)
    }

    @Test(arguments: [
        ("rate limit: try again in 1.5s", Duration.milliseconds(1500)), ("429, Retry-After: 20", .seconds(20)),
        ("rate limit; retry in 2 minutes", .seconds(120)), ("rate limit, retry after 500 ms", .milliseconds(500)),
    ])
    func `the time at which the service will answer is taken from the words`(text: String, delay: Duration) {
        #expect(FailureText.classify(text, now: now)?.resetAt == now + delay)
    }

    @Test func `a message has no control characters and no escape sequences and a bounded length`() {
        #expect(FailureText.sentence("\u{1B}[31mred\u{1B}[0m\n\t  and\u{7} on ") == "red and on")
        #expect(FailureText.sentence(String(repeating: "a", count: 5000)).utf8.count < 500)
    }
}

@Suite(.serialized, .queued) struct JSONTests {
    @Test func `values are reached by key whatever their order`() throws {
        let json = try #require(JSON(Array(#"{"b":[1,2.5,true,null],"a":{"c":"d"}}"#.utf8)))
        #expect(json["a"]?["c"]?.string == "d")
        #expect(json["b"]?.array == [.number(1), .number(2.5), .bool(true), .null])
        #expect(json["b"]?.string == nil && json["x"] == nil)
    }

    @Test func `invalid bytes and half surrogate pairs become the replacement character`() throws {
        let bad = try #require(JSON(Array(#"{"a":""#.utf8) + [0xFF, 0x61] + Array(#""}"#.utf8)))
        #expect(bad["a"]?.string == "\u{FFFD}a")
        let half = try #require(JSON(Array(#"{"a":"x\ud83d","b":"\ud83d\ude00","c":"\\ud83d"}"#.utf8)))
        #expect(half["a"]?.string == "x\u{FFFD}")
        #expect(half["b"]?.string == "\u{1F600}")
        #expect(half["c"]?.string == "\\ud83d")
    }

    @Test(arguments: ["", "plain text", "{", "{\"a\":}", "12", "[1,"])
    func `what is not an object or a list is no event`(text: String) {
        #expect(JSON(Array(text.utf8)) == nil)
    }

    @Test func `text for people escapes only inside of structures`() {
        #expect(JSON.string("a\n\"b\"").text == "a\n\"b\"")
        #expect(JSON.object(["k": .string("a\n\"\u{1}"), "a": .number(3)]).text == #"{"a":3,"k":"a\n\"\u0001"}"#)
    }
}
