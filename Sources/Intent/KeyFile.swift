// What is known of a password's file. The password itself stays with whoever reads the file: the
// model has a hash of it, to see changes, and its form, to judge it by the provider's rule.

import Net

/// A password's file as the shell found it.
public struct KeyFile: Hashable, Sendable {
    /// A hash of the contents.
    public var digest: UInt64
    /// Readable by others than its owner and group, so not to be used.
    public var isTooOpen: Bool
    /// Why nothing can be signed with it, such as `is empty`; nil when it is fit.
    public var fault: String?
    /// The password's form; nil where the file was not opened.
    public var form: PasswordForm?

    /// A key file.
    public init(
        digest: UInt64, isTooOpen: Bool, fault: String? = nil, form: PasswordForm? = nil
    ) {
        self.digest = digest
        self.isTooOpen = isTooOpen
        self.fault = fault
        self.form = form
    }

    /// A key file by the password in it, as `Net.SigningSecret` finds it there.
    public init(password: some Collection<UInt8>, digest: UInt64, isTooOpen: Bool) {
        self.init(
            digest: digest, isTooOpen: isTooOpen, fault: SigningSecret.fault(in: password),
            form: PasswordForm(of: password))
    }
}

/// A password's length and alphabet, all that a rule asks of it.
public struct PasswordForm: Hashable, Sendable {
    /// What stands in it, from the narrowest.
    public enum Alphabet: Hashable, Sendable {
        /// Letters and digits.
        case alphanumeric
        /// ASCII without spaces and control characters.
        case printable
        /// Something else.
        case other
    }

    /// Bytes.
    public var length: Int
    /// What stands in it.
    public var alphabet: Alphabet

    /// The form of a password.
    public init(of password: some Collection<UInt8>) {
        length = password.count
        alphabet = .alphanumeric
        for byte in password {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: continue
            case 0x21...0x7E: alphabet = .printable
            default:
                alphabet = .other
                return
            }
        }
    }
}
