// A virtual connection over a cloud exchange to whoever asked for it: layer 2 only, so that the
// addresses and AS numbers are the operator's.

import Net

extension Profile {
    /// `cloud-exchange`.
    static let cloudExchange = Profile(name: "cloud-exchange")
}
