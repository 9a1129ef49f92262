// The tenant's own side, or the backbone.

import Net

extension Profile {
    /// `inside`.
    static let inside = Profile(name: "inside")
}
