// swift-tools-version: 6.2
import Foundation
import PackageDescription

// Debian's libasmjit-dev brings no pkg-config file: the library is linked where its header is, which the C++ source asks too.
let hasAsmJit = FileManager.default.fileExists(atPath: "/usr/include/asmjit/asmjit.h")

// liburcu's header lies in the folder of the architecture, or in the common one; the C source asks for it too.
let hasUrcu = ["/usr/include/x86_64-linux-gnu", "/usr/include"].contains {
  FileManager.default.fileExists(atPath: $0 + "/urcu/urcu-memb.h")
}

let package = Package(
  name: "swift-ftrace-benchmarks",
  products: [.executable(name: "ftrace-benchmarks", targets: ["FtraceBenchmarks"])],
  dependencies: [
    // By name: the folder of a clone can be called anything.
    .package(name: "swift-ftrace", path: "..")
  ],
  targets: [
    .target(name: "BenchmarkShims"),
    .target(name: "AsmJitStream", linkerSettings: hasAsmJit ? [.linkedLibrary("asmjit")] : []),
    .target(
      name: "Readers",
      linkerSettings: hasUrcu ? [.linkedLibrary("urcu-memb"), .linkedLibrary("urcu-common")] : []),
    .executableTarget(
      name: "FtraceBenchmarks",
      dependencies: ["BenchmarkShims", "AsmJitStream", "Readers", .product(name: "Ftrace", package: "swift-ftrace")],
      swiftSettings: [.strictMemorySafety()]),
  ],
  swiftLanguageModes: [.v6],
  cxxLanguageStandard: .cxx17
)
