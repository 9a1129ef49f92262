// The routes that a kernel has which does as it is told. What it is told about nexthops is taken
// as good: the tests of routing have a kernel that knows their rules.

import Net

struct PlainKernel {
    private(set) var routes: Set<Prefix> = []
    /// Whether all that was answered is true, so that both sides must agree.
    var isHonest = true

    mutating func apply(_ step: Step) {
        switch step {
        case .putRoute(let route, let isReplacing):
            let isNew = routes.insert(route.key.prefix).inserted
            hold(!isHonest || isNew != isReplacing, "\(route) is put over what is not there")
        case .deleteRoute(let key):
            let isThere = routes.remove(key.prefix) != nil
            hold(!isHonest || isThere, "\(key) is deleted, and was not there")
        default: break
        }
    }
}
