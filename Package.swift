// swift-tools-version: 6.2
import PackageDescription

/// Modules that touch memory say so at each place: strict memory safety is on, and every `unsafe` is visible.
let memory: [SwiftSetting] = [.strictMemorySafety(), .define("FTRACE_DELAYS", .when(traits: ["Delays"]))]
// What is tested in release is the library: its tests are not optimised, which takes a third off the build.
let tests = memory + [.unsafeFlags(["-Onone"], .when(configuration: .release))]
let delays: [CSetting] = [.define("FTRACE_DELAYS", to: "1", .when(traits: ["Delays"]))]

let package = Package(
  name: "swift-ftrace",
  products: [
    .library(name: "Ftrace", targets: ["Ftrace"]),
    .library(name: "FtraceDynamicCall", targets: ["FtraceDynamicCall"]),
    .library(name: "FtraceDisassembly", targets: ["FtraceDisassembly"]),
    .executable(name: "ftrace", targets: ["FtraceCommand"]),
    .executable(name: "wasm-spec", targets: ["wasm-spec"]),
  ],
  traits: [
    .trait(name: "Delays", description: "Random delays in race windows, and saboteurs, for `ftrace torture`.")
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.4.0"),
  ],
  targets: [
    // The lower half: knows nothing of tracing.
    .target(name: "CFtraceShims", cSettings: delays),
    .target(name: "FtracePlatform", dependencies: ["CFtraceShims"], path: "Sources/Platform", swiftSettings: memory),
    .target(name: "FtraceX86Assembler", path: "Sources/X86Assembler", swiftSettings: memory),
    .target(
      name: "FtraceCodeMemory", dependencies: ["FtracePlatform", "CFtraceShims"], path: "Sources/CodeMemory",
      swiftSettings: memory),
    .target(
      name: "FtraceQuiescence", dependencies: ["FtracePlatform", "CFtraceShims"], path: "Sources/Quiescence",
      swiftSettings: memory),

    // Tracing.
    .target(
      name: "FtraceEngine",
      dependencies: ["FtraceX86Assembler", "FtraceCodeMemory", "FtraceQuiescence", "FtracePlatform", "CFtraceShims"],
      swiftSettings: memory),
    .target(
      name: "CFtraceTraceBuffer", dependencies: ["CFtraceShims"], path: "Sources/CTraceBuffer", cSettings: delays),
    .target(
      name: "FtraceTraceBuffer",
      dependencies: ["CFtraceShims", "CFtraceTraceBuffer", "FtracePlatform", "FtraceQuiescence"],
      path: "Sources/TraceBuffer", swiftSettings: memory),
    .target(
      name: "CFtraceTracers", dependencies: ["CFtraceShims", "CFtraceTraceBuffer"], path: "Sources/CTracers",
      cSettings: delays),
    .target(
      name: "FtraceTracers",
      dependencies: [
        "FtraceEngine", "FtracePlatform", "FtraceQuiescence", "FtraceTraceBuffer", "FtraceX86Assembler", "CFtraceShims",
        "CFtraceTracers",
      ],
      path: "Sources/Tracers", swiftSettings: memory),
    .target(
      name: "Ftrace",
      dependencies: ["FtraceEngine", "FtraceTraceBuffer", "FtraceTracers", "FtraceX86Assembler", "FtraceQuiescence"],
      swiftSettings: memory),

    // The C libraries, each behind a product of its own.
    .systemLibrary(
      name: "CLibFFI", path: "Sources/CLibFFI", pkgConfig: "libffi", providers: [.apt(["libffi-dev"])]),
    .systemLibrary(
      name: "CCapstone", path: "Sources/CCapstone", pkgConfig: "capstone", providers: [.apt(["libcapstone-dev"])]),
    .target(
      name: "FtraceDynamicCall", dependencies: ["Ftrace", "CLibFFI"], path: "Sources/DynamicCall", swiftSettings: memory
    ),
    .target(
      name: "FtraceDisassembly", dependencies: ["CCapstone"], path: "Sources/Disassembly", swiftSettings: memory),

    // The command and what it runs.
    .target(name: "CFtraceTorture", dependencies: ["CFtraceShims"], path: "Sources/CTorture", cSettings: delays),
    .target(
      name: "FtraceTorture",
      dependencies: [
        "Ftrace", "FtraceEngine", "FtraceQuiescence", "FtracePlatform", "FtraceTraceBuffer", "FtraceTracers",
        "CFtraceShims", "CFtraceTorture",
      ],
      path: "Sources/Torture", swiftSettings: memory),
    .target(name: "FtraceWorkloads", dependencies: ["Ftrace"], path: "Examples/Workloads", swiftSettings: memory),
    // One module, so that decoder, validator and compiler are specialised together.
    .target(
      name: "FtraceWasm",
      dependencies: [
        "Ftrace", "FtraceEngine", "FtraceX86Assembler", "FtraceQuiescence", "CFtraceWasm", "CFtraceShims",
      ],
      path: "Examples/WebAssembly/Host", swiftSettings: memory),
    .target(name: "CFtraceWasm", dependencies: ["CFtraceShims"], path: "Examples/WebAssembly/CHost"),
    .executableTarget(
      name: "wasm-spec",
      dependencies: ["Ftrace", "FtraceWasm", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      path: "Examples/WebAssembly/SpecRunner", swiftSettings: memory),
    .executableTarget(
      name: "FtraceCommand",
      dependencies: [
        "Ftrace", "FtraceDisassembly", "FtraceEngine", "FtracePlatform", "FtraceTorture", "FtraceWorkloads",
        "CFtraceTorture", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: memory),

    // Tests mirror the sources.
    .target(name: "CFtraceTestShims", dependencies: ["CFtraceShims"], path: "Tests/CTestShims"),
    .target(
      name: "FtraceTestSupport",
      dependencies: [
        "Ftrace", "FtraceEngine", "FtraceQuiescence", "FtracePlatform", "FtraceDisassembly", "CFtraceShims",
        "CFtraceTestShims",
      ],
      path: "Tests/TestSupport", swiftSettings: memory),
    .target(name: "CFtraceTestFreeze", path: "Tests/CTestFreeze"),
    // What must happen in a process of its own: forks, signals that were handled before, system calls that are refused.
    .executableTarget(
      name: "ftrace-test-helper",
      dependencies: [
        "Ftrace", "FtraceEngine", "FtraceQuiescence", "FtracePlatform", "FtraceTestSupport", "CFtraceShims",
        "CFtraceTestShims", "CFtraceTestFreeze",
      ],
      path: "Tests/Helper", swiftSettings: memory),
    .testTarget(
      name: "FtraceEngineTests",
      dependencies: [
        "Ftrace", "FtraceEngine", "FtraceCodeMemory", "FtraceQuiescence", "FtracePlatform", "FtraceDisassembly",
        "FtraceTestSupport", "CFtraceShims", "CFtraceTestShims",
      ],
      swiftSettings: tests),
    .testTarget(
      name: "QuiescenceTests",
      dependencies: [
        "Ftrace", "FtraceQuiescence", "FtraceTestSupport", "CFtraceShims", "CFtraceTestShims", "ftrace-test-helper",
      ],
      swiftSettings: tests),
    .target(
      name: "CFtraceTraceBufferTests", dependencies: ["CFtraceShims", "CFtraceTraceBuffer"], path: "Tests/CTraceBuffer",
      cSettings: delays),
    .testTarget(
      name: "FtraceTraceBufferTests",
      dependencies: [
        "FtraceTraceBuffer", "FtracePlatform", "CFtraceShims", "CFtraceTraceBuffer", "CFtraceTraceBufferTests",
        "FtraceTestSupport",
      ],
      path: "Tests/TraceBufferTests", swiftSettings: tests),
    .testTarget(
      name: "TracersTests",
      dependencies: [
        "Ftrace", "FtraceEngine", "FtraceDisassembly", "FtracePlatform", "FtraceQuiescence", "FtraceTestSupport",
        "CFtraceShims", "CFtraceTestShims",
      ],
      swiftSettings: tests),
    .testTarget(name: "WorkloadsTests", dependencies: ["FtraceWorkloads", "FtraceTestSupport"], swiftSettings: tests),
    .testTarget(
      name: "WebAssemblyTests",
      dependencies: ["Ftrace", "FtraceTracers", "FtraceWasm", "FtraceTestSupport", "wasm-spec"],
      exclude: ["Corpus"], swiftSettings: tests),
    // These run the executable, which is built with them.
    .testTarget(name: "CommandTests", dependencies: ["FtraceCommand"], swiftSettings: tests),
    .testTarget(
      name: "TortureTests", dependencies: ["Ftrace", "FtraceTorture", "FtraceTestSupport"], swiftSettings: tests),
    .testTarget(
      name: "DynamicCallTests", dependencies: ["Ftrace", "FtraceDynamicCall", "FtraceTestSupport"],
      swiftSettings: tests),
    .testTarget(
      name: "X86AssemblerTests", dependencies: ["FtraceX86Assembler", "FtraceDisassembly", "FtracePlatform"],
      swiftSettings: tests),
    .testTarget(
      name: "PlatformTests", dependencies: ["FtracePlatform", "CFtraceShims"], swiftSettings: tests),
    .testTarget(
      name: "CodeMemoryTests", dependencies: ["FtraceCodeMemory", "FtracePlatform", "CFtraceShims"],
      swiftSettings: tests),
  ],
  swiftLanguageModes: [.v6]
)
