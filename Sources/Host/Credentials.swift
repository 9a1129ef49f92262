import CBSD
import CLinux
import Glibc

// Who is at the other end of a Unix socket, and which numbers the names of groups have. Whether
// that is enough for a request is decided elsewhere.

/// The process at the other end of a Unix socket, as it was when it connected.
public struct PeerCredentials: Hashable, Sendable {
    /// Its user.
    public var uid: UInt32
    /// Its group.
    public var gid: UInt32
    /// Its supplementary groups.
    public var groups: [UInt32]
    /// Its number.
    public var pid: Int32

    /// Credentials as given, for tests.
    public init(uid: UInt32, gid: UInt32, groups: [UInt32] = [], pid: Int32 = 0) {
        self.uid = uid
        self.gid = gid
        self.groups = groups
        self.pid = pid
    }

    /// Of a connected Unix socket.
    init(descriptor: Int32) throws(SystemError) {
        var (pid, uid, gid) = (pid_t(), uid_t(), gid_t())
        _ = try check("getsockopt SO_PEERCRED") {
            clinux_peer_process(descriptor, &pid, &uid, &gid)
        }
        // 65,536 is the kernel's limit of groups; few have more than a screenful.
        var groups = [gid_t](repeating: 0, count: 64)
        var count = clinux_peer_groups(descriptor, &groups, groups.count)
        if count < 0, errno == ERANGE {
            groups = [gid_t](repeating: 0, count: 65_536)
            count = clinux_peer_groups(descriptor, &groups, groups.count)
        }
        self.init(uid: uid, gid: gid, groups: Array(groups.prefix(max(count, 0))), pid: pid)
    }

    /// Whether the process is in a group, by its main or a supplementary one.
    public func isMember(of group: UInt32?) -> Bool {
        guard let group else { return false }
        return gid == group || groups.contains(group)
    }
}

/// Users and groups of the machine.
public enum Credentials {
    /// The number of a group, or nil when there is none of that name.
    public static func group(named name: String) -> UInt32? {
        var entry = group_entry()
        var result: UnsafeMutablePointer<group_entry>?
        var size = 4096
        while size <= 1 << 20 {
            var buffer = [CChar](repeating: 0, count: size)
            let code = getgrnam_r(name, &entry, &buffer, buffer.count, &result)
            if code == ERANGE {
                size *= 2
            } else {
                return code == 0 && result != nil ? entry.gr_gid : nil
            }
        }
        return nil
    }

    /// The process's user.
    public static var effectiveUser: UInt32 { geteuid() }
}

private typealias group_entry = Glibc.group
