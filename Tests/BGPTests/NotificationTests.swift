import BGP
import Net
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

    @Test(
        arguments: [
            (
                "06 09 06 02 05 62 79 65 21 1b",
                "cease/hard reset (cease/administrative shutdown): bye!?"
            ),
            ("06 09 06 03", "cease/hard reset (cease/peer de-configured)"),
            ("06 09 04 00", "cease/hard reset (hold timer expired)"),
            ("06 09 63 07", "cease/hard reset (error 99/7)"),
            ("06 09", "cease/hard reset"), ("06 09 06", "cease/hard reset"),
            // Nested ones are not followed.
            ("06 09 06 09 06 02 01 61", "cease/hard reset (cease/hard reset)"),
            ("06 0a", "cease/BFD down"), ("06 63", "cease/99"),
            ("02 0b", "OPEN error/role mismatch"),
            ("08 00", "send hold timer expired"), ("00 00", "error 0"),
        ] as [(String, String)])
    func `RFC 8538 §3.1: a hard reset shows what it carries`(_ body: String, _ text: String) {
        #expect("\(Notification(body: hex(body).span.bytes))" == text)
    }

    @Test func `a reason tells the peer's text without control characters`() {
        let received = DownReason.received(Notification(body: hex("06 02 03 41 0a 42").span.bytes))
        #expect("\(received)" == "received cease/administrative shutdown: A?B")
    }

    @Test func `RFC 8538 §4: what may be kept depends on who ended it and how`() {
        var agreed = SessionTests.agreed
        let reasons: [(DownReason, Bool)] = [
            (.closed, true), (.replaced, true), (.sent(.holdTimerExpired), true),
            (.received(Notification(6, 4)), true), (.received(Notification(6, 9)), false),
            (.received(Notification(6, 1)), true), (.sent(Notification(6, 1)), false),
            (.stopped, false), (.unreachable, false),
        ]
        for (reason, _) in reasons { #expect(!reason.keepsRoutes(agreed)) }
        agreed.gracefulRestart = .init(
            restartTime: 120, isRestarting: false, coversNotifications: true, families: [.ipv4],
            preserved: [.ipv4])
        for (reason, isKept) in reasons { #expect(reason.keepsRoutes(agreed) == isKept) }
        agreed.gracefulRestart?.coversNotifications = false
        #expect(!DownReason.sent(.holdTimerExpired).keepsRoutes(agreed))
        #expect(DownReason.closed.keepsRoutes(agreed))
    }

    @Test func `a text is sent only where the kind carries one`() {
        #expect(Notification(.collision, text: "no").data == [])
    }
}
