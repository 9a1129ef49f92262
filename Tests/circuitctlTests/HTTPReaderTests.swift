import Testing

@testable import circuitctl

@Suite struct `Reading a response` {
    static let counted = "HTTP/1.1 200 OK\r\ncontent-LENGTH: 5\r\n\r\nhello"
    static let chunked =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        + "2\r\nhe\r\n3;ext=1\r\nllo\r\n0\r\nTrailer: x\r\n\r\n"
    static let untilClose = "HTTP/1.0 200 OK\nServer: x\n\nhello"

    private func read(_ text: String, by size: Int, longestBody: Int = 1000) throws -> HTTPReader {
        var reader = HTTPReader(longestBody: longestBody)
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: size) {
            try reader.read(bytes[start..<min(start + size, bytes.count)])
        }
        try reader.close()
        return reader
    }

    @Test(arguments: [counted, chunked, untilClose], [1, 2, 3, 7, 1000])
    func `pieces of any size give the same body`(text: String, size: Int) throws {
        let reader = try read(text, by: size)
        #expect(reader.status == 200)
        #expect(reader.isComplete)
        #expect(String(decoding: reader.body, as: UTF8.self) == "hello")
    }

    @Test(arguments: [counted, chunked])
    func `an answer that ends early is an error`(text: String) {
        for length in 0..<text.utf8.count {
            let part = String(decoding: Array(text.utf8.prefix(length)), as: UTF8.self)
            #expect(throws: HTTPReader.Garbage.self) { _ = try read(part, by: 1000) }
        }
    }

    @Test(arguments: [
        ("", "it closed without an answer"),
        ("SSH-2.0-OpenSSH\r\n", "what answers there does not speak HTTP"),
        ("HTTP/2 200\r\n\r\n", "what answers there does not speak HTTP"),
        ("HTTP/1.1 abc\r\n\r\n", "what answers there does not speak HTTP"),
        ("HTTP/1.1\r\n\r\n", "what answers there does not speak HTTP"),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "an answer of -1 bytes is refused"
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n", "an answer of 1001 bytes is refused"
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
            "an answer of 99999999999999999999 bytes is refused"
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
            "a chunk without a size"
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n",
            "a chunk without a size"
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFF\r\n",
            "a chunk without a size"
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n",
            "a chunk longer than its size"
        ),
    ])
    func `garbage is told as a sentence`(text: String, sentence: String) {
        #expect(throws: HTTPReader.Garbage(sentence)) { _ = try read(text, by: 1000) }
    }

    @Test func `a body in chunks is bounded too`() {
        let text =
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n"
        #expect(throws: HTTPReader.Garbage("the answer is longer than 10 bytes")) {
            _ = try read(text, by: 1000, longestBody: 10)
        }
    }

    @Test func `a head without an end is refused`() {
        let line = "X: " + String(repeating: "x", count: 1000) + "\r\n"
        let text = "HTTP/1.1 200 OK\r\n" + String(repeating: line, count: 80)
        #expect(throws: HTTPReader.Garbage("a head without an end")) {
            _ = try read(text, by: 4096)
        }
    }

    @Test func `a line of chunks without an end is refused`() {
        let text =
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            + String(repeating: "0", count: 10_000)
        #expect(throws: HTTPReader.Garbage("a line without an end")) {
            _ = try read(text, by: 4096)
        }
    }

    @Test func `no mutation of a good answer traps`() {
        let good = Array(Self.chunked.utf8)
        for position in good.indices {
            for byte in [0x00, 0x0A, 0x2D, 0x30, 0x46, 0xFF] as [UInt8] {
                var bytes = good
                bytes[position] = byte
                var reader = HTTPReader(longestBody: 1000)
                try? reader.read(bytes)
                try? reader.close()
                #expect(reader.body.count <= 1000)
            }
        }
    }
}

@Suite struct `Pretty JSON` {
    @Test func `members stand on lines of their own`() {
        let line = #"{"a":[],"b":{},"c":[1,{"d":"x, {\"y\"} [z]\\"}],"e":null}"# + "\n"
        #expect(
            prettyJSON(Array(line.utf8)) == #"""
                {
                  "a": [],
                  "b": {},
                  "c": [
                    1,
                    {
                      "d": "x, {\"y\"} [z]\\"
                    }
                  ],
                  "e": null
                }

                """#)
    }

    @Test(arguments: ["", "]", "}}}}", "\"", "{", "[,", "\\\"{"])
    func `what is not JSON does not trap`(text: String) {
        #expect(prettyJSON(Array(text.utf8)).hasSuffix("\n"))
    }

    @Test func `spaces that were there do not double`() {
        #expect(prettyJSON(Array("{ \"a\" : [ ] }".utf8)) == "{\n  \"a\": []\n}\n")
    }
}
