// Addresses: IPv6 ones are tentative until detection ends and go when their device goes down;
// deleting an IPv4 address takes the later ones of its subnet along.

import Net

extension ModelKernel {
    mutating func addAddress(
        _ index: InterfaceIndex, _ address: InterfaceAddress
    ) throws(KernelError) {
        guard let device = devices[index] else { throw .noDevice }
        let isTaken = device.addresses.contains {
            $0.address == address
                || (address.address.family == .ipv6 && $0.address.address == address.address)
        }
        if isTaken { throw .exists }
        let observed = ObservedAddress(
            link: index, address: address, state: firstState(of: address, on: device.link))
        devices[index]?.addresses.append(observed)
        tell(.address(observed))
    }

    mutating func deleteAddress(
        _ index: InterfaceIndex, _ address: InterfaceAddress
    ) throws(KernelError) {
        guard let device = devices[index] else { throw .noDevice }
        let all = device.addresses.map(\.address)
        guard let position = all.firstIndex(of: address) else {
            throw KernelError(code: 99, text: "Cannot assign requested address")
        }
        let isSecondary = all[..<position].contains { $0.network == address.network }
        flushAddresses(index) {
            $0.address == address
                || (address.address.family == .ipv4 && !isSecondary
                    && $0.address.network == address.network)
        }
    }

    mutating func flushAddresses(
        _ index: InterfaceIndex, where isMeant: (ObservedAddress) -> Bool
    ) {
        let gone = (devices[index]?.addresses ?? []).filter(isMeant)
        devices[index]?.addresses.removeAll(where: isMeant)
        for address in gone { tell(.addressGone(address)) }
    }

    func linkLocal(_ index: InterfaceIndex) -> InterfaceAddress? {
        let low = 0x0200_00FF_FE00_0000 | UInt64(UInt32(bitPattern: index.rawValue))
        return InterfaceAddress(
            .v6(IPv6Address(high: 0xFE80_0000_0000_0000, low: low)), length: 64)
    }

    mutating func addLinkLocal(_ index: InterfaceIndex) {
        guard let link = devices[index]?.link, let address = linkLocal(index) else { return }
        if case .vrf = link.kind { return }
        try? addAddress(index, address)
    }

    /// Detection ends where packets can be sent; elsewhere it goes on.
    mutating func finishDetection() {
        for index in devices.keys.sorted() {
            guard let device = devices[index], device.link.isUsable else { continue }
            for (position, address) in device.addresses.enumerated()
            where address.state == .tentative {
                let isDuplicate = duplicates.contains(address.address.address)
                devices[index]?.addresses[position].state = isDuplicate ? .duplicate : .ready
                if let now = devices[index]?.addresses[position] { tell(.address(now)) }
            }
        }
    }

    private func firstState(
        of address: InterfaceAddress, on link: ObservedLink
    ) -> ObservedAddress.State {
        if address.address.family == .ipv4 { return .ready }
        if case .vrf = link.kind { return .ready }
        return .tentative
    }
}
