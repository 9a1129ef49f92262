// A dedicated cross-connect into a customer's cage: nothing is fixed but the cable.

import Net

extension Profile {
    /// `dedicated`.
    static let dedicated = Profile(name: "dedicated")
}
