// Lines for the log and for those who follow the stream of events.

public import Control
import Net

/// Numbers the events and keeps the last ones.
struct EventBook {
    static let kept = 200
    var last: UInt64 = 0
    var recent: [Event] = []
}

extension Engine {
    mutating func log(
        _ level: LogLevel, _ text: String, _ fields: KeyValuePairs<String, String> = [:],
        into effects: inout [Effect]
    ) {
        effects.append(.log(level, text, fields: fields.map { ($0.key, $0.value) }))
    }

    mutating func tell(
        _ kind: String, _ text: String, circuit: String? = nil, link: String? = nil,
        at now: Instant, into effects: inout [Effect]
    ) {
        events.last += 1
        let event = Event(
            number: events.last,
            time: timestamp(unixNanoseconds: options.wallClockOrigin &+ now.nanoseconds),
            kind: kind, circuit: circuit, link: link, text: text)
        if events.recent.count >= EventBook.kept { events.recent.removeFirst() }
        events.recent.append(event)
        effects.append(.tell(event))
    }

    /// `07:38:33 UTC`, for sentences.
    func timeOfDay(_ instant: Instant) -> String {
        let text = timestamp(unixNanoseconds: options.wallClockOrigin &+ instant.nanoseconds)
        return "\(text.dropFirst(11).prefix(8)) UTC"
    }

    /// The last events, for somebody who begins to follow them.
    public var recentEvents: [Event] { events.recent }
}
