// Whole messages as they stand on the wire, readable by a human. The tests of decoding start from
// them, and every truncation and every changed byte of each is tried.

enum Golden {
    static let open = hex(
        """
        ffffffff ffffffff ffffffff ffffffff  # marker
        0051 01                              # length 81, OPEN
        04 5ba0 00b4 cb007101                # version 4, AS_TRANS, hold 180, 203.0.113.1
        34                                   # optional parameters: 52 bytes
        02 2a                                # capabilities: 42 bytes
          01 04 0001 00 01                   # IPv4 unicast
          01 04 0002 00 01                   # IPv6 unicast
          02 00                              # route refresh
          06 00                              # extended message
          40 0a c078 0001 01 80 0002 01 00   # graceful restart: R, N, 120 s, IPv4 with F, IPv6
          41 04 fa56ea00                     # AS 4200000000
          46 00                              # enhanced refresh
          49 04 02 6862 00                   # FQDN "hb"
        02 06                                # a second parameter, as RFC 5492 allows
          41 04 fa56ea00                     # the AS again
        """)

    static let longOpen = hex(
        """
        ffffffff ffffffff ffffffff ffffffff
        002f 01                              # length 47, OPEN
        04 fde9 005a c0000201                # AS 65001, hold 90, 192.0.2.1
        ff ff 000f                           # RFC 9072: lengths of two octets, 15 bytes
        02 000c                              # capabilities: 12 bytes
          01 04 0001 00 01                   # IPv4 unicast
          41 04 0000fde9                     # AS 65001
        """)

    static let fullOpen = hex(
        """
        ffffffff ffffffff ffffffff ffffffff
        0080 01                              # length 128, OPEN
        04 fde9 005a c0000201                # AS 65001, hold 90, 192.0.2.1
        63 02 61                             # one parameter with 97 bytes of capabilities
          01 04 0001 00 01                   # IPv4 unicast
          01 04 0002 00 01                   # IPv6 unicast
          02 00                              # route refresh
          05 06 0001 0001 0002               # RFC 8950: IPv4 unicast with IPv6 next hops
          06 00                              # extended message
          09 01 00                           # RFC 9234: provider
          40 0a 4078 0001 01 80 0002 01 80   # graceful restart: N, 120 s, both with F
          41 04 0000fde9                     # AS 65001
          45 08 0001 01 03 0002 01 03        # RFC 7911: both families, both directions
          46 00                              # enhanced refresh
          47 0e 0001 01 80 000e10            # RFC 9494: IPv4 with F, 3600 s
                0002 01 80 000e10            # and IPv6
          49 0e 03 656431 09 6261722e 74657374 21   # "ed1" of "bar.test!"
          4b 06 05 78 20 31 2e 30            # "x 1.0"
        """)

    static let announce4 = hex(
        """
        ffffffff ffffffff ffffffff ffffffff
        0052 02                              # length 82, UPDATE
        0004 18 c63364                       # withdrawn: 198.51.100.0/24
        0031                                 # attributes: 49 bytes
          40 01 01 00                        # ORIGIN igp
          40 02 0a 02 02 0000fde9 0000fdea   # AS_PATH 65001 65002
          40 03 04 c0000201                  # NEXT_HOP 192.0.2.1
          80 04 04 00000064                  # MED 100
          c0 08 08 fde90001 ffffff01         # COMMUNITIES 65001:1 no-export
          e0 63 04 deadbeef                  # unknown, transitive, partial
        08 0a                                # 10.0.0.0/8
        14 ac1010                            # 172.16.16.0/20
        """)

    static let announce6 = hex(
        """
        ffffffff ffffffff ffffffff ffffffff
        0052 02                              # length 82, UPDATE
        0000 003b                            # attributes: 59 bytes
          80 0e 2b                           # MP_REACH_NLRI: 43 bytes
            0002 01                          # IPv6 unicast
            20 20010db8 00000000 00000000 00000001   # next hop 2001:db8::1
               fe800000 00000000 00000000 00000001   # and fe80::1
            00
            20 20010db8                      # 2001:db8::/32
            00                               # ::/0
          40 01 01 00                        # ORIGIN igp
          40 02 06 02 01 0000fde9            # AS_PATH 65001
        """)

    static let withdraw6 = hex(
        """
        ffffffff ffffffff ffffffff ffffffff
        0026 02                              # length 38, UPDATE
        0000 000f                            # attributes: 15 bytes
          90 0f 000b                         # MP_UNREACH_NLRI with a long length
            0002 01
            38 20010db8 000100               # 2001:db8:1::/56
        """)

    static let endOfRIB6 = hex(
        """
        ffffffff ffffffff ffffffff ffffffff
        001d 02 0000 0006
          80 0f 03 0002 01                   # MP_UNREACH_NLRI without prefixes
        """)

    static let pathIDs = hex(
        """
        ffffffff ffffffff ffffffff ffffffff
        004b 02                              # length 75, UPDATE
        0008 00000007 18 c63364              # withdrawn: 198.51.100.0/24, path 7
        002c                                 # attributes: 44 bytes
          80 0e 1c 0001 01                   # MP_REACH_NLRI of IPv4
            10 20010db8 00000000 00000000 00000001   # RFC 8950: next hop 2001:db8::1
            00
            00000001 10 0a01                 # 10.1.0.0/16, path 1
          40 01 01 00                        # ORIGIN igp
          40 02 06 02 01 0000fde9            # AS_PATH 65001
        """)

    static let oldSpeaker = hex(
        """
        ffffffff ffffffff ffffffff ffffffff
        0050 02 0000 0037                    # a 2-octet speaker
          40 01 01 00
          40 02 08 02 03 fde9 5ba0 5ba0      # AS_PATH 65001 23456 23456
          40 03 04 c0000201
          c0 07 06 5ba0 c0000209             # AGGREGATOR 23456
          c0 11 0a 02 02 00011170 fa56ea00   # AS4_PATH 70000 4200000000
          c0 12 08 00011170 c0000209         # AGGREGATOR 70000
        08 0a
        """)

    static let notification = hex(
        """
        ffffffff ffffffff ffffffff ffffffff
        001b 03 06 02                        # Cease, administrative shutdown
        05 62 79 65 21 0a                    # RFC 9003: "bye!" and a line feed
        """)

    static let routeRefresh = hex(
        """
        ffffffff ffffffff ffffffff ffffffff
        0017 05 0002 00 01                   # IPv6 unicast
        """)

    static let keepalive = hex("ffffffff ffffffff ffffffff ffffffff 0013 04")

    static let updates = [announce4, announce6, withdraw6, endOfRIB6, oldSpeaker, pathIDs]
    static let all = updates + [open, longOpen, fullOpen, notification, routeRefresh, keepalive]
}
