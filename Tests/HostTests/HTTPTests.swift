import Glibc
import Host
import Net
import Testing

@Suite struct HTTPTests {
    /// A server that answers with what it was asked.
    private final class Echo {
        let place = TemporaryDirectory()
        let server: HTTPServer
        var path: String { place.file("control.sock") }

        init(
            answerLimit: Duration = .seconds(10),
            handler: @escaping HTTPServer.Handler = { request, responder in
                let query = request.query.map { "\($0.0)=\($0.1)" }.joined(separator: ";")
                let body = String(decoding: request.body, as: UTF8.self)
                responder.respond(
                    status: 200, contentType: "text/plain",
                    Array("\(request.method) \(request.path) \(query) \(body)".utf8))
            }
        ) throws {
            server = try HTTPServer(
                sockets: [
                    .init(name: "control", path: place.file("control.sock"), mode: 0o660),
                    .init(name: "health", path: place.file("health.sock"), mode: 0o666),
                    .init(
                        name: "few", path: place.file("few.sock"), mode: 0o666, userLimit: 2),
                ], answerLimit: answerLimit, handler: handler)
        }

        deinit { server.stop() }

        func curl(_ arguments: String, socket: String = "control.sock") -> String {
            run("curl -s -m 20 --unix-socket \(place.file(socket)) \(arguments) 2>&1")
        }
    }

