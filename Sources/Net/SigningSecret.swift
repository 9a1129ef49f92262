// What of a key file is the password, for everybody who reads such files: the daemon, and the check
// that needs no daemon.

/// The password in a key file.
public enum SigningSecret {
    /// The most bytes that the kernel signs with (TCP_MD5SIG_MAXKEYLEN).
    public static let maximumLength = 80

    /// The password: without spaces before it and line ends behind it; may be empty.
    public static func password(in file: [UInt8]) -> [UInt8] {
        let bytes = file.drop { $0 == 0x20 }
        let end = bytes.lastIndex { $0 != 0x0A && $0 != 0x0D }
        return end.map { Array(bytes[...$0]) } ?? []
    }

    /// Why nothing can be signed with a password, or nil.
    public static func fault(in password: some Collection<UInt8>) -> String? {
        if password.isEmpty { return "is empty" }
        return password.count > maximumLength
            ? "holds \(password.count) bytes, \(maximumLength) is the most" : nil
    }
}
