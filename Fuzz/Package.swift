// swift-tools-version: 6.2
import PackageDescription

// The fuzzers, one executable for each ordeal (Tests/Ordeals). A package of its own: with
// `--sanitize fuzzer` an executable has no `main` of ours, and every other would fail to link.
//
// `Fuzz/run` builds and runs them.

let library: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
    // There is no top-level code: `main` comes with the fuzzer.
    .unsafeFlags(["-parse-as-library"]),
]

let package = Package(
    name: "fuzz",
    dependencies: [.package(name: "circuitd", path: "..")],
    targets: ["Open", "Established", "BFD", "Files"].map { ordeal in
        .executableTarget(
            name: "Fuzz\(ordeal)",
            dependencies: [.product(name: "Ordeals", package: "circuitd")],
            swiftSettings: library)
    },
    swiftLanguageModes: [.v6]
)
