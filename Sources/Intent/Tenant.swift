// tenants/NAME.yaml, validated: a customer, its address space, what it offers and exchanges.

public import Net

/// A customer.
public struct Tenant: Hashable, Sendable {
    /// Where its routes live.
    public enum Space: Hashable, Sendable {
        /// A VRF device with this table.
        case vrf(TableID)
        /// The main table, shared by all tenants that say `vrf: none`.
        case main
    }

    /// A network that the tenant offers to its circuits.
    public struct Network: Hashable, Sendable {
        /// The prefix.
        public var prefix: Prefix
        /// Announced even while no inside link is up.
        public var isAlways: Bool
        /// A network.
        public init(_ prefix: Prefix, isAlways: Bool = false) {
            self.prefix = prefix
            self.isAlways = isAlways
        }
    }

    /// Leave for routes to pass from one circuit to another.
    public struct Exchange: Hashable, Sendable {
        /// The circuit whose routes pass.
        public var from: String
        /// The circuit that they pass to.
        public var to: String
        /// Which of them; nil for all.
        public var prefixes: PrefixFilter?
        /// A leave.
        public init(from: String, to: String, prefixes: PrefixFilter? = nil) {
            self.from = from
            self.to = to
            self.prefixes = prefixes
        }
    }

    /// The name.
    public var name: String
    /// Where its routes live.
    public var space: Space
    /// What it originates.
    public var networks: [Network]
    /// What passes between its circuits.
    public var exchange: [Exchange]

    /// All of it.
    public init(
        name: String, space: Space, networks: [Network] = [], exchange: [Exchange] = []
    ) {
        self.name = name
        self.space = space
        self.networks = networks
        self.exchange = exchange
    }

    /// The kernel table of the tenant's routes.
    public var table: TableID {
        switch space {
        case .vrf(let table): table
        case .main: .main
        }
    }
}