    @Test func `curl gets an answer with method, path, query and body`() throws {
        let echo = try Echo()
        #expect(
            echo.curl("'http://x/v1/circuits/a%20b?view=received&all&n=1%2B1' -d hello")
                == "POST /v1/circuits/a b view=received;all=;n=1+1 hello")
        #expect(echo.curl("http://x/healthz", socket: "health.sock") == "GET /healthz  ")
    }

    @Test func `a zero byte in a path or a query cuts nothing off`() throws {
        let echo = try Echo()
        #expect(echo.curl("http://x/v1/circuits/%00abc") == "GET /v1/circuits/%00abc  ")
        #expect(echo.curl("'http://x/a%41?n=a%00b%42+%zz'") == "GET /aA n=a%00bB %zz ")
    }

    @Test func `status and content type are the handler's`() throws {
        let echo = try Echo { _, responder in
            responder.respond(status: 418, contentType: "text/teapot", [])
        }
        #expect(
            echo.curl("-o /dev/null -w '%{http_code} %{content_type}' http://x/")
                == "418 text/teapot")
    }

    @Test func `two requests share a connection`() throws {
        let echo = try Echo()
        let client = try #require(RawClient(echo.path))
        client.say("GET /one HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(client.hear(until: "/one").contains("200 OK"))
        client.say("GET /two HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(client.hear(until: "/two").contains("200 OK"))
    }

    @Test func `an answer may come later and from another thread`() throws {
        let mailbox = try Mailbox<HTTPResponder>()
        let echo = try Echo { _, responder in mailbox.post(responder) }
        let client = try #require(RawClient(echo.path))
        client.say("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        let responder = try #require(mailbox.wait(timeout: .seconds(10)).first)
        responder.respond(status: 200, Array("late".utf8))
        responder.respond(status: 200, Array("twice".utf8))
        #expect(client.hear(until: "late").contains("200 OK"))
        // An answer of the first request does not become one of the second.
        client.say("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        let second = try #require(mailbox.wait(timeout: .seconds(10)).first)
        responder.respond(status: 200, Array("stale".utf8))
        second.respond(status: 200, Array("fresh".utf8))
        #expect(!client.hear(until: "fresh").contains("stale"))
    }

    @Test func `a request that nobody answers ends as 504`() throws {
        let kept = Shared<[HTTPResponder]>([])
        let echo = try Echo(answerLimit: .milliseconds(300)) { _, responder in
            kept.update { $0.append(responder) }
        }
        #expect(echo.curl("-w ' %{http_code}' http://x/").hasSuffix("in time\"}\n 504"))
        kept.value.first?.respond(status: 200, [])
        #expect(kept.value.first?.respondStreaming() == nil)
    }

    @Test(arguments: ["", "GET", "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf"])
    func `half a request is ended, and nobody else waits for it`(_ text: String) throws {
        let echo = try Echo(answerLimit: .milliseconds(500))
        let slow = try #require(RawClient(echo.path))
        slow.say(text)
        #expect(echo.curl("http://x/quick") == "GET /quick  ")
        _ = slow.hear()
        #expect(!isOpen(slow), "the server has closed")
    }

    @Test func `a request that trickles in is ended although it moves`() throws {
        let echo = try Echo(answerLimit: .milliseconds(500))
        let client = try #require(RawClient(echo.path))
        let start = Clock.now()
        client.say("GET / HTTP/1.1\r\n")
        let isEnded = eventually {
            client.say("X")
            usleep(20_000)
            return !isOpen(client)
        }
        #expect(isEnded)
        #expect(Clock.now() - start < .seconds(5))
    }

    @Test func `a body is taken up to its limit, announced or not`() throws {
        let echo = try Echo()
        let code = "-o /dev/null -w '%{http_code}'"
        func post(_ size: Int, _ extra: String = "") -> String {
            run(
                "head -c \(size) /dev/zero | curl -s -m 20 --unix-socket \(echo.path) \(code) "
                    + "\(extra) -H Expect: --data-binary @- http://x/")
        }
        #expect(post(65_536) == "200")
        #expect(post(65_537) == "413")
        #expect(post(65_536, "-H 'Transfer-Encoding: chunked'") == "200")
        #expect(post(65_537, "-H 'Transfer-Encoding: chunked'") == "413")
    }

    @Test func `a path longer than four kilobytes is refused`() throws {
        let echo = try Echo()
        let code = "-o /dev/null -w '%{http_code}' http://x/"
        #expect(echo.curl(code + String(repeating: "x", count: 4095)) == "200")
        #expect(echo.curl(code + String(repeating: "x", count: 4096)) == "414")
    }

    @Test func `nonsense is answered 400 or closed, and the server lives`() throws {
        let echo = try Echo()
        for text in ["\u{0}\u{1}\u{2}\r\n\r\n", "\r\n\r\n\r\n", "GET\r\n\r\n", "x y z\r\n\r\n"] {
            let client = try #require(RawClient(echo.path))
            client.say(text)
            shutdown(client.descriptor, Int32(SHUT_WR))
            let heard = client.hear()
            #expect(heard.isEmpty || heard.contains(" 4") || heard.contains(" 5"))
        }
        #expect(echo.curl("http://x/") == "GET /  ")
    }

    @Test func `the handler knows the socket and who asks`() throws {
        let seen = Shared<[HTTPRequest]>([])
        let echo = try Echo { request, responder in
            seen.update { $0.append(request) }
            responder.respond(status: 204, [])
        }
        _ = echo.curl("http://x/", socket: "health.sock")
        let request = try #require(seen.value.first)
        #expect(request.socketName == "health")
        #expect(request.peer.uid == geteuid())
        #expect(request.peer.gid == getegid())
        #expect(request.peer.pid > 0)
    }

    @Test(.enabled(if: geteuid() == 0, "other users exist for root only"))
    func `supplementary groups are seen`() throws {
        let seen = Shared<[HTTPRequest]>([])
        let echo = try Echo { request, responder in
            seen.update { $0.append(request) }
            responder.respond(status: 204, [])
        }
        chmod(echo.place.path, 0o755)
        run(
            "setpriv --reuid 65534 --regid 65534 --groups 4,24 "
                + "curl -s -m 10 --unix-socket \(echo.place.file("health.sock")) http://x/")
        let peer = try #require(seen.value.first?.peer)
        #expect(peer.uid == 65534)
        #expect(peer.groups.sorted() == [4, 24])
    }

    @Test func `a stream sends lines as they come and ends when it is finished`() throws {
        let mailbox = try Mailbox<HTTPEventStream>()
        let echo = try Echo { _, responder in
            if let stream = responder.respondStreaming() { mailbox.post(stream) }
        }
        let client = try #require(RawClient(echo.path))
        client.say("GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n")
        let stream = try #require(mailbox.wait(timeout: .seconds(10)).first)
        #expect(client.hear(until: "\r\n\r\n").contains("chunked"), "the head comes at once")
        #expect(stream.push(Array("{\"a\":1}\n".utf8)))
        #expect(client.hear(until: "{\"a\":1}").contains("{\"a\":1}"))
        #expect(stream.push(Array("{\"b\":2}\n".utf8)))
        #expect(client.hear(until: "{\"b\":2}").contains("{\"b\":2}"))
        stream.finish()
        #expect(client.hear(until: "0\r\n\r\n").hasSuffix("0\r\n\r\n"))
        #expect(!stream.push([10]))
    }

    @Test func `an idle stream outlives the limit of a request`() throws {
        let mailbox = try Mailbox<HTTPEventStream>()
        let echo = try Echo(answerLimit: .milliseconds(200)) { _, responder in
            if let stream = responder.respondStreaming() { mailbox.post(stream) }
        }
        let client = try #require(RawClient(echo.path))
        client.say("GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n")
        let stream = try #require(mailbox.wait(timeout: .seconds(10)).first)
        _ = client.hear(until: "\r\n\r\n")
        #expect(!waitReadable(client.descriptor, milliseconds: 1500), "neither bytes nor the end")
        #expect(stream.push([0x78, 0x0A]))
        #expect(client.hear(until: "x\n").contains("x\n"))
    }

    @Test func `a stream whose reader is gone notices without being pushed`() throws {
        let mailbox = try Mailbox<HTTPEventStream>()
        let echo = try Echo(answerLimit: .milliseconds(400)) { _, responder in
            if let stream = responder.respondStreaming() { mailbox.post(stream) }
        }
        var client = RawClient(echo.path)
        client?.say("GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n")
        let stream = try #require(mailbox.wait(timeout: .seconds(10)).first)
        _ = client?.hear(until: "\r\n\r\n")
        client = nil
        #expect(eventually { !stream.isOpen })
    }

    @Test func `a reader slower than its queue is dropped and blocks nobody`() throws {
        let mailbox = try Mailbox<HTTPEventStream>()
        let echo = try Echo { request, responder in
            if request.path == "/v1/events" {
                if let stream = responder.respondStreaming(queueLimit: 64 << 10) {
                    mailbox.post(stream)
                }
            } else {
                responder.respond(status: 200, Array("ok".utf8))
            }
        }
        let client = try #require(RawClient(echo.path))
        client.say("GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n")
        let stream = try #require(mailbox.wait(timeout: .seconds(10)).first)
        let line = [UInt8](repeating: 0x78, count: 1023) + [0x0A]
        var pushed = 0
        while stream.push(line), pushed < 100_000 { pushed += 1 }
        #expect(pushed < 10_000, "the queue and the socket are bounded")
        #expect(!stream.isOpen)
        #expect(echo.curl("http://x/") == "ok")
        let heard = client.hear()
        #expect(!heard.hasSuffix("0\r\n\r\n"), "a broken stream does not look whole")
    }

    @Test func `a large answer that nobody reads holds up nobody, and then arrives whole`() throws {
        let size = 16 << 20
        let echo = try Echo { request, responder in
            let count = request.path == "/large" ? size : 2
            responder.respond(status: 200, [UInt8](repeating: 0x78, count: count))
        }
        let client = try #require(RawClient(echo.path))
        client.say("GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        #expect(waitReadable(client.descriptor))
        #expect(echo.curl("http://x/") == "xx")
        let heard = client.hear()
        #expect(heard.hasPrefix("HTTP/1.1 200"))
        #expect(heard.utf8.count > size)
        #expect(heard.utf8.suffix(size).allSatisfy { $0 == 0x78 })
    }

    @Test func `more clients than allowed wait, and those of the other socket do not`() throws {
        let echo = try Echo(answerLimit: .milliseconds(800))
        let crowd = (0..<HTTPServer.connectionLimit + 8).map { _ in RawClient(echo.path) }
        #expect(crowd.allSatisfy { $0 != nil })
        #expect(echo.curl("http://x/healthz", socket: "health.sock") == "GET /healthz  ")
        // The silent crowd is sent away in time, so that the next gets through.
        #expect(echo.curl("http://x/") == "GET /  ")
    }

    @Test func `one user's connections beyond the limit are closed, and leave room again`() throws {
        let echo = try Echo()
        var clients = try (0..<2).map { _ in
            try #require(RawClient(echo.place.file("few.sock")))
        }
        for client in clients {
            client.say("GET /in HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(client.hear(until: "/in").contains("200 OK"))
        }
        let third = try #require(RawClient(echo.place.file("few.sock")))
        #expect(third.hear() == "")
        #expect(echo.curl("http://x/other") == "GET /other  ")
        clients.removeLast()
        #expect(eventually { echo.curl("http://x/again", socket: "few.sock") == "GET /again  " })
        withExtendedLifetime(clients) {}
    }

    @Test func `sockets have their modes, and go with the server`() throws {
        let echo = try Echo()
        #expect(run("stat -c %a \(echo.path)") == "660\n")
        #expect(run("stat -c %a \(echo.place.file("health.sock"))") == "666\n")
        echo.server.stop()
        #expect(run("ls -A \(echo.place.path)").isEmpty)
    }

    @Test func `a dead socket is replaced, a live one and a file are not`() throws {
        let place = TemporaryDirectory()
        func start(_ name: String) throws -> HTTPServer {
            try HTTPServer(
                sockets: [.init(name: "x", path: place.file(name), mode: 0o600)],
                handler: { _, responder in responder.respond(status: 204, []) })
        }
        let first = try start("a.sock")
        let error = #expect(throws: SystemError.self) { _ = try start("a.sock") }
        #expect(error?.reason.contains("another process") == true)
        #expect(RawClient(place.file("a.sock")) != nil, "the first one still answers")
        first.stop()
        run("python3 -c \"import socket; socket.socket(socket.AF_UNIX).bind('\(place.path)/b')\"")
        #expect(run("ls \(place.path)") == "b\n")
        try start("b").stop()
        place.write("c", "precious")
        #expect(throws: SystemError.self) { _ = try start("c") }
        #expect(place.text("c") == "precious")
    }

    @Test func `stopping answers what waits and ends streams`() throws {
        let mailbox = try Mailbox<HTTPEventStream>()
        let waiting = try Mailbox<HTTPResponder>()
        let echo = try Echo { request, responder in
            if request.path == "/wait" {
                waiting.post(responder)
            } else if let stream = responder.respondStreaming() {
                mailbox.post(stream)
            }
        }
        let first = try #require(RawClient(echo.path))
        first.say("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
        let second = try #require(RawClient(echo.path))
        second.say("GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n")
        let stream = try #require(mailbox.wait(timeout: .seconds(10)).first)
        let responder = try #require(waiting.wait(timeout: .seconds(10)).first)
        echo.server.stop()
        #expect(first.hear().contains("503"))
        _ = second.hear()
        #expect(!stream.isOpen)
        responder.respond(status: 200, [])
        echo.server.stop()
    }

    @Test func `answers of many threads reach their own clients`() throws {
        let echo = try Echo { request, responder in
            try? Thread.start(name: "answer", stackSize: 1 << 20) {
                responder.respond(status: 200, Array("<\(request.path)>".utf8))
            }
        }
        let good = Shared(0)
        let done = try Mailbox<Void>()
        for worker in 0..<8 {
            let path = echo.path
            try Thread.start(name: "client") {
                for round in 0..<50 {
                    guard let client = RawClient(path) else { continue }
                    client.say("GET /\(worker)/\(round) HTTP/1.1\r\nHost: x\r\n\r\n")
                    if client.hear(until: ">").hasSuffix("</\(worker)/\(round)>") {
                        good.update { $0 += 1 }
                    }
                }
                done.post(())
            }
        }
        var ended = 0
        while ended < 8 { ended += done.wait(timeout: .seconds(20)).count }
        #expect(good.value == 400)
    }

    /// Whether the server's end is still there.
    private func isOpen(_ client: RawClient) -> Bool {
        var entry = pollfd(fd: client.descriptor, events: 0, revents: 0)
        return poll(&entry, 1, 0) == 0
    }
}
