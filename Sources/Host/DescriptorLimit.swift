import CBSD
import CLinux
import Glibc

// How many files and sockets the process may hold. A shell's or a container's soft limit of 1,024
// is less than a large edge's sessions need; the hard one is the administrator's to say.

/// The limit of open descriptors.
public enum DescriptorLimit {
    /// What the process may open now.
    public static var current: UInt64? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &limit) == 0 else {
            return nil
        }
        return UInt64(limit.rlim_cur)
    }

    /// Raises the soft limit to the hard one; says whether it stands there now.
    @discardableResult public static func raise() -> Bool {
        let resource = __rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue))
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return false }
        guard limit.rlim_cur < limit.rlim_max else { return true }
        limit.rlim_cur = limit.rlim_max
        return setrlimit(resource, &limit) == 0
    }
}
