// swift-tools-version: 6.2
import PackageDescription

// Everything that decides is a value without I/O; everything that does I/O decides nothing.
//
//   circuitd                 circuitctl
//      |                         |
//    Daemon -----> Host -> CLinux|                   effects
//  - - | - - - - - - | - - - - - | - - - - - - - - - - - - -
//    Core            |           |                   pure
//     |-> Routing -> BGP         |
//     |-> BFD                    |
//     |-> Intent (-> CYAML)      |
//     |-> Reconcile              |
//     '-> Control <--------------'
//                  Net   (the floor: every module may import it)

let common: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
    // Small functions of one module are inlined into another; works for `public`, not `package`.
    .unsafeFlags(["-cross-module-optimization"], .when(configuration: .release)),
]

/// Members come from modules that a file imports. Not where C headers are imported: which module
/// owns a C structure that several include depends on the order of building.
let base: [SwiftSetting] = common + [.enableUpcomingFeature("MemberImportVisibility")]

/// What reads bytes from outside marks every unsafe operation.
let strict: [SwiftSetting] =
    base + [
        .strictMemorySafety(),
        .enableExperimentalFeature("Lifetimes"),
    ]

let package = Package(
    name: "circuitd",
    products: [
        .executable(name: "circuitd", targets: ["circuitd"]),
        .executable(name: "circuitctl", targets: ["circuitctl"]),
        // For the package in Fuzz/, which cannot be part of this one.
        .library(name: "Ordeals", targets: ["Ordeals"]),
    ],
    targets: [
        .systemLibrary(name: "CBSD", pkgConfig: "libbsd", providers: [.apt(["libbsd-dev"])]),
        .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(
            name: "CMicroHTTPD", pkgConfig: "libmicrohttpd",
            providers: [.apt(["libmicrohttpd-dev"])]),
        .target(name: "CLinux", linkerSettings: [.linkedLibrary("mnl")]),

        .target(name: "Net", swiftSettings: strict),
        .target(name: "BGP", dependencies: ["Net"], swiftSettings: strict),
        .target(name: "BFD", dependencies: ["Net"], swiftSettings: strict),
        .target(name: "Routing", dependencies: ["BGP", "Net"], swiftSettings: base),
        .target(name: "Intent", dependencies: ["CYAML", "Net"], swiftSettings: base),
        .target(name: "Reconcile", dependencies: ["Net"], swiftSettings: base),
        .target(name: "Control", dependencies: ["Net"], swiftSettings: base),
        .target(
            name: "Core",
            dependencies: ["BFD", "BGP", "Control", "Intent", "Net", "Reconcile", "Routing"],
            swiftSettings: base),

        .target(
            name: "Host", dependencies: ["CBSD", "CLinux", "CMicroHTTPD", "Net"],
            swiftSettings: common),
        .target(
            name: "Daemon", dependencies: ["Control", "Core", "Host", "Intent", "Net"],
            swiftSettings: base),
        .executableTarget(name: "circuitd", dependencies: ["Daemon"], swiftSettings: base),
        .executableTarget(
            name: "circuitctl", dependencies: ["Control", "Intent", "Net"], swiftSettings: base),

        .executableTarget(name: "probe", path: "Tests/Probe"),
        .executableTarget(
            name: "hostile", dependencies: ["CLinux", "Host", "Net"], path: "Tests/Hostile",
            exclude: ["hostile.sh"], swiftSettings: common),
        .target(
            name: "Simulation",
            dependencies: ["BGP", "Control", "Core", "Intent", "Net", "Reconcile", "Routing"],
            path: "Tests/Simulation", swiftSettings: base),
        .target(
            name: "Ordeals", dependencies: ["BFD", "BGP", "Intent", "Net", "Routing"],
            path: "Tests/Ordeals", swiftSettings: base),
        .testTarget(name: "NetTests", dependencies: ["Net"], swiftSettings: base),
        .testTarget(
            name: "BGPTests", dependencies: ["BGP", "Net", "Ordeals"], swiftSettings: base),
        .testTarget(name: "BFDTests", dependencies: ["BFD", "Net"], swiftSettings: base),
        .testTarget(
            name: "RoutingTests", dependencies: ["BGP", "Net", "Routing"], swiftSettings: base),
        .testTarget(name: "IntentTests", dependencies: ["Intent", "Net"], swiftSettings: base),
        .testTarget(
            name: "ReconcileTests", dependencies: ["Net", "Reconcile", "Simulation"],
            swiftSettings: base),
        .testTarget(name: "ControlTests", dependencies: ["Control", "Net"], swiftSettings: base),
        .testTarget(
            name: "circuitctlTests", dependencies: ["Control", "Intent", "Net", "circuitctl"],
            swiftSettings: base),
        .testTarget(
            name: "CoreTests",
            dependencies: ["BGP", "Control", "Core", "Intent", "Net", "Simulation"],
            swiftSettings: base),
        .testTarget(
            name: "SimulationTests", dependencies: ["Control", "Core", "Net", "Simulation"],
            swiftSettings: base),
        .testTarget(
            name: "DaemonTests", dependencies: ["Daemon", "Intent", "Net"], swiftSettings: base),
        .testTarget(
            name: "HostTests", dependencies: ["BGP", "CLinux", "Host", "Net", "Routing"],
            swiftSettings: common),
    ],
    swiftLanguageModes: [.v6]
)
