// swift-tools-version: 6.2
import PackageDescription

// What a program that embeds the package looks like. A program elsewhere names its address and a version instead of a path:
// `.package(url: "https://…/swift-ftrace", from: "0.1.0")`.
let package = Package(
  name: "Embedding",
  dependencies: [.package(name: "swift-ftrace", path: "../..")],
  targets: [
    .executableTarget(name: "Embedding", dependencies: [.product(name: "Ftrace", package: "swift-ftrace")]),
    // Links libffi as well.
    .executableTarget(
      name: "EmbeddingByName",
      dependencies: [
        .product(name: "Ftrace", package: "swift-ftrace"),
        .product(name: "FtraceDynamicCall", package: "swift-ftrace"),
      ]),
  ],
  swiftLanguageModes: [.v6]
)
