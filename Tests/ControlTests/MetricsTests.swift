import Control
import Testing

@Suite struct `Prometheus text` {
    @Test func `reads as the format says`() {
        let text = prometheusText([
            MetricFamily(
                "circuitd_session_established", "1 while the session is established.", .gauge,
                [
                    .init(1, [.init("circuit", "acme-azure"), .init("peer", "169.254.10.2")]),
                    .init(0, [.init("circuit", "acme-aws"), .init("peer", "fd00::1")]),
                ]),
            MetricFamily("circuitd_updates_total", "Updates read.", .counter, [.init(12_345_678)]),
            MetricFamily("circuitd_nothing", "Never written.", .gauge),
            MetricFamily(
                "circuitd_loop_seconds", "Time of one turn.", .histogram,
                [
                    .init(3, [.init("le", "0.001")], suffix: "_bucket"),
                    .init(4, [.init("le", "+Inf")], suffix: "_bucket"),
                    .init(0.25, suffix: "_sum"), .init(4, suffix: "_count"),
                ]),
        ])
        #expect(
            text == """
                # HELP circuitd_session_established 1 while the session is established.
                # TYPE circuitd_session_established gauge
                circuitd_session_established{circuit="acme-azure",peer="169.254.10.2"} 1
                circuitd_session_established{circuit="acme-aws",peer="fd00::1"} 0
                # HELP circuitd_updates_total Updates read.
                # TYPE circuitd_updates_total counter
                circuitd_updates_total 12345678
                # HELP circuitd_loop_seconds Time of one turn.
                # TYPE circuitd_loop_seconds histogram
                circuitd_loop_seconds_bucket{le="0.001"} 3
                circuitd_loop_seconds_bucket{le="+Inf"} 4
                circuitd_loop_seconds_sum 0.25
                circuitd_loop_seconds_count 4

                """)
    }

    @Test func `a name stands under one HELP and TYPE`() {
        let text = prometheusText([
            MetricFamily("a", "First.", .gauge, [.init(1, [.init("x", "1")])]),
            MetricFamily("b", "Other.", .gauge, [.init(1)]),
            MetricFamily("a", "Second.", .gauge, [.init(2, [.init("x", "2")])]),
        ])
        #expect(
            text == """
                # HELP a First.
                # TYPE a gauge
                a{x="1"} 1
                a{x="2"} 2
                # HELP b Other.
                # TYPE b gauge
                b 1

                """)
    }

    @Test func `labels and help are escaped`() {
        let family = MetricFamily(
            "a", "One\\two\n\"three\"", .gauge, [.init(1, [.init("x", "a\\b\"c\nd")])])
        #expect(
            prometheusText([family]) == #"""
                # HELP a One\\two\n"three"
                # TYPE a gauge
                a{x="a\\b\"c\nd"} 1

                """#)
    }

    @Test(arguments: [
        (Double.nan, "NaN"), (.infinity, "+Inf"), (-.infinity, "-Inf"), (-1, "-1"), (0.5, "0.5"),
        (1e300, "1e+300"), (4_294_967_295, "4294967295"),
    ])
    func `numbers are written as Prometheus reads them`(value: Double, expected: String) {
        let text = prometheusText([MetricFamily("a", "A.", .gauge, [.init(value)])])
        #expect(text.hasSuffix("\na \(expected)\n"))
    }
}
