// All commands: dispatcher and help text at once. Add one here and nowhere else.

import Control

/// The commands, in the order of help.
let commands: [Command] = [
    Command(
        name: "status",
        sentence: "this edge at a glance, the worst first",
        details: """
            Shows the daemon's health, then circuits that are down or degraded and why,
            removals that are held back, faults of the files, and then the circuits that
            are well, as many as the terminal holds.

            HEALTH  down, degraded or healthy
            FOR     how long it has been so
            LINKS   forwarding links of those on this edge
            IN OUT  prefixes accepted from the peers, and announced to them

            Ends with 1 when the edge is unhealthy: a circuit is down or the daemon does
            not do its work. Degraded is 0, as for /healthz.
            """,
        run: showStatus),
    Command(
        name: "circuits",
        sentence: "all circuits, a line each, the worst first",
        details: "Lists all circuits of this edge with the columns of `circuitctl status`.",
        run: showCircuits),
    Command(
        name: "circuit", operands: ["[NAME]"],
        options: [
            Option(name: "policy", sentence: "what each session lets in and out, step by step")
        ],
        sentence: "one circuit: links, addresses, sessions, routes",
        details: """
            Shows one circuit in full: each link with its device, tags and addresses, each
            BGP session with its state, terms, counts against limits and last error.
            Without a name it lists them. Ends with 1 when the circuit is down.

            With --policy it shows what the keys of each session come to, both ways, in
            the order in which they are applied: defaults, the provider's rules, the
            tenant's networks and exchange are filled in.
            """,
        run: showCircuit),
    Command(
        name: "routes", operands: ["[NAME]"],
        options: [
            Option(name: "why", value: "PREFIX", sentence: "explain one prefix, or an address"),
            Option(
                name: "view", value: "VIEW", sentence: "received, accepted (usual) or advertised"),
            Option(name: "tenant", value: "NAME", sentence: "all accepted routes of a tenant"),
            Option(name: "link", value: "LINK", sentence: "only this link's"),
            Option(name: "family", value: "FAMILY", sentence: "only ipv4 or ipv6"),
            Option(name: "prefix", value: "PREFIX", sentence: "only inside this prefix"),
            Option(name: "long", sentence: "peer, origin and communities too"),
        ],
        sentence: "routes of a circuit or tenant, or why one is so",
        details: """
            Shows the routes of circuit NAME as the peers announced them (received), as
            policy let them in (accepted), or as we announce them (advertised); or all
            accepted routes of a tenant.

            *  chosen for forwarding, and in the kernel
            ~  chosen, on its way to the kernel
            !  chosen, and refused by the kernel
            s  stale: from before a restart, not confirmed yet

            A sentence below a row says why it was not accepted or not chosen. Many
            routes come as pages; with --json each page is a document of its own.

            With --why it explains one prefix: all its paths in the order of selection,
            each with the step that put it there or the reason why it was refused, and
            what the kernel has. An address means the longest prefix that covers it. NAME
            is a circuit or a tenant; without it all tenants are looked at.
            """,
        run: showRoutes),
    Command(
        name: "health", operands: ["[CIRCUIT]"],
        options: [Option(name: "daemon", sentence: "the daemon alone, without circuits")],
        sentence: "the answer of /healthz, and as exit code",
        details: """
            Asks /healthz on the socket that every user may open: ok, degraded or
            unhealthy with the reasons. Names of circuits are told to root and group
            circuitd only. Ends with 0 for ok and degraded, 1 for unhealthy, 3 when nobody
            answers.
            """,
        run: showHealth),
    Command(
        name: "check", operands: ["[DIR]"],
        sentence: "faults of a configuration directory, offline",
        details: """
            Reads DIR (usually /etc/circuitd) as circuitd would and prints every fault as
            FILE:LINE:COLUMN: sentence. Asks no daemon and changes nothing. Passwords are
            judged where this user may read them, and never shown. Ends with 1 when there
            is a fault; warnings alone are 0.
            """,
        run: checkDirectory),
    Command(
        name: "plan",
        sentence: "what is still to do, and its impact",
        details: """
            Shows what circuitd has still to do until the kernel is as the files say, with
            its impact on each circuit: none, soft (a route refresh), session (sessions
            are reset) or interface (devices are made anew).
            """,
        run: showPlan),
    Command(
        name: "events", operands: ["[CIRCUIT]"],
        sentence: "what happens, line by line, until interrupted",
        details: """
            Prints what has happened of late and then what happens, a line each; with
            --json one JSON object a line. Give a circuit to see its events only.
            """,
        run: followEvents),
    Command(
        name: "reload",
        sentence: "read the files again",
        details: """
            Makes circuitd read its directory again, as at a change of a file. Circuits
            whose meaning has not changed are not touched.
            """,
        run: reload),
    Command(
        name: "confirm",
        sentence: "let removals go that are held back",
        details: """
            When many circuits' files vanish at once, circuitd keeps the circuits and
            asks: a failed copy must not take an edge down. `circuitctl status` lists
            them; confirm removes them.
            """,
        run: confirm),
    Command(
        name: "drain", operands: ["CIRCUIT", "[LINK]"],
        sentence: "move traffic away from a link",
        details: """
            Moves traffic off a link before work on it, both ways, while its sessions stay:
            its routes become the last choice here, and its peers hear ours marked with
            GRACEFUL_SHUTDOWN (RFC 8326). LINK is a link's name, or PEERING/LINK for one
            peering of several; CIRCUIT/LINK is read, too. A drained link stays drained
            over restarts, until undrained.
            """,
        run: { (call) throws(Failure) in try change(.drain, call) }),
    Command(
        name: "undrain", operands: ["CIRCUIT", "[LINK]"],
        sentence: "take traffic back to a link",
        details: "Undoes `circuitctl drain`.",
        run: { (call) throws(Failure) in try change(.undrain, call) }),
    Command(
        name: "clear", operands: ["CIRCUIT", "[LINK]"],
        options: [
            Option(name: "peer", value: "ADDR", sentence: "only the session with this peer"),
            Option(
                name: "soft", value: "WAY",
                sentence: "in or out: routes again, and no session ends"),
            Option(name: "reason", value: "TEXT", sentence: "what the peers are told"),
        ],
        sentence: "reset sessions, or ask for their routes again",
        details: """
            Ends the BGP sessions of a circuit, or of one LINK (PEERING/LINK for one peering
            of several), and starts them anew; a session that is held down because of too
            many prefixes is let go. The peer hears Cease 6/4 with the reason, if one is
            given. Traffic is disturbed.

            --soft in   evaluates again what the peers announced, asking them for it
            --soft out  computes and sends again what the peers hear
            """,
        run: clear),
    Command(
        name: "shutdown",
        options: [Option(name: "yes", sentence: "do not ask")],
        sentence: "take this edge out of service",
        details: """
            Moves traffic away for three seconds, ends all sessions (CEASE 6/2), removes
            everything that circuitd made from the kernel, and stops the daemon: traffic
            through this edge stops. Asked a second time, it does not wait. To restart the
            daemon with traffic flowing use `systemctl restart circuitd` instead.
            """,
        run: shutdown),
]
