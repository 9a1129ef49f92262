import BGP
import Testing

struct FrameTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var bytes: [UInt8]
        var frame: Frame
        var maximum = 4096
        var testDescription: String { name }
    }

    static let cases: [Case] = [
        Case(name: "nothing", bytes: [], frame: .partial),
        Case(name: "a web browser", bytes: Array("GET /".utf8), frame: .broken(Notification(1, 1))),
        Case(
            name: "the last marker byte", bytes: hex("ffffffff ffffffff ffffffff fffffffe 0013 04"),
            frame: .broken(Notification(1, 1))),
        Case(name: "half a marker", bytes: hex("ffffffff ffff"), frame: .partial),
        Case(
            name: "length 18", bytes: hex("ffffffff ffffffff ffffffff ffffffff 0012"),
            frame: .broken(Notification(1, 2, data: [0, 18]))),
        Case(
            name: "length 4097", bytes: hex("ffffffff ffffffff ffffffff ffffffff 1001"),
            frame: .broken(Notification(1, 2, data: [0x10, 1]))),
        Case(
            name: "UPDATE of 4097 where extended messages are agreed",
            bytes: hex("ffffffff ffffffff ffffffff ffffffff 1001 02"), frame: .partial,
            maximum: 65535),
        Case(
            name: "OPEN of 4097 where extended messages are agreed",
            bytes: hex("ffffffff ffffffff ffffffff ffffffff 1001 01"),
            frame: .broken(Notification(1, 2, data: [0x10, 1])), maximum: 65535),
        Case(
            name: "type 0", bytes: message(0), frame: .broken(Notification(1, 3, data: [0]))),
        Case(
            name: "type 6", bytes: message(6), frame: .broken(Notification(1, 3, data: [6]))),
        Case(
            name: "type 255", bytes: message(255), frame: .broken(Notification(1, 3, data: [255]))),
        Case(
            name: "KEEPALIVE with a body", bytes: message(4, [0]),
            frame: .broken(Notification(1, 2, data: [0, 20]))),
        Case(
            name: "OPEN of 28", bytes: message(1, [UInt8](repeating: 0, count: 9)),
            frame: .broken(Notification(1, 2, data: [0, 28]))),
        Case(
            name: "UPDATE of 22", bytes: message(2, [0, 0, 0]),
            frame: .broken(Notification(1, 2, data: [0, 22]))),
        Case(
            name: "NOTIFICATION of 20", bytes: message(3, [6]),
            frame: .broken(Notification(1, 2, data: [0, 20]))),
        Case(
            name: "ROUTE-REFRESH of 22", bytes: message(5, [0, 1, 0]),
            frame: .broken(Notification(1, 2, data: [0, 22]))),
        Case(
            name: "a KEEPALIVE and more", bytes: Golden.keepalive + [0xFF],
            frame: .whole(.keepalive, length: 19)),
        Case(
            name: "an UPDATE", bytes: Golden.announce4, frame: .whole(.update, length: 82)),
    ]

    @Test(arguments: cases)
    func `a header is judged from the first bytes that show it`(_ example: Case) {
        let frame = Frame(example.bytes.span.bytes, maximumLength: example.maximum)
        #expect(frame == example.frame)
    }

    @Test(arguments: Golden.all)
    func `every beginning of a good message is partial`(_ golden: [UInt8]) {
        for count in 0..<golden.count {
            #expect(Frame(Array(golden[..<count]).span.bytes) == .partial)
        }
    }
}
