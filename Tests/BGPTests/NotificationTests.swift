import BGP
import Testing

struct NotificationTests {
    @Test func `a shutdown text loses its control characters`() {
        let notification = Notification(body: Array(Golden.notification.dropFirst(19)).span.bytes)
        #expect(notification.cease == .administrativeShutdown)
        #expect(notification.data == hex("05 62 79 65 21 0a"))
        #expect(notification.shutdownText == "bye!?")
        #expect("\(notification)" == "cease/administrative shutdown: bye!?")
    }

    @Test(
        arguments: [
            ("06 02", nil), ("06 02 00", nil), ("06 02 ff", ""), ("06 02 ff 61", "a"),
            ("06 02 01 61 62", "a"), ("06 02 02 c3 28", "\u{FFFD}("), ("06 02 03 e2 80 ae", "?"),
            ("06 04 02 1b 5b", "?["), ("06 06 01 61", nil), ("05 02 01 61", nil),
        ] as [(String, String?)])
    func `a shutdown text is clipped to what is there`(_ body: String, _ text: String?) {
        #expect(Notification(body: hex(body).span.bytes).shutdownText == text)
    }

    @Test func `a text that is too long is cut between characters`() throws {
        let notification = Notification(
            .administrativeReset, text: String(repeating: "é", count: 200))
        #expect(notification.data.first == 254)
        #expect(notification.shutdownText == String(repeating: "é", count: 127))
    }

    @Test func `a text is sent only where the kind carries one`() {
        #expect(Notification(.collision, text: "no").data == [])
    }

    /// RFC 8538 §3.1; a hard reset has no text of its own, and none lies in another.
    @Test(
        arguments: [
            ("06 09 06 02 03 62 79 65", "cease/hard reset: cease/administrative shutdown: bye"),
            ("06 09 06 03", "cease/hard reset: cease/peer de-configured"),
            ("06 09 04 00", "cease/hard reset: hold timer expired"),
            ("06 09", "cease/hard reset"), ("06 09 06", "cease/hard reset"),
            ("06 09 06 09 06 02 01 61", "cease/hard reset"),
        ])
    func `a hard reset tells the reason inside it`(_ body: String, _ text: String) {
        #expect("\(Notification(body: hex(body).span.bytes))" == text)
    }
}
